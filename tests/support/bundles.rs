//! Makes bundles as another implementation may make them.

use crypto_core::{
    IdentityKeyPair, InstallationId, RatchetPreKeyPair, RawEntry, SignedPreKeyPair, sign_bundle,
    sign_ratchet_prekey,
};

/// 2026-01-01T00:00:00Z, in seconds.
const BEGINNING_OF_2026: i64 = 1_767_225_600;

/// The identity of this private key.
pub fn identity(secret: &[u8; 32]) -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(secret).expect("a key")
}

/// An entry without a ratchet prekey. Every secret byte of its signed prekey is `prekey`.
pub fn entry(installation: &str, prekey: u8, version: u32) -> RawEntry {
    let pair = SignedPreKeyPair::from_secret_bytes(&[prekey; 32]).expect("a key");
    RawEntry {
        installation_id: installation.to_owned(),
        signed_pre_key: pair.public().to_bytes().to_vec(),
        version,
        protocol_version: 1,
        ..RawEntry::default()
    }
}

/// The same with a ratchet prekey that `identity` has signed. Every secret byte of it is `ratchet`.
pub fn with_ratchet_prekey(
    entry: RawEntry,
    identity: &IdentityKeyPair,
    signed: u8,
    ratchet: u8,
) -> RawEntry {
    let signed = SignedPreKeyPair::from_secret_bytes(&[signed; 32]).expect("a key");
    let ratchet = RatchetPreKeyPair::from_secret_bytes(&[ratchet; 32]);
    let installation = InstallationId::parse(&entry.installation_id).expect("an id");
    let signature = sign_ratchet_prekey(
        identity,
        &installation,
        signed.public(),
        ratchet.public(),
        entry.version,
    );
    RawEntry {
        ratchet_pre_key: ratchet.public().to_bytes().to_vec(),
        ratchet_signature: signature.to_bytes().to_vec(),
        ..entry
    }
}

/// A field of protobuf: bytes.
pub fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [
        varint(number << 3 | 2),
        varint(bytes.len() as u64),
        bytes.to_vec(),
    ]
    .concat()
}

/// A field of protobuf that is left out if it is empty.
fn if_any(number: u64, bytes: &[u8]) -> Vec<u8> {
    if bytes.is_empty() {
        Vec::new()
    } else {
        field(number, bytes)
    }
}

/// A field of protobuf: a number.
pub fn number(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).expect("seven bits"));
    bytes
}

/// How many seconds into 2026 a moment of the Unix epoch's milliseconds is.
pub fn into_2026(millis: u64) -> i64 {
    i64::try_from(millis / 1000).expect("a moment") - BEGINNING_OF_2026
}

/// A bundle that `identity` has signed, made `after` seconds into 2026, of these entries.
pub fn bundle_of(identity: &IdentityKeyPair, after: i64, mut entries: Vec<RawEntry>) -> Vec<u8> {
    let timestamp = (BEGINNING_OF_2026 + after) * 1_000_000_000;
    entries.sort_by(|one, other| one.installation_id.cmp(&other.installation_id));
    let signature = sign_bundle(identity, &entries, timestamp);
    let listed = entries.iter().map(|entry| {
        let prekey = [
            field(1, &entry.signed_pre_key),
            number(2, entry.version.into()),
            number(3, entry.protocol_version.into()),
            if_any(16, &entry.ratchet_pre_key),
            if_any(17, &entry.ratchet_signature),
        ];
        let entry = [
            field(1, entry.installation_id.as_bytes()),
            field(2, &prekey.concat()),
        ];
        field(2, &entry.concat())
    });
    [
        field(1, identity.public().as_bytes()),
        listed.collect::<Vec<_>>().concat(),
        field(4, &signature.to_bytes()),
        number(5, u64::try_from(timestamp).expect("after 1970")),
    ]
    .concat()
}

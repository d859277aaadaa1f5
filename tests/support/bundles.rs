//! Bundles as a foreign implementation may make them.

use crypto_core::{IdentityKeyPair, RawEntry, SignedPreKeyPair, sign_bundle};

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

/// A field of protobuf: bytes.
pub fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [
        varint(number << 3 | 2),
        varint(bytes.len() as u64),
        bytes.to_vec(),
    ]
    .concat()
}

/// A field of protobuf: a number.
fn number(number: u64, value: u64) -> Vec<u8> {
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

/// A bundle that `identity` has signed, made `after` seconds into 2026, of these entries.
pub fn bundle_of(identity: &IdentityKeyPair, after: i64, mut entries: Vec<RawEntry>) -> Vec<u8> {
    let timestamp = (1_767_225_600 + after) * 1_000_000_000;
    entries.sort_by(|one, other| one.installation_id.cmp(&other.installation_id));
    let signature = sign_bundle(identity, &entries, timestamp);
    let listed = entries.iter().map(|entry| {
        let prekey = [
            field(1, &entry.signed_pre_key),
            number(2, entry.version.into()),
            number(3, entry.protocol_version.into()),
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

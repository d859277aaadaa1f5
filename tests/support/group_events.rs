//! Events of groups that no daemon would make: signed by hand, and put into updates.

use crypto_core::{IdentityKey, IdentityKeyPair};

use super::bundles::{field, number};

/// The types of events (protocol §10).
pub mod kind {
    pub const CREATED: u64 = 1;
    pub const NAMED: u64 = 2;
    pub const ADDED: u64 = 3;
    pub const JOINED: u64 = 4;
    pub const ADMIN_REMOVED: u64 = 7;
}

/// An event as it stands in an update: the signature, and what is signed.
pub fn event(
    signer: &IdentityKeyPair,
    group: &str,
    kind: u64,
    clock: u64,
    members: &[&IdentityKey],
    name: &str,
) -> Vec<u8> {
    let members = members.iter().map(|member| {
        let text = member.to_log_text().expect("a point of the curve");
        field(2, text.as_bytes())
    });
    let event = [
        number(1, clock),
        members.collect::<Vec<_>>().concat(),
        field(3, name.as_bytes()),
        number(4, kind),
    ]
    .concat();
    let signature = signer.sign_group_event(group, &event);
    [signature.to_bytes().to_vec(), event].concat()
}

/// An update of a group.
pub fn update(group: &str, events: &[Vec<u8>]) -> Vec<u8> {
    let events = events.iter().map(|event| field(2, event));
    [
        field(1, group.as_bytes()),
        events.collect::<Vec<_>>().concat(),
    ]
    .concat()
}

/// The id of a group of this identity.
pub fn group_of(creator: &IdentityKeyPair, prefix: &str) -> String {
    let key = creator
        .public()
        .to_log_text()
        .expect("a point of the curve");
    format!("{prefix}-{key}")
}

/// What a message has to do with the key of a group: its `HRHeader`.
pub struct Header<'a> {
    pub group: &'a [u8],
    pub key_id: &'a [u8],
    pub seq_no: u64,
}

/// A wire message with one entry, for whoever has the group's key or reads keys.
pub fn wire(header: &Header<'_>, payload: &[u8]) -> Vec<u8> {
    let header = [
        number(2, header.seq_no),
        field(3, header.group),
        field(4, header.key_id),
    ];
    let entry = [field(3, payload), field(102, &header.concat())];
    let entry = [field(1, b"none"), field(2, &entry.concat())];
    [field(2, b"by-hand"), field(101, &entry.concat())].concat()
}

/// Keys of a group, in clear: each with its timestamp.
pub fn group_keys(group: &[u8], keys: &[(&[u8], u64)]) -> Vec<u8> {
    let keys = keys.iter().map(|(key, timestamp)| {
        let key = [field(2, key), number(3, *timestamp)];
        field(1, &key.concat())
    });
    [keys.collect::<Vec<_>>().concat(), field(16, group)].concat()
}

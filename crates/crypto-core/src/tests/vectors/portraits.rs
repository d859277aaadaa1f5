//! Recorded colour hashes, colour ids and identicons.

use super::{bytes, entries, file, identity};
use crate::*;

#[test]
fn recorded_portraits() {
    let file = file("trust-identity");
    for entry in entries(&file, "vectors") {
        let key = IdentityKey::from_sec1(&bytes(&entry["publicKey"])).unwrap();
        assert_eq!(key, identity(&entry["compressed"]));
        let portrait = Portrait::of(&key).unwrap();
        let ring: Vec<[u8; 2]> = portrait
            .colour_hash()
            .iter()
            .map(|stretch| [stretch.length, stretch.colour])
            .collect();
        assert_eq!(serde_json::json!(ring), entry["colorHash"], "{entry}");
        assert_eq!(entry["colorId"], portrait.colour_id());
        let identicon = portrait.identicon();
        assert_eq!(entry["identicon"]["bitmap"], identicon.bitmap());
        let rgb = bytes(&entry["identicon"]["rgb"]);
        assert_eq!(identicon.rgb().to_vec(), rgb, "{entry}");
    }
}

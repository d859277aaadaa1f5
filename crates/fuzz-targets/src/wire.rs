//! Wire messages, without any key.

use engine::{
    model::{InspectedX3dhHeader, MAX_KEM_PREKEYS_PER_BUNDLE, MAX_WIRE_BYTES},
    wire::{inspect_message, rewrite::rewrite_message},
};

/// Entries, and bundles, of one message that is read at all.
const MAX_PARTS: usize = 4096;

/// A wire message is taken apart: what is found fits into what was given, and writing it down again
/// changes nothing of it.
pub fn wire(input: &[u8]) {
    let Ok(found) = inspect_message(input) else {
        assert!(rewrite_message(input).is_err(), "read in one way only");
        return;
    };
    assert!(input.len() <= MAX_WIRE_BYTES);
    assert!(found.targets.len() <= MAX_PARTS);
    // The deprecated single one comes beside the list.
    assert!(found.bundles.len() <= MAX_PARTS + 1);
    assert!(found.kem_wanted.len() <= MAX_KEM_PREKEYS_PER_BUNDLE);
    let wanted: usize = found.kem_wanted.iter().map(String::len).sum();
    let header = |header: &InspectedX3dhHeader| header.kem_id.len() + header.kem_ciphertext_bytes;
    let targets: usize = found
        .targets
        .iter()
        .map(|target| {
            let header = target.x3dh.as_ref().map_or(0, header);
            target.payload_bytes + target.copy_of_bytes + header
        })
        .sum();
    assert!(targets + found.public_bytes + wanted <= input.len());
    let mut bundles = found.bundles.iter().flatten();
    assert!(bundles.all(|bundle| bundle.kem_pre_keys.len() <= MAX_KEM_PREKEYS_PER_BUNDLE));

    let written = rewrite_message(input).expect("it was read");
    if written.len() <= MAX_WIRE_BYTES {
        assert_eq!(
            inspect_message(&written).as_ref(),
            Ok(&found),
            "another message was written than was read"
        );
        assert_eq!(
            rewrite_message(&written).as_ref(),
            Ok(&written),
            "what is written is not written the same again"
        );
    }
}

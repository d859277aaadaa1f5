//! What a bundle must be to be believed, and what one bad entry costs.

use proptest::prelude::*;

use super::Draws;
use crate::*;

const NOW: i64 = 1_700_000_000_000_000_000;

fn author() -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&[7; 32]).unwrap()
}

fn stranger() -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&[8; 32]).unwrap()
}

fn prekey(number: u8) -> SignedPreKey {
    *SignedPreKeyPair::from_secret_bytes(&[100 + number; 32])
        .unwrap()
        .public()
}

/// An entry as status-go makes it.
fn plain(id: &str, number: u8) -> RawEntry {
    RawEntry {
        installation_id: id.to_owned(),
        signed_pre_key: prekey(number).to_bytes().to_vec(),
        version: 1,
        protocol_version: 1,
        ..RawEntry::default()
    }
}

/// An entry with the extension, signed by `signer`.
fn extended(id: &str, number: u8, signer: &IdentityKeyPair) -> RawEntry {
    let ratchet = RatchetPreKeyPair::from_secret_bytes(&[number; 32]);
    let signature = sign_ratchet_prekey(
        signer,
        &InstallationId::parse(id).unwrap(),
        &prekey(number),
        ratchet.public(),
        1,
    );
    RawEntry {
        ratchet_pre_key: ratchet.public().to_bytes().to_vec(),
        ratchet_signature: signature.to_bytes().to_vec(),
        ..plain(id, number)
    }
}

fn signed(entries: Vec<RawEntry>, timestamp: i64) -> RawBundle {
    let author = author();
    RawBundle {
        identity: author.public().to_bytes().to_vec(),
        signature: sign_bundle(&author, &entries, timestamp)
            .to_bytes()
            .to_vec(),
        entries,
        timestamp,
    }
}

/// The one entry skipped, and how many stand.
fn skips(bundle: &RawBundle) -> (SkippedEntry, usize) {
    let verified = bundle.verify().unwrap();
    let [skipped] = verified.skipped() else {
        panic!("{:?}", verified.skipped());
    };
    (skipped.clone(), verified.entries().len())
}

#[test]
fn a_bundle_that_another_identity_signed_is_refused() {
    let mut bundle = signed(vec![plain("dev", 1)], NOW);
    assert!(bundle.verify().is_ok());
    bundle.signature = sign_bundle(&stranger(), &bundle.entries, NOW)
        .to_bytes()
        .to_vec();
    assert_eq!(bundle.verify(), Err(BundleError::Signature));

    // The other way round: an honest signature under a stranger's name, and under the author's
    // negated key.
    let mut bundle = signed(vec![plain("dev", 1)], NOW);
    bundle.identity = stranger().public().to_bytes().to_vec();
    assert_eq!(bundle.verify(), Err(BundleError::Signature));
    bundle.identity = author().public().to_bytes().to_vec();
    bundle.identity[0] ^= 1;
    assert_eq!(bundle.verify(), Err(BundleError::Signature));
}

#[test]
fn an_identity_or_signature_of_another_form_is_refused() {
    let good = signed(vec![plain("dev", 1)], NOW);
    let uncompressed = author().public().to_uncompressed().unwrap().to_vec();
    for identity in [vec![], uncompressed, vec![2; 32], vec![5; 33]] {
        let bundle = RawBundle {
            identity,
            ..good.clone()
        };
        assert_eq!(bundle.verify(), Err(BundleError::Identity));
    }
    for length in [0, 64, 66] {
        let mut bundle = good.clone();
        bundle.signature.resize(length, 0);
        assert_eq!(bundle.verify(), Err(BundleError::Signature), "{length}");
    }
}

/// Every timestamp here is honestly signed: the range alone decides.
#[test]
fn timestamps_other_than_zero_have_nineteen_digits() {
    for bad in [i64::MIN, -NOW, -1, 1, 1_700_000_000, MIN_TIMESTAMP_NS - 1] {
        let bundle = signed(vec![plain("dev", 1)], bad);
        assert_eq!(bundle.verify(), Err(BundleError::Timestamp), "{bad}");
    }
    for good in [0, MIN_TIMESTAMP_NS, i64::MAX] {
        let verified = signed(vec![plain("dev", 1)], good).verify().unwrap();
        assert_eq!(verified.timestamp_ns(), good);
    }
}

#[test]
fn thirty_two_entries_are_allowed_and_no_more() {
    let of = |count: usize| {
        let entries = (0..count).map(|n| plain(&format!("dev-{n}"), 1));
        signed(entries.collect(), NOW)
    };
    let verified = of(MAX_BUNDLE_ENTRIES).verify().unwrap();
    assert_eq!(verified.entries().len(), 32);
    assert_eq!(
        of(MAX_BUNDLE_ENTRIES + 1).verify(),
        Err(BundleError::TooManyEntries)
    );
}

#[test]
fn a_device_listed_twice_is_refused() {
    let bundle = signed(vec![plain("dev", 1), plain("a", 2), plain("dev", 3)], NOW);
    assert_eq!(bundle.verify(), Err(BundleError::DuplicateEntry));
}

/// The order on the wire is free: what is signed, and what comes out, is in byte order of the ids.
#[test]
fn the_order_of_the_entries_does_not_matter() {
    // "B" comes before "a" in byte order, and "10" before "2".
    let sorted = ["10", "2", "B", "a"].map(|id| plain(id, 1)).to_vec();
    let mut bundle = signed(sorted.clone(), NOW);
    bundle.entries.reverse();
    let verified = bundle.verify().unwrap();
    let ids: Vec<&str> = verified
        .entries()
        .iter()
        .map(|entry| entry.installation_id.as_str())
        .collect();
    assert_eq!(ids, ["10", "2", "B", "a"]);
    let reversed: Vec<RawEntry> = sorted.iter().rev().cloned().collect();
    assert_eq!(
        sign_bundle(&author(), &reversed, NOW),
        sign_bundle(&author(), &sorted, NOW)
    );
}

#[test]
fn an_entry_comes_out_as_it_was_listed() {
    let mut entry = extended("x1-dev", 1, &author());
    entry.protocol_version = 77;
    let verified = signed(vec![entry, plain("dev", 2)], NOW).verify().unwrap();
    let [plain, extended] = verified.entries() else {
        panic!("{verified:?}");
    };
    assert_eq!(extended.installation_id.as_str(), "x1-dev");
    assert_eq!(extended.prekey.identity(), author().public());
    assert_eq!(extended.prekey.signed_pre_key(), &prekey(1));
    let ratchet = RatchetPreKeyPair::from_secret_bytes(&[1; 32]);
    assert_eq!(extended.prekey.ratchet_pre_key(), Some(ratchet.public()));
    assert_eq!((extended.version, extended.protocol_version), (1, 77));
    assert_eq!(plain.prekey.ratchet_pre_key(), None);
    assert_eq!(verified.identity(), author().public());
}

/// What a relay does to make two ends fall back: it drops the unsigned fields. The id, which is
/// signed, tells.
#[test]
fn an_entry_stripped_of_the_extension_that_its_id_promises_is_skipped() {
    let (skipped, standing) = skips(&signed(vec![plain("x1-dev", 1), plain("dev", 2)], NOW));
    assert_eq!(skipped.reason, EntryFault::MissingExtension);
    // The rules tell a re-published prekey from a new one by these.
    assert_eq!(skipped.installation_id.as_str(), "x1-dev");
    assert_eq!(skipped.signed_pre_key, Some(prekey(1)));
    assert_eq!(skipped.version, 1);
    assert_eq!(standing, 1);
}

#[test]
fn an_extension_not_signed_for_this_very_entry_is_skipped() {
    let good = || extended("x1-dev", 1, &author());
    assert!(
        signed(vec![good()], NOW)
            .verify()
            .unwrap()
            .skipped()
            .is_empty()
    );
    let other = extended("x1-other", 2, &author());
    let flipped = |mut bytes: Vec<u8>| {
        bytes[20] ^= 1;
        bytes
    };
    let cases = [
        ("signed by a stranger", extended("x1-dev", 1, &stranger())),
        (
            "of another device",
            RawEntry {
                installation_id: "x1-other".to_owned(),
                ..good()
            },
        ),
        (
            "of another signed prekey",
            RawEntry {
                signed_pre_key: prekey(9).to_bytes().to_vec(),
                ..good()
            },
        ),
        (
            "of another version",
            RawEntry {
                version: 2,
                ..good()
            },
        ),
        (
            "of another ratchet prekey",
            RawEntry {
                ratchet_pre_key: other.ratchet_pre_key,
                ..good()
            },
        ),
        (
            "a changed signature",
            RawEntry {
                ratchet_signature: flipped(good().ratchet_signature),
                ..good()
            },
        ),
        (
            "no signature",
            RawEntry {
                ratchet_signature: vec![],
                ..good()
            },
        ),
        (
            "no ratchet prekey",
            RawEntry {
                ratchet_pre_key: vec![],
                ..good()
            },
        ),
    ];
    for (case, entry) in cases {
        let (skipped, standing) = skips(&signed(vec![entry, plain("dev", 2)], NOW));
        assert_eq!(skipped.reason, EntryFault::BadExtension, "{case}");
        assert_eq!(standing, 1, "{case}");
    }
    // Half an extension is not "none" for ids that promise nothing, either.
    let half = RawEntry {
        ratchet_signature: vec![],
        ..extended("dev", 1, &author())
    };
    let (skipped, _) = skips(&signed(vec![half], NOW));
    assert_eq!(skipped.reason, EntryFault::BadExtension);
}

/// The owner itself signed them: a key that gives no secret, and one with two spellings.
#[test]
fn a_well_signed_ratchet_prekey_of_a_bad_form_is_skipped() {
    let id = InstallationId::parse("x1-dev").unwrap();
    let mut high_bit = RatchetPreKeyPair::from_secret_bytes(&[1; 32])
        .public()
        .to_bytes();
    high_bit[31] |= 0x80;
    for key in [[0; 32], high_bit] {
        let bad = RatchetPreKey::from_stored(key);
        let signature = sign_ratchet_prekey(&author(), &id, &prekey(1), &bad, 1);
        let entry = RawEntry {
            ratchet_pre_key: key.to_vec(),
            ratchet_signature: signature.to_bytes().to_vec(),
            ..plain("x1-dev", 1)
        };
        let (skipped, _) = skips(&signed(vec![entry], NOW));
        assert_eq!(skipped.reason, EntryFault::BadExtension, "{key:?}");
    }
}

#[test]
fn a_bundle_whose_parts_cannot_be_told_apart_is_refused_whole() {
    for id in ["", "none", "a b", "ü", &"x".repeat(65), "2x1-dev", "007x1-"] {
        let bundle = signed(vec![plain(id, 1), plain("dev", 2)], NOW);
        assert_eq!(bundle.verify(), Err(BundleError::Form), "{id:?}");
    }
    let short = prekey(1).to_bytes()[..32].to_vec();
    for bad in [vec![], short, vec![4; 33], vec![0xff; 33], vec![2; 34]] {
        let entry = RawEntry {
            signed_pre_key: bad,
            ..plain("dev", 1)
        };
        let bundle = signed(vec![entry, plain("other", 2)], NOW);
        assert_eq!(bundle.verify(), Err(BundleError::Form));
    }
}

#[test]
fn a_prekey_off_the_curve_is_skipped_and_the_rest_stands() {
    let entry = RawEntry {
        signed_pre_key: [&[2][..], &[0xff; 32]].concat(),
        version: 6,
        ..plain("dev", 1)
    };
    let (skipped, standing) = skips(&signed(vec![entry, plain("other", 2)], NOW));
    assert_eq!(skipped.reason, EntryFault::BadSignedPreKey);
    assert_eq!((skipped.signed_pre_key, skipped.version), (None, 6));
    assert_eq!(standing, 1);
}

/// The bytes of two entries, split otherwise: the signature fits as before.
#[test]
fn a_device_cannot_be_taken_out_of_a_genuine_bundle_by_splitting_its_bytes_anew() {
    let genuine = signed(vec![plain("x-aaa", 1), plain("x-bbb", 2)], NOW);
    assert!(genuine.verify().is_ok());
    let [first, second] = genuine.entries.as_slice() else {
        panic!("two entries");
    };
    let bytes = |entry: &RawEntry| {
        let version = entry.version.to_string();
        [
            entry.installation_id.as_bytes(),
            &entry.signed_pre_key,
            version.as_bytes(),
        ]
        .concat()
    };
    let all = [bytes(first), bytes(second)].concat();
    // One entry whose prekey swallows the other entry.
    let id = "x-a";
    let swallowed = RawBundle {
        entries: vec![RawEntry {
            installation_id: id.to_owned(),
            signed_pre_key: all[id.len()..all.len() - 1].to_vec(),
            version: second.version,
            ..RawEntry::default()
        }],
        ..genuine.clone()
    };
    assert_eq!(swallowed.verify(), Err(BundleError::Form));
    // Digits of a version moved into the id that follows.
    let versioned = |id, version| RawEntry {
        version,
        ..plain(id, 1)
    };
    let mut moved = signed(vec![versioned("0-phone", 12), versioned("x1-b", 3)], NOW);
    moved.entries[0].version = 1;
    moved.entries[1].installation_id = "2x1-b".to_owned();
    assert_eq!(moved.verify(), Err(BundleError::Form));
}

/// The signed bytes hold no domain for bundles, so a signature over one thing must not pass for
/// another.
#[test]
fn an_extension_signature_is_no_bundle_signature() {
    let entry = extended("x1-dev", 1, &author());
    let bundle = RawBundle {
        signature: entry.ratchet_signature.clone(),
        ..signed(vec![entry], NOW)
    };
    assert_eq!(bundle.verify(), Err(BundleError::Signature));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever in the signed part is changed, the bundle is refused as a whole.
    #[test]
    fn no_signed_byte_can_be_changed(
        seed in any::<u64>(),
        field in 0_usize..6,
        at in any::<prop::sample::Index>(),
        bit in 0_u32..8,
    ) {
        let mut rng = Draws::seeded(seed);
        let author = IdentityKeyPair::generate(&mut rng);
        let mut entry = plain("dev", 1);
        entry.signed_pre_key = SignedPreKeyPair::generate(&mut rng).public().to_bytes().to_vec();
        let entries = vec![entry];
        let mut bundle = RawBundle {
            identity: author.public().to_bytes().to_vec(),
            signature: sign_bundle(&author, &entries, NOW).to_bytes().to_vec(),
            entries,
            timestamp: NOW,
        };
        prop_assert!(bundle.verify().is_ok());
        let flip = |bytes: &mut Vec<u8>| {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        };
        match field {
            0 => flip(&mut bundle.identity),
            1 => flip(&mut bundle.signature),
            2 => flip(&mut bundle.entries[0].signed_pre_key),
            3 => bundle.entries[0].version ^= 1 << bit,
            4 => bundle.timestamp ^= 1 << bit,
            _ => bundle.entries[0].installation_id.push('a'),
        }
        prop_assert!(bundle.verify().is_err());
    }
}

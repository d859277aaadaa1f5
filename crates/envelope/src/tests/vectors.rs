//! Every entry of the envelope file.

use crypto_core::IdentityKey;
use serde_json::Value;

use super::{Draws, bytes, entries, file, pair, text};
use crate::*;

/// What opens the envelopes of an entry.
enum Opener {
    Recipient(crypto_core::IdentityKeyPair),
    Key(SymmetricKey),
}

impl Opener {
    fn of(entry: &Value) -> Self {
        match text(entry, "kind") {
            "asymmetric" => Self::Recipient(pair(&entry["recipientPrivateKey"])),
            _ => Self::Key(SymmetricKey::from_bytes(&bytes(&entry["symKey"])).unwrap()),
        }
    }

    fn with(&self) -> OpenWith<'_> {
        match self {
            Self::Recipient(pair) => OpenWith::Recipient(pair),
            Self::Key(key) => OpenWith::Key(key),
        }
    }

    fn to(&self) -> SealTo<'_> {
        match self {
            Self::Recipient(pair) => SealTo::Recipient(pair.public()),
            Self::Key(key) => SealTo::Key(key),
        }
    }
}

fn identity(value: &Value) -> Option<IdentityKey> {
    value.as_str()?;
    Some(IdentityKey::from_sec1(&bytes(value)).unwrap())
}

#[test]
fn what_status_go_sealed_is_sealed_the_same_and_opens() {
    let file = file("trust-envelope");
    for entry in entries(&file, "good") {
        let name = text(entry, "name");
        let signer = entry["signerPrivateKey"]
            .as_str()
            .map(|_| pair(&entry["signerPrivateKey"]));
        let (payload, padding) = (bytes(&entry["payload"]), bytes(&entry["padding"]));
        let custom = entry["customPadding"].as_bool().unwrap();
        let mut draws = Draws::of([]);
        if !custom {
            draws.told.push_back(padding.clone());
        }
        for draw in ["ephemeralPrivateKey", "iv", "nonce"] {
            draws.told.extend(entry.get(draw).map(bytes));
        }
        let chosen = if custom {
            Padding::Given(&padding)
        } else {
            Padding::Random
        };
        let opener = Opener::of(entry);
        let sealed = seal(&mut draws, opener.to(), signer.as_ref(), &payload, chosen).unwrap();
        assert!(sealed.as_bytes() == bytes(&entry["envelope"]), "{name}");
        assert!(draws.told.is_empty(), "{name}: draws are left");
        assert_eq!(opener.to().kind().name(), text(entry, "kind"));

        let opened = open(opener.with(), sealed.as_bytes()).unwrap();
        assert!(*opened.payload == payload && *opened.padding == padding);
        assert_eq!(opened.signer, identity(&entry["signer"]), "{name}");
        assert_eq!(
            opened.signer.as_ref(),
            signer.as_ref().map(|pair| pair.public())
        );

        let mut draws = Draws::of([]);
        draws.told.extend((!custom).then(|| padding.clone()));
        let plaintext = payload::write(&mut draws, signer.as_ref(), &payload, chosen).unwrap();
        assert_eq!(entry["plaintextBytes"], plaintext.len());
        if let Some(signature) = entry["signature"].as_str() {
            let recorded = bytes(&signature.into());
            assert_eq!(plaintext[plaintext.len() - 65..], recorded, "{name}");
        }
        if entry["plaintext"].is_string() {
            assert!(*plaintext == bytes(&entry["plaintext"]), "{name}");
        }
    }
}

fn expect(name: &str, expect: &Value, outcome: Result<Opened, Unopened>) {
    match outcome {
        // Recorded as read, with the bits ignored; signed bundles could pass for signed envelopes
        // then.
        Err(reason) if name.starts_with("unknown-flag-") => {
            assert_eq!(reason, Unopened::Malformed, "{name}");
        }
        Ok(opened) => {
            assert_eq!(expect["ok"], true, "{name}");
            assert!(!name.starts_with("unknown-flag-"), "{name}");
            assert_eq!(*opened.payload, bytes(&expect["payload"]), "{name}");
            assert_eq!(*opened.padding, bytes(&expect["padding"]), "{name}");
            assert_eq!(opened.signer, identity(&expect["signer"]), "{name}");
        }
        Err(reason) => {
            assert_eq!(expect["ok"], false, "{name}: {reason}");
            assert_eq!(expect["reason"], reason.name(), "{name}");
        }
    }
}

#[test]
fn good_and_bad_envelopes_have_their_outcomes() {
    let file = file("trust-envelope");
    let mut reasons = std::collections::BTreeSet::new();
    for entry in entries(&file, "decode") {
        let outcome = open(Opener::of(entry).with(), &bytes(&entry["envelope"]));
        reasons.extend(outcome.as_ref().err().map(|reason| reason.name()));
        expect(text(entry, "name"), &entry["expect"], outcome);
    }
    assert_eq!(reasons.len(), 3, "{reasons:?}");
}

/// What is inside decides alike under either kind of seal.
#[test]
fn the_insides_recorded_under_a_key_have_the_same_outcome_to_an_identity() {
    let file = file("trust-envelope");
    let own = super::party(9);
    let mut rng = Draws::seeded(1);
    let mut inside = 0;
    for entry in entries(&file, "decode") {
        let Opener::Key(key) = Opener::of(entry) else {
            continue;
        };
        let Ok(plaintext) = symmetric::open(&key, &bytes(&entry["envelope"])) else {
            continue;
        };
        let sealed = asymmetric::seal(&mut rng, own.public(), &plaintext).unwrap();
        let outcome = open(OpenWith::Recipient(&own), &sealed);
        expect(text(entry, "name"), &entry["expect"], outcome);
        inside += 1;
    }
    assert!(inside > 20, "{inside}");
}

#[test]
fn what_status_go_does_not_seal_is_not_sealed() {
    let file = file("trust-envelope");
    for entry in entries(&file, "encodeErrors") {
        let refused = match text(entry, "name") {
            "symKey of 16 bytes" => SymmetricKey::from_bytes(&[1; 16]).is_err(),
            "symKey all zero" => SymmetricKey::from_bytes(&[0; 32]).is_err(),
            // There is no way to say these.
            "no public key" | "kind None" | "version 2" => continue,
            other => panic!("not told of: {other}"),
        };
        assert!(refused, "{entry}");
    }
}

/// The most that three bytes of size can say works; one more would be lost, so it is refused.
#[test]
fn the_format_ends_at_two_to_the_twenty_fourth() {
    let limits = &file("trust-envelope")["sizeLimit"];
    assert_eq!(limits["2^24-1"], true);
    assert_eq!(limits["2^24"]["ok"], false);
    let mut rng = Draws::seeded(1);
    let mut payload = vec![0x5a; (1 << 24) - 1];
    let signer = super::party(1);
    let written = payload::write(&mut rng, Some(&signer), &payload, Padding::Random).unwrap();
    assert_eq!(written[..4], [7, 0xff, 0xff, 0xff]);
    let read = payload::read(&written).unwrap();
    assert!(*read.payload == payload);
    assert_eq!(read.signer.as_ref(), Some(signer.public()));
    payload.push(0);
    let refused = payload::write(&mut rng, None, &payload, Padding::Random).err();
    assert_eq!(refused, Some(SealError::PayloadTooLarge(1 << 24)));
}

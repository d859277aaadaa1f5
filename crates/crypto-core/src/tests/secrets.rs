//! What `Debug` shows of secrets: nothing.

use ml_kem::{DecapsulationKey, MlKem768};
use sha3::Sha3_512;
use shake::Shake256;
use zeroize::ZeroizeOnDrop;

use super::{Draws, properties::Pair};
use crate::{
    hash_ratchet::{GroupMessageKey, HashChain},
    keystore::{Kdf, Keystore, ScryptCost},
    link::{LinkDigits, NewDevice},
    ratchet::chain::{ChainKey, RootKey},
    *,
};

const SECRET: [u8; 32] = [0xa5; 32];

/// Neither hex nor decimal bytes of the secret.
fn shows_nothing<T: std::fmt::Debug>(value: &T) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        let lower = shown.to_lowercase();
        assert!(
            !lower.contains("a5a5a5") && !lower.contains("a5, a5") && !lower.contains("165, 165"),
            "{shown}"
        );
    }
}

#[test]
fn no_secret_type_shows_its_secret() {
    shows_nothing::<IdentityKeyPair>(&IdentityKeyPair::from_secret_bytes(&SECRET).unwrap());
    shows_nothing::<SignedPreKeyPair>(&SignedPreKeyPair::from_secret_bytes(&SECRET).unwrap());
    shows_nothing::<EphemeralKeyPair>(&EphemeralKeyPair::from_secret_bytes(&SECRET).unwrap());
    shows_nothing::<RatchetPreKeyPair>(&RatchetPreKeyPair::from_secret_bytes(&SECRET));
    shows_nothing::<Wiped<[u8; 32]>>(&Wiped::new(SECRET));
    shows_nothing::<SharedKey>(&SharedKey::from_stored(SECRET));
    shows_nothing::<SharedKeyPrefix>(&SharedKey::from_stored(SECRET).prefix());
    shows_nothing::<MessageKey>(&MessageKey::from_stored(SECRET));
    shows_nothing::<RootKey>(&RootKey::from_stored(SECRET));
    shows_nothing::<ChainKey>(&ChainKey::from_stored(SECRET));
    let seed = [0xa5; KEM_SEED_BYTES];
    shows_nothing::<KemPreKeyPair>(&KemPreKeyPair::from_seed(&seed));
    shows_nothing::<KemSecret>(&KemSecret::take(SECRET.into()));
    let ciphertext = KemCiphertext::from_wire(&[0xa5; KEM_CIPHERTEXT_BYTES]).unwrap();
    shows_nothing::<KemCiphertext>(&ciphertext);
    // The public half of the key is 32 bytes, too.
    shows_nothing::<NewDevice>(&NewDevice::generate(&mut Draws::of(&[SECRET, SECRET])));
    let shown = format!("{:?}", LinkDigits::parse("165165").unwrap());
    assert_eq!(shown, "LinkDigits(..)");
    shows_nothing::<LinkDigits>(&LinkDigits::parse("165165").unwrap());
    let mut chain = HashChain::new(&SECRET);
    shows_nothing::<GroupMessageKey>(&chain.message_key(1).unwrap());
    shows_nothing::<HashChain>(&chain);
    // Under its password, and not to be seen all the same: who has it can try passwords.
    shows_nothing::<Keystore>(&Keystore {
        kdf: Kdf::Scrypt(ScryptCost::LIGHT),
        salt: SECRET.to_vec(),
        iv: [0xa5; 16],
        ciphertext: SECRET.to_vec(),
        mac: SECRET,
        address: Some([0xa5; 20]),
    });
    shows_nothing::<Mnemonic>(&Mnemonic::generate(
        WordCount::TwentyFour,
        &mut Draws::of(&[SECRET]),
    ));
    let signed = SignedPreKeyPair::from_secret_bytes(&SECRET).unwrap();
    let own = OwnPreKeys {
        signed: &signed,
        ratchet: None,
    };
    let ratchet = SessionRatchet::respond(
        &SharedKey::from_stored(SECRET),
        own,
        RatchetCurve::Secp256k1,
    )
    .unwrap();
    shows_nothing::<SessionRatchet>(&ratchet);
}

/// What ML-KEM expands a seed into, and the sponges it is expanded with. Compiles only as long as
/// these wipe themselves.
#[test]
fn expanded_kem_keys_wipe_themselves() {
    fn wipes<T: ZeroizeOnDrop>() {}
    wipes::<DecapsulationKey<MlKem768>>();
    wipes::<Shake256>();
    wipes::<Sha3_512>();
}

/// An opened message goes through more hands than a key, and a stray `{:?}` would print the text.
#[test]
fn an_opened_message_shows_neither_text_nor_keys() {
    for curve in [RatchetCurve::X25519, RatchetCurve::Secp256k1] {
        let mut pair = Pair::new(curve, 1);
        pair.seal(0, b"lost").unwrap();
        let sealed = pair.seal(0, &SECRET).unwrap();
        let limits = SkipLimits {
            max_skip: 1,
            max_steps: 1,
        };
        let mut rng = Draws::seeded(1);
        let opened = pair.ends[1]
            .open(
                &sealed.header,
                &pair.ad,
                &sealed.ciphertext,
                &limits,
                &mut rng,
            )
            .unwrap();
        assert_eq!(*opened.plaintext, SECRET);
        shows_nothing::<Opened<SessionRatchet>>(&opened);
        let shown = format!("{opened:?}").to_lowercase();
        // The key kept for the lost message, and the one that was used.
        assert_eq!(shown.matches("messagekey(..)").count(), 2, "{shown}");
    }
}

#[test]
fn an_agreed_secret_shows_its_name_alone() {
    let pair = IdentityKeyPair::from_secret_bytes(&SECRET).unwrap();
    let secret = pair.agree(pair.public()).unwrap();
    shows_nothing::<AgreedSecret>(&secret);
    assert_eq!(format!("{secret:?}"), "AgreedSecret(..)");
}

/// Public values show themselves, for logs of tests and errors.
#[test]
fn public_keys_show_their_bytes() {
    let key = RatchetPreKey::from_stored([0x0a; 32]);
    let expected = format!("RatchetPreKey({})", "0a".repeat(32));
    assert_eq!(format!("{key:?}"), expected);
}

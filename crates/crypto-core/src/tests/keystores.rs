//! Identity keys under passwords.

use super::Draws;
use crate::{
    IdentityKeyPair, keccak256,
    keystore::{Kdf, Keystore, KeystoreError, Pbkdf2Rounds, ScryptCost},
};

/// As cheap as a cost can be: these tests are not about the derivation.
fn cheap() -> ScryptCost {
    ScryptCost::new(2, 1, 1).unwrap()
}

fn sealed(secret: [u8; 32]) -> Keystore {
    let identity = IdentityKeyPair::from_secret_bytes(&secret).unwrap();
    Keystore::seal(&identity, "password", cheap(), &mut Draws::seeded(7)).unwrap()
}

#[test]
fn a_key_comes_back_under_its_password_alone() {
    let keystore = sealed([5; 32]);
    let opened = keystore.open("password").unwrap();
    assert_eq!(*opened.secret_bytes(), [5; 32]);
    for wrong in ["", "Password", "password "] {
        assert_eq!(keystore.open(wrong).unwrap_err(), KeystoreError::Password);
    }
}

#[test]
fn two_keystores_of_a_key_have_nothing_in_common() {
    let identity = IdentityKeyPair::from_secret_bytes(&[5; 32]).unwrap();
    let mut rng = Draws::seeded(1);
    let [one, two] =
        [(); 2].map(|()| Keystore::seal(&identity, "password", cheap(), &mut rng).unwrap());
    assert_ne!(one.salt, two.salt);
    assert_ne!(one.iv, two.iv);
    assert_ne!(one.ciphertext, two.ciphertext);
}

#[test]
fn every_part_is_under_the_mac_or_the_address() {
    let changes: [fn(&mut Keystore); 6] = [
        |keystore| keystore.salt[0] ^= 1,
        |keystore| keystore.ciphertext[31] ^= 1,
        |keystore| keystore.mac[31] ^= 0x80,
        |keystore| keystore.kdf = Kdf::Scrypt(ScryptCost::new(4, 1, 1).unwrap()),
        |keystore| keystore.kdf = Kdf::Pbkdf2(Pbkdf2Rounds::new(1).unwrap()),
        |keystore| keystore.ciphertext.truncate(31),
    ];
    for change in changes {
        let mut keystore = sealed([5; 32]);
        change(&mut keystore);
        let error = keystore.open("password").unwrap_err();
        assert_eq!(error, KeystoreError::Password);
    }
    // The counter is not under the MAC: another one gives another key, which is not that of the
    // address.
    let mut keystore = sealed([5; 32]);
    keystore.iv[15] ^= 1;
    let error = keystore.open("password").unwrap_err();
    assert!(matches!(
        error,
        KeystoreError::Address | KeystoreError::NoKey
    ));
    let mut keystore = sealed([5; 32]);
    keystore.address = Some([0; 20]);
    assert_eq!(
        keystore.open("password").unwrap_err(),
        KeystoreError::Address
    );
}

#[test]
fn a_short_ciphertext_is_a_key_with_leading_zeros() {
    let mut keystore = sealed([5; 32]);
    // The first 30 bytes of the keystream over the first 30 of the key, as it was once written.
    keystore.ciphertext.truncate(30);
    assert_eq!(
        keystore.open("password").unwrap_err(),
        KeystoreError::Password
    );
    keystore.mac = mac_of(&keystore);
    keystore.address = None;
    let mut expected = [5; 32];
    expected[..2].fill(0);
    assert_eq!(*keystore.open("password").unwrap().secret_bytes(), expected);
}

/// The MAC as the definition says it, from the derivation itself.
fn mac_of(keystore: &Keystore) -> [u8; 32] {
    let mut derived = [0; 32];
    let params = scrypt::Params::new(1, 1, 1).unwrap();
    scrypt::scrypt(b"password", &keystore.salt, &params, &mut derived).unwrap();
    keccak256(&[&derived[16..], &keystore.ciphertext])
}

#[test]
fn what_is_no_key_is_refused() {
    let mut keystore = sealed([9; 32]);
    keystore.address = None;
    // Zero is no key: the ciphertext is the keystream itself.
    keystore.ciphertext.iter_mut().for_each(|byte| *byte ^= 9);
    keystore.mac = mac_of(&keystore);
    assert_eq!(keystore.open("password").unwrap_err(), KeystoreError::NoKey);
    for length in [0, 2049] {
        keystore.ciphertext = vec![0; length];
        assert!(matches!(
            keystore.open("password"),
            Err(KeystoreError::Length(_))
        ));
    }
    let mut keystore = sealed([9; 32]);
    keystore.salt = vec![0; 257];
    assert!(matches!(
        keystore.open("password"),
        Err(KeystoreError::Length(_))
    ));
}

#[test]
fn costs_are_bounded_in_memory_and_time() {
    for (n, r, p) in [
        (1 << 18, 8, 1),
        (1 << 18, 1, 8),
        (4096, 8, 6),
        (1 << 19, 8, 2),
        (2, 1, 16),
    ] {
        let cost = ScryptCost::new(n, r, p).unwrap();
        let same = (cost.n(), u64::from(cost.r()), u64::from(cost.p()));
        assert_eq!(same, (n, r, p));
    }
    for (n, r, p) in [
        (0, 8, 1),
        (1, 8, 1),
        (3, 8, 1),
        (1 << 18, 0, 1),
        (1 << 18, 8, 0),
        (1 << 20, 8, 1),
        (1 << 18, 8, 16),
        (2, 1, 17),
        // The table is small, the blocks are not.
        (2, 1 << 20, 16),
        (1 << 63, 1 << 63, 1 << 63),
    ] {
        let cost = ScryptCost::new(n, r, p);
        assert!(
            matches!(cost, Err(KeystoreError::Cost(_))),
            "{n} {r} {p}: {cost:?}"
        );
    }
    assert!(Pbkdf2Rounds::new(10_000_000).is_ok());
    for rounds in [0, 10_000_001, u64::MAX] {
        assert!(Pbkdf2Rounds::new(rounds).is_err());
    }
    assert_eq!(
        ScryptCost::STANDARD,
        ScryptCost::new(1 << 18, 8, 1).unwrap()
    );
    assert_eq!(ScryptCost::LIGHT, ScryptCost::new(4096, 8, 6).unwrap());
}

#[test]
fn a_password_opens_in_every_form_that_programs_give_it_and_is_written_in_one() {
    // Composed and decomposed accents, and a letter that only the compatibility forms take apart.
    let (composed, decomposed, compatible) = ("\u{e9}\u{fb00}", "e\u{301}\u{fb00}", "\u{e9}ff");
    for given in [composed, decomposed, compatible] {
        let identity = IdentityKeyPair::from_secret_bytes(&[5; 32]).unwrap();
        let written = Keystore::seal(&identity, given, cheap(), &mut Draws::seeded(7)).unwrap();
        let expected =
            Keystore::seal(&identity, compatible, cheap(), &mut Draws::seeded(7)).unwrap();
        assert_eq!(written, expected, "{given:?}");
        for typed in [composed, decomposed, compatible] {
            assert_eq!(*written.open(typed).unwrap().secret_bytes(), [5; 32]);
        }
        assert_eq!(written.open("eff").unwrap_err(), KeystoreError::Password);
    }
    // Of programs that take the password as it was typed: by whichever keyboard.
    for (used, typed) in [
        (composed, decomposed),
        (decomposed, composed),
        (decomposed, decomposed),
        ("e\u{301}\u{327}", "e\u{301}\u{327}"),
    ] {
        let keystore = sealed_as(b"\x05".repeat(32), used);
        assert_eq!(*keystore.open(typed).unwrap().secret_bytes(), [5; 32]);
    }
}

/// What a program writes that puts something under a password as it was typed.
fn sealed_as(held: Vec<u8>, password: &str) -> Keystore {
    use aes::Aes128;
    use ctr::cipher::{KeyIvInit as _, StreamCipher as _};

    let mut derived = [0; 32];
    let rounds = Pbkdf2Rounds::new(1).unwrap();
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password.as_bytes(), b"salt", 1, &mut derived);
    let mut ciphertext = held;
    ctr::Ctr128BE::<Aes128>::new_from_slices(&derived[..16], &[9; 16])
        .unwrap()
        .apply_keystream(&mut ciphertext);
    Keystore {
        kdf: Kdf::Pbkdf2(rounds),
        salt: b"salt".to_vec(),
        iv: [9; 16],
        mac: keccak256(&[&derived[16..], &ciphertext]),
        ciphertext,
        address: None,
    }
}

#[test]
fn a_keystore_that_holds_a_phrase_says_so_once_its_password_is_right() {
    let phrase = "abandon ".repeat(11) + "about";
    let keystore = sealed_as(phrase.into_bytes(), "password");
    assert_eq!(keystore.open("other").unwrap_err(), KeystoreError::Password);
    let error = keystore.open("password").unwrap_err();
    assert_eq!(error, KeystoreError::Phrase);
    assert!(error.to_string().contains("`account_recover`"));
    for other in [
        vec![5; 33],
        b"no phrase at all, but quite some text".to_vec(),
    ] {
        let keystore = sealed_as(other, "password");
        let error = keystore.open("password").unwrap_err();
        assert!(matches!(error, KeystoreError::Length(_)), "{error}");
    }
    for length in [0, 2049] {
        let keystore = sealed_as(vec![b'a'; length], "password");
        let error = keystore.open("other").unwrap_err();
        assert!(
            matches!(error, KeystoreError::Length(_)),
            "refused before any work"
        );
    }
}

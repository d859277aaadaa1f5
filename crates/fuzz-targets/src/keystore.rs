//! Keystore files.

use crypto_core::{
    IdentityKeyPair,
    keystore::{Kdf, Keystore, KeystoreError, MAX_SCRYPT_TABLE_BYTES, ScryptCost},
};
use engine::world::SplitMix64;
use rpc::keystore::{read_keystore_file, write_keystore_file};

/// Work that one input may take: enough for a key derivation, little enough for many inputs.
const CHEAP_BYTES: u64 = 64 * 1024;

/// Any text is read as a keystore file, and a good keystore is damaged.
///
/// The first byte chooses. What is read is written and read the same, and asks for no more than the
/// limits; a refusal says what to do. A key comes back from what was made of it, and no other key
/// ever does.
pub fn keystore(input: &[u8]) {
    match input.split_first() {
        Some((choice, text)) if choice % 2 == 0 => {
            if let Ok(text) = std::str::from_utf8(text) {
                read(text);
            }
        }
        Some((_, damage)) => damaged(damage),
        None => {}
    }
}

fn read(text: &str) {
    let keystore = match read_keystore_file(text) {
        Ok(keystore) => keystore,
        Err(error) => {
            assert!(error.to_string().contains(": "), "nothing to do: {error}");
            return;
        }
    };
    let written = write_keystore_file(&keystore, [7; 16]).to_string();
    assert_eq!(read_keystore_file(&written).as_ref(), Ok(&keystore));
    let work = match keystore.kdf {
        Kdf::Scrypt(cost) => {
            let (r, p) = (u64::from(cost.r()), u64::from(cost.p()));
            let bytes = 128 * r * (cost.n() + p + 1);
            assert!(bytes <= MAX_SCRYPT_TABLE_BYTES + 2 * 1024 * 1024);
            bytes * p
        }
        Kdf::Pbkdf2(rounds) => {
            assert!(rounds.get() <= 10_000_000);
            u64::from(rounds.get()) * 128
        }
    };
    if work <= CHEAP_BYTES
        && let Ok(identity) = keystore.open("")
    {
        let again = keystore.open("").expect("it was opened");
        assert_eq!(identity.public(), again.public());
    }
}

/// The first bytes make a keystore; of the rest each three change one bit or one length.
fn damaged(input: &[u8]) {
    let Some((seed, damage)) = input.split_first_chunk::<8>() else {
        return;
    };
    let mut rng = SplitMix64(u64::from_le_bytes(*seed));
    let identity = IdentityKeyPair::generate(&mut rng);
    let cost = ScryptCost::new(2, 1, 1).expect("a cost");
    let sealed = Keystore::seal(&identity, "", cost, &mut rng).expect("sealed");
    let mut changed = sealed.clone();
    for change in damage.chunks_exact(3) {
        let [part, place, bits] = change else {
            continue;
        };
        let place = usize::from(*place);
        let byte = match part % 8 {
            0 => changed.salt.get_mut(place),
            1 => changed.ciphertext.get_mut(place),
            2 => changed.mac.get_mut(place % 32),
            3 => changed.iv.get_mut(place % 16),
            4 => changed.address.as_mut().and_then(|a| a.get_mut(place % 20)),
            5 => {
                changed.salt.truncate(place);
                None
            }
            6 => {
                changed.ciphertext.truncate(place);
                None
            }
            _ => {
                changed.ciphertext.push(*bits);
                None
            }
        };
        if let Some(byte) = byte {
            *byte ^= bits;
        }
    }
    match changed.open("") {
        Ok(opened) => {
            assert_eq!(changed, sealed, "a changed keystore was opened");
            assert_eq!(opened.public(), identity.public());
        }
        Err(error) => {
            assert_ne!(changed, sealed, "a good keystore was refused: {error}");
            // Under the MAC it fails there: what is left says something of the password.
            let beside = Keystore {
                iv: sealed.iv,
                address: sealed.address,
                ..changed
            };
            let under_mac = matches!(error, KeystoreError::Password | KeystoreError::Length(_));
            assert_eq!(beside != sealed, under_mac, "{error}");
        }
    }
}

//! ML-KEM-768, by two libraries.

use std::convert::Infallible;

use crypto_core::{
    KEM_CIPHERTEXT_BYTES, KEM_PUBLIC_KEY_BYTES, KEM_SEED_BYTES, KemCiphertext, KemPreKey,
    KemPreKeyPair,
};
use libcrux_ml_kem::mlkem768;
use rand_core::{TryCryptoRng, TryRng};

/// Makes a pair of any seed and damages what is encapsulated to it, or reads any bytes as a key or
/// as a ciphertext. The first byte chooses; bytes that the input lacks are zero.
///
/// Both libraries make the same keys, ciphertexts and secrets, and refuse the same keys. A changed
/// ciphertext gives another secret.
pub fn mlkem(input: &[u8]) {
    let Some((choice, mut rest)) = input.split_first() else {
        return;
    };
    match choice % 3 {
        0 => pair(taken(&mut rest), taken(&mut rest), rest),
        1 => public_key(&taken(&mut rest), taken(&mut rest)),
        _ => ciphertext(taken(&mut rest), &taken(&mut rest)),
    }
}

/// Takes bytes from the front of the input.
fn taken<const N: usize>(input: &mut &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let (front, rest) = input.split_at(input.len().min(N));
    bytes
        .iter_mut()
        .zip(front)
        .for_each(|(to, from)| *to = *from);
    *input = rest;
    bytes
}

/// `changes` are of three bytes: which byte of the ciphertext changes, and what it is XORed with.
fn pair(seed: [u8; KEM_SEED_BYTES], m: [u8; 32], changes: &[u8]) {
    let ours = KemPreKeyPair::from_seed(&seed);
    let theirs = mlkem768::generate_key_pair(seed);
    assert_eq!(**ours.seed(), seed);
    assert_eq!(ours.public().as_bytes(), theirs.pk());
    let (ciphertext, secret) = encapsulates_alike(ours.public(), m);
    assert_eq!(decapsulates_alike(&ours, &theirs, &ciphertext), secret);

    let mut changed = *ciphertext.as_bytes();
    for change in changes.chunks_exact(3) {
        if let [high, low, with] = *change {
            let at = usize::from(u16::from_be_bytes([high, low])) % changed.len();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= with;
            }
        }
    }
    let changed = KemCiphertext::from_wire(&changed).expect("of its length");
    let read = decapsulates_alike(&ours, &theirs, &changed);
    assert_eq!(read == secret, changed == ciphertext);
}

fn public_key(key: &[u8; KEM_PUBLIC_KEY_BYTES], m: [u8; 32]) {
    let ours = KemPreKey::from_wire(key);
    assert_eq!(ours.is_ok(), mlkem768::validate_public_key(&key.into()));
    match ours {
        Ok(ours) => {
            assert_eq!(ours.as_bytes(), key);
            encapsulates_alike(&ours, m);
        }
        Err(error) => {
            let stored = KemPreKey::from_stored(key).expect("of its length");
            let refused = stored.encapsulate(&mut Draw(m)).err();
            assert_eq!(refused, Some(error));
        }
    }
}

fn ciphertext(seed: [u8; KEM_SEED_BYTES], ciphertext: &[u8; KEM_CIPHERTEXT_BYTES]) {
    let ours = KemPreKeyPair::from_seed(&seed);
    let theirs = mlkem768::generate_key_pair(seed);
    let ciphertext = KemCiphertext::from_wire(ciphertext).expect("of its length");
    decapsulates_alike(&ours, &theirs, &ciphertext);
}

fn encapsulates_alike(key: &KemPreKey, m: [u8; 32]) -> (KemCiphertext, [u8; 32]) {
    let (ciphertext, secret) = key.encapsulate(&mut Draw(m)).expect("a checked key");
    let theirs = mlkem768::encapsulate(&key.as_bytes().into(), m);
    assert_eq!(ciphertext.as_bytes(), theirs.0.as_slice());
    assert_eq!(*secret.secret_bytes(), theirs.1);
    (ciphertext, theirs.1)
}

fn decapsulates_alike(
    ours: &KemPreKeyPair,
    theirs: &mlkem768::MlKem768KeyPair,
    ciphertext: &KemCiphertext,
) -> [u8; 32] {
    let secret = ours.decapsulate(ciphertext);
    let theirs = mlkem768::decapsulate(theirs.private_key(), &ciphertext.as_bytes().into());
    assert_eq!(*secret.secret_bytes(), theirs);
    theirs
}

/// Gives the one draw that it has.
struct Draw([u8; 32]);

impl TryRng for Draw {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("a number was drawn");
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("a number was drawn");
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        assert_eq!(to.len(), 32, "the draw is of 32 bytes");
        to.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Draw {}

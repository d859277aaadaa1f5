//! KEM prekeys: the ML-KEM-768 keys of devices (FIPS 203), what is encapsulated to them, and the
//! identity's signature over them (protocol §13).
//!
//! Private parts are kept and read as seeds only: the expanded form can be malformed, a seed cannot.

use std::{fmt, sync::Arc};

use ml_kem::{
    B32, Ciphertext, Decapsulate as _, DecapsulationKey, EncapsulationKey, KeyExport as _, MlKem768,
};
use rand_core::CryptoRng;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    hash::{hex, keccak256},
    ids::KemId,
    installation::InstallationId,
    keys::{IdentityKey, IdentityKeyPair, KeyError},
    signature::Signature,
    wiped::Wiped,
};

/// Length of an ML-KEM-768 public key, in bytes.
pub const KEM_PUBLIC_KEY_BYTES: usize = 1184;
/// Length of an ML-KEM-768 ciphertext, in bytes.
pub const KEM_CIPHERTEXT_BYTES: usize = 1088;
/// Length of a private seed, d ‖ z, in bytes.
pub const KEM_SEED_BYTES: usize = 64;
/// A KEM prekey serves with this many versions of its device's signed prekey, the one that it was
/// made with included.
pub const KEM_LIFE_VERSIONS: u32 = 14;
/// Versions of the signed prekey after which a device makes a new KEM prekey.
pub const KEM_RENEWAL_VERSIONS: u32 = 7;

const ID_DOMAIN: &[u8] = b"ratchetd/mlkem768-id/1";
const SIGNATURE_DOMAIN: &[u8] = b"ratchetd/mlkem768-prekey/1";

/// Whether a KEM prekey of version `kem_version` serves with a signed prekey of version
/// `prekey_version` of the same device.
#[must_use]
pub const fn kem_serves(kem_version: u32, prekey_version: u32) -> bool {
    matches!(prekey_version.checked_sub(kem_version), Some(age) if age < KEM_LIFE_VERSIONS)
}

/// Whether there is a newer KEM prekey than that of version `kem_version` by the time its device
/// has a signed prekey of version `prekey_version`.
#[must_use]
pub const fn kem_is_aged(kem_version: u32, prekey_version: u32) -> bool {
    matches!(prekey_version.checked_sub(kem_version), Some(age) if age >= KEM_RENEWAL_VERSIONS)
}

/// The public key of a KEM prekey. One from the wire was checked; one from a store fails in
/// [`Self::encapsulate`] if it is bad. Clones share the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct KemPreKey(Arc<[u8; KEM_PUBLIC_KEY_BYTES]>);

impl KemPreKey {
    /// Reads the bytes of the wire, with the key check of FIPS 203, 7.2.
    ///
    /// # Errors
    /// [`KeyError::Form`] if they are not [`KEM_PUBLIC_KEY_BYTES`], [`KeyError::Coefficient`] if a
    /// coefficient is not below 3329.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = Self::from_stored(bytes)?;
        key.expand()?;
        Ok(key)
    }

    /// Takes bytes from [`Self::as_bytes`] without the key check.
    ///
    /// # Errors
    /// [`KeyError::Form`] if they are not [`KEM_PUBLIC_KEY_BYTES`].
    pub fn from_stored(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes = bytes.try_into().map_err(|_| KeyError::Form)?;
        Ok(Self(Arc::new(bytes)))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEM_PUBLIC_KEY_BYTES] {
        &self.0
    }

    /// Its id: a hash of the bytes.
    #[must_use]
    pub fn id(&self) -> KemId {
        KemId::from_bytes(keccak256(&[ID_DOMAIN, self.as_bytes()]))
    }

    /// Makes a secret that only the owner of the private half learns, from one 32-byte draw.
    ///
    /// # Errors
    /// [`KeyError::Coefficient`] if the key came from a store and fails the key check.
    pub fn encapsulate(
        &self,
        rng: &mut dyn CryptoRng,
    ) -> Result<(KemCiphertext, KemSecret), KeyError> {
        let key = self.expand()?;
        let mut m = Zeroizing::new(B32::default());
        rng.fill_bytes(m.as_mut_slice());
        let (ciphertext, secret) = key.encapsulate_deterministic(&m);
        Ok((
            KemCiphertext(Arc::new(ciphertext.into())),
            KemSecret::take(secret),
        ))
    }

    fn expand(&self) -> Result<EncapsulationKey<MlKem768>, KeyError> {
        EncapsulationKey::new((&*self.0).into()).map_err(|_| KeyError::Coefficient)
    }
}

impl fmt::Debug for KemPreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KemPreKey({})", hex(self.id().as_bytes()))
    }
}

/// A KEM prekey with its private half, the seed.
pub struct KemPreKeyPair {
    seed: Wiped<[u8; KEM_SEED_BYTES]>,
    public: KemPreKey,
}

impl KemPreKeyPair {
    /// A fresh pair; the seed is one 64-byte draw.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut seed = Wiped::new([0; KEM_SEED_BYTES]);
        rng.fill_bytes(seed.as_mut_slice());
        Self::from_seed(&seed)
    }

    /// The pair of a seed, d ‖ z. Every 64 bytes are one.
    #[must_use]
    pub fn from_seed(seed: &[u8; KEM_SEED_BYTES]) -> Self {
        let public = expand_seed(seed).encapsulation_key().to_bytes().into();
        Self {
            seed: Wiped::new(*seed),
            public: KemPreKey(Arc::new(public)),
        }
    }

    /// The seed, for a store.
    #[must_use]
    pub const fn seed(&self) -> &Wiped<[u8; KEM_SEED_BYTES]> {
        &self.seed
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &KemPreKey {
        &self.public
    }

    /// The secret of a ciphertext, as [`KemCiphertext::open`] gives it.
    #[must_use]
    pub fn decapsulate(&self, ciphertext: &KemCiphertext) -> KemSecret {
        ciphertext.open(&self.seed)
    }
}

/// The expanded private key, which is wiped when it is dropped.
fn expand_seed(seed: &[u8; KEM_SEED_BYTES]) -> DecapsulationKey<MlKem768> {
    DecapsulationKey::from_seed((*seed).into())
}

impl fmt::Debug for KemPreKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KemPreKeyPair(..)")
    }
}

/// An encapsulated secret. Clones share the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct KemCiphertext(Arc<[u8; KEM_CIPHERTEXT_BYTES]>);

impl KemCiphertext {
    /// Reads the bytes of the wire. All of this length are a ciphertext.
    ///
    /// # Errors
    /// [`KeyError::Form`] if they are not [`KEM_CIPHERTEXT_BYTES`].
    pub fn from_wire(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes = bytes.try_into().map_err(|_| KeyError::Form)?;
        Ok(Self(Arc::new(bytes)))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEM_CIPHERTEXT_BYTES] {
        &self.0
    }

    /// Its secret for the owner of a seed, d ‖ z. If it was not encapsulated to the key of that
    /// seed this is another secret, in the same time (implicit rejection of FIPS 203).
    #[must_use]
    pub fn open(&self, seed: &[u8; KEM_SEED_BYTES]) -> KemSecret {
        let ciphertext: &Ciphertext<MlKem768> = (&*self.0).into();
        KemSecret::take(expand_seed(seed).decapsulate(ciphertext))
    }
}

impl fmt::Debug for KemCiphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KemCiphertext(..)")
    }
}

/// SS, the secret that a KEM gives both sides.
pub struct KemSecret(Wiped<[u8; 32]>);

impl KemSecret {
    pub(crate) fn take(mut secret: ml_kem::SharedKey) -> Self {
        let taken = Self(Wiped::new(secret.into()));
        secret.zeroize();
        taken
    }

    /// The 32 secret bytes, for a key derivation.
    #[must_use]
    pub fn secret_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KemSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KemSecret(..)")
    }
}

/// A KEM prekey from the wire, nothing of it verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawKemPreKey {
    /// The device.
    pub installation_id: String,
    /// The version of the signed prekey that it was made with.
    pub version: u32,
    /// The public key.
    pub key: Vec<u8>,
    /// The identity's signature over all this.
    pub signature: Vec<u8>,
}

/// Why a KEM prekey from the wire is refused.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum KemPreKeyError {
    /// The key is not of [`KEM_PUBLIC_KEY_BYTES`], or the installation id is none.
    #[error("not of the form of a KEM prekey")]
    Form,
    /// It is not signed by the identity.
    #[error("the KEM prekey is not signed by the identity")]
    Signature,
    /// The key fails the key check of FIPS 203.
    #[error("the key of the KEM prekey is none")]
    Key,
}

impl RawKemPreKey {
    /// The device, if the lengths and the id are those of a KEM prekey. Computes nothing.
    ///
    /// # Errors
    /// [`KemPreKeyError::Form`] if they are not.
    pub fn installation(&self) -> Result<InstallationId, KemPreKeyError> {
        if self.key.len() != KEM_PUBLIC_KEY_BYTES {
            return Err(KemPreKeyError::Form);
        }
        InstallationId::parse(&self.installation_id).map_err(|_| KemPreKeyError::Form)
    }

    /// Checks the form, then the signature, then the key.
    ///
    /// # Errors
    /// [`KemPreKeyError`] for the first of them that does not hold.
    pub fn verify(&self, identity: &IdentityKey) -> Result<VerifiedKemPreKey, KemPreKeyError> {
        let installation_id = self.installation()?;
        let key = KemPreKey::from_stored(&self.key).map_err(|_| KemPreKeyError::Form)?;
        let digest = signed_digest(&installation_id, self.version, &key);
        let signature = Signature::from_wire(&self.signature)
            .and_then(|signature| signature.verify(identity, &digest).map(|()| signature))
            .map_err(|_| KemPreKeyError::Signature)?;
        key.expand().map_err(|_| KemPreKeyError::Key)?;
        Ok(VerifiedKemPreKey {
            installation_id,
            version: self.version,
            key,
            signature,
        })
    }
}

/// A KEM prekey whose signature and key were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedKemPreKey {
    installation_id: InstallationId,
    version: u32,
    key: KemPreKey,
    signature: Signature,
}

impl VerifiedKemPreKey {
    /// A KEM prekey as a store keeps it: it was verified before it was stored, or signed by us.
    #[must_use]
    pub const fn from_stored(
        installation_id: InstallationId,
        version: u32,
        key: KemPreKey,
        signature: Signature,
    ) -> Self {
        Self {
            installation_id,
            version,
            key,
            signature,
        }
    }

    /// The device.
    #[must_use]
    pub const fn installation_id(&self) -> &InstallationId {
        &self.installation_id
    }

    /// The version of the signed prekey that it was made with.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The public key.
    #[must_use]
    pub const fn key(&self) -> &KemPreKey {
        &self.key
    }

    /// The identity's signature, to pass it on.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }
}

impl From<&VerifiedKemPreKey> for RawKemPreKey {
    fn from(verified: &VerifiedKemPreKey) -> Self {
        Self {
            installation_id: verified.installation_id.as_str().to_owned(),
            version: verified.version,
            key: verified.key.as_bytes().to_vec(),
            signature: verified.signature.to_bytes().to_vec(),
        }
    }
}

/// Signs the KEM prekey of a device. `version` is that of the signed prekey it was made with.
#[must_use]
pub fn sign_kem_prekey(
    identity: &IdentityKeyPair,
    installation: &InstallationId,
    version: u32,
    key: &KemPreKey,
) -> Signature {
    identity.sign_digest(&signed_digest(installation, version, key))
}

fn signed_digest(installation: &InstallationId, version: u32, key: &KemPreKey) -> [u8; 32] {
    keccak256(&[
        SIGNATURE_DOMAIN,
        &installation.length_prefixed(),
        &version.to_be_bytes(),
        key.id().as_bytes(),
    ])
}

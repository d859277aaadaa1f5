//! Conversions from the engine's results to the types of the interface.

mod bundle;
mod contact;
mod device;
mod envelope;
mod event;
mod explain;
mod group;
mod identity;
mod link;
mod message;
mod reason;
mod topic;
mod uncompressed;

pub use self::{group::group_text, reason::Advice};
use crypto_core::{IdentityKey, InstallationId, Suite};
use engine::model::{AccountName, UnixMillis};

use crate::types::{self, AccountInfo, Hex};

/// A public key as answers give it: uncompressed. A key that is no point of the curve stays as it
/// is.
#[must_use]
pub fn public_key(identity: &IdentityKey) -> Hex {
    Hex(uncompressed::uncompressed(identity)
        .map_or_else(|| identity.to_bytes().to_vec(), |key| key.to_vec()))
}

fn name(installation: &InstallationId) -> String {
    installation.as_str().to_owned()
}

fn millis(at: Option<UnixMillis>) -> Option<u64> {
    at.map(|at| at.0)
}

/// A suite as the interface names it.
#[must_use]
pub const fn suite(suite: Suite) -> types::Suite {
    match suite {
        Suite::X25519MlKem768 => types::Suite::X25519MlKem768,
        Suite::X25519 => types::Suite::X25519,
        Suite::Secp256k1 => types::Suite::Secp256k1,
    }
}

impl AccountInfo {
    /// The account of this name: an identity on one device.
    #[must_use]
    pub fn new(
        account: &AccountName,
        identity: &IdentityKey,
        installation: &InstallationId,
        created_at: UnixMillis,
    ) -> Self {
        Self {
            account: account.as_str().to_owned(),
            public_key: public_key(identity),
            compressed_key: identity.to_compact(),
            installation_id: name(installation),
            created_at: created_at.0,
        }
    }
}

/// What the tests of every part begin with.
#[cfg(test)]
mod fixtures {
    use crypto_core::{IdentityKeyPair, InstallationId, SignedPreKeyPair};

    /// The private key 1: its public key is the generator of the group.
    pub(super) fn identity() -> IdentityKeyPair {
        let mut secret = [0; 32];
        secret[31] = 1;
        IdentityKeyPair::from_secret_bytes(&secret).unwrap()
    }

    pub(super) fn signed_pre_key() -> SignedPreKeyPair {
        SignedPreKeyPair::from_secret_bytes(&identity().secret_bytes()).unwrap()
    }

    pub(super) fn installation() -> InstallationId {
        InstallationId::parse("x1-phone").unwrap()
    }

    pub(super) const COMPRESSED: &str =
        "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    pub(super) const UNCOMPRESSED: &str = "0x0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
    pub(super) const COMPACT: &str = "zQ3shVc2UkAfJCdc1TR8E66J85h48P43r93q8jGPkPpjF9Ef9";

    /// 32 bytes of one value, as hex.
    pub(super) fn hex32(byte: u8) -> String {
        format!("0x{}", format!("{byte:02x}").repeat(32))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{fixtures::*, *};
    use crate::types::NewAccount;

    #[test]
    fn an_account_and_a_new_one() {
        let account = AccountInfo::new(
            &AccountName::parse("alice").unwrap(),
            identity().public(),
            &installation(),
            UnixMillis(1_700_000_000_123),
        );
        let mut golden = json!({
            "account": "alice",
            "publicKey": UNCOMPRESSED,
            "compressedKey": COMPACT,
            "installationId": "x1-phone",
            "createdAt": 1_700_000_000_123_u64,
        });
        assert_eq!(serde_json::to_value(&account).unwrap(), golden);

        let new = NewAccount {
            account,
            mnemonic: "legal winner".to_owned(),
        };
        assert!(!format!("{new:?}").contains("winner"));
        golden["mnemonic"] = json!("legal winner");
        assert_eq!(serde_json::to_value(&new).unwrap(), golden);
        // The client reads what the daemon writes.
        assert_eq!(serde_json::from_value::<NewAccount>(golden).unwrap(), new);
    }

    #[test]
    fn a_key_that_is_no_point_goes_out_as_it_is() {
        let broken = IdentityKey::from_stored([2; 33]);
        let off_curve = IdentityKey::from_stored([0xff; 33]);
        assert_eq!(public_key(&off_curve).0, [0xff; 33]);
        assert!(matches!(public_key(&broken).0.len(), 33 | 65));
    }
}

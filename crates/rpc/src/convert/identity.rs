//! How an identity looks.

use crypto_core::{IdentityKey, KeyError, Portrait, SafetyNumber};

use super::public_key;
use crate::types::{Hex, IdenticonInfo, IdentityInfo};

impl IdentityInfo {
    /// Of an identity; as `own` sees it, if there is one.
    ///
    /// # Errors
    /// [`KeyError`] if the key came from a store and is no point of the curve.
    pub fn new(identity: &IdentityKey, own: Option<&IdentityKey>) -> Result<Self, KeyError> {
        let portrait = Portrait::of(identity)?;
        let stretches = portrait.colour_hash().iter();
        let picture = portrait.identicon();
        let other = own.filter(|own| *own != identity);
        Ok(Self {
            public_key: public_key(identity),
            compressed_key: identity.to_compact(),
            color_hash: stretches
                .map(|stretch| [stretch.length, stretch.colour])
                .collect(),
            color_id: portrait.colour_id(),
            identicon: IdenticonInfo {
                bitmap: picture.bitmap(),
                rgb: Hex(picture.rgb().to_vec()),
                svg: picture.svg(),
            },
            safety_number: other.map(|own| SafetyNumber::of(own, identity).to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::*, *};

    #[test]
    fn our_own_identity_has_no_safety_number_with_itself() {
        let own = identity();
        let seen = IdentityInfo::new(own.public(), Some(own.public())).unwrap();
        assert_eq!(seen.safety_number, None);
        assert_eq!(seen.compressed_key, COMPACT);
        let off_curve = IdentityKey::from_stored([0xff; 33]);
        assert!(IdentityInfo::new(&off_curve, None).is_err());
    }
}

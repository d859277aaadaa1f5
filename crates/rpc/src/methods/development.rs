//! Parameters of the methods for development.

use engine::model::UnixMillis;

use crate::params::{KemSeed, Millis, Number, PrivateKey, params};

params! {
    /// For `dev_advanceTime`.
    AdvanceTimeParams {
        /// How far to move the clock, in milliseconds.
        ms = "ms": Millis,
    }

    /// For `dev_importPrekey`.
    ImportPreKeyParams {
        account;
        /// The signed prekey's private half.
        signed_pre_key_private = "signedPreKeyPrivate": PrivateKey,
        /// The ratchet prekey's private half.
        ratchet_pre_key_private = "ratchetPreKeyPrivate": Option<PrivateKey>,
        /// The version of the prekey: one above the current version by default.
        version = "version": Option<Number>,
        /// Whether it becomes the current prekey: by default if its version is the highest.
        current = "current": Option<bool>,
        /// When the prekey was made: now by default.
        created_at = "createdAt": Option<UnixMillis>,
        /// The seed of the KEM prekey that is current with the signed prekey. By default one is made
        /// if the prekey becomes the current one and has a ratchet prekey; else there is none.
        kem_seed = "kemSeed": Option<KemSeed>,
        /// The version of that KEM prekey: `version` by default.
        kem_version = "kemVersion": Option<Number>,
        /// The seed of the KEM prekey before it, which the signed prekey keeps as well.
        kem_before_seed = "kemBeforeSeed": Option<KemSeed>,
        /// The version of the KEM prekey before it. Required with `kemBeforeSeed`.
        kem_before_version = "kemBeforeVersion": Option<Number>,
    }
}

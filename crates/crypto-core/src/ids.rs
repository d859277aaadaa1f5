//! Ids of sessions, messages, and the events and keys of groups, and associated data (protocol §5).

use std::fmt;

use crate::{
    hash::{hex, keccak256},
    installation::InstallationId,
    kem::KemCiphertext,
    keys::{EphemeralKey, IdentityKey, SignedPreKey},
    ratchet::HeaderKey,
    suite::Suite,
    x25519::RatchetPreKey,
};

const SESSION_DOMAIN: &[u8] = b"ratchetd/session/1";
const MESSAGE_DOMAIN: &[u8] = b"ratchetd/message/1";
const AD_DOMAIN: &[u8] = b"ratchetd/x25519/1";
const POST_QUANTUM_AD_DOMAIN: &[u8] = b"ratchetd/x25519-mlkem768/1";

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// An id of 32 bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), hex(&self.0))
            }
        }
    };
}

id!(
    /// Names a session, the same at both ends.
    SessionId
);
id!(
    /// Names a message, the same at both ends and whatever the envelope around it.
    MessageId
);
id!(
    /// Names an event of a group's log, whatever its signature (protocol §10).
    GroupEventId
);
id!(
    /// Names a key of a group (protocol §11).
    GroupKeyId
);
id!(
    /// Names a KEM prekey: a hash of its public key (protocol §13).
    KemId
);

/// What a session id is derived from.
#[derive(Clone, Copy, Debug)]
pub struct SessionParties<'a> {
    /// IK of the initiator.
    pub initiator: &'a IdentityKey,
    /// IK of the responder.
    pub responder: &'a IdentityKey,
    /// The suite, and the devices where it authenticates them.
    pub installations: SessionInstallations<'a>,
    /// SPK of the responder.
    pub signed_pre_key: &'a SignedPreKey,
    /// EK of the initiator.
    pub ephemeral: &'a EphemeralKey,
}

/// The suite of a session, with the devices that it authenticates: none in suite secp256k1.
#[derive(Clone, Copy, Debug)]
pub enum SessionInstallations<'a> {
    /// Suite x25519.
    X25519 {
        /// The initiator's device.
        initiator: &'a InstallationId,
        /// The responder's device.
        responder: &'a InstallationId,
    },
    /// Suite secp256k1.
    Secp256k1,
    /// Suite x25519-mlkem768, with what the KEM adds to the key agreement.
    X25519MlKem768 {
        /// The initiator's device.
        initiator: &'a InstallationId,
        /// The responder's device.
        responder: &'a InstallationId,
        /// The KEM prekey of the responder.
        kem_id: &'a KemId,
        /// What the initiator encapsulated to it.
        ciphertext: &'a KemCiphertext,
    },
}

impl SessionId {
    /// The id of a session. In the suites without a KEM only the x coordinates of IK and EK enter
    /// it, since X3DH gives a key and its negative the same secret. In suite x25519-mlkem768 the id
    /// is the whole transcript, which SK is derived from: a key's negative is another session.
    #[must_use]
    pub fn derive(parties: &SessionParties<'_>) -> Self {
        let both = |initiator: &InstallationId, responder: &InstallationId| {
            [initiator.length_prefixed(), responder.length_prefixed()].concat()
        };
        let x_only = |suite: Suite, installations: &[u8]| {
            keccak256(&[
                SESSION_DOMAIN,
                &[suite.byte()],
                &parties.initiator.x(),
                &parties.responder.x(),
                parties.signed_pre_key.as_bytes(),
                &parties.ephemeral.x(),
                installations,
            ])
        };
        Self(match parties.installations {
            SessionInstallations::X25519 {
                initiator,
                responder,
            } => x_only(Suite::X25519, &both(initiator, responder)),
            SessionInstallations::Secp256k1 => x_only(Suite::Secp256k1, &[]),
            SessionInstallations::X25519MlKem768 {
                initiator,
                responder,
                kem_id,
                ciphertext,
            } => keccak256(&[
                SESSION_DOMAIN,
                &[Suite::X25519MlKem768.byte()],
                parties.initiator.as_bytes(),
                parties.responder.as_bytes(),
                parties.signed_pre_key.as_bytes(),
                parties.ephemeral.as_bytes(),
                &both(initiator, responder),
                kem_id.as_bytes(),
                ciphertext.as_bytes(),
            ]),
        })
    }
}

impl MessageId {
    /// The id of a ratchet message: its position in its session.
    #[must_use]
    pub fn ratchet(session: &SessionId, header_key: &HeaderKey, n: u32) -> Self {
        Self(keccak256(&[
            MESSAGE_DOMAIN,
            session.as_bytes(),
            header_key.as_bytes(),
            &n.to_be_bytes(),
        ]))
    }

    /// The id of a DH message, of its ciphertext, or of a public message. It names bytes, not a
    /// sender.
    #[must_use]
    pub fn of_payload(payload: &[u8]) -> Self {
        Self(keccak256(&[MESSAGE_DOMAIN, payload]))
    }
}

/// What a message's MAC covers besides the message itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociatedData(Vec<u8>);

impl AssociatedData {
    /// The associated data of suite x25519: identities, devices and prekeys of both sides.
    #[must_use]
    pub fn x25519(
        initiator: (&IdentityKey, &InstallationId),
        responder: (&IdentityKey, &InstallationId),
        signed_pre_key: &SignedPreKey,
        ratchet_pre_key: &RatchetPreKey,
    ) -> Self {
        Self(
            [
                AD_DOMAIN,
                initiator.0.as_bytes(),
                responder.0.as_bytes(),
                &initiator.1.length_prefixed(),
                &responder.1.length_prefixed(),
                signed_pre_key.as_bytes(),
                ratchet_pre_key.as_bytes(),
            ]
            .concat(),
        )
    }

    /// The associated data of suite x25519-mlkem768: the session id, which is the transcript of the
    /// key agreement.
    #[must_use]
    pub fn x25519_mlkem768(session: &SessionId) -> Self {
        Self([POST_QUANTUM_AD_DOMAIN, session.as_bytes()].concat())
    }

    /// The associated data of suite secp256k1, which is empty.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Recorded associated data.
    #[cfg(test)]
    pub(crate) const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

//! Results about envelopes and clocks.

use std::fmt;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use engine::closed_sets;

use crate::types::{Hex, by_outcome::by_outcome};

closed_sets! {
    /// How an envelope is sealed.
    EnvelopeKind {
        /// With a symmetric key that both ends have.
        Symmetric = "symmetric",
        /// To the public key of an identity.
        Asymmetric = "asymmetric",
    }

    /// What became of an envelope.
    EnvelopeOutcome {
        /// The envelope opened.
        Opened = "opened",
        /// The envelope did not open.
        Unopened = "unopened",
    }

    /// Why an envelope did not open.
    EnvelopeReason {
        /// The bytes are no envelope of this kind, or hold no payload.
        Malformed = "malformed",
        /// The envelope is not for this key, or was changed.
        AuthenticationFailed = "authentication_failed",
        /// The signature of the envelope is not one of any key.
        BadSignature = "bad_signature",
    }
}

/// An envelope, ready for a relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SealedEnvelope {
    /// The bytes of the envelope.
    pub envelope: Hex,
    /// How the envelope is sealed.
    pub kind: EnvelopeKind,
    /// The identity that signed the envelope; null if nobody did.
    pub signer: Option<Hex>,
}

/// What became of an envelope.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = Self::by_outcome)]
pub struct OpenedEnvelope {
    /// Whether the envelope opened.
    pub outcome: EnvelopeOutcome,
    /// The content as bytes. Left out if the envelope did not open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payload: Option<Hex>,
    /// The content as text, if it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// The identity that signed the envelope; null if nobody did, or if it did not open. It is
    /// whatever key fits the signature: compare it.
    pub signer: Option<Hex>,
    /// Why the envelope did not open. Left out if it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<EnvelopeReason>,
    /// What to know about the reason, for people. Left out if the envelope opened.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hint: Option<String>,
}

impl OpenedEnvelope {
    /// Says in the schema what is there with which outcome.
    fn by_outcome(schema: &mut Schema) {
        let outcomes = EnvelopeOutcome::ALL.iter().map(|outcome| {
            let present: &[&str] = match outcome {
                EnvelopeOutcome::Opened => &["payload"],
                EnvelopeOutcome::Unopened => &["reason", "hint"],
            };
            (outcome.name(), outcome.about(), present)
        });
        by_outcome(schema, outcomes);
    }
}

impl fmt::Debug for OpenedEnvelope {
    /// Never what was in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedEnvelope")
            .field("outcome", &self.outcome)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// The clock of a chat and the present time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChatClock {
    /// The highest clock of the chat by now. From `clock_next` it is the one for the message that
    /// is about to be sent.
    pub clock: u64,
    /// The present time in milliseconds, which goes into the message as `timestamp`.
    pub timestamp: u64,
}

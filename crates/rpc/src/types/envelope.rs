//! Results about envelopes and clocks.

use std::fmt;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use engine::closed_sets;

use crate::types::{Hex, by_outcome::by_outcome};

closed_sets! {
    /// How an envelope is sealed.
    EnvelopeKind {
        /// With a key that both sides know.
        Symmetric = "symmetric",
        /// To an identity.
        Asymmetric = "asymmetric",
    }

    /// What became of an envelope.
    EnvelopeOutcome {
        /// It opened.
        Opened = "opened",
        /// It did not.
        Unopened = "unopened",
    }

    /// Why an envelope did not open.
    EnvelopeReason {
        /// It is no envelope of this kind, or holds no payload.
        Malformed = "malformed",
        /// It is not for this key, or was changed.
        AuthenticationFailed = "authentication_failed",
        /// Its signature is not one of any key.
        BadSignature = "bad_signature",
    }
}

/// An envelope, ready for a relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SealedEnvelope {
    /// Its bytes.
    pub envelope: Hex,
    /// How it is sealed.
    pub kind: EnvelopeKind,
    /// Who signed it; null if nobody did.
    pub signer: Option<Hex>,
}

/// What became of an envelope.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = Self::by_outcome)]
pub struct OpenedEnvelope {
    /// Whether it opened.
    pub outcome: EnvelopeOutcome,
    /// What was sealed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payload: Option<Hex>,
    /// The same, if it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// Who signed it; null if nobody did, or it did not open. It is whatever key fits the
    /// signature: compare it.
    pub signer: Option<Hex>,
    /// Why it did not open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<EnvelopeReason>,
    /// The same for people.
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

/// A chat's clock and the time of day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChatClock {
    /// The highest clock of the chat by now; of `clock_next`, the one for the message that is about
    /// to be sent.
    pub clock: u64,
    /// Now, as `timestamp` of that message.
    pub timestamp: u64,
}

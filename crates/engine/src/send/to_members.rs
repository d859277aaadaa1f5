//! Writing to everybody in a group, to each with a copy of its own (protocol §10).

use crypto_core::keccak256;
use zeroize::Zeroizing;

use crate::{
    engine::{Engine, SendRequest},
    model::{Env, GroupId, Seal, SendError, Sent},
    send::{FanOut, SENT, check_payload},
    store::Store,
};

/// What to send to everybody in a group.
#[derive(Clone, PartialEq, Eq)]
pub struct MembersSendRequest {
    /// The group.
    pub group: GroupId,
    /// Without those who were invited and have not accepted.
    pub joined_only: bool,
    /// The plaintext. Wiped when dropped.
    pub payload: Zeroizing<Vec<u8>>,
    /// Makes a retry safe: for a day, the same id with the same input gets the same bytes, whoever
    /// has come or gone since.
    pub request_id: Option<String>,
    /// Whether to seal the messages in envelopes, and for which topic.
    pub seal: Option<Seal>,
}

impl std::fmt::Debug for MembersSendRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MembersSendRequest")
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

impl MembersSendRequest {
    /// A digest of the input, to recognize a retry.
    fn digest(&self) -> [u8; 32] {
        keccak256(&[
            b"ratchetd/request/members/1",
            &[self.joined_only.into(), self.seal.map_or(0, Seal::byte)],
            &keccak256(&[self.group.as_bytes()]),
            &self.payload,
        ])
    }
}

impl Engine {
    /// Encrypts a payload for everybody in a group that we have accepted, as [`Self::send`] does
    /// for recipients, whatever the policy for contacts. The caller must commit before it releases
    /// the bytes.
    ///
    /// # Errors
    /// [`SendError::Group`] if we may not write to the group; other [`SendError`]s. Nothing of the
    /// call may then be kept.
    pub fn send_to_members(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &MembersSendRequest,
    ) -> Result<Sent, SendError> {
        check_payload(&request.payload)?;
        let id = (request.request_id.as_deref(), request.digest());
        self.answered_once(store, env, id, &SENT, |engine, store, env| {
            let request = SendRequest {
                recipients: engine.group_recipients(store, &request.group, request.joined_only)?,
                payload: request.payload.clone(),
                request_id: request.request_id.clone(),
                seal: request.seal,
            };
            engine.fan_out(store, env, &request, FanOut::default())
        })
    }
}

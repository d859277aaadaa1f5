//! Writing under a group key, and giving keys to the others (protocol §11).
//!
//! Keys go only inside the payloads of messages for one device each, or by DH: a header would show
//! them to whoever opens the envelope.

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::{ANY_INSTALLATION, IdentityKey, MessageId, keccak256};
use zeroize::Zeroizing;

use crate::{
    engine::{Engine, SendRequest},
    groups::keys::KeyRules,
    model::{
        AddressedMessage, Env, GroupId, GroupKey, GroupKeyError, GroupKeyRule, GroupSent,
        MAX_RECIPIENTS, Mode, Seal, SendError, SharedGroupKey, Target,
    },
    send::{AnswerForm, FanOut, check_payload},
    store::Store,
    wire::{
        WireMessage, decode_group_sent, decode_shared, encode_group_keys, encode_group_sent,
        encode_message, encode_shared,
    },
};

/// A message for a whole group, under its key.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupSendRequest {
    /// The group.
    pub group: GroupId,
    /// The plaintext. Wiped when dropped.
    pub payload: Zeroizing<Vec<u8>>,
    /// Makes a retry safe: for a day, the same id with the same input gets the same bytes.
    pub request_id: Option<String>,
    /// Whether to seal the message in an envelope for the public topic of the group's id.
    pub seal: bool,
}

impl std::fmt::Debug for GroupSendRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupSendRequest")
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// To whom a group key goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupKeyRequest {
    /// The group.
    pub group: GroupId,
    /// Who gets the key beside our own other devices; `None` for everybody in the group, by its
    /// log.
    pub recipients: Option<Vec<IdentityKey>>,
    /// Makes a retry safe: for a day, the same id with the same input gets the same bytes.
    pub request_id: Option<String>,
    /// Whether to seal the messages in envelopes, and for which topic.
    pub seal: Option<Seal>,
}

/// Which key is given to others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    New,
    Current,
}

impl Engine {
    /// Encrypts a payload once, under the current key of a group, for everybody who has that. The
    /// caller must commit before it releases the bytes.
    ///
    /// # Errors
    /// [`SendError::GroupKey`] if we may not write to the group, there is no key, or another one is
    /// due; other [`SendError`]s. Nothing of the call may then be kept.
    pub fn encrypt_group_with_key(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &GroupSendRequest,
    ) -> Result<GroupSent, SendError> {
        check_payload(&request.payload)?;
        let input = keccak256(&[
            b"ratchetd/request/group/1",
            &[request.seal.into()],
            &length_prefixed(&request.group),
            &request.payload,
        ]);
        let form = AnswerForm {
            encode: encode_group_sent,
            decode: decode_group_sent,
            is_provisional: |_, _| false,
        };
        let id = request.request_id.as_deref();
        self.answered_once(store, env, (id, input), &form, |engine, store, env| {
            engine.write_to_group(store, env, request)
        })
    }

    fn write_to_group(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &GroupSendRequest,
    ) -> Result<GroupSent, SendError> {
        let (entry, used) =
            self.seal_group_message(store, env, &request.group, &request.payload)?;
        let target = Target {
            installation: None,
            mode: Mode::Group,
            session: None,
            message: MessageId::of_payload(&entry.payload),
            not_post_quantum: None,
        };
        let wire = encode_message(WireMessage {
            installation: self.this_device().as_str().to_owned(),
            entries: BTreeMap::from([(ANY_INSTALLATION.to_owned(), entry)]),
            ..WireMessage::default()
        });
        let sealed = if request.seal {
            let topic = request.group.as_text();
            let topic = topic.ok_or(GroupKeyError::Forbidden(GroupKeyRule::NoTopic))?;
            Some(self.seal_for_all(env, topic, &wire)?)
        } else {
            None
        };
        let message = AddressedMessage {
            recipient: None,
            wire,
            targets: vec![target],
            sealed,
        };
        Ok(GroupSent { message, used })
    }

    /// Makes a new current key of a group, and encrypts it for everybody in the group and for our
    /// own other devices, or fails for all of them. The caller must commit before it releases the
    /// bytes.
    ///
    /// # Errors
    /// [`SendError::GroupKey`] if we may not set a key; other [`SendError`]s. Nothing of the call
    /// may then be kept.
    pub fn create_group_key(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &GroupKeyRequest,
    ) -> Result<SharedGroupKey, SendError> {
        self.give_key(store, env, request, Which::New)
    }

    /// Encrypts the current key of a group for some who are in it, and for our own other devices,
    /// or fails for all of them. The caller must commit before it releases the bytes.
    ///
    /// # Errors
    /// [`SendError::GroupKey`] if we may not set a key, there is none, or one of them is not in the
    /// group; other [`SendError`]s. Nothing of the call may then be kept.
    pub fn share_group_key(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &GroupKeyRequest,
    ) -> Result<SharedGroupKey, SendError> {
        self.give_key(store, env, request, Which::Current)
    }

    fn give_key(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &GroupKeyRequest,
        which: Which,
    ) -> Result<SharedGroupKey, SendError> {
        let form = AnswerForm {
            encode: encode_shared,
            decode: decode_shared,
            // Asked again for a new key, it would make another one.
            is_provisional: match which {
                Which::New => |_, _| false,
                Which::Current => |shared: &SharedGroupKey, me| shared.sent.is_withheld(me),
            },
        };
        let id = request.request_id.as_deref();
        self.answered_once(
            store,
            env,
            (id, request.digest(which)),
            &form,
            |engine, store, env| {
                let group = &request.group;
                let rules = engine.key_rules(store, group)?;
                let rules = rules.ok_or(GroupKeyError::NotFound)?;
                rules.check_setter(&engine.me())?;
                let recipients = engine.key_recipients(store, &rules, request, which)?;
                let key = match which {
                    Which::New => engine.make_key(store, env, &rules)?,
                    Which::Current => {
                        let current = store.group_keys(group)?.into_iter().next();
                        current.ok_or(GroupKeyError::Missing)?
                    }
                };
                engine.send_key(store, env, &key, recipients, request.seal)
            },
        )
    }

    /// Who gets a key, checked.
    fn key_recipients(
        &self,
        store: &dyn Store,
        rules: &KeyRules,
        request: &GroupKeyRequest,
        which: Which,
    ) -> Result<Vec<IdentityKey>, SendError> {
        let me = self.me();
        match (&rules.membership, &request.recipients) {
            (Some(membership), None) => Ok(membership.members.iter().copied().collect()),
            (Some(_), Some(_)) if which == Which::New => {
                Err(GroupKeyError::Forbidden(GroupKeyRule::WholeGroup).into())
            }
            (Some(membership), Some(recipients)) => {
                let is_in = |key: &&IdentityKey| **key == me || membership.members.contains(*key);
                match recipients.iter().find(|key| !is_in(key)) {
                    Some(stranger) => {
                        Err(GroupKeyError::Forbidden(GroupKeyRule::NotMember(*stranger)).into())
                    }
                    None => Ok(recipients.clone()),
                }
            }
            (None, recipients) => {
                let recipients = recipients.clone().unwrap_or_default();
                for recipient in &recipients {
                    self.check_accepted(store, recipient)?;
                }
                if recipients.len() > MAX_RECIPIENTS {
                    return Err(SendError::TooManyRecipients {
                        count: recipients.len(),
                        limit: MAX_RECIPIENTS,
                    });
                }
                Ok(recipients)
            }
        }
    }

    fn send_key(
        &self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        key: &GroupKey,
        recipients: Vec<IdentityKey>,
        seal: Option<Seal>,
    ) -> Result<SharedGroupKey, SendError> {
        let payload = encode_group_keys(key.group.as_bytes(), key.timestamp, &key.key);
        let request = SendRequest {
            recipients,
            payload: Zeroizing::new(payload.to_vec()),
            request_id: None,
            seal,
        };
        let how = FanOut {
            group: Some(&key.group),
            ..FanOut::default()
        };
        Ok(SharedGroupKey {
            group: key.group.clone(),
            key: key.id,
            timestamp: key.timestamp,
            sent: self.fan_out(store, env, &request, how)?,
        })
    }
}

impl GroupKeyRequest {
    /// A digest of the input, to recognize a retry.
    fn digest(&self, which: Which) -> [u8; 32] {
        let recipients = self.recipients.iter().flatten();
        let recipients: BTreeSet<_> = recipients.map(IdentityKey::to_bytes).collect();
        let seal = self.seal.map(Seal::byte);
        keccak256(&[
            b"ratchetd/request/group-key/1",
            &[
                (which == Which::New).into(),
                self.recipients.is_some().into(),
                seal.unwrap_or_default(),
            ],
            &length_prefixed(&self.group),
            &recipients.into_iter().flatten().collect::<Vec<_>>(),
        ])
    }
}

/// The group's id after its length in two bytes.
fn length_prefixed(group: &GroupId) -> Vec<u8> {
    let bytes = group.as_bytes();
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

//! Received messages: they open to the recorded text, or are refused as recorded.

use crypto_core::ANY_INSTALLATION;
use engine::model::{Outcome, Reason};

use super::{
    MET, NO_DEVICE, NO_MESSAGE, World,
    devices::{Read, Recorded},
    drawn::Drawn,
    identity,
    ratchets::{KeyPosition, Peer},
    recording::{Expect, Receive, Refusal, Role},
    sends::Sent,
};
use crate::conformance::{Checked, draws::Draws, same, words};

/// The engine says that they are its own, and does not open them.
const OWN: &str = "own messages that status-go tries to open";
/// To the engine they tell of their bundle.
const EMPTY: &str = "public messages without content, errors to status-go";
/// Of another name than those that are known.
const REFUSALS: &str = "reasons of refusals";

impl World<'_> {
    pub(super) fn receive(&mut self, receive: &Receive) -> Checked {
        let mut drawn = Drawn::new(&receive.rng)?;
        let mut draws = Vec::new();
        while drawn.has_any(Role::RatchetKey) {
            draws.push(drawn.take(Role::RatchetKey, None)?);
        }
        drawn.check_taken()?;
        let public = receive
            .rng
            .iter()
            .filter_map(|draw| draw.compressed.as_ref());
        self.unused.extend(public.map(|key| key.0.clone()));
        let sent = self.messages.get(&receive.msg).ok_or(NO_MESSAGE)?;
        let sender = self.devices.get(&sent.sender).ok_or(NO_DEVICE)?.peer();
        same(
            "sender",
            &sender.identity,
            &identity(&receive.sender_pubkey)?,
        )?;
        let device = self.devices.get_mut(&receive.device).ok_or(NO_DEVICE)?;
        for recorded in receive.expect.shared_secrets.iter().flatten() {
            let secret = device
                .owner
                .identity
                .agree(&sender.identity)
                .map_err(words)?;
            same(
                "shared secret",
                &secret.secret_bytes().to_vec(),
                &recorded.0,
            )?;
        }

        let (read, position) = read(device, &sender, sent, draws.clone())?;
        let own = device.peer() == sender;
        receive.expect.compare_text(read.as_deref(), own)?;
        // One that is refused, since its key is gone, is refused by the engine that read it before.
        let before = || device.read.get(&receive.message_id);
        let position = position.or_else(|| before().and_then(|read| read.position));
        let received = device.receive(position.as_ref(), sender.identity, &sent.wire, draws)?;
        let told = receive.expect.compare(&received.outcome, own, sent)?;
        if receive.expect.ok {
            let message = received.message;
            let id = receive.message_id.clone();
            device.read.insert(id, Read { position, message });
        }
        self.not_compared(MET);
        told.into_iter().for_each(|apart| self.not_compared(apart));
        Ok(())
    }
}

/// Reads a message in `crypto-core`; nothing if it does not open, or has nothing for the device.
fn read(
    device: &mut Recorded,
    sender: &Peer,
    sent: &Sent,
    drawn: Vec<Vec<u8>>,
) -> Result<(Option<Vec<u8>>, Option<KeyPosition>), String> {
    if let Some(public) = &sent.public {
        return Ok((
            Some(public.clone()).filter(|public| !public.is_empty()),
            None,
        ));
    }
    let entry = sent.entries.get(device.owner.installation.as_str());
    let Some(entry) = entry.or_else(|| sent.entries.get(ANY_INSTALLATION)) else {
        return Ok((None, None));
    };
    let mut draws = Draws::new(drawn);
    let opened = device.open(sender, entry, &mut draws);
    draws.check_exact()?;
    Ok(match opened {
        Ok((text, position)) => (Some(text), position),
        Err(_) => (None, None),
    })
}

impl Expect {
    /// Checks that `crypto-core` read the same. status-go gives null for a message by DH without a text,
    /// and for its own messages to others.
    fn compare_text(&self, text: Option<&[u8]>, own: bool) -> Checked {
        let agrees = match (self.ok, self.error_class, &self.payload_hex, text) {
            (true, None, Some(expected), Some(text)) => expected.0 == text,
            (true, None, None, Some(text)) => text.is_empty(),
            (true, None, None, None) => own,
            (false, Some(_), None, None) => true,
            _ => false,
        };
        if agrees {
            Ok(())
        } else {
            Err("another text than was recorded".to_owned())
        }
    }

    /// Checks that the engine gave the same result; intended differences have names.
    fn compare(
        &self,
        outcome: &Outcome,
        own: bool,
        sent: &Sent,
    ) -> Result<Option<&'static str>, String> {
        let expected = self.payload_hex.as_ref().map(|payload| &payload.0);
        let is_dh = sent.entries.contains_key(ANY_INSTALLATION);
        match (outcome, expected, self.error_class) {
            (Outcome::Own, None, None) if own && !is_dh => Ok(None),
            (Outcome::Own, ..) if own => Ok(Some(OWN)),
            (Outcome::Decrypted(text), Some(expected), _) => {
                same("text from the engine", &**text, expected).map(|()| None)
            }
            (Outcome::Public(text), Some(expected), _) => {
                same("text from the engine", text, expected).map(|()| None)
            }
            // Without a text, a message by DH is an advertisement of its bundle.
            (Outcome::Bundle, None, None) if is_dh => Ok(None),
            (Outcome::Bundle, None, Some(Refusal::NoPayload)) => Ok(Some(EMPTY)),
            (
                Outcome::Undecryptable(Reason::AlreadyRead | Reason::MessageKeyGone),
                None,
                Some(Refusal::BadUntil),
            )
            | (
                Outcome::Undecryptable(Reason::AuthenticationFailed),
                None,
                Some(Refusal::GcmAuthFailed),
            )
            | (Outcome::NotTargeted(Reason::NotPaired), None, Some(Refusal::NotPairedDevice))
            | (
                Outcome::NotTargeted(Reason::OtherInstallation),
                None,
                Some(Refusal::DeviceNotFound),
            ) => Ok(None),
            (Outcome::Undecryptable(_) | Outcome::NotTargeted(_), None, Some(Refusal::Other)) => {
                Ok(Some(REFUSALS))
            }
            (outcome, _, refusal) => Err(format!(
                "the engine says {outcome:?}, status-go {}",
                refusal.map_or_else(|| "read it".to_owned(), |refusal| format!("{refusal:?}"))
            )),
        }
    }
}

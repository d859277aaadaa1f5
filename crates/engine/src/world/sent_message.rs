//! Messages in flight, with what the oracle needs to know of them.

use std::rc::Rc;

use crypto_core::{IdentityKey, InstallationId, MessageId, SessionId, Suite};

use crate::model::{CopyOf, Mode, UnixMillis};

/// A wire message that left a device, and what the world knows of it.
#[derive(Debug)]
pub(super) struct SentMessage {
    /// The index of the sending device.
    pub(super) from: usize,
    /// That device's identity and installation id at the time.
    pub(super) sender: IdentityKey,
    pub(super) installation: InstallationId,
    /// True time when it left.
    pub(super) left: u64,
    pub(super) wire: Vec<u8>,
    /// The text; `None` if the message only carries a bundle.
    pub(super) text: Option<String>,
    /// What it has to say of the message that it is a copy of; `None` if it is no copy for the
    /// sender's other devices.
    pub(super) copy_of: Option<CopyOf>,
    /// Whether it is for any device of the identity (protocol §6).
    pub(super) dh: bool,
    /// The devices it was encrypted for on a session.
    pub(super) targets: Vec<SentTarget>,
}

/// A device that a message was encrypted for.
#[derive(Debug)]
pub(super) struct SentTarget {
    pub(super) installation: InstallationId,
    pub(super) message: MessageId,
    pub(super) session: SessionId,
    pub(super) mode: Mode,
    pub(super) suite: Suite,
    /// When the days began, by the clock of that device, for which it has to be able to read the
    /// message: when that left, or a day after the device had superseded the session. `None` if
    /// there is no such device (any more).
    pub(super) readable_since: Option<UnixMillis>,
    /// The sender knew the device's current prekey, and did not go on with a post-quantum session
    /// that the device had lost by a restore.
    pub(super) keys_known: bool,
}

impl SentMessage {
    /// How it is encrypted for the device of this id.
    pub(super) fn target_for(&self, installation: &InstallationId) -> Option<&SentTarget> {
        self.targets
            .iter()
            .find(|target| target.installation == *installation)
    }
}

/// A message that has not arrived at a device yet. Every device of the recipient shares it.
pub(super) type InFlight = Rc<SentMessage>;

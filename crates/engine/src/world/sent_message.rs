//! What is on the way, and the truth about it.

use std::rc::Rc;

use crypto_core::{IdentityKey, InstallationId, MessageId, SessionId, Suite};

use crate::model::{Mode, UnixMillis};

/// A wire message that left a device, with what the world knows of it.
#[derive(Debug)]
pub(super) struct SentMessage {
    /// The device it left, by its place in the world.
    pub(super) from: usize,
    /// That device's identity and id at the time.
    pub(super) sender: IdentityKey,
    pub(super) installation: InstallationId,
    /// True time when it left.
    pub(super) left: u64,
    pub(super) wire: Vec<u8>,
    /// What was said; `None` if it only carries a bundle.
    pub(super) text: Option<String>,
    /// Whether it is for any device of the identity (protocol §6).
    pub(super) dh: bool,
    /// The devices it was encrypted for.
    pub(super) targets: Vec<SentTarget>,
}

/// One device a letter was encrypted for.
#[derive(Debug)]
pub(super) struct SentTarget {
    pub(super) installation: InstallationId,
    pub(super) message: MessageId,
    pub(super) session: SessionId,
    pub(super) mode: Mode,
    pub(super) suite: Suite,
    /// The clock of that device when the letter left; `None` if there is no such device (any more).
    pub(super) clock: Option<UnixMillis>,
    /// The sender knew the prekey that was the device's current one.
    pub(super) prekey_known: bool,
}

impl SentMessage {
    /// How it is encrypted for the device of this id.
    pub(super) fn target_for(&self, installation: &InstallationId) -> Option<&SentTarget> {
        self.targets
            .iter()
            .find(|target| target.installation == *installation)
    }
}

/// A letter on its way to one device. The network may lose, repeat, reorder and withhold it.
pub(super) type Parcel = Rc<SentMessage>;

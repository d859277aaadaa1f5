//! Events as recordings have them, for replays.

use crypto_core::{GroupEventId, IdentityKey, IdentityKeyPair};

use crate::{
    groups::state::{Act, GroupEvent, LogEvent},
    wire::{EventType, WireEvent},
};

/// The parts of a recorded event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedEvent {
    /// The number of its type.
    pub kind: i32,
    /// In milliseconds.
    pub clock: u64,
    /// Whom it names.
    pub members: Vec<IdentityKey>,
    /// A name, or empty.
    pub name: String,
    /// A colour, or empty.
    pub color: String,
    /// An image, or empty.
    pub image: Vec<u8>,
}

/// Encodes and signs an event as our own acts do; gives signature and event, and its id. `None` if
/// it is of no form that an act of ours has.
#[must_use]
pub fn sign_recorded(
    pair: &IdentityKeyPair,
    group: &str,
    event: RecordedEvent,
) -> Option<(Vec<u8>, GroupEventId)> {
    let kind = EventType::try_from(event.kind).ok()?;
    let members = event.members.iter().map(IdentityKey::to_log_text);
    let parts = WireEvent {
        members: members.collect::<Result<_, _>>().ok()?,
        name: event.name,
        color: event.color,
        image: event.image,
        ..WireEvent::default()
    };
    let event = GroupEvent {
        clock: event.clock,
        act: Act::read(kind, parts).ok()?,
    };
    let LogEvent { entry, .. } = LogEvent::sign(pair, group, event).ok()?;
    Some((
        [&entry.signature, entry.event.as_slice()].concat(),
        entry.id,
    ))
}

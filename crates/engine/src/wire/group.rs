//! Updates of groups and the events in them (protocol §10).

use prost::Message as _;

use super::check_at_most;
use crate::model::{MAX_UPDATE_BYTES, WireError};

#[expect(unreachable_pub, reason = "generated from the schema")]
mod proto {
    include!(concat!(env!("OUT_DIR"), "/group.rs"));
}

pub(crate) use self::proto::membership_update_event::EventType;

/// A decoded `MembershipUpdateMessage`, of which nothing is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WireUpdate {
    /// The id of the group.
    pub(crate) group: String,
    /// Signed events.
    pub(crate) events: Vec<Vec<u8>>,
}

/// A decoded `MembershipUpdateEvent`, of which nothing is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WireEvent {
    /// In milliseconds.
    pub(crate) clock: u64,
    /// Keys as text.
    pub(crate) members: Vec<String>,
    pub(crate) name: String,
    /// An [`EventType`], or another number.
    pub(crate) kind: i32,
    pub(crate) color: String,
    pub(crate) image: Vec<u8>,
}

/// Decodes an update. `None` if the bytes are cut short or of another form.
///
/// # Errors
/// [`WireError`] if it is larger than [`MAX_UPDATE_BYTES`].
pub(crate) fn decode_update(wire: &[u8]) -> Result<Option<WireUpdate>, WireError> {
    check_at_most(
        MAX_UPDATE_BYTES,
        wire.len(),
        "bytes",
        "the update of a group",
    )?;
    let update = proto::MembershipUpdateMessage::decode(wire).ok();
    Ok(update.map(|update| WireUpdate {
        group: update.chat_id,
        events: update.events,
    }))
}

/// Encodes an update.
pub(crate) fn encode_update(update: WireUpdate) -> Vec<u8> {
    proto::MembershipUpdateMessage {
        chat_id: update.group,
        events: update.events,
    }
    .encode_to_vec()
}

/// Decodes an event, without its signature. `None` if the bytes are of another form.
pub(crate) fn decode_event(bytes: &[u8]) -> Option<WireEvent> {
    let event = proto::MembershipUpdateEvent::decode(bytes).ok()?;
    Some(WireEvent {
        clock: event.clock,
        members: event.members,
        name: event.name,
        kind: event.r#type,
        color: event.color,
        image: event.image,
    })
}

/// Encodes an event that we make. One that was received is never encoded anew: its bytes are under
/// its signature.
pub(crate) fn encode_event(event: WireEvent) -> Vec<u8> {
    proto::MembershipUpdateEvent {
        clock: event.clock,
        members: event.members,
        name: event.name,
        r#type: event.kind,
        color: event.color,
        image: event.image,
    }
    .encode_to_vec()
}

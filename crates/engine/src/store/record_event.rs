//! Writing events, in the transaction of the change that they report.

use crypto_core::MessageId;

use super::Store;
use crate::model::{Event, EventKind, KeyDropped, Session, Standing, StoreError, UnixMillis};

/// Records that the other side has set up a session, and its standing if it is not active.
pub(crate) fn record_new_session(
    store: &mut dyn Store,
    at: UnixMillis,
    session: &Session,
) -> Result<(), StoreError> {
    record_event(store, at, EventKind::SessionEstablished(session.name()))?;
    match session.standing {
        Standing::Active => Ok(()),
        Standing::Superseded { .. } => {
            record_event(store, at, EventKind::SessionSuperseded(session.name()))
        }
        Standing::Expired { .. } => {
            record_event(store, at, EventKind::SessionExpired(session.name()))
        }
    }
}

/// Records that the keys of these messages were dropped.
pub(crate) fn record_dropped_keys(
    store: &mut dyn Store,
    at: UnixMillis,
    messages: Vec<MessageId>,
    why: KeyDropped,
) -> Result<(), StoreError> {
    messages.into_iter().try_for_each(|message| {
        record_event(store, at, EventKind::MessageKeyDropped { message, why })
    })
}

/// Appends an event.
pub(crate) fn record_event(
    store: &mut dyn Store,
    at: UnixMillis,
    kind: EventKind,
) -> Result<(), StoreError> {
    store.append_event(&Event { at, kind })
}

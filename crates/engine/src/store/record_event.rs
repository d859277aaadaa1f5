//! Writing events, in the transaction of the change that they report.

use super::Store;
use crate::model::{Event, EventKind, Session, Standing, StoreError, UnixMillis};

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

/// Appends an event.
pub(crate) fn record_event(
    store: &mut dyn Store,
    at: UnixMillis,
    kind: EventKind,
) -> Result<(), StoreError> {
    store.append_event(&Event { at, kind })
}

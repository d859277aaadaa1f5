//! Private groups: the logs that say who is in them (protocol §10).
//!
//! A log is the union of the valid events of all updates that were taken up (`log`), and the
//! state of the group is what its events make, one after the other (`state`). Our own acts
//! (`acts`) are judged as the updates of others are (`apply`).
//!
//! Groups of either kind, with a log or without, have keys (`keys`) and messages under them
//! (`message`, protocol §11).

pub(crate) mod acts;
mod apply;
mod changes;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod message;
mod recorded;
pub(crate) mod state;

use crypto_core::{GroupOrigin, IdentityKey};

use self::log::Log;
pub use self::{
    acts::{GroupEdit, NewGroup},
    apply::{CheckedUpdate, MAX_CHECKED_EVENTS, Update, erase},
    recorded::{RecordedEvent, sign_recorded},
};
use crate::{
    model::{GroupId, GroupLimits, GroupView, StoreError},
    store::StoreRead,
};

/// The groups of the account of `me`, in the order in which they were taken up, without images
/// and updates.
pub(crate) fn list(
    store: &dyn StoreRead,
    limits: &GroupLimits,
    me: &IdentityKey,
) -> Result<Vec<GroupView>, StoreError> {
    store
        .groups()?
        .iter()
        .map(|record| {
            let origin = origin(&record.group)?;
            let log = Log::load(store, &record.group)?;
            Ok(log.fold(origin, limits).view(&record.group, origin, me))
        })
        .collect()
}

/// A group with its image and the update with its log; `None` if it is not known.
pub(crate) fn whole(
    store: &dyn StoreRead,
    limits: &GroupLimits,
    me: &IdentityKey,
    group: &GroupId,
) -> Result<Option<GroupView>, StoreError> {
    let kept = kept(store, group)?;
    Ok(kept.map(|(origin, log)| log.fold(origin, limits).whole_view(group, origin, me)))
}

/// The log of a group, with what its id says; `None` if the group is not known, or has no log.
pub(crate) fn kept(
    store: &dyn StoreRead,
    group: &GroupId,
) -> Result<Option<(GroupOrigin, Log)>, StoreError> {
    if store.group(group)?.is_none() {
        return Ok(None);
    }
    Ok(Some((origin(group)?, Log::load(store, group)?)))
}

/// What the id of a group that is kept says.
fn origin(group: &GroupId) -> Result<GroupOrigin, StoreError> {
    group
        .as_text()
        .and_then(GroupOrigin::of)
        .ok_or_else(|| StoreError::Corrupt("the id of a group".to_owned()))
}

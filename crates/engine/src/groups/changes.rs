//! The difference between two states of a group.

use std::collections::BTreeSet;

use crypto_core::{GroupEventId, IdentityKey};

use crate::{
    groups::{
        log::Folded,
        state::{Member, State, Trace},
    },
    model::{GroupChange, GroupChangeKind},
};

/// What differs between a group as it `was` and as it `is`, each with the event behind it.
///
/// Where something is undone by an event that comes before it and was not known, as an invitation
/// is whose signer had been removed, that event is behind it.
pub(crate) fn changes(was: &Folded<'_>, is: &Folded<'_>) -> Vec<GroupChange> {
    let known: BTreeSet<GroupEventId> = was.valid().map(|event| event.entry.id).collect();
    let first_new = is.valid().find(|event| !known.contains(&event.entry.id));
    let Some(cause) = first_new else {
        return Vec::new();
    };
    let cause = Trace {
        by: cause.entry.signer,
        at: cause.event.clock,
        event: cause.entry.id,
    };
    let mut changes = of_the_group(&was.state, &is.state);
    let identities: BTreeSet<&IdentityKey> = [&was.state, &is.state]
        .into_iter()
        .flat_map(|state| state.members.keys().chain(state.gone.keys()))
        .collect();
    for identity in identities {
        of_one(identity, &was.state, &is.state, cause, &mut changes);
    }
    changes
}

fn change(kind: GroupChangeKind, identity: Option<IdentityKey>, trace: Trace) -> GroupChange {
    GroupChange {
        kind,
        identity,
        by: trace.by,
        at: trace.at,
    }
}

fn of_the_group(was: &State<'_>, is: &State<'_>) -> Vec<GroupChange> {
    let texts = [
        (GroupChangeKind::Renamed, was.name, is.name),
        (GroupChangeKind::Recolored, was.color, is.color),
    ];
    let texts = texts.into_iter().filter_map(|(kind, was, is)| {
        let (is, trace) = is?;
        (was.map(|(was, _)| was) != Some(is)).then(|| change(kind, None, trace))
    });
    let image = is.image.filter(|(image, _)| {
        let was = was.image.map(|(was, _)| was);
        was != Some(*image)
    });
    let image = image.map(|(_, trace)| change(GroupChangeKind::Pictured, None, trace));
    texts.chain(image).collect()
}

fn of_one(
    identity: &IdentityKey,
    was: &State<'_>,
    is: &State<'_>,
    cause: Trace,
    changes: &mut Vec<GroupChange>,
) {
    let mut tell = |kind, trace| changes.push(change(kind, Some(*identity), trace));
    let before = was.members.get(identity);
    let Some(member) = is.members.get(identity) else {
        match is.gone.get(identity) {
            Some(gone) if was.gone.get(identity) != Some(gone) => {
                let kind = if gone.left {
                    GroupChangeKind::Left
                } else {
                    GroupChangeKind::Removed
                };
                tell(kind, gone.going);
            }
            // Its invitation does not count any more.
            None if before.is_some() => tell(GroupChangeKind::Removed, cause),
            _ => (),
        }
        return;
    };
    // The creator, who alone is added by itself, was never invited.
    let made_it = |member: &Member| member.added.by == *identity;
    let before = before
        .filter(|before| before.added == member.added || (made_it(before) && made_it(member)));
    if before.is_none() && !made_it(member) {
        tell(GroupChangeKind::Invited, member.added);
    }
    if let (None, Some(joined)) = (before.and_then(|before| before.joined), member.joined) {
        tell(GroupChangeKind::Accepted, joined);
    }
    match (before.and_then(|before| before.admin), member.admin) {
        (None, Some(promotion)) => tell(GroupChangeKind::Promoted, promotion),
        (Some(_), None) => tell(GroupChangeKind::Resigned, member.resigned.unwrap_or(cause)),
        _ => (),
    }
}

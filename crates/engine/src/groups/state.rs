//! What events do, and who may do it (protocol §10).

use std::collections::{BTreeMap, BTreeSet};

use crypto_core::{GroupEventId, GroupOrigin, GroupRules, IdentityKey, IdentityKeyPair, KeyError};

use crate::{
    model::{
        GroupEntry, GroupStanding, IgnoredReason, MAX_GROUP_COLOR_BYTES, MAX_GROUP_EVENT_BYTES,
        MAX_GROUP_IMAGE_BYTES, MAX_GROUP_NAME_BYTES, MAX_NAMED_MEMBERS,
    },
    wire::{EventType, WireEvent, decode_event, encode_event},
};

/// What an event does. Names of [`Self::Remove`], [`Self::Promote`] and [`Self::Resign`] that are
/// no keys are nobody's in any group: they are `None`, and nobody may do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Create { name: String, color: String },
    Rename(String),
    Recolor(String),
    Picture(Vec<u8>),
    Invite(Vec<IdentityKey>),
    Accept,
    Remove(Option<IdentityKey>),
    Promote(Option<Vec<IdentityKey>>),
    Resign(Option<IdentityKey>),
}

/// An event: what it does, and the Lamport clock that says after what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupEvent {
    /// In milliseconds.
    pub(crate) clock: u64,
    pub(crate) act: Act,
}

impl GroupEvent {
    /// Reads an event.
    ///
    /// # Errors
    /// [`IgnoredReason::Malformed`] or [`IgnoredReason::UnknownType`].
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, IgnoredReason> {
        if bytes.len() > MAX_GROUP_EVENT_BYTES {
            return Err(IgnoredReason::Malformed);
        }
        let event = decode_event(bytes).ok_or(IgnoredReason::Malformed)?;
        let kind = EventType::try_from(event.kind).map_err(|_| IgnoredReason::UnknownType)?;
        let clock = event.clock;
        let act = Act::read(kind, event)?;
        let well_formed = clock > 0 && act.has_allowed_sizes();
        well_formed
            .then_some(Self { clock, act })
            .ok_or(IgnoredReason::Malformed)
    }

    /// Encodes an event of our making.
    ///
    /// # Errors
    /// [`KeyError`] if a key came from a store and is no point of the curve.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, KeyError> {
        let mut event = WireEvent {
            clock: self.clock,
            ..WireEvent::default()
        };
        let (kind, members) = match &self.act {
            Act::Create { name, color } => {
                event.name.clone_from(name);
                event.color.clone_from(color);
                (EventType::ChatCreated, &[][..])
            }
            Act::Rename(name) => {
                event.name.clone_from(name);
                (EventType::NameChanged, &[][..])
            }
            Act::Recolor(color) => {
                event.color.clone_from(color);
                (EventType::ColorChanged, &[][..])
            }
            Act::Picture(image) => {
                event.image.clone_from(image);
                (EventType::ImageChanged, &[][..])
            }
            Act::Invite(members) => (EventType::MembersAdded, members.as_slice()),
            Act::Accept => (EventType::MemberJoined, &[][..]),
            Act::Remove(member) => (EventType::MemberRemoved, member.as_slice()),
            Act::Promote(members) => (
                EventType::AdminsAdded,
                members.as_deref().unwrap_or_default(),
            ),
            Act::Resign(member) => (EventType::AdminRemoved, member.as_slice()),
        };
        event.kind = kind.into();
        event.members = members
            .iter()
            .map(IdentityKey::to_log_text)
            .collect::<Result<_, _>>()?;
        Ok(encode_event(event))
    }
}

impl Act {
    pub(crate) fn read(kind: EventType, event: WireEvent) -> Result<Self, IgnoredReason> {
        let names = || {
            event
                .members
                .iter()
                .map(|name| IdentityKey::from_log_text(name).ok())
        };
        let only_name = || match event.members.as_slice() {
            [name] => Ok(IdentityKey::from_log_text(name).ok()),
            _ => Err(IgnoredReason::Malformed),
        };
        let named = (1..=MAX_NAMED_MEMBERS).contains(&event.members.len());
        Ok(match kind {
            EventType::ChatCreated => Self::Create {
                name: event.name,
                color: event.color,
            },
            EventType::NameChanged => Self::Rename(event.name),
            EventType::ColorChanged => Self::Recolor(event.color),
            EventType::ImageChanged => Self::Picture(event.image),
            EventType::MembersAdded if named => {
                let members = names().collect::<Option<_>>();
                Self::Invite(members.ok_or(IgnoredReason::Malformed)?)
            }
            EventType::AdminsAdded if named => Self::Promote(names().collect()),
            EventType::MembersAdded | EventType::AdminsAdded => {
                return Err(IgnoredReason::Malformed);
            }
            EventType::MemberJoined => Self::Accept,
            EventType::MemberRemoved => Self::Remove(only_name()?),
            EventType::AdminRemoved => Self::Resign(only_name()?),
            EventType::Unknown => return Err(IgnoredReason::UnknownType),
        })
    }

    /// What of it has a size.
    pub(crate) const fn subject(&self) -> &'static str {
        match self {
            Self::Create { .. } => "the name or the colour",
            Self::Rename(_) => "the name",
            Self::Recolor(_) => "the colour",
            Self::Picture(_) => "the image",
            _ => "the list of members",
        }
    }

    /// Whether names, colours, images and lists are as large as an event may have them.
    pub(crate) fn has_allowed_sizes(&self) -> bool {
        match self {
            Self::Create { name, color } => {
                name.len() <= MAX_GROUP_NAME_BYTES && color.len() <= MAX_GROUP_COLOR_BYTES
            }
            Self::Rename(name) => (1..=MAX_GROUP_NAME_BYTES).contains(&name.len()),
            Self::Recolor(color) => (1..=MAX_GROUP_COLOR_BYTES).contains(&color.len()),
            Self::Picture(image) => (1..=MAX_GROUP_IMAGE_BYTES).contains(&image.len()),
            Self::Invite(members) | Self::Promote(Some(members)) => {
                (1..=MAX_NAMED_MEMBERS).contains(&members.len())
            }
            Self::Accept | Self::Remove(_) | Self::Promote(None) | Self::Resign(_) => true,
        }
    }
}

/// An event of a log with its signer, as bytes and as what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogEvent {
    pub(crate) entry: GroupEntry,
    pub(crate) event: GroupEvent,
}

impl LogEvent {
    /// By which events are ordered.
    pub(crate) const fn place(&self) -> (u64, GroupEventId) {
        (self.event.clock, self.entry.id)
    }

    /// Bytes that it takes in a log: signature and event.
    pub(crate) fn bytes(&self) -> usize {
        self.entry.signature.len() + self.entry.event.len()
    }

    /// An event of the identity of `pair` in the group with this id.
    ///
    /// # Errors
    /// [`KeyError`] if a key came from a store and is no point of the curve.
    pub(crate) fn sign(
        pair: &IdentityKeyPair,
        group: &str,
        event: GroupEvent,
    ) -> Result<Self, KeyError> {
        let bytes = event.encode()?;
        let signer = *pair.public();
        let entry = GroupEntry {
            id: GroupEventId::derive(&signer, group, &bytes),
            signer,
            signature: pair.sign_group_event(group, &bytes).to_bytes(),
            event: bytes,
            ended: Vec::new(),
        };
        Ok(Self { entry, event })
    }

    fn trace(&self) -> Trace {
        Trace {
            by: self.entry.signer,
            at: self.event.clock,
            event: self.entry.id,
        }
    }
}

/// The event behind something: who signed it, its clock and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) by: IdentityKey,
    pub(crate) at: u64,
    pub(crate) event: GroupEventId,
}

/// Somebody in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The creation, or the invitation.
    pub(crate) added: Trace,
    /// The acceptance, or the creation.
    pub(crate) joined: Option<Trace>,
    /// The promotion, or the creation.
    pub(crate) admin: Option<Trace>,
    /// The resignation, since the last promotion.
    pub(crate) resigned: Option<Trace>,
}

/// Somebody who was in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone {
    /// Whether it left by itself.
    pub(crate) left: bool,
    pub(crate) going: Trace,
}

/// What the valid events of a log have made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State<'a> {
    origin: GroupOrigin,
    most_members: usize,
    pub(crate) name: Option<(&'a str, Trace)>,
    pub(crate) color: Option<(&'a str, Trace)>,
    pub(crate) image: Option<(&'a [u8], Trace)>,
    pub(crate) members: BTreeMap<IdentityKey, Member>,
    pub(crate) gone: BTreeMap<IdentityKey, Gone>,
}

/// Whether an event counts at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its signer may not do it, and it has no effect.
    NotEntitled,
    Valid,
    /// It is valid, and a leaving of the membership that this event began.
    Leaves(GroupEventId),
}

impl<'a> State<'a> {
    /// The state before the first event.
    pub(crate) const fn new(origin: GroupOrigin, most_members: usize) -> Self {
        Self {
            origin,
            most_members,
            name: None,
            color: None,
            image: None,
            members: BTreeMap::new(),
            gone: BTreeMap::new(),
        }
    }

    /// Whether there was a valid creation.
    pub(crate) const fn is_created(&self) -> bool {
        self.name.is_some()
    }

    pub(crate) fn is_admin(&self, identity: &IdentityKey) -> bool {
        self.members
            .get(identity)
            .is_some_and(|member| member.admin.is_some())
    }

    /// Whether `identity` may invite, and change name, colour and image.
    pub(crate) fn may_edit(&self, identity: &IdentityKey) -> bool {
        match self.origin.rules {
            GroupRules::Admins => self.is_admin(identity),
            GroupRules::Members => self.members.contains_key(identity),
        }
    }

    /// What `identity` is in the group. Who was never in it, since whoever invited it may not have
    /// done so, counts as removed.
    pub(crate) fn standing(&self, identity: &IdentityKey) -> GroupStanding {
        match (self.members.get(identity), self.gone.get(identity)) {
            (Some(Member { joined: None, .. }), _) => GroupStanding::Invited,
            (Some(Member { admin: Some(_), .. }), _) => GroupStanding::Admin,
            (Some(_), _) => GroupStanding::Member,
            (None, Some(Gone { left: true, .. })) => GroupStanding::Left,
            (None, _) => GroupStanding::Removed,
        }
    }

    /// Whether `identity` is in the group and has accepted.
    pub(crate) fn has_joined(&self, identity: &IdentityKey) -> bool {
        self.members
            .get(identity)
            .is_some_and(|member| member.joined.is_some())
    }

    /// Whom of `members` an invitation would bring in, each once.
    pub(crate) fn strangers(&self, members: &[IdentityKey]) -> BTreeSet<IdentityKey> {
        let mut strangers: BTreeSet<_> = members.iter().copied().collect();
        strangers.retain(|identity| !self.members.contains_key(identity));
        strangers
    }

    /// Does what the next event says, if its signer may do it.
    pub(crate) fn apply(&mut self, event: &'a LogEvent) -> Verdict {
        let signer = event.entry.signer;
        if let Act::Create { .. } = event.event.act {
            if self.is_created() || signer != self.origin.creator {
                return Verdict::NotEntitled;
            }
        } else if !self.members.contains_key(&signer) {
            return Verdict::NotEntitled;
        }
        let trace = event.trace();
        let valid = match &event.event.act {
            Act::Create { name, color } => {
                self.name = Some((name, trace));
                self.color = Some((color, trace));
                let creator = Member {
                    added: trace,
                    joined: Some(trace),
                    admin: Some(trace),
                    resigned: None,
                };
                self.members.insert(signer, creator);
                true
            }
            Act::Rename(name) => {
                self.may_edit(&signer) && {
                    self.name = Some((name, trace));
                    true
                }
            }
            Act::Recolor(color) => {
                self.may_edit(&signer) && {
                    self.color = Some((color, trace));
                    true
                }
            }
            Act::Picture(image) => {
                self.may_edit(&signer) && {
                    self.image = Some((image, trace));
                    true
                }
            }
            Act::Invite(members) => self.may_edit(&signer) && self.invite(members, trace),
            Act::Accept => self.change(&signer, |member| member.joined = Some(trace)),
            Act::Remove(Some(member)) if *member == signer => {
                let Some(ended) = self.remove(&signer, true, trace) else {
                    return Verdict::NotEntitled;
                };
                return Verdict::Leaves(ended.added.event);
            }
            Act::Remove(Some(member)) => {
                self.is_admin(&signer)
                    && !self.is_admin(member)
                    && self.remove(member, false, trace).is_some()
            }
            Act::Promote(Some(members)) => self.is_admin(&signer) && self.promote(members, trace),
            Act::Resign(Some(member)) => {
                *member == signer
                    && self.is_admin(&signer)
                    && self.change(&signer, |member| {
                        member.admin = None;
                        member.resigned = Some(trace);
                    })
            }
            Act::Remove(None) | Act::Promote(None) | Act::Resign(None) => false,
        };
        if valid {
            Verdict::Valid
        } else {
            Verdict::NotEntitled
        }
    }

    fn change(&mut self, identity: &IdentityKey, change: impl FnOnce(&mut Member)) -> bool {
        self.members.get_mut(identity).map(change).is_some()
    }

    fn invite(&mut self, members: &[IdentityKey], trace: Trace) -> bool {
        let strangers = self.strangers(members);
        if self.members.len() + strangers.len() > self.most_members {
            return false;
        }
        for identity in strangers {
            self.gone.remove(&identity);
            let invited = Member {
                added: trace,
                joined: None,
                admin: None,
                resigned: None,
            };
            self.members.insert(identity, invited);
        }
        true
    }

    fn remove(&mut self, identity: &IdentityKey, left: bool, trace: Trace) -> Option<Member> {
        let removed = self.members.remove(identity)?;
        let going = trace;
        self.gone.insert(*identity, Gone { left, going });
        Some(removed)
    }

    fn promote(&mut self, members: &[IdentityKey], trace: Trace) -> bool {
        let all_in = members
            .iter()
            .all(|identity| self.members.contains_key(identity));
        if all_in {
            for identity in members {
                self.change(identity, |member| {
                    member.admin.get_or_insert(trace);
                    member.resigned = None;
                });
            }
        }
        all_in
    }
}

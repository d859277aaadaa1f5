//! Our own acts in groups (protocol §10).

use std::collections::BTreeSet;

use crypto_core::{GroupEventId, GroupOrigin, GroupRules, IdentityKey, keccak256};

use crate::{
    chat_clock::highest_clock,
    engine::Engine,
    groups::{
        apply::{Change, erase},
        kept,
        log::{Folded, Log},
        origin,
        state::{Act, GroupEvent, LogEvent, State},
    },
    model::{
        Env, GroupAct, GroupError, GroupId, GroupLimit, GroupLimits, GroupRecord, GroupRule,
        GroupStanding, MAX_MADE_UPDATE_BYTES, REQUEST_ID_LIFETIME, StoreError, StoredAnswer,
    },
    store::{Store, StoreRead},
};

/// A group to make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewGroup {
    /// Its name, at most [`MAX_GROUP_NAME_BYTES`](crate::model::MAX_GROUP_NAME_BYTES).
    pub name: String,
    /// Whom to invite.
    pub members: Vec<IdentityKey>,
    /// Its colour, at most [`MAX_GROUP_COLOR_BYTES`](crate::model::MAX_GROUP_COLOR_BYTES).
    pub color: String,
    /// Whether everybody in it may invite and edit, as in a group of status-go.
    pub open: bool,
    /// Makes a retry safe: for a day, the same id with the same input gives the same group.
    pub request_id: Option<String>,
}

/// What to change of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupEdit {
    /// The name.
    pub name: Option<String>,
    /// The colour.
    pub color: Option<String>,
    /// The image, at most [`MAX_GROUP_IMAGE_BYTES`](crate::model::MAX_GROUP_IMAGE_BYTES).
    pub image: Option<Vec<u8>>,
}

impl NewGroup {
    /// A digest of the input, to recognize a retry.
    fn digest(&self) -> [u8; 32] {
        let mut members = Vec::new();
        for member in &self.members {
            members.extend_from_slice(member.as_bytes());
        }
        keccak256(&[
            b"ratchetd/group-create/1",
            &[u8::from(self.open)],
            &keccak256(&[self.name.as_bytes()]),
            &keccak256(&[self.color.as_bytes()]),
            &members,
        ])
    }
}

impl Engine {
    /// Makes a group and invites others to it.
    ///
    /// # Errors
    /// [`GroupError`]; nothing of the call may then be kept.
    pub fn group_create(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &NewGroup,
    ) -> Result<GroupAct, GroupError> {
        let Some(request_id) = &request.request_id else {
            return self.create(store, env, request);
        };
        let input = request.digest();
        let oldest = self.running_time(store, env)?.before(REQUEST_ID_LIFETIME);
        let known = store.stored_answer(request_id)?;
        if let Some(known) = known.filter(|known| known.at >= oldest) {
            if known.input != input {
                return Err(GroupError::RequestIdReused);
            }
            let group = GroupId::new(&known.reply).ok_or(GroupError::NotFound)?;
            return self.act(store, env, &group, |_| Ok(Vec::new()));
        }
        let made = self.create(store, env, request)?;
        let answer = StoredAnswer {
            input,
            reply: made.group.group.as_bytes().to_vec(),
            at: self.running_time(store, env)?,
        };
        store.put_stored_answer(request_id, &answer)?;
        Ok(made)
    }

    fn create(
        &mut self,
        store: &mut dyn Store,
        env: &mut Env<'_>,
        request: &NewGroup,
    ) -> Result<GroupAct, GroupError> {
        let most = self.config.groups.groups;
        if store.group_counts()?.0 >= most {
            return Err(GroupError::Limit(GroupLimit::Groups(most)));
        }
        let rules = if request.open {
            GroupRules::Members
        } else {
            GroupRules::Admins
        };
        let mut random = [0; 16];
        env.rng.fill_bytes(&mut random);
        let text = rules.new_group_id(&self.me(), random).map_err(failed_key)?;
        let group = GroupId::new(text.as_bytes()).ok_or(GroupError::NotFound)?;
        let (name, color) = (request.name.clone(), request.color.clone());
        let mut acts = vec![Act::Create { name, color }];
        let mut others: BTreeSet<IdentityKey> = request.members.iter().copied().collect();
        others.remove(&self.me());
        // The creator is a member, too.
        let most_members = self.config.groups.members;
        if others.len() >= most_members {
            return Err(GroupError::Limit(GroupLimit::Members(most_members)));
        }
        if !others.is_empty() {
            acts.push(Act::Invite(others.into_iter().collect()));
        }
        self.act_in(store, env, &group, None, |_| Ok(acts))
    }

    /// Invites `members`. Who is in the group already is passed over.
    ///
    /// # Errors
    /// [`GroupError`]; nothing of the call may then be kept.
    pub fn group_invite(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        group: &GroupId,
        members: &[IdentityKey],
    ) -> Result<GroupAct, GroupError> {
        let (me, most) = (self.me(), self.config.groups.members);
        self.act(store, env, group, |state| {
            check_may_edit(state, &me)?;
            let strangers = state.strangers(members);
            if state.members.len() + strangers.len() > most {
                return Err(GroupError::Limit(GroupLimit::Members(most)));
            }
            let strangers: Vec<_> = strangers.into_iter().collect();
            Ok(if strangers.is_empty() {
                Vec::new()
            } else {
                vec![Act::Invite(strangers)]
            })
        })
    }

    /// Removes `members`, none of whom may be an admin.
    ///
    /// # Errors
    /// [`GroupError`]; nothing of the call may then be kept.
    pub fn group_remove(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        group: &GroupId,
        members: &[IdentityKey],
    ) -> Result<GroupAct, GroupError> {
        let me = self.me();
        self.act(store, env, group, |state| {
            check_admin(state, &me)?;
            let members: BTreeSet<_> = members.iter().copied().collect();
            for member in &members {
                check_in(state, member)?;
                require(*member != me, GroupRule::OwnRemoval)?;
                require(!state.is_admin(member), GroupRule::OtherAdmin(*member))?;
            }
            // An event names one: where one of several is gone by then, the others still go.
            Ok(members
                .into_iter()
                .map(|it| Act::Remove(Some(it)))
                .collect())
        })
    }

    /// Makes `members`, who are in the group, admins. Who is one already is passed over.
    ///
    /// # Errors
    /// [`GroupError`]; nothing of the call may then be kept.
    pub fn group_promote(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        group: &GroupId,
        members: &[IdentityKey],
    ) -> Result<GroupAct, GroupError> {
        let me = self.me();
        self.act(store, env, group, |state| {
            check_admin(state, &me)?;
            let mut plain: BTreeSet<_> = members.iter().copied().collect();
            for member in &plain {
                check_in(state, member)?;
            }
            plain.retain(|member| !state.is_admin(member));
            Ok(if plain.is_empty() {
                Vec::new()
            } else {
                vec![Act::Promote(Some(plain.into_iter().collect()))]
            })
        })
    }

    /// Accepts the invitation to a group. Does nothing if we have.
    ///
    /// # Errors
    /// [`GroupError`]; nothing of the call may then be kept.
    pub fn group_accept(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        group: &GroupId,
    ) -> Result<GroupAct, GroupError> {
        let me = self.me();
        self.act(store, env, group, |state| {
            check_we_are_in(state, &me)?;
            Ok(if state.has_joined(&me) {
                Vec::new()
            } else {
                vec![Act::Accept]
            })
        })
    }

    /// Leaves a group, or declines the invitation to it.
    ///
    /// # Errors
    /// [`GroupError`]; nothing of the call may then be kept.
    pub fn group_leave(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        group: &GroupId,
    ) -> Result<GroupAct, GroupError> {
        let me = self.me();
        self.act(store, env, group, |state| {
            check_we_are_in(state, &me)?;
            Ok(vec![Act::Remove(Some(me))])
        })
    }

    /// Changes the name, colour and image of a group. What is as it is to be is passed over.
    ///
    /// # Errors
    /// [`GroupError`]; nothing of the call may then be kept.
    pub fn group_edit(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        group: &GroupId,
        edit: GroupEdit,
    ) -> Result<GroupAct, GroupError> {
        let me = self.me();
        self.act(store, env, group, |state| {
            check_may_edit(state, &me)?;
            let GroupEdit { name, color, image } = edit;
            let name = name.filter(|name| state.name.map(|(is, _)| is) != Some(name));
            let color = color.filter(|color| state.color.map(|(is, _)| is) != Some(color));
            let image = image.filter(|image| state.image.map(|(is, _)| is) != Some(image));
            Ok([
                name.map(Act::Rename),
                color.map(Act::Recolor),
                image.map(Act::Picture),
            ]
            .into_iter()
            .flatten()
            .collect())
        })
    }

    /// Erases the log and the keys of a group that we are not, or not yet, a member of, and tells
    /// nobody. It comes back by a new invitation alone.
    ///
    /// # Errors
    /// [`GroupError`]; nothing of the call may then be kept.
    pub fn group_forget(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        group: &GroupId,
    ) -> Result<(), GroupError> {
        let (origin, log) = kept(store, group)?.ok_or(GroupError::NotFound)?;
        let state = log.fold(origin, &self.config.groups).state;
        match state.standing(&self.me()) {
            GroupStanding::Member | GroupStanding::Admin => {
                Err(GroupError::Forbidden(GroupRule::StillIn))
            }
            GroupStanding::Invited | GroupStanding::Left | GroupStanding::Removed => {
                Ok(erase(store, env.now, group)?)
            }
        }
    }

    /// Who gets messages to a group that we have accepted: everybody in it but us, by key, or
    /// `joined_only` who has accepted.
    ///
    /// # Errors
    /// [`GroupError`] if the group is not known, we are not in it, or have not accepted.
    pub fn group_recipients(
        &self,
        store: &dyn StoreRead,
        group: &GroupId,
        joined_only: bool,
    ) -> Result<Vec<IdentityKey>, GroupError> {
        let me = self.me();
        let (origin, log) = kept(store, group)?.ok_or(GroupError::NotFound)?;
        let state = log.fold(origin, &self.config.groups).state;
        match state.standing(&me) {
            GroupStanding::Member | GroupStanding::Admin => (),
            GroupStanding::Invited => return Err(GroupError::Forbidden(GroupRule::NotAccepted)),
            GroupStanding::Left | GroupStanding::Removed => {
                return Err(GroupError::Forbidden(GroupRule::NotInGroup));
            }
        }
        let others = state
            .members
            .iter()
            .filter(|(identity, _)| **identity != me);
        let others = others.filter(|(_, member)| member.joined.is_some() || !joined_only);
        Ok(others.map(|(identity, _)| *identity).collect())
    }

    /// Does what `choose` makes of the state of a group that is there.
    fn act(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        group: &GroupId,
        choose: impl FnOnce(&State<'_>) -> Result<Vec<Act>, GroupError>,
    ) -> Result<GroupAct, GroupError> {
        let record = store.group(group)?.ok_or(GroupError::NotFound)?;
        self.act_in(store, env, group, Some(record), choose)
    }

    /// Signs an event for each act, adds them to the log and makes the update with them.
    fn act_in(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        group: &GroupId,
        record: Option<GroupRecord>,
        choose: impl FnOnce(&State<'_>) -> Result<Vec<Act>, GroupError>,
    ) -> Result<GroupAct, GroupError> {
        let origin = origin(group)?;
        let limits = self.config.groups.clone();
        let before = Log::load(store, group)?;
        let was = before.fold(origin, &limits);
        let acts = choose(&was.state)?;
        let events = self.signed(store, env, group, &before, acts)?;
        let after = added(origin, &limits, &before, &was, events)?;
        let is = after.fold(origin, &limits);
        if after.is_too_large(&before, &limits) {
            return Err(GroupError::Limit(GroupLimit::Log));
        }
        let update = is.update(group);
        if update.len() > MAX_MADE_UPDATE_BYTES {
            return Err(GroupError::Limit(GroupLimit::Update(MAX_MADE_UPDATE_BYTES)));
        }
        self.write_change(
            store,
            env.now,
            &Change {
                group,
                record,
                before: &before,
                was: &was,
                after: &after,
                is: &is,
            },
        )?;
        let me = self.me();
        let [was_in, is_in] = [&was.state, &is.state].map(|state| state.members.keys());
        let mut recipients: BTreeSet<IdentityKey> = was_in.chain(is_in).copied().collect();
        recipients.remove(&me);
        Ok(GroupAct {
            group: is.view(group, origin, &me),
            update,
            recipients: recipients.into_iter().collect(),
        })
    }

    /// Signs an event for each act, each later than the one before it.
    fn signed(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        group: &GroupId,
        log: &Log,
        acts: Vec<Act>,
    ) -> Result<Vec<LogEvent>, GroupError> {
        if acts.is_empty() {
            return Ok(Vec::new());
        }
        let text = group.as_text().unwrap_or_default();
        // Never below now, and not above the limit, which the clocks of both are raised to.
        let of_chat = self.next_clock(store, env, text)?.clock;
        let mut clock = of_chat.max(log.highest_clock().saturating_add(1));
        let mut events = Vec::new();
        for act in acts {
            if !act.has_allowed_sizes() {
                return Err(GroupError::Size(act.subject()));
            }
            let event = GroupEvent {
                clock: clock.min(highest_clock(env.now)),
                act,
            };
            clock = clock.saturating_add(1);
            let signed = LogEvent::sign(&self.account.identity, text, event);
            events.push(signed.map_err(failed_key)?);
        }
        Ok(events)
    }
}

/// The log with events of our own, which have to count: in the update that the others get, and in
/// our log, where an event that our clock does not reach may come after them.
pub(crate) fn added(
    origin: GroupOrigin,
    limits: &GroupLimits,
    before: &Log,
    was: &Folded<'_>,
    events: Vec<LogEvent>,
) -> Result<Log, GroupError> {
    if events.is_empty() {
        return Ok(before.clone());
    }
    let own: BTreeSet<GroupEventId> = events.iter().map(|event| event.entry.id).collect();
    let update = Log::of(was.sent().cloned().chain(events).collect());
    let overtaken = GroupError::Forbidden(GroupRule::Overtaken);
    let Some((update, 0)) = update.judged(origin, limits) else {
        return Err(overtaken);
    };
    let after = before.merged(update);
    let sent = after.fold(origin, limits);
    let sent: BTreeSet<GroupEventId> = sent.sent().map(|event| event.entry.id).collect();
    if own.is_subset(&sent) {
        Ok(after)
    } else {
        Err(overtaken)
    }
}

fn check_we_are_in(state: &State<'_>, me: &IdentityKey) -> Result<(), GroupError> {
    require(state.members.contains_key(me), GroupRule::NotInGroup)
}

fn check_admin(state: &State<'_>, me: &IdentityKey) -> Result<(), GroupError> {
    check_we_are_in(state, me)?;
    require(state.is_admin(me), GroupRule::NotAdmin)
}

fn check_may_edit(state: &State<'_>, me: &IdentityKey) -> Result<(), GroupError> {
    check_we_are_in(state, me)?;
    require(state.may_edit(me), GroupRule::NotAdmin)
}

fn check_in(state: &State<'_>, member: &IdentityKey) -> Result<(), GroupError> {
    require(
        state.members.contains_key(member),
        GroupRule::NotMember(*member),
    )
}

/// Fails by this rule unless it holds.
fn require(holds: bool, rule: GroupRule) -> Result<(), GroupError> {
    holds.then_some(()).ok_or(GroupError::Forbidden(rule))
}

fn failed_key(error: crypto_core::KeyError) -> GroupError {
    GroupError::Store(StoreError::Corrupt(format!("a key: {error}")))
}

//! Groups as an account sees them: its own acts, the updates of others, limits and events.
//! `group_schedules` has the invariants of logs, and recordings the single rules.

use crypto_core::IdentityKey;

use super::*;
use crate::{
    chat_clock::MAX_CLOCK_LEAD,
    groups::{GroupEdit, NewGroup, Update},
    model::{
        Applied, GroupAct, GroupChangeKind, GroupError, GroupId, GroupLimit, GroupOutcome,
        GroupRefusal, GroupRule, GroupStanding, GroupView, IgnoredReason, MAX_UPDATE_BYTES,
        WireError,
    },
};

impl TestDevice {
    fn create_group(&mut self, members: &[IdentityKey]) -> GroupAct {
        let request = NewGroup {
            name: "friends".to_owned(),
            members: members.to_vec(),
            color: "#4360df".to_owned(),
            ..NewGroup::default()
        };
        self.transact(|engine, store, env| engine.group_create(store, env, &request))
            .unwrap()
    }

    fn apply(&mut self, update: &[u8], sender: Option<IdentityKey>) -> Applied {
        let update = Update::decode(update).unwrap().check(&[]);
        self.transact(|engine, store, env| engine.group_apply(store, env, update, sender))
            .unwrap()
    }

    fn group(&self, group: &GroupId) -> Option<GroupView> {
        self.engine.viewer().group(&self.store, group).unwrap()
    }

    fn standing_in(&self, group: &GroupId) -> GroupStanding {
        self.group(group).unwrap().own
    }

    fn act<T>(
        &mut self,
        act: impl FnOnce(&mut Engine, &mut dyn Store, &mut Env<'_>) -> Result<T, GroupError>,
    ) -> Result<T, GroupError> {
        self.transact(act)
    }

    fn accept(&mut self, group: &GroupId) -> Result<GroupAct, GroupError> {
        self.act(|engine, store, env| engine.group_accept(store, env, group))
    }

    fn leave(&mut self, group: &GroupId) -> Result<GroupAct, GroupError> {
        self.act(|engine, store, env| engine.group_leave(store, env, group))
    }

    fn invite(&mut self, group: &GroupId, whom: &[IdentityKey]) -> Result<GroupAct, GroupError> {
        self.act(|engine, store, env| engine.group_invite(store, env, group, whom))
    }

    fn remove(&mut self, group: &GroupId, whom: &[IdentityKey]) -> Result<GroupAct, GroupError> {
        self.act(|engine, store, env| engine.group_remove(store, env, group, whom))
    }

    fn promote(&mut self, group: &GroupId, whom: &[IdentityKey]) -> Result<GroupAct, GroupError> {
        self.act(|engine, store, env| engine.group_promote(store, env, group, whom))
    }

    fn rename(&mut self, group: &GroupId, name: &str) -> Result<GroupAct, GroupError> {
        let edit = GroupEdit {
            name: Some(name.to_owned()),
            ..GroupEdit::default()
        };
        self.act(|engine, store, env| engine.group_edit(store, env, group, edit))
    }

    fn forget(&mut self, group: &GroupId) -> Result<(), GroupError> {
        self.act(|engine, store, env| engine.group_forget(store, env, group))
    }
}

fn forbidden<T>(rule: GroupRule) -> Result<T, GroupError> {
    Err(GroupError::Forbidden(rule))
}

fn three() -> (TestDevice, TestDevice, TestDevice) {
    (
        TestDevice::new(1, "alice"),
        TestDevice::new(2, "bob"),
        TestDevice::new(3, "carol"),
    )
}

fn kinds(applied: &Applied) -> Vec<(GroupChangeKind, Option<IdentityKey>)> {
    let changes = applied.changes.iter();
    changes
        .map(|change| (change.kind, change.identity))
        .collect()
}

#[test]
fn a_group_from_its_making_to_its_end() {
    let (mut alice, mut bob, mut carol) = three();
    let made = alice.create_group(&[bob.key, carol.key, bob.key, alice.key]);
    let group = made.group.group.clone();
    let mut expected = [bob.key, carol.key];
    expected.sort();
    assert_eq!(made.recipients, expected);
    assert_eq!(made.group.own, GroupStanding::Admin);
    assert_eq!(
        alice.events(),
        [EventKind::GroupChanged {
            group: group.clone(),
            changes: Vec::new()
        }]
    );

    let applied = bob.apply(&made.update, Some(alice.key));
    assert_eq!(applied.outcome, GroupOutcome::Created);
    assert_eq!(applied.changes, []);
    assert_eq!(bob.standing_in(&group), GroupStanding::Invited);
    assert_eq!(
        bob.events(),
        [EventKind::GroupInvited {
            group: group.clone(),
            by: alice.key
        }]
    );
    let again = bob.apply(&made.update, Some(alice.key));
    assert_eq!(again.outcome, GroupOutcome::Unchanged);
    assert_eq!(bob.events(), []);
    carol.apply(&made.update, Some(alice.key));

    let accepted = bob.accept(&group).unwrap();
    assert_eq!(bob.standing_in(&group), GroupStanding::Member);
    let applied = alice.apply(&accepted.update, Some(bob.key));
    assert_eq!(
        kinds(&applied),
        [(GroupChangeKind::Accepted, Some(bob.key))]
    );
    let change = applied.changes[0];
    assert_eq!(
        (change.by, change.at),
        (bob.key, applied.group.unwrap().clock)
    );

    let renamed = alice.rename(&group, "foes").unwrap();
    let promoted = alice.promote(&group, &[bob.key]).unwrap();
    let applied = bob.apply(&promoted.update, Some(alice.key));
    assert_eq!(
        kinds(&applied),
        [
            (GroupChangeKind::Renamed, None),
            (GroupChangeKind::Promoted, Some(bob.key))
        ]
    );
    assert_eq!(renamed.group.name, "foes");
    let removed = bob.remove(&group, &[carol.key]).unwrap();
    // Who was removed hears of it, too.
    assert!(removed.recipients.contains(&carol.key));
    let applied = carol.apply(&removed.update, Some(bob.key));
    assert_eq!(carol.standing_in(&group), GroupStanding::Removed);
    assert_eq!(
        kinds(&applied),
        [
            (GroupChangeKind::Renamed, None),
            (GroupChangeKind::Accepted, Some(bob.key)),
            (GroupChangeKind::Promoted, Some(bob.key)),
            (GroupChangeKind::Removed, Some(carol.key)),
        ]
    );
    alice.apply(&removed.update, Some(bob.key));

    let left = alice.leave(&group).unwrap();
    assert_eq!(left.recipients, [bob.key]);
    assert_eq!(alice.standing_in(&group), GroupStanding::Left);
    bob.apply(&left.update, Some(alice.key));
    assert_eq!(
        bob.group(&group).unwrap().digest,
        alice.group(&group).unwrap().digest
    );
    let back = bob.invite(&group, &[carol.key]).unwrap();
    carol.events();
    let applied = carol.apply(&back.update, Some(bob.key));
    assert!(kinds(&applied).contains(&(GroupChangeKind::Invited, Some(carol.key))));
    let invited = EventKind::GroupInvited {
        group: group.clone(),
        by: bob.key,
    };
    assert!(carol.events().contains(&invited));
    assert_eq!(carol.engine.viewer().groups(&carol.store).unwrap().len(), 1);
}

#[test]
fn what_is_not_allowed_says_by_which_rule_and_changes_nothing() {
    let (mut alice, mut bob, mut carol) = three();
    let made = alice.create_group(&[bob.key]);
    let group = made.group.group;
    assert_eq!(bob.accept(&group), Err(GroupError::NotFound));
    bob.apply(&made.update, None);
    let recipients =
        |device: &TestDevice| device.engine.group_recipients(&device.store, &group, false);
    assert_eq!(recipients(&bob), forbidden(GroupRule::NotAccepted));
    assert_eq!(
        bob.invite(&group, &[carol.key]),
        forbidden(GroupRule::NotAdmin)
    );
    assert_eq!(bob.rename(&group, "x"), forbidden(GroupRule::NotAdmin));
    assert_eq!(
        bob.promote(&group, &[bob.key]),
        forbidden(GroupRule::NotAdmin)
    );
    assert_eq!(
        bob.remove(&group, &[alice.key]),
        forbidden(GroupRule::NotAdmin)
    );
    assert_eq!(
        alice.remove(&group, &[bob.key, carol.key]),
        forbidden(GroupRule::NotMember(carol.key))
    );
    assert_eq!(
        alice.promote(&group, &[carol.key]),
        forbidden(GroupRule::NotMember(carol.key))
    );
    assert_eq!(
        alice.remove(&group, &[alice.key]),
        forbidden(GroupRule::OwnRemoval)
    );
    assert_eq!(alice.forget(&group), forbidden(GroupRule::StillIn));
    assert_eq!(alice.rename(&group, ""), Err(GroupError::Size("the name")));
    let digest = alice.group(&group).unwrap().digest;
    assert_eq!(digest, made.group.digest);

    let joined = alice.engine.group_recipients(&alice.store, &group, true);
    assert_eq!(joined, Ok(Vec::new()));
    assert_eq!(recipients(&alice), Ok(vec![bob.key]));
    let accepted = bob.accept(&group).unwrap();
    alice.apply(&accepted.update, Some(bob.key));
    let joined = alice.engine.group_recipients(&alice.store, &group, true);
    assert_eq!(joined, Ok(vec![bob.key]));

    let promoted = alice.promote(&group, &[bob.key]).unwrap();
    assert_eq!(
        alice.remove(&group, &[bob.key]),
        forbidden(GroupRule::OtherAdmin(bob.key))
    );
    bob.apply(&promoted.update, None);
    bob.leave(&group).unwrap();
    assert_eq!(bob.leave(&group), forbidden(GroupRule::NotInGroup));
    assert_eq!(recipients(&bob), forbidden(GroupRule::NotInGroup));
    bob.forget(&group).unwrap();
    assert_eq!(bob.group(&group), None);
    assert_eq!(carol.forget(&group), Err(GroupError::NotFound));
}

/// What is so already makes no event: a frontend may call again.
#[test]
fn an_act_without_effect_makes_no_event() {
    let (mut alice, mut bob, _) = three();
    let made = alice.create_group(&[bob.key]);
    let group = made.group.group;
    let acts = [
        alice.accept(&group),
        alice.invite(&group, &[bob.key, alice.key]),
        alice.promote(&group, &[alice.key]),
        alice.rename(&group, "friends"),
    ];
    for act in acts {
        assert_eq!(act.unwrap().update, made.update);
    }
    bob.apply(&made.update, None);
    let once = bob.accept(&group).unwrap();
    assert_eq!(bob.accept(&group).unwrap().update, once.update);
}

#[test]
fn a_creation_with_a_request_id_is_made_once() {
    let (mut alice, bob, _) = three();
    let mut request = NewGroup {
        name: "n".to_owned(),
        members: vec![bob.key],
        request_id: Some("r".to_owned()),
        ..NewGroup::default()
    };
    let mut create = |request: &NewGroup| {
        alice.act(|engine, store, env| engine.group_create(store, env, request))
    };
    let made = create(&request).unwrap();
    assert_eq!(create(&request).unwrap(), made);
    request.open = true;
    assert_eq!(create(&request), Err(GroupError::RequestIdReused));
    request.request_id = None;
    let other = create(&request).unwrap();
    assert_ne!(other.group.group, made.group.group);
    assert_eq!(alice.engine.viewer().groups(&alice.store).unwrap().len(), 2);
}

/// Each event of ours is later than all that is known of the group and the chat, and at most two
/// minutes ahead.
#[test]
fn our_clock_is_above_all_that_is_known_and_not_far_ahead() {
    let (mut alice, mut bob, _) = three();
    let made = alice.create_group(&[bob.key]);
    let group = made.group.group.clone();
    assert_eq!(made.group.clock, alice.now.0 + 1);
    let lead = u64::try_from(MAX_CLOCK_LEAD.as_millis()).unwrap();

    let text = group.as_text().unwrap().to_owned();
    let (now, ahead) = (alice.now, alice.now.0 + 50_000);
    alice
        .transact(|engine, store, env| engine.observe_clock(store, env, &text, ahead, now))
        .unwrap();
    let renamed = alice.rename(&group, "a").unwrap();
    assert_eq!(renamed.group.clock, ahead + 1);

    // Bob's clock is behind: what he takes up is at most two minutes ahead of it.
    bob.now = UnixMillis(ahead + 1 - lead);
    assert_eq!(bob.apply(&renamed.update, None).ignored, []);
    let accepted = bob.accept(&group);
    assert_eq!(
        accepted.unwrap().group.clock,
        ahead + 1,
        "no event is dated above the limit"
    );
    bob.now = UnixMillis(ahead - lead);
    assert_eq!(
        bob.apply(&renamed.update, None).ignored,
        [(IgnoredReason::Future, 1)]
    );
    // His clock was set back: his leaving would come before his invitation.
    bob.now = UnixMillis(BEGINNING.0 - 10 * lead);
    assert_eq!(bob.leave(&group), forbidden(GroupRule::Overtaken));
    assert_eq!(bob.standing_in(&group), GroupStanding::Member);
}

#[test]
fn invitations_are_limited_and_the_oldest_is_forgotten() {
    let (_, mut bob, _) = three();
    bob.engine.config.groups.invitations = 2;
    bob.engine.config.groups.groups = 4;
    let mut alice = TestDevice::new(1, "alice");
    let mut invite = |bob: &mut TestDevice| {
        let made = alice.create_group(&[bob.key]);
        let applied = bob.apply(&made.update, None);
        (made.group.group, made.update, applied)
    };
    let (accepted, ..) = invite(&mut bob);
    bob.accept(&accepted).unwrap();
    let mut groups = Vec::new();
    for _ in 0..3 {
        bob.later(1);
        let (group, update, applied) = invite(&mut bob);
        assert_eq!(applied.outcome, GroupOutcome::Created);
        groups.push((group, update));
    }
    let there = |bob: &TestDevice| -> Vec<bool> {
        let groups = groups.iter();
        groups
            .map(|(group, _)| bob.group(group).is_some())
            .collect()
    };
    assert_eq!(there(&bob), [false, true, true]);
    assert!(bob.group(&accepted).is_some());
    let again = bob.apply(&groups[0].1, None);
    assert_eq!(again.refusal, Some(GroupRefusal::Forgotten));
    assert_eq!(there(&bob), [false, true, true]);

    bob.engine.config.groups.groups = 3;
    let (_, _, applied) = invite(&mut bob);
    assert_eq!(applied.refusal, Some(GroupRefusal::TooManyGroups));
    assert_eq!(there(&bob), [false, true, true]);
    let request = NewGroup::default();
    let created = bob.act(|engine, store, env| engine.group_create(store, env, &request));
    assert_eq!(created, Err(GroupError::Limit(GroupLimit::Groups(3))));
}

#[test]
fn limits_of_a_group_hold_for_our_own_acts() {
    let (mut alice, bob, carol) = three();
    alice.engine.config.groups.members = 2;
    let group = alice.create_group(&[bob.key]).group.group;
    assert_eq!(
        alice.invite(&group, &[carol.key]),
        Err(GroupError::Limit(GroupLimit::Members(2)))
    );
    // Its creation and its invitation fill the log: only removals have room.
    alice.engine.config.groups.events = 2;
    assert_eq!(
        alice.rename(&group, "x"),
        Err(GroupError::Limit(GroupLimit::Log))
    );
    alice.remove(&group, &[bob.key]).unwrap();
    alice.leave(&group).unwrap();

    alice.engine.config.groups.events = 4096;
    let group = alice.create_group(&[bob.key]).group.group;
    // An image that is replaced is sent no more.
    for byte in 0..4 {
        let edit = GroupEdit {
            image: Some(vec![byte; 400_000]),
            ..GroupEdit::default()
        };
        let edited = alice.act(|engine, store, env| engine.group_edit(store, env, &group, edit));
        assert!(edited.unwrap().update.len() < 402_000);
    }
    let record = alice.store.group(&group).unwrap().unwrap();
    assert!(record.kept_bytes > 1_600_000);
    assert_eq!(record.kept_events, 6);
}

#[test]
fn an_update_is_taken_up_whole_or_not_at_all() {
    let (mut alice, mut bob, carol) = three();
    let made = alice.create_group(&[bob.key]);
    assert!(matches!(
        Update::decode(&vec![0; MAX_UPDATE_BYTES + 1]),
        Err(WireError(_))
    ));
    for malformed in [&[][..], &[1, 2, 3], b"\x0a\x01a"] {
        let applied = bob.apply(malformed, None);
        assert_eq!(applied.refusal, Some(GroupRefusal::Malformed));
    }
    let stranger = bob.apply(&made.update, Some(carol.key));
    assert_eq!(stranger.refusal, Some(GroupRefusal::NotMember));
    assert_eq!(bob.engine.viewer().groups(&bob.store).unwrap(), []);
    assert_eq!(bob.events(), []);
}

/// Known events are taken from the log, and the result is the same; the log of another group, or
/// entries that are not of its signer, are of no use.
#[test]
fn known_events_are_recognized_by_their_signature_and_bytes() {
    let (mut alice, mut bob, _) = three();
    let made = alice.create_group(&[bob.key]);
    let group = made.group.group.clone();
    bob.apply(&made.update, None);
    let known = bob.store.group_log(&group).unwrap();
    let check = |known: &[_]| format!("{:?}", Update::decode(&made.update).unwrap().check(known));
    assert_eq!(check(&known), check(&[]));
    let mut forged = known.clone();
    for entry in &mut forged {
        entry.signer = bob.key;
    }
    assert_eq!(check(&forged), check(&[]));
    // A bad signature is one, whatever stands in the log.
    let mut damaged = made.update.clone();
    let place = damaged.len() - known[0].event.len().min(known[1].event.len()) - 1;
    damaged[place] ^= 1;
    assert_ne!(damaged, made.update);
    let applied = bob.apply(&damaged, None);
    assert_ne!(applied.outcome, GroupOutcome::Changed);
}

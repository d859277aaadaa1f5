//! The invariants of groups (protocol §10) under random schedules: members who act apart, updates
//! that are lost, repeated and reordered, and hostile members who sign anything with any clock and
//! show whom they like any part of it.
//!
//! Signatures are left out: whoever is named as the signer of an event has signed it.

use std::{collections::BTreeSet, sync::LazyLock};

use crypto_core::{GroupEventId, GroupOrigin, GroupRules, IdentityKey, IdentityKeyPair};
use proptest::prelude::*;

use super::proptest_runner::runner;
use crate::{
    groups::{
        acts::added,
        log::{Folded, Log},
        state::{Act, GroupEvent, LogEvent},
    },
    model::{GroupEntry, GroupLimits},
    world::group_rules::{PlainGroup, StatusGoGroup},
};

const PARTIES: usize = 5;
const SCHEDULES: u32 = 10_000;
const MAX_STEPS: usize = 40;
/// The clock when a schedule begins.
const BEGINNING: u64 = 1_000;
/// The first party creates the group, and the last one is not invited by that.
const CREATOR: usize = 0;

static KEYS: LazyLock<Vec<IdentityKey>> = LazyLock::new(|| {
    (1..=PARTIES)
        .map(|party| {
            let secret = [u8::try_from(party).unwrap(); 32];
            *IdentityKeyPair::from_secret_bytes(&secret)
                .unwrap()
                .public()
        })
        .collect()
});

static GROUPS: LazyLock<[String; 2]> = LazyLock::new(|| {
    [GroupRules::Admins, GroupRules::Members]
        .map(|rules| rules.new_group_id(&KEYS[CREATOR], [7; 16]).unwrap())
});

/// A step, whose numbers are taken modulo what there is to choose from.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A party signs an event; an honest one only what it may, and after all that it knows.
    Act {
        party: usize,
        act: u8,
        whom: u8,
        back: u16,
    },
    /// An honest party sends its log to another.
    Send { from: usize, to: usize },
    /// Somebody hostile shows an honest party a part of all that was ever signed.
    Show { to: usize, part: u32 },
    /// Time passes.
    Wait { by: u16 },
}

#[derive(Clone, Debug)]
struct Schedule {
    rules: GroupRules,
    /// A bit for each party.
    hostile: u8,
    steps: Vec<Step>,
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let party = || 0..PARTIES;
    let step = prop_oneof![
        5 => (party(), 0..14_u8, any::<u8>(), 0..400_u16)
            .prop_map(|(party, act, whom, back)| Step::Act { party, act, whom, back }),
        5 => (party(), party()).prop_map(|(from, to)| Step::Send { from, to }),
        3 => (party(), any::<u32>()).prop_map(|(to, part)| Step::Show { to, part }),
        2 => (1..100_u16).prop_map(|by| Step::Wait { by }),
    ];
    let rules = prop_oneof![Just(GroupRules::Admins), Just(GroupRules::Members)];
    let steps = prop::collection::vec(step, 0..MAX_STEPS);
    (rules, 0..32_u8, steps).prop_map(|(rules, hostile, steps)| Schedule {
        rules,
        hostile,
        steps,
    })
}

/// What an honest party holds, and every update that made it.
#[derive(Clone, Default)]
struct Party {
    log: Log,
    updates: Vec<Vec<LogEvent>>,
}

struct Run {
    group: &'static str,
    origin: GroupOrigin,
    limits: GroupLimits,
    hostile: u8,
    now: u64,
    parties: Vec<Party>,
    /// All that was ever signed.
    signed: Vec<LogEvent>,
}

impl Run {
    fn new(schedule: &Schedule) -> Self {
        let [admins, members] = &*GROUPS;
        let group = match schedule.rules {
            GroupRules::Admins => admins,
            GroupRules::Members => members,
        };
        let mut run = Self {
            group,
            origin: GroupOrigin::of(group).unwrap(),
            limits: GroupLimits::default(),
            hostile: schedule.hostile,
            now: BEGINNING,
            parties: vec![Party::default(); PARTIES],
            signed: Vec::new(),
        };
        let create = Act::Create {
            name: "group".to_owned(),
            color: String::new(),
        };
        let invite = Act::Invite(KEYS[1..PARTIES - 1].to_vec());
        let events = vec![
            run.event(CREATOR, BEGINNING, create),
            run.event(CREATOR, BEGINNING + 1, invite),
        ];
        run.signed.clone_from(&events);
        run.take(CREATOR, events);
        run
    }

    fn is_hostile(&self, party: usize) -> bool {
        self.hostile & (1 << party) != 0
    }

    fn honest(&self) -> Vec<usize> {
        let all = 0..PARTIES;
        all.filter(|party| !self.is_hostile(*party)).collect()
    }

    fn event(&self, signer: usize, clock: u64, act: Act) -> LogEvent {
        let event = GroupEvent { clock, act };
        let bytes = event.encode().unwrap();
        let signer = KEYS[signer];
        let entry = GroupEntry {
            id: GroupEventId::derive(&signer, self.group, &bytes),
            signer,
            signature: [0; 65],
            event: bytes,
            ended: Vec::new(),
        };
        LogEvent { entry, event }
    }

    fn fold<'a>(&self, log: &'a Log) -> Folded<'a> {
        log.fold(self.origin, &self.limits)
    }

    fn merged(&self, log: &Log, update: &[LogEvent]) -> Log {
        let update: Vec<LogEvent> = update
            .iter()
            .cloned()
            .map(|mut event| {
                event.entry.ended.clear();
                event
            })
            .collect();
        match Log::of(update).judged(self.origin, &self.limits) {
            Some((events, _)) => log.merged(events),
            None => log.clone(),
        }
    }

    /// An honest party takes up an update; what it holds after that is checked.
    fn take(&mut self, to: usize, update: Vec<LogEvent>) {
        let party = &self.parties[to];
        let after = self.merged(&party.log, &update);
        self.check_goings_stand(&party.log, &after);
        self.check_status_go_agrees(&after);
        let party = &mut self.parties[to];
        party.log = after;
        party.updates.push(update);
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Wait { by } => self.now += u64::from(by),
            Step::Send { from, to } => {
                if !self.is_hostile(from) && !self.is_hostile(to) {
                    let log = &self.parties[from].log;
                    let sent = self.fold(log).sent().cloned().collect();
                    self.take(to, sent);
                }
            }
            Step::Show { to, part } => {
                if !self.is_hostile(to) {
                    let shown = |place: usize| part.rotate_left(place as u32 * 7) & 1 == 0;
                    let update = self.signed.iter().enumerate();
                    let update = update
                        .filter(|(place, _)| *place == 0 || shown(*place))
                        .map(|(_, event)| event.clone())
                        .collect();
                    self.take(to, update);
                }
            }
            Step::Act {
                party,
                act,
                whom,
                back,
            } => {
                let act = chosen(act, whom);
                if self.is_hostile(party) {
                    let clock = (self.now + 50).saturating_sub(back.into()).max(1);
                    let event = self.event(party, clock, act);
                    self.signed.push(event);
                } else {
                    self.act(party, act);
                }
            }
        }
    }

    /// An honest party does what its own methods would.
    fn act(&mut self, party: usize, act: Act) {
        let log = &self.parties[party].log;
        let clock = self.now.max(log.highest_clock() + 1);
        let event = self.event(party, clock, act);
        let was = self.fold(log);
        if added(self.origin, &self.limits, log, &was, vec![event.clone()]).is_ok() {
            let update = was.sent().cloned().chain([event.clone()]).collect();
            self.signed.push(event);
            self.take(party, update);
        }
    }

    /// Invariant 3: who has gone comes back by the invitation of somebody else alone.
    fn check_goings_stand(&self, before: &Log, after: &Log) {
        let (was, is) = (self.fold(before), self.fold(after));
        let known: BTreeSet<GroupEventId> =
            before.events().iter().map(|event| event.entry.id).collect();
        for (identity, member) in &is.state.members {
            let new = after
                .events()
                .iter()
                .filter(|event| !known.contains(&event.entry.id));
            let only_its_own = new.clone().all(|event| event.entry.signer == *identity);
            let was_plain = self.never_admin(identity);
            let admins = self.origin.rules == GroupRules::Admins;
            if admins && only_its_own && was_plain && was.state.gone.contains_key(identity) {
                panic!("{identity:?} came back by itself: {member:?}");
            }
        }
    }

    /// Whether nobody ever signed that `identity` is an admin.
    fn never_admin(&self, identity: &IdentityKey) -> bool {
        *identity != self.origin.creator
            && !self.signed.iter().any(|event| match &event.event.act {
                Act::Promote(Some(members)) => members.contains(identity),
                _ => false,
            })
    }

    /// Invariant 4: what is sent is a valid log to status-go, and says the same.
    fn check_status_go_agrees(&self, log: &Log) {
        if log.events().is_empty() {
            return;
        }
        let folded = self.fold(log);
        let judged = StatusGoGroup::judge(folded.sent()).expect("status-go refuses what we send");
        let state = &folded.state;
        assert_eq!(judged.members, state.members.keys().copied().collect());
        let admins = state.members.keys().filter(|member| state.is_admin(member));
        assert_eq!(judged.admins, admins.copied().collect());
        assert_eq!(Some(judged.name.as_str()), state.name.map(|(name, _)| name));
    }

    /// Invariant 1: neither order nor repetition matters.
    fn check_order_does_not_matter(&self) {
        for party in &self.parties {
            let mut log = Log::default();
            let again = party.updates.iter().step_by(2);
            for update in party.updates.iter().rev().chain(again) {
                log = self.merged(&log, update);
            }
            assert_eq!(log, party.log, "another order makes another log");
        }
    }

    /// Invariant 3: under the rules `admins`, what somebody signs who never was an admin has no
    /// effect on anybody else, and brings it into no group.
    fn check_entitlement(&self) {
        if self.origin.rules != GroupRules::Admins {
            return;
        }
        for identity in KEYS.iter().filter(|identity| self.never_admin(identity)) {
            for party in &self.parties {
                let mut without = Log::default();
                for update in &party.updates {
                    let of_others = |event: &&LogEvent| event.entry.signer != *identity;
                    let update: Vec<_> = update.iter().filter(of_others).cloned().collect();
                    without = self.merged(&without, &update);
                }
                let (with, without) = (self.fold(&party.log), self.fold(&without));
                let [mut with, mut without] = [with.state, without.state];
                assert!(
                    without.members.contains_key(identity) || !with.members.contains_key(identity),
                    "a plain member came in by its own events"
                );
                for state in [&mut with, &mut without] {
                    state.members.remove(identity);
                    state.gone.remove(identity);
                }
                assert_eq!(with, without, "a plain member changed more than itself");
            }
        }
    }

    /// No event of a log counts whose signer was not entitled at its place, by rules that are
    /// written here once more.
    fn check_each_event(&self) {
        for party in &self.parties {
            let folded = self.fold(&party.log);
            let valid: BTreeSet<GroupEventId> =
                folded.valid().map(|event| event.entry.id).collect();
            let mut plain = PlainGroup::default();
            for event in party.log.events() {
                let entitled = plain.allows(self.origin, event);
                assert_eq!(valid.contains(&event.entry.id), entitled, "{event:?}");
                if entitled {
                    plain.apply(event);
                }
            }
        }
    }

    /// Invariant 2: who exchanges updates until neither learns anything new agrees.
    fn check_exchange_converges(&mut self) {
        let honest = self.honest();
        let know: Vec<usize> = honest
            .into_iter()
            .filter(|party| !self.parties[*party].log.events().is_empty())
            .collect();
        for _ in 0..20 {
            let before: Vec<Log> = self.parties.iter().map(|party| party.log.clone()).collect();
            for from in &know {
                for to in &know {
                    self.step(Step::Send {
                        from: *from,
                        to: *to,
                    });
                }
            }
            let logs = self.parties.iter().map(|party| &party.log);
            if logs.eq(&before) {
                let digests: BTreeSet<[u8; 32]> = know
                    .iter()
                    .map(|party| self.fold(&self.parties[*party].log).digest())
                    .collect();
                assert!(digests.len() <= 1, "they agree on nothing more, and differ");
                return;
            }
        }
        panic!("they never stop learning");
    }
}

fn chosen(act: u8, whom: u8) -> Act {
    let whom = usize::from(whom);
    let (one, other) = (KEYS[whom % PARTIES], KEYS[whom / PARTIES % PARTIES]);
    match act {
        0 | 1 => Act::Invite(vec![one]),
        2 => Act::Invite(vec![one, other]),
        3..=5 => Act::Accept,
        6..=8 => Act::Remove(Some(one)),
        9 | 10 => Act::Promote(Some(vec![one])),
        11 => Act::Promote(Some(vec![one, other])),
        12 => Act::Resign(Some(one)),
        _ if whom.is_multiple_of(2) => Act::Rename(format!("name {}", whom % 7)),
        _ => Act::Picture(vec![7; 1 + whom % 3]),
    }
}

#[test]
fn groups_keep_their_invariants_under_any_schedule() {
    let (mut runner, seed) = runner(SCHEDULES);
    let result = runner.run(&schedules(), |schedule| {
        let mut run = Run::new(&schedule);
        for step in &schedule.steps {
            run.step(*step);
        }
        run.check_order_does_not_matter();
        run.check_entitlement();
        run.check_each_event();
        run.check_exchange_converges();
        run.check_order_does_not_matter();
        Ok(())
    });
    assert!(result.is_ok(), "RATCHETD_SEED={seed}: {result:?}");
}

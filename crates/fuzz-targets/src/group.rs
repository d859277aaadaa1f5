//! Updates of groups.

use crypto_core::{GroupRules, IdentityKeyPair, SIGNATURE_BYTES};
use engine::{
    Config,
    groups::{RecordedEvent, Update, sign_recorded},
    model::{GroupId, GroupOutcome},
};

use crate::{Seed, device::Device};

/// Events of one input; what follows is ignored.
const MAX_EVENTS: usize = 64;
/// Before each event: who signs it, how many updates it goes in, and its length.
const EVENT_HEADER_BYTES: usize = 4;

/// The ends of updates, of which each event goes in one or more.
const UPDATES: u8 = 3;

/// The identities that sign: those of the two readers, and a third.
const SIGNERS: [u8; 3] = [1, 2, 3];

/// Reads an input as an update, and as events, which are signed and put into updates that two
/// members read in opposite orders.
///
/// What is refused changes nothing; a second time nothing changes; both members agree at the end,
/// and so does who gets what one of them sends.
pub fn group(input: &[u8]) {
    if let Ok(update) = Update::decode(input) {
        let _ = update.check(&[]);
    }
    let [rules, input @ ..] = input else { return };
    let rules = if rules % 2 == 0 {
        GroupRules::Admins
    } else {
        GroupRules::Members
    };
    let [creator, ..] = SIGNERS.map(pair);
    let Ok(group) = rules.new_group_id(creator.public(), [7; 16]) else {
        return;
    };
    let updates = updates(&group, input);
    let mut one = Device::new(1, "x1-one", Config::default());
    let mut other = Device::new(2, "x1-other", Config::default());
    for update in &updates {
        apply(&mut one, &group, update);
    }
    for update in updates.iter().rev().chain(&updates) {
        apply(&mut other, &group, update);
    }
    // Each may have refused what came before it was invited.
    for update in &updates {
        apply(&mut one, &group, update);
    }
    let [one_says, other_says] = [&one, &other].map(|device| device.group(&group));
    let (Some((digest, Some(sent))), Some((other_digest, _))) = (one_says, other_says) else {
        return;
    };
    assert_eq!(digest, other_digest, "the order of updates matters");
    apply(&mut other, &group, &sent);
    let after = other.group(&group).map(|(digest, _)| digest);
    assert_eq!(after, Some(digest), "what is sent changes who agrees");
}

fn pair(secret: u8) -> IdentityKeyPair {
    IdentityKeyPair::from_secret_bytes(&[secret; 32]).expect("a key")
}

/// The updates with the events of an input.
fn updates(group: &str, mut input: &[u8]) -> Vec<Vec<u8>> {
    let mut updates = vec![Vec::new(); usize::from(UPDATES)];
    for update in &mut updates {
        append_field(update, 1, group.as_bytes());
    }
    for _ in 0..MAX_EVENTS {
        let Some(([signer, into, low, high], rest)) =
            input.split_first_chunk::<EVENT_HEADER_BYTES>()
        else {
            break;
        };
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let (event, rest) = rest.split_at(length.min(rest.len()));
        input = rest;
        let Some(signer) = SIGNERS.iter().cycle().nth(usize::from(*signer)) else {
            break;
        };
        let signature = pair(*signer).sign_group_event(group, event).to_bytes();
        let signed = [signature.as_slice(), event].concat();
        for (number, update) in (0..UPDATES).zip(&mut updates) {
            if into & (1 << number) == 0 {
                append_field(update, 2, &signed);
            }
        }
    }
    updates
}

/// Appends a protobuf field of bytes.
fn append_field(to: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    to.push(number << 3 | 2);
    let mut length = bytes.len();
    while length >= 0x80 {
        to.push((length % 0x80) as u8 | 0x80);
        length /= 0x80;
    }
    to.push(length as u8);
    to.extend_from_slice(bytes);
}

fn apply(device: &mut Device, group: &str, update: &[u8]) {
    let before = device.group(group);
    let applied = device.apply(update);
    let after = device.group(group);
    match applied.outcome {
        GroupOutcome::Refused => assert_eq!(before, after, "a refused update changed a group"),
        _ => assert_eq!(
            applied.group.map(|view| view.digest),
            after.as_ref().map(|(digest, _)| *digest)
        ),
    }
    if applied.outcome == GroupOutcome::Refused {
        return;
    }
    let again = device.apply(update);
    assert_eq!(again.outcome, GroupOutcome::Unchanged);
    assert_eq!(device.group(group), after);
}

impl Device {
    fn apply(&mut self, update: &[u8]) -> engine::model::Applied {
        let update = Update::decode(update).expect("it is small");
        let update = update.check(&[]);
        self.call(|engine, store, env| engine.group_apply(store, env, update, None))
            .expect("a store in memory")
    }

    /// The digest of a group and its update.
    fn group(&self, group: &str) -> Option<([u8; 32], Option<Vec<u8>>)> {
        let group = GroupId::new(group.as_bytes())?;
        let view = self.viewer().group(&self.store, &group);
        let view = view.expect("a store in memory")?;
        Some((view.digest, view.update))
    }
}

/// Lives of groups, from the creation on.
#[must_use]
pub fn group_seeds() -> Vec<Seed> {
    let [one, two, three] = SIGNERS.map(|secret| *pair(secret).public());
    // By signer: type and members.
    type Life = (&'static str, Vec<(u8, i32, Vec<crypto_core::IdentityKey>)>);
    let created = || vec![(0, 1, vec![]), (0, 3, vec![two])];
    let lives: [Life; 4] = [
        ("created", created()),
        ("accepted", [created(), vec![(1, 4, vec![])]].concat()),
        (
            "removed",
            [created(), vec![(0, 5, vec![two]), (0, 3, vec![two, three])]].concat(),
        ),
        (
            "promoted",
            [
                created(),
                vec![(0, 6, vec![two]), (1, 3, vec![three]), (0, 5, vec![one])],
            ]
            .concat(),
        ),
    ];
    let mut seeds = Vec::new();
    for (name, life) in lives {
        for rules in 0..2_u8 {
            let mut seed = vec![rules];
            for (clock, (signer, kind, members)) in (1..).zip(&life) {
                let recorded = RecordedEvent {
                    kind: *kind,
                    clock,
                    members: members.clone(),
                    name: "name".to_owned(),
                    ..RecordedEvent::default()
                };
                let signed = sign_recorded(&pair(1), "", recorded);
                let (signed, _) = signed.expect("an act of ours");
                let event = signed.get(SIGNATURE_BYTES..).expect("a signature");
                let length = u16::try_from(event.len()).expect("a small event");
                let [low, high] = length.to_le_bytes();
                seed.extend([*signer, 0, low, high]);
                seed.extend_from_slice(event);
            }
            seeds.push((format!("{name} under rules {rules}"), seed));
        }
    }
    seeds
}

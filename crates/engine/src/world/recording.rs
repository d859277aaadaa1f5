//! Replays schedules that were recorded from status-go (format `ratchetd-behaviour/1`) with
//! simulated status-go devices, and compares each result with the recorded one.

use serde_json::{Value, json};

use super::{
    SplitMix64,
    mixed_world::{MixedWorld, OpOutcome},
    op::{DeviceIndex, Op},
    participant::ReadOutcome,
    status_go::StatusGo,
};
use crate::model::Mode;

/// The format that a recording must name.
const FORMAT: &str = "ratchetd-behaviour/1";
/// The greatest number of identities in a world, and of devices of an identity.
const MAX_PARTIES: usize = 32;
/// Longest wait, in hours: a century.
const MAX_HOURS: f64 = 24.0 * 36525.0;
const MILLIS_PER_HOUR: f64 = 3.6e6;

/// A text that is not of the format, or a schedule that cannot be run.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct RecordingError(String);

/// The result of replaying one recorded world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The world's name.
    pub world: String,
    /// The number of its operations.
    pub steps: usize,
    /// The operations whose result differs from the recorded one.
    pub differences: Vec<Difference>,
}

/// An operation whose result differs from the recorded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its index in the schedule.
    pub step: usize,
    /// The operation, as JSON.
    pub op: String,
    /// The recorded result, as JSON.
    pub recorded: String,
    /// The result here, as JSON.
    pub found: String,
}

/// Replays every world of a recording.
///
/// # Errors [`RecordingError`], which names the world and the operation, if the text is no
/// recording or an operation is impossible.
pub fn replay_recording(text: &str) -> Result<Vec<Replayed>, RecordingError> {
    let file: Value = serde_json::from_str(text).map_err(|cause| error(&cause.to_string()))?;
    if file["format"] != FORMAT {
        return Err(error(&format!("the format is not {FORMAT}")));
    }
    let worlds = file["worlds"].as_array();
    let worlds = worlds.ok_or_else(|| error("there are no worlds"))?;
    worlds.iter().map(replay).collect()
}

fn error(words: &str) -> RecordingError {
    RecordingError(words.to_owned())
}

fn replay(world: &Value) -> Result<Replayed, RecordingError> {
    let name = world["name"].as_str().unwrap_or("(without a name)");
    let in_world = |words: &str| error(&format!("world {name:?}: {words}"));
    let ops = world["ops"].as_array();
    let ops = ops.ok_or_else(|| in_world("there are no ops"))?;
    let outcomes = world["outcomes"].as_array();
    let outcomes = outcomes.ok_or_else(|| in_world("there are no outcomes"))?;
    if ops.len() != outcomes.len() {
        return Err(in_world("there is not one outcome for each op"));
    }
    let mut mixed_world = mixed_world_of(world).map_err(|words| in_world(&words))?;
    let mut differences = Vec::new();
    for (step, (op, outcome)) in ops.iter().zip(outcomes).enumerate() {
        let outcome_here = op_of(op)
            .and_then(|op| mixed_world.perform(op))
            .map_err(|words| in_world(&format!("step {step}, {op}: {words}")))?;
        let found = ordered(outcome_json(outcome_here));
        let recorded = ordered(outcome.clone());
        if recorded != found {
            differences.push(Difference {
                step,
                op: op.to_string(),
                recorded: recorded.to_string(),
                found: found.to_string(),
            });
        }
    }
    Ok(Replayed {
        world: name.to_owned(),
        steps: ops.len(),
        differences,
    })
}

/// Sorts the targets of each wire message.
fn ordered(mut outcome: Value) -> Value {
    for message in outcome.as_array_mut().into_iter().flatten() {
        if let Some(targets) = message.get_mut(1).and_then(Value::as_array_mut) {
            targets.sort_by_key(ToString::to_string);
        }
    }
    outcome
}

fn op_of(op: &Value) -> Result<Op, String> {
    let fields = op.as_array().map(Vec::as_slice).unwrap_or_default();
    let (kind, fields) = fields.split_first().ok_or("a step is a list")?;
    match (kind.as_str().unwrap_or_default(), fields) {
        ("advance", [hours]) => {
            let hours = hours
                .as_f64()
                .filter(|hours| (0.0..=MAX_HOURS).contains(hours));
            let hours = hours.ok_or("not a number of hours, a century at most")?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "within a century"
            )]
            Ok(Op::Advance((hours * MILLIS_PER_HOUR).round() as u64))
        }
        ("send", [identity, device, to, n]) => Ok(Op::Send {
            from: device_index(identity, device)?,
            to: index(to)?,
            n: number(n)?,
        }),
        ("read", [identity, device, n, confirm]) => Ok(Op::Read {
            at: device_index(identity, device)?,
            n: number(n)?,
            confirm: boolean(confirm)?,
        }),
        ("reinstall", [identity, device, same_id]) => Ok(Op::Reinstall {
            at: device_index(identity, device)?,
            same_id: boolean(same_id)?,
        }),
        ("advance" | "send" | "read" | "reinstall", _) => Err("not its fields".to_owned()),
        _ => Err("no such kind of step".to_owned()),
    }
}

fn number(value: &Value) -> Result<u64, String> {
    value
        .as_u64()
        .ok_or_else(|| format!("{value} is no number"))
}

fn index(value: &Value) -> Result<usize, String> {
    usize::try_from(number(value)?).map_err(|_| format!("{value} is too large"))
}

fn device_index(identity: &Value, device: &Value) -> Result<DeviceIndex, String> {
    Ok((index(identity)?, index(device)?))
}

fn boolean(value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| format!("{value} is neither true nor false"))
}

/// The devices of a recorded world: all simulate status-go.
fn mixed_world_of(world: &Value) -> Result<MixedWorld, String> {
    let paired = boolean(&world["paired"])?;
    let counts = world["devices"].as_array().ok_or("there are no devices")?;
    if counts.len() > MAX_PARTIES {
        return Err("too many identities".to_owned());
    }
    let counts: Vec<usize> = counts.iter().map(index).collect::<Result<_, _>>()?;
    if counts
        .iter()
        .any(|count| !(1..=MAX_PARTIES).contains(count))
    {
        return Err("an identity without devices, or with too many".to_owned());
    }
    Ok(MixedWorld::new(&counts, paired, |(identity, device), _| {
        let secret = [u8::try_from(identity).expect("few identities") + 1; 32];
        let rng = SplitMix64::named(0, &format!("{identity}/{device}"));
        Box::new(StatusGo::new(&secret, rng))
    }))
}

/// The result of an operation in the format of recordings.
fn outcome_json(outcome: OpOutcome) -> Value {
    let target = |(name, mode): (String, Mode)| json!([name, name_of(mode)]);
    match outcome {
        OpOutcome::Nothing => Value::Null,
        OpOutcome::Sent(messages) => messages
            .into_iter()
            .map(|(identity, targets)| {
                json!([
                    identity,
                    targets.into_iter().map(target).collect::<Vec<_>>()
                ])
            })
            .collect(),
        OpOutcome::Read(outcomes) => outcomes.into_iter().map(read_outcome_json).collect(),
    }
}

fn read_outcome_json(outcome: ReadOutcome) -> Value {
    let word = match outcome {
        ReadOutcome::Read(_) => "read",
        ReadOutcome::NotTargeted => "not_targeted",
        ReadOutcome::NoSession => "no_session",
        ReadOutcome::OldChain => "old_chain",
        ReadOutcome::Mac => "mac",
        ReadOutcome::Other(words) => return json!(words),
    };
    json!(word)
}

const fn name_of(mode: Mode) -> &'static str {
    match mode {
        Mode::X3dh => "x3dh",
        Mode::Ratchet => "ratchet",
        Mode::Dh => "dh",
        Mode::Public => "public",
        Mode::Group => "group",
    }
}

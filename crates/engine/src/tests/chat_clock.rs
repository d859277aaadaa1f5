//! The Lamport clocks of chats.

use super::*;
use crate::{
    chat_clock::{ChatTime, ClockError, MAX_CLOCK_LEAD, MAX_CLOCKS, MAX_ENVELOPE_LEAD},
    model::ChatKey,
};

fn next(device: &mut TestDevice, chat: &str) -> u64 {
    let now = device.now;
    let time = device
        .transact(|engine, store, env| engine.next_clock(store, env, chat))
        .unwrap();
    assert_eq!(time.at, now);
    time.clock
}

fn observe(
    device: &mut TestDevice,
    chat: &str,
    clock: u64,
    envelope_at: UnixMillis,
) -> Result<ChatTime, ClockError> {
    device.transact(|engine, store, env| engine.observe_clock(store, env, chat, clock, envelope_at))
}

#[test]
fn a_clock_is_the_time_of_day_and_never_the_same_twice() {
    let mut alice = TestDevice::new(1, "alice");
    let now = alice.now.0;
    assert_eq!(
        [next(&mut alice, "c"), next(&mut alice, "c")],
        [now, now + 1]
    );
    assert_eq!(next(&mut alice, "another"), now, "each chat has its own");
    alice.later(1);
    assert_eq!(next(&mut alice, "c"), now + 2, "equal counts as not less");
    alice.later(10);
    assert_eq!(next(&mut alice, "c"), now + 11);
    // A wall clock that is set back a little does not set the chat back.
    alice.now = BEGINNING;
    assert_eq!(next(&mut alice, "c"), now + 12);
}

#[test]
fn observed_clocks_count_and_uncommitted_ones_do_not() {
    let mut alice = TestDevice::new(1, "alice");
    let now = alice.now;
    let seen = observe(&mut alice, "c", now.0 + 500, now).unwrap();
    assert_eq!(seen.clock, now.0 + 500);
    assert_eq!(observe(&mut alice, "c", 7, now).unwrap().clock, now.0 + 500);
    assert_eq!(next(&mut alice, "c"), now.0 + 501);
    alice.store.begin().unwrap();
    alice
        .store
        .put_chat_clock(&ChatKey::of("c"), u64::MAX >> 1)
        .unwrap();
    alice.store.crash();
    assert_eq!(next(&mut alice, "c"), now.0 + 502);
}

#[test]
fn no_message_advances_the_clock_of_a_chat_beyond_its_bound() {
    let mut alice = TestDevice::new(1, "alice");
    let now = alice.now;
    let lead = u64::try_from(MAX_CLOCK_LEAD.as_millis()).unwrap();
    assert_eq!(observe(&mut alice, "c", 0, now), Err(ClockError::Zero));
    let ahead = observe(&mut alice, "c", now.0 + lead + 1, now);
    assert_eq!(ahead, Err(ClockError::Ahead));
    // The bound is the envelope's time: an old envelope cannot carry a newer clock.
    let old = UnixMillis(now.0 - 10 * lead);
    assert_eq!(observe(&mut alice, "c", now.0, old), Err(ClockError::Ahead));
    // The relay's choice of that time is bounded as well.
    let far = UnixMillis(now.after(MAX_ENVELOPE_LEAD).0 + 1);
    assert_eq!(
        observe(&mut alice, "c", 7, far),
        Err(ClockError::EnvelopeAhead)
    );
    for absurd in [u64::MAX, 1 << 62] {
        let refused = observe(&mut alice, "c", absurd, UnixMillis(absurd));
        assert_eq!(refused, Err(ClockError::EnvelopeAhead));
    }
    assert_eq!(
        alice.store.chat_clock_count().unwrap(),
        0,
        "nothing is noted"
    );
    assert!(observe(&mut alice, "c", now.0 + lead, now).is_ok());
    // At the bound the clock waits for the time: none is above it, and those of a later millisecond
    // differ.
    assert_eq!(
        [next(&mut alice, "c"), next(&mut alice, "c")],
        [now.0 + lead; 2]
    );
    alice.later(1);
    assert_eq!(next(&mut alice, "c"), now.0 + lead + 1);
    alice.later(2);
    assert_eq!(
        [next(&mut alice, "c"), next(&mut alice, "c")],
        [now.0 + lead + 2, now.0 + lead + 3]
    );
}

#[test]
fn a_clock_of_an_envelope_dated_ahead_does_not_advance_the_chat_beyond_its_bound() {
    let mut alice = TestDevice::new(1, "alice");
    let now = alice.now;
    let lead = u64::try_from(MAX_CLOCK_LEAD.as_millis()).unwrap();
    let ahead = now.after(MAX_ENVELOPE_LEAD);
    let seen = observe(&mut alice, "c", ahead.0 + lead, ahead).unwrap();
    assert_eq!(seen.clock, now.0 + lead);
    assert_eq!(next(&mut alice, "c"), now.0 + lead);
}

#[test]
fn a_stored_clock_beyond_the_bound_starts_again_from_now() {
    let mut alice = TestDevice::new(1, "alice");
    let honest = alice.now;
    // The machine's clock is a year ahead for a while.
    alice.now = UnixMillis(honest.0 + 365 * DAY);
    assert_eq!(next(&mut alice, "sent"), alice.now.0);
    assert_eq!(next(&mut alice, "seen"), alice.now.0);
    alice.now = honest;
    assert_eq!(
        [next(&mut alice, "sent"), next(&mut alice, "sent")],
        [honest.0, honest.0 + 1]
    );
    let older = honest.0 - HOUR;
    let seen = observe(&mut alice, "seen", older, UnixMillis(older)).unwrap();
    assert_eq!(seen.clock, older, "the stored one counts as none");
    assert_eq!(next(&mut alice, "seen"), honest.0);
    // One that is not beyond it stays.
    let lead = u64::try_from(MAX_CLOCK_LEAD.as_millis()).unwrap();
    alice.now = UnixMillis(honest.0 + lead);
    assert_eq!(next(&mut alice, "near"), honest.0 + lead);
    alice.now = honest;
    assert_eq!(next(&mut alice, "near"), honest.0 + lead);
}

#[test]
fn chats_beyond_the_limit_share_a_clock_that_still_only_rises() {
    let mut alice = TestDevice::new(1, "alice");
    alice.store.begin().unwrap();
    for number in 0..MAX_CLOCKS {
        let chat = ChatKey::of(&number.to_string());
        alice.store.put_chat_clock(&chat, 1).unwrap();
    }
    alice.store.commit().unwrap();
    let now = alice.now.0;
    assert_eq!(next(&mut alice, "one more"), now);
    assert_eq!(next(&mut alice, "another"), now + 1);
    assert_eq!(next(&mut alice, "one more"), now + 2);
    assert_eq!(next(&mut alice, "7"), now, "those before keep theirs");
    assert_eq!(alice.store.chat_clock_count().unwrap(), MAX_CLOCKS + 1);
}

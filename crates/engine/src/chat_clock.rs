//! The Lamport clocks of chats, which give the messages of a chat one order for all members.
//!
//! The clock of a chat is the highest that was sent or received in it, in milliseconds since the
//! Unix epoch as long as no member is ahead of our time. It is limited to a little above our time,
//! because a clock that is ahead would stay ahead for everybody.

use std::time::Duration;

use crate::{
    engine::Engine,
    model::{ChatKey, Env, StoreError, UnixMillis},
    store::Store,
};

/// How far the clock of a message may be above the time of its envelope, and the clock of a chat
/// above our time. Without a limit anybody could push a chat away from the time of day.
pub const MAX_CLOCK_LEAD: Duration = Duration::from_secs(120);
/// How far the time of an envelope, which a relay can set, may be ahead of our clock; as with
/// bundles (protocol §3).
pub const MAX_ENVELOPE_LEAD: Duration = Duration::from_secs(24 * 60 * 60);
/// Chats with a clock of their own, about 5 MiB. All others share one, which is at least as high as
/// each of theirs would be.
pub const MAX_CLOCKS: u64 = 100_000;

/// The clock of a chat, and the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatTime {
    /// The highest clock of the chat by now.
    pub clock: u64,
    /// Now.
    pub at: UnixMillis,
}

/// Why a received clock is refused.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ClockError {
    /// No message has the clock 0.
    #[error("the clock is 0")]
    Zero,
    /// It is further above the time of its envelope than [`MAX_CLOCK_LEAD`].
    #[error("the clock is more than 120 seconds above the envelope's time")]
    Ahead,
    /// The envelope is dated further ahead of our clock than [`MAX_ENVELOPE_LEAD`].
    #[error("the envelope's time is more than a day ahead of this machine's clock")]
    EnvelopeAhead,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// The clock and the time for a message to send in `chat`. The clock is now, or one above the
    /// highest clock of the chat, and at most [`MAX_CLOCK_LEAD`] above now. Each message gets
    /// another clock, except at that limit, where messages of one millisecond share one.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn next_clock(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        chat: &str,
    ) -> Result<ChatTime, StoreError> {
        let (chat, last) = load(store, chat, env.now)?;
        let clock = highest_clock(env.now).min(env.now.0.max(last.saturating_add(1)));
        store.put_chat_clock(&chat, clock)?;
        Ok(ChatTime { clock, at: env.now })
    }

    /// Records the clock of a message that was received in `chat`, in an envelope of the time
    /// `envelope_at`. The clock of the chat is not raised further than [`MAX_CLOCK_LEAD`] above
    /// now.
    ///
    /// # Errors
    /// [`ClockError`]; then nothing is recorded, and the message must not be shown.
    pub fn observe_clock(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        chat: &str,
        clock: u64,
        envelope_at: UnixMillis,
    ) -> Result<ChatTime, ClockError> {
        if clock == 0 {
            return Err(ClockError::Zero);
        }
        if envelope_at > env.now.after(MAX_ENVELOPE_LEAD) {
            return Err(ClockError::EnvelopeAhead);
        }
        if clock > envelope_at.after(MAX_CLOCK_LEAD).0 {
            return Err(ClockError::Ahead);
        }
        let (chat, last) = load(store, chat, env.now)?;
        let clock = highest_clock(env.now).min(clock);
        if clock > last {
            store.put_chat_clock(&chat, clock)?;
        }
        let clock = clock.max(last);
        Ok(ChatTime { clock, at: env.now })
    }
}

/// The highest clock that a chat may have at `now`.
#[must_use]
pub fn highest_clock(now: UnixMillis) -> u64 {
    now.after(MAX_CLOCK_LEAD).0
}

/// The key under which the clock of a chat is kept, and the clock. A clock above the limit was
/// written when our time was ahead, and counts as 0: the chat starts again from now.
fn load(store: &dyn Store, chat: &str, now: UnixMillis) -> Result<(ChatKey, u64), StoreError> {
    let own = ChatKey::of(chat);
    let believed = |last: u64| if last > highest_clock(now) { 0 } else { last };
    if let Some(last) = store.chat_clock(&own)? {
        return Ok((own, believed(last)));
    }
    // Once there is a shared clock, no further chat gets its own.
    if let Some(last) = store.chat_clock(&ChatKey::OTHERS)? {
        return Ok((ChatKey::OTHERS, believed(last)));
    }
    let full = store.chat_clock_count()? >= MAX_CLOCKS;
    Ok((if full { ChatKey::OTHERS } else { own }, 0))
}

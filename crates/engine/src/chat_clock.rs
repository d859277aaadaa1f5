//! The Lamport clocks of chats: what puts the messages of a chat into one order for all who take
//! part.
//!
//! A chat's clock is the highest that was sent or seen in it, but never far above our own time:
//! what lies ahead of that would stay ahead for all who see it. It is milliseconds for as long as
//! nobody is ahead of us.

use std::time::Duration;

use crate::{
    engine::Engine,
    model::{ChatKey, Env, StoreError, UnixMillis},
    store::Store,
};

/// How far a message's clock may be above the time of its envelope, and the clock of a chat above
/// our own time: what is further would be a way to push a chat away from the time of day.
pub const MAX_CLOCK_LEAD: Duration = Duration::from_secs(120);
/// How far an envelope's time may be ahead of our clock, as with bundles (protocol §3): whoever
/// relays an envelope says when.
pub const MAX_ENVELOPE_LEAD: Duration = Duration::from_secs(24 * 60 * 60);
/// Chats with a clock of their own, some 5 MiB of them. All others share one, which is right for
/// each: it is at least as high.
pub const MAX_CLOCKS: u64 = 100_000;

/// A chat's clock and the time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatTime {
    /// The highest clock of the chat by now.
    pub clock: u64,
    /// Now.
    pub at: UnixMillis,
}

/// Why a received clock is not taken.
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
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// The clock and the time for a message that is about to be sent in `chat`: now, or one more
    /// than the highest clock there, and at most [`MAX_CLOCK_LEAD`] above now. Below that no two
    /// messages get the same; once a chat has come to it, those of one millisecond do.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn next_clock(
        &mut self,
        store: &mut dyn Store,
        env: &Env<'_>,
        chat: &str,
    ) -> Result<ChatTime, StoreError> {
        let (chat, last) = place(store, chat, env.now)?;
        let clock = highest_clock(env.now).min(env.now.0.max(last.saturating_add(1)));
        store.put_chat_clock(&chat, clock)?;
        Ok(ChatTime { clock, at: env.now })
    }

    /// Takes note of the clock of a message that was received in `chat`, in an envelope of the time
    /// `envelope_at`. The chat's own clock is not raised further than [`MAX_CLOCK_LEAD`] above now.
    ///
    /// # Errors
    /// [`ClockError`]; nothing is noted then, and the message is not to be shown.
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
        let (chat, last) = place(store, chat, env.now)?;
        let clock = highest_clock(env.now).min(clock);
        if clock > last {
            store.put_chat_clock(&chat, clock)?;
        }
        let clock = clock.max(last);
        Ok(ChatTime { clock, at: env.now })
    }
}

/// The highest clock that a chat may have.
#[must_use]
pub fn highest_clock(now: UnixMillis) -> u64 {
    now.after(MAX_CLOCK_LEAD).0
}

/// Where the clock of a chat is kept, and how high it is. One beyond what a chat may have counts as
/// none: our time was ahead when it was written, and the chat starts again from now.
fn place(store: &dyn Store, chat: &str, now: UnixMillis) -> Result<(ChatKey, u64), StoreError> {
    let own = ChatKey::of(chat);
    let believed = |last: u64| if last > highest_clock(now) { 0 } else { last };
    if let Some(last) = store.chat_clock(&own)? {
        return Ok((own, believed(last)));
    }
    // Once there is a shared one, there is no room for more of their own.
    if let Some(last) = store.chat_clock(&ChatKey::OTHERS)? {
        return Ok((ChatKey::OTHERS, believed(last)));
    }
    let full = store.chat_clock_count()? >= MAX_CLOCKS;
    Ok((if full { ChatKey::OTHERS } else { own }, 0))
}

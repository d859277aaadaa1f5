//! The methods of the clocks of chats.

use rpc::{methods, types::ChatClock};

use super::{OnAccount, Result};

pub(super) fn clock_next(
    on: OnAccount<'_, '_>,
    params: methods::ClockNextParams,
) -> Result<ChatClock> {
    let time = on.engine.next_clock(on.store, on.env, &params.chat.0)?;
    Ok(time.into())
}

pub(super) fn clock_observe(
    on: OnAccount<'_, '_>,
    params: methods::ClockObserveParams,
) -> Result<ChatClock> {
    let (chat, clock, at) = (&params.chat.0, params.clock.0, params.envelope_at);
    let time = on.engine.observe_clock(on.store, on.env, chat, clock, at)?;
    Ok(time.into())
}

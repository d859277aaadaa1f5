//! The methods of the clocks of chats.

use std::sync::Arc;

use rpc::{methods, types::ChatClock};

use super::{Daemon, Result};

pub(super) async fn clock_next(
    daemon: Arc<Daemon>,
    params: methods::ClockNextParams,
) -> Result<ChatClock> {
    let account = daemon.account(params.account.as_ref())?;
    account
        .worker
        .call(move |engine, store, env| Ok(engine.next_clock(store, env, &params.chat.0)?.into()))
        .await
}

pub(super) async fn clock_observe(
    daemon: Arc<Daemon>,
    params: methods::ClockObserveParams,
) -> Result<ChatClock> {
    let account = daemon.account(params.account.as_ref())?;
    account
        .worker
        .call(move |engine, store, env| {
            let (clock, at) = (params.clock.0, params.envelope_at);
            let time = engine.observe_clock(store, env, &params.chat.0, clock, at)?;
            Ok(time.into())
        })
        .await
}

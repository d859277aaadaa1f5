//! When the next sweep of an account is due, so that an account that rests is opened for it only
//! then (protocol §7).

use std::time::Duration;

use crate::{
    engine::{Engine, settled_time::FOLLOWED_AT_ONCE},
    model::{
        Env, REQUEST_ID_LIFETIME, RunningTime, SWEEP_INTERVAL, StoreError, SweepDates, Timekeeping,
        UnixMillis, time::RunningClock,
    },
    store::StoreRead,
};

/// The keys of unconfirmed messages and stored answers go when they are older than their limit.
const JUST_OVER: Duration = Duration::from_millis(1);

impl Engine {
    /// How long it is until [`Self::sweep`] has something to do on this store, in whole
    /// milliseconds: zero if there is something now, and never more than the age at which the
    /// prekey is replaced. A sweep before that time would change nothing but the clocks of the
    /// store.
    ///
    /// It is [`SWEEP_INTERVAL`] after the last sweep at the latest if that one agreed with no
    /// earlier one of this process about the time, or if something is due by the wall clock that
    /// only sweeps that agree may do; and [`SWEEP_INTERVAL`] from now if this process has not swept
    /// the store yet. So the settled time goes on as if every account were swept each hour
    /// (protocol §7, time).
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn next_sweep(
        &mut self,
        store: &dyn StoreRead,
        env: &Env<'_>,
    ) -> Result<Duration, StoreError> {
        let clock = self.running_clock(store, env)?;
        let (dates, kept) = (store.sweep_dates(&self.me())?, store.timekeeping()?);
        let Some(bundle) = self.standing_bundle(store, env.now)? else {
            return Ok(Duration::ZERO);
        };
        if dates.expiry_unrecorded {
            return Ok(Duration::ZERO);
        }
        let running = clock.read(env.running);
        let due = |at: UnixMillis| at.since(env.now);
        let due_by_running = |at: RunningTime| at.after(JUST_OVER).since(running);
        let next = [
            Some(due(bundle
                .prekey_created_at
                .after(self.config.prekey_rotation))),
            dates
                .first_omission
                .map(|since| due(since.after(self.config.stale_after))),
            dates
                .first_unconfirmed
                .map(|at| due_by_running(at.after(self.config.unconfirmed_keys))),
            dates
                .first_answer
                .map(|at| due_by_running(at.after(REQUEST_ID_LIFETIME))),
            self.agreeing_sweep(env, clock, kept, &dates),
            self.repeated_sweep(env, clock, kept, &dates),
        ];
        let cap = self.config.prekey_rotation;
        Ok(next.into_iter().flatten().fold(cap, Duration::min))
    }

    /// How long it is until a sweep would agree with one that was made already, and erase something
    /// or date it anew; `None` if no such time is known.
    fn agreeing_sweep(
        &self,
        env: &Env<'_>,
        clock: RunningClock,
        kept: Timekeeping,
        dates: &SweepDates,
    ) -> Option<Duration> {
        let erase_after = self.config.erase_after;
        let does_something = |after: &Duration| {
            let (running, now) = (env.running.saturating_add(*after), env.now.after(*after));
            self.sweeps.agreed(running, now).is_some_and(|agreed| {
                let kept = kept.at_sweep(clock.read(running), now, Some(agreed), erase_after);
                let cutoff = kept.settled.before(erase_after);
                dates.first_end.is_some_and(|end| end <= cutoff)
                    || dates.last_end > Some(agreed.ahead.max(kept.settled))
            })
        };
        // As time passes, the answer changes at these moments only.
        let (running, steady) = (
            clock.read(env.running),
            kept.steady(clock.read(env.running)),
        );
        let mut moments = vec![Duration::ZERO];
        for (comparable_in, then) in self.sweeps.comparable_in(env.running) {
            let followed_at = then.before(FOLLOWED_AT_ONCE);
            moments.extend([whole_millis(comparable_in), followed_at.since(steady)]);
        }
        if let Some(end) = dates.first_end {
            let at = end.after(erase_after);
            moments.extend([at.since(steady), at.since(env.now)]);
        }
        if let Some(since) = kept.ahead_since {
            moments.push(since.after(erase_after).since(running));
        }
        moments.sort_unstable();
        moments.into_iter().find(does_something)
    }

    /// How long it is until the sweep is due that the last one needs to be confirmed, or that may
    /// erase or date anew what waits for it; `None` if it needs none.
    fn repeated_sweep(
        &self,
        env: &Env<'_>,
        clock: RunningClock,
        kept: Timekeeping,
        dates: &SweepDates,
    ) -> Option<Duration> {
        let latest = env.now.max(kept.steady(clock.read(env.running)));
        let has_ended = |end: UnixMillis| end.after(self.config.erase_after) <= latest;
        let is_needed = !self.sweeps.is_confirmed()
            || dates.first_end.is_some_and(has_ended)
            || dates.last_end > Some(latest);
        let last = self.sweeps.comparable_in(env.running).last();
        is_needed.then(|| {
            last.map_or(SWEEP_INTERVAL, |(comparable_in, _)| {
                whole_millis(comparable_in)
            })
        })
    }
}

/// A span rounded up to whole milliseconds, so that it has passed at a time in milliseconds.
fn whole_millis(span: Duration) -> Duration {
    let rounded = span.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(rounded).unwrap_or(u64::MAX))
}

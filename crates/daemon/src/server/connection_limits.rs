//! Places among the connections of a listener: for those that may call, and on TCP others for those
//! that have not shown the token. Nobody without it can keep out who has it.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Connections on TCP that have shown no token, at most. Past that the one that came first gives
/// way to the next, so that whoever has the token is not kept out unless as many others connect
/// between its connect and the head of its request. Each may hold the head of one request (64 KiB):
/// 16 MiB together.
const MAX_STRANGERS: usize = 256;

/// Places for connections that may call.
#[derive(Clone, Debug)]
pub(super) struct Callers(Arc<Semaphore>);

impl Callers {
    pub(super) fn new(places: u32) -> Self {
        let places = usize::try_from(places).unwrap_or(usize::MAX);
        Self(Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))))
    }

    /// A place for a connection that may call from the start, if one is free.
    pub(super) fn place(&self) -> Option<Place> {
        let place = Arc::clone(&self.0).try_acquire_owned().ok()?;
        Some(self.holding(Held::Caller(place)))
    }

    fn holding(&self, held: Held) -> Place {
        Place {
            held: Mutex::new(held),
            callers: self.clone(),
        }
    }
}

/// The connections that have shown no token.
#[derive(Debug)]
pub(super) struct Strangers {
    places: Arc<Semaphore>,
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    /// How many there have been: their numbers go up.
    last: u64,
    /// How to tell each that it has to go.
    each: BTreeMap<u64, watch::Sender<bool>>,
}

/// A stranger that has come in.
pub(super) struct Entered {
    pub(super) place: Place,
    pub(super) has_to_go: HasToGo,
    /// Whether another one had to go for it.
    pub(super) for_another: bool,
}

/// How a connection hears that it has to go for another.
#[derive(Clone, Debug)]
pub(super) struct HasToGo(watch::Receiver<bool>);

impl HasToGo {
    /// For a connection that never has to.
    pub(super) fn never() -> Self {
        Self(watch::channel(false).1)
    }

    /// Waits until it has to go: for ever, if it never will.
    pub(super) async fn told(&mut self) {
        if self.0.wait_for(|told| *told).await.is_err() {
            pending().await
        }
    }
}

impl Strangers {
    pub(super) fn new() -> Arc<Self> {
        Self::up_to(MAX_STRANGERS)
    }

    fn up_to(places: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(places)),
            present: Mutex::default(),
        })
    }

    /// Nothing under the lock can panic half way.
    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in, when the one that has to go for it has gone, if one has to. None at
    /// the daemon's end.
    pub(super) async fn enter(self: &Arc<Self>, callers: &Callers) -> Option<Entered> {
        let places = Arc::clone(&self.places);
        let (permit, for_another) = match Arc::clone(&places).try_acquire_owned() {
            Ok(permit) => (permit, false),
            Err(_) => {
                let first = self.present().each.pop_first();
                let for_another = first.is_some_and(|(_, tell)| tell.send(true).is_ok());
                (places.acquire_owned().await.ok()?, for_another)
            }
        };
        let (tell, has_to_go) = watch::channel(false);
        let mut present = self.present();
        present.last = present.last.wrapping_add(1);
        let number = present.last;
        present.each.insert(number, tell);
        drop(present);
        let stranger = Stranger {
            number,
            among: Arc::clone(self),
            _permit: permit,
        };
        Some(Entered {
            place: callers.holding(Held::Stranger(stranger)),
            has_to_go: HasToGo(has_to_go),
            for_another,
        })
    }
}

/// One of them.
#[derive(Debug)]
struct Stranger {
    number: u64,
    among: Arc<Strangers>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.among.present().each.remove(&self.number);
    }
}

/// A connection's place, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    held: Mutex<Held>,
    callers: Callers,
}

#[derive(Debug)]
enum Held {
    Caller(
        #[expect(dead_code, reason = "held as long as the connection is open")]
        OwnedSemaphorePermit,
    ),
    Stranger(#[expect(dead_code, reason = "held as long as the connection is open")] Stranger),
}

impl Place {
    /// The connection has shown that it may call: from now on it has one of the callers' places.
    /// Whether there is one.
    pub(super) fn may_call(&self) -> bool {
        let mut held = self.held();
        if matches!(*held, Held::Caller(_)) {
            return true;
        }
        let Ok(place) = Arc::clone(&self.callers.0).try_acquire_owned() else {
            return false;
        };
        *held = Held::Caller(place);
        true
    }

    /// Whether it has not shown that yet.
    pub(super) fn is_strangers(&self) -> bool {
        matches!(*self.held(), Held::Stranger(_))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_stranger_that_came_first_gives_way_and_who_may_call_does_not() {
        let (callers, strangers) = (Callers::new(1), Strangers::up_to(2));
        let first = strangers.enter(&callers).await.unwrap();
        let second = strangers.enter(&callers).await.unwrap();
        assert!(first.place.may_call() && !first.place.is_strangers());
        assert!(!second.place.may_call(), "the only place is taken");
        // The first has a place of another kind now.
        let third = strangers.enter(&callers).await.unwrap();
        assert!(!third.for_another);
        let Entered {
            place,
            mut has_to_go,
            ..
        } = second;
        let leaving = tokio::spawn(async move {
            has_to_go.told().await;
            drop(place);
        });
        let fourth = strangers.enter(&callers).await.unwrap();
        assert!(fourth.for_another);
        leaving.await.unwrap();
        assert!(
            first.has_to_go.0.has_changed().is_err(),
            "it never has to go"
        );
        assert!(first.place.may_call());
        assert!(third.place.is_strangers() && fourth.place.is_strangers());
        drop((first.place, third, fourth));
        assert!(callers.place().is_some());
        assert!(strangers.present().each.is_empty());
        assert_eq!(strangers.places.available_permits(), 2);
    }
}

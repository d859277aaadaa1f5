//! Bounds the bytes of requests, and of answers not yet written, that are held at the same time.
//!
//! A request counts with the length of its text, from before the text is read until the call is
//! answered, although only the parameters are kept in between. An answer counts from when it is
//! made until it is written.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of all requests and answers: some messages of the largest size (4 MiB, as hex 8 MiB) for
/// each of a few accounts, or a hundred thousand usual ones. A daemon may need so much beside its
/// accounts, so it has to fit into a small machine.
pub const MAX_BYTES: usize = 128 << 20;
/// Bytes of the requests that wait for one account: half of all, so that there is room for the
/// others.
pub const MAX_ACCOUNT_BYTES: usize = MAX_BYTES / 2;

/// A number of bytes, of which parts are taken and given back.
#[derive(Clone, Debug)]
pub struct Budget(pub(crate) Arc<Semaphore>);

impl Budget {
    /// A budget of which nothing is taken.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// Room for nothing yet.
    pub(crate) fn room(&self) -> Room {
        Room {
            budget: self.clone(),
            bytes: 0,
        }
    }

    /// Room for so many bytes, if there is as much.
    pub(crate) fn take(&self, bytes: usize) -> Option<Room> {
        let mut room = self.room();
        room.resize(bytes).then_some(room)
    }

    /// As much room for so many bytes as there is, for bytes that are there already and cannot be
    /// refused.
    pub(crate) fn owe(&self, bytes: usize) -> Room {
        Room {
            budget: self.clone(),
            bytes: self.0.forget_permits(bytes),
        }
    }
}

/// A part of a budget, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    budget: Budget,
    bytes: usize,
}

impl Room {
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Changes its size, if there is as much room; otherwise it stays as it is.
    pub(crate) fn resize(&mut self, bytes: usize) -> bool {
        if let Some(less) = self.bytes.checked_sub(bytes) {
            self.budget.0.add_permits(less);
        } else {
            let more = u32::try_from(bytes.saturating_sub(self.bytes));
            let Ok(more) = more.map(|more| self.budget.0.try_acquire_many(more)) else {
                return false;
            };
            let Ok(more) = more else { return false };
            more.forget();
        }
        self.bytes = bytes;
        true
    }

    /// Adds bytes that were waited for.
    pub(crate) fn add(&mut self, found: OwnedSemaphorePermit) {
        self.bytes = self.bytes.saturating_add(found.num_permits());
        found.forget();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.budget.0.add_permits(self.bytes);
    }
}

/// The request that a call comes from.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Bytes of its parameters.
    pub(crate) bytes: usize,
    /// The room of the text that contains it.
    pub(crate) room: Arc<Room>,
}

tokio::task_local! {
    static REQUEST: Request;
}

impl Request {
    /// The request whose call runs in this task, if one does.
    pub(crate) fn here() -> Option<Self> {
        REQUEST.try_with(Self::clone).ok()
    }

    /// Runs `call` as a call of this request.
    pub(crate) async fn run<F: Future>(self, call: F) -> F::Output {
        REQUEST.scope(self, call).await
    }
}

/// Text that gives its room back once it is written.
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) room: Room,
}

impl AsRef<[u8]> for Written {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_up_to_the_budget_and_given_back() {
        let budget = Budget::new(10);
        let mut room = budget.take(6).unwrap();
        assert!(budget.take(5).is_none());
        assert!(!room.resize(11));
        assert_eq!(room.bytes(), 6);
        assert!(room.resize(10) && room.resize(3));
        let owed = budget.owe(8);
        assert_eq!(owed.bytes(), 7, "no more than there is");
        assert!(budget.take(1).is_none());
        drop((room, owed));
        assert!(budget.take(10).is_some());
        assert!(budget.take(usize::MAX).is_none());
    }
}

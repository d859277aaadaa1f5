//! Calls that go on when their clients have gone.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

/// A call that runs in the task of its connection, and in one of its own from the moment that
/// nobody waits for it any more: what it has begun comes to its end, and is counted.
pub(super) struct DetachOnDrop<F: Future<Output: Send> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: Send> + Send + 'static> DetachOnDrop<F> {
    pub(super) fn new(call: F) -> Self {
        Self(Some(Box::pin(call)))
    }
}

/// The call panicked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Panicked;

impl<F: Future<Output: Send> + Send + 'static> Future for DetachOnDrop<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(call) = &mut self.0 else {
            return Poll::Ready(Err(Panicked));
        };
        // Whatever the call held is gone with it, and what it shares with others stands behind
        // locks and channels.
        let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)));
        let ended = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(_) => Err(Panicked),
        };
        self.0 = None;
        Poll::Ready(ended)
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for DetachOnDrop<F> {
    fn drop(&mut self) {
        // Without a runtime the daemon is at its end.
        if let (Some(call), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_call_that_nobody_waits_for_goes_on_to_its_end() {
        let (begin, begun) = oneshot::channel::<()>();
        let (proceed, may_proceed) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel::<()>();
        let mut call = DetachOnDrop::new(async move {
            begin.send(()).unwrap();
            may_proceed.await.unwrap();
            end.send(()).unwrap();
        });
        tokio::select! {
            biased;
            _ = &mut call => unreachable!("it waits"),
            _ = begun => {}
        }
        drop(call);
        proceed.send(()).unwrap();
        ended.await.unwrap();
    }

    #[tokio::test]
    async fn a_call_that_panics_says_so() {
        let call = DetachOnDrop::new(async { panic!("on purpose") });
        let ended: Result<(), Panicked> = call.await;
        assert_eq!(ended, Err(Panicked));
    }
}

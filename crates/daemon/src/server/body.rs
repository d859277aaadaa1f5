//! Reading a request's body: whole, within a size, a time, and the room that there is.

use std::{pin::pin, time::Duration};

use axum::body::{Bytes, HttpBody as Body};
use http_body_util::BodyExt as _;

use super::errors::Refusal;
use crate::ops::budget::{Budget, Room};

/// Reads a body of at most `limit` bytes, into room that is taken before what it says of its
/// length is read, and before each piece that is over that is kept.
///
/// # Errors
/// [`Refusal`] if it is larger, as it says or as it turns out, if there is no room for it, if it
/// takes longer than `timeout`, or if it breaks off. The rest of it is not read here: the
/// connection hears its client out.
pub(super) async fn whole<B: Body<Data = Bytes>>(
    body: B,
    limit: usize,
    timeout: Duration,
    budget: &Budget,
) -> Result<(Bytes, Room), Refusal> {
    let said = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if said > limit {
        return Err(Refusal::TooLarge);
    }
    let mut room = budget.take(said).ok_or(Refusal::Busy)?;
    let reading = async move {
        let mut text = Vec::with_capacity(said);
        let mut body = pin!(body);
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(|_| Refusal::BrokenOff)?.into_data() else {
                continue;
            };
            let length = text.len().saturating_add(piece.len());
            if length > limit {
                return Err(Refusal::TooLarge);
            }
            if length > room.bytes() && !room.resize(length) {
                return Err(Refusal::Busy);
            }
            text.extend_from_slice(&piece);
        }
        Ok((text.into(), room))
    };
    let read = tokio::time::timeout(timeout, reading).await;
    read.unwrap_or(Err(Refusal::Slow))
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit_and_no_further() {
        let read = |bytes: usize| {
            let body = Full::new(Bytes::from(vec![b'x'; bytes]));
            async {
                whole(body, 10, Duration::MAX, &Budget::new(100))
                    .await
                    .map(|(body, _)| body)
            }
        };
        assert_eq!(read(10).await.map(|body| body.len()), Ok(10));
        assert_eq!(read(11).await, Err(Refusal::TooLarge));
    }

    /// A body that says nothing of its length, and has so many pieces of five bytes.
    struct Pieces(usize);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            let left = self.0.checked_sub(1);
            self.0 = left.unwrap_or(0);
            let piece = left.map(|_| Ok(hyper::body::Frame::data(Bytes::from_static(b"12345"))));
            std::task::Poll::Ready(piece)
        }
    }

    #[tokio::test]
    async fn a_body_is_read_into_the_room_that_there_is_and_no_further() {
        let budget = Budget::new(20);
        let said = |bytes: usize| Full::new(Bytes::from(vec![b'x'; bytes]));
        let (_, room) = whole(said(9), 100, Duration::MAX, &budget).await.unwrap();
        let refused = whole(said(12), 100, Duration::MAX, &budget).await;
        assert_eq!(refused.unwrap_err(), Refusal::Busy);
        // One that says nothing of its length takes room piece by piece.
        let (body, other) = whole(Pieces(2), 100, Duration::MAX, &budget).await.unwrap();
        assert_eq!((body.len(), other.bytes()), (10, 10));
        let refused = whole(Pieces(1), 100, Duration::MAX, &budget).await;
        assert_eq!(refused.unwrap_err(), Refusal::Busy);
        drop((room, other));
        assert!(
            budget.take(20).is_some(),
            "what was refused left nothing behind"
        );
    }

    /// A client that sends nothing and does not go away.
    struct Silent;

    impl Body for Silent {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_body_that_never_comes_is_given_up() {
        let read = whole(Silent, 10, Duration::ZERO, &Budget::new(100)).await;
        assert_eq!(read.unwrap_err(), Refusal::Slow);
    }
}

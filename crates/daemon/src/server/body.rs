//! Reading a request's body: whole, within a size and a time.

use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};

use super::errors::Refusal;

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// [`Refusal`] if it is larger, as it says or as it turns out, if it takes longer than `timeout`, or if it breaks off.
pub(super) async fn whole<B>(body: B, limit: usize, timeout: Duration) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::TooLarge);
    }
    let body = Limited::new(body, limit).collect();
    match tokio::time::timeout(timeout, body).await {
        Err(_) => Err(Refusal::Slow),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Ok(Err(_)) => Err(Refusal::BrokenOff),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit_and_no_further() {
        let read = |bytes: usize| {
            let body = Full::new(Bytes::from(vec![b'x'; bytes]));
            whole(body, 10, Duration::MAX)
        };
        assert_eq!(read(10).await.map(|body| body.len()), Ok(10));
        assert_eq!(read(11).await, Err(Refusal::TooLarge));
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
        let read = whole(Silent, 10, Duration::ZERO).await;
        assert_eq!(read, Err(Refusal::Slow));
    }
}

//! Answers as they stand on the wire, under the id of their request.

use jsonrpsee::types::ErrorObjectOwned;
use rpc::{ErrorKind, RpcError};
use serde::Serialize;

/// Room for an answer from the start: most fit, a message of some hundred bytes for one device
/// among them.
const USUAL_BYTES: usize = 2048;

/// An answer with a result. The id is JSON. The text is written once, in its place: that of a group
/// has more than a megabyte.
pub(crate) fn succeeded(id: &str, result: &impl Serialize) -> String {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    text.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    text.extend_from_slice(id.as_bytes());
    text.extend_from_slice(b",\"result\":");
    let written = serde_json::to_writer(&mut text, result);
    text.push(b'}');
    match (written, String::from_utf8(text)) {
        (Ok(()), Ok(text)) => text,
        _ => failed(
            id,
            &RpcError::new(ErrorKind::Internal, "the answer could not be written"),
        ),
    }
}

/// An answer with an error. The id is JSON.
pub(crate) fn failed(id: &str, error: &RpcError) -> String {
    let error =
        ErrorObjectOwned::owned(error.kind.code(), error.message.clone(), Some(error.data()));
    // Three texts and a number: writing them cannot fail.
    let error = serde_json::to_string(&error).unwrap_or_default();
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}")
}

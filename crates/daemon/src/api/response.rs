//! Errors as JSON-RPC has them.

use jsonrpsee::types::ErrorObjectOwned;
use rpc::RpcError;

/// The error object of an answer, with `kind`, `field` and `hint` in its data.
pub(crate) fn error_object(error: &RpcError) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(
        error.kind.code(),
        error.message.as_str(),
        Some(error.data()),
    )
}

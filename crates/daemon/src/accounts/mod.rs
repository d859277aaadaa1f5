//! The accounts of this daemon: what is known of all, the worker of each, their events, and what is
//! kept in memory for them.

mod account;
mod check;
pub mod events;
mod gauges;
pub mod registry;
mod schedule;
mod store;
pub mod sweeps;
#[cfg(test)]
mod tests;
pub mod topic_keys;
pub mod worker;

use rpc::RpcError;

/// Runs what blocks or takes long (files, key derivation, the reading connection, inspections) off
/// the threads that serve connections.
pub(crate) async fn blocking<T: Send + 'static>(
    function: impl FnOnce() -> Result<T, RpcError> + Send + 'static,
) -> Result<T, RpcError> {
    tokio::task::spawn_blocking(function)
        .await
        .unwrap_or_else(|_| Err(RpcError::internal("the call failed inside the daemon")))
}

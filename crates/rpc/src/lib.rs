//! The JSON-RPC face: methods, types, the error table, a typed client.
//!
//! Translation only: no rules, no server, no database.

pub mod client;
pub mod convert;
pub mod error;
mod hex;
pub mod keystore;
pub mod methods;
pub mod openrpc;
pub mod params;
pub mod types;

pub use error::{ErrorKind, RpcError};
pub use methods::{METHODS, Method, MethodInfo};
pub use params::{Fields, Params};

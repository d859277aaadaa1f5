//! The JSON-RPC interface: methods, parameters, types, the error table, a typed client.
//!
//! Translation only: no rules, no server, no database. [`params`] is what callers send, [`types`]
//! what they are answered, [`convert`] makes the types from the engine's results, and [`methods`]
//! is the list of all methods; [`openrpc`] describes them for programs.

pub mod client;
pub mod convert;
pub mod error;
mod hex;
pub mod keystore;
pub mod methods;
pub mod openrpc;
pub mod params;
pub mod suggest;
pub mod types;

pub use error::{ErrorKind, RpcError};
pub use methods::{METHODS, Method, MethodInfo};
pub use params::{Fields, Params};

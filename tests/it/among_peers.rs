//! Conversations with devices of status-go, and of ours with each other, that once lost messages
//! silently: each is a scenario over the interface of a daemon (protocol §3, §7).

mod answers;
mod one_session;
mod people;
mod siblings;
mod trials;
mod versions;

//! At the door: who may pass, with what, how much and how slowly, seen from outside. `docs/api.md`
//! §1, line by line.

mod door;
mod flood;
mod forms;
mod pages;
mod patience;
mod peers;
mod refusals;
mod sources;
mod tokens;
mod ui;
mod websocket;
mod wire;

//! Two and three real servers that share their rooms by a real Redis: people on different ones meet, and lose nobody when a
//! server, the store or the way to it is lost.

#![allow(clippy::unwrap_used)] // the helpers of tests say what must be there by unwrapping it

mod encrypted;
mod meeting;
mod operators;
mod person;
mod store;
mod trouble;

#[allow(dead_code)] // shared with tests/cli, where more of it is used
#[path = "../cli/server.rs"]
mod server;

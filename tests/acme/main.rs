//! Trusted certificates as an operator gets them: the real program against a real certificate authority on loopback.

#![allow(clippy::unwrap_used)] // the helpers of tests say what must be there by unwrapping it

mod authority;
mod failing;
mod issuing;
#[path = "../cli/server.rs"]
#[allow(dead_code)] // made for the tests of the command line, which need more of it
mod server;
mod shim;
mod site;

//! The relay as its clients see it, with clients nobody here wrote: the crates `turn` and `turn-client-proto`, coturn's
//! tools and Python's aioice. Everything runs on loopback; peers outside the relay live on 127.0.0.2, which the server here
//! is told to allow.

#![allow(clippy::unwrap_used, reason = "a test says what must be there by unwrapping it")]

mod aioice;
mod client_crates;
mod coturn_tools;
mod limits;
mod nat_discovery;
mod proto_client;

mod strangers;
mod two_clients;
mod world;

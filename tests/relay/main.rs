//! The relay as its clients see it, with clients nobody here wrote: the `turn` crate and coturn's tools. Everything runs
//! on loopback; peers outside the relay live on 127.0.0.2, which the server here is told to allow.

#![allow(clippy::unwrap_used, reason = "a test says what must be there by unwrapping it")]

mod coturn_tools;
mod limits;
mod strangers;
mod stream_clients;
mod two_clients;
mod world;

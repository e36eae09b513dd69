//! callbox: private video calls on your own server, in one binary.
//!
//! The library holds every room of the house; the binary only starts it. Arrows between rooms go down only:
//! `ARCHITECTURE.md` has the table, and `tests/architecture.rs` holds the code to it. The pure rooms take bytes and a
//! [`clock::Now`] and return decisions; they never read a clock, a socket or the dice.

// The socket layer (`relay::socket`) alone may allow it, each block with its reason.
#![deny(unsafe_code)]

pub mod acme;
pub mod address;
pub mod admin;
pub mod admission;
pub mod app;
pub mod check;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod data_dir;
pub mod discovery;
pub mod firewall;
pub mod gate;
pub mod http;
pub mod hub;
pub mod invitation;
pub mod pass;
pub mod printable;
pub mod proxies;
pub mod relay;
pub mod router;
pub mod store;
pub mod stun;
pub mod surroundings;
pub mod tls;
pub mod turn;

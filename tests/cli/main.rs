//! The real program, as its operator meets it: started, configured, asked, stopped.

#![allow(clippy::unwrap_used)] // the helpers of tests say what must be there by unwrapping it

mod admin;
mod admin_api;
mod checking;
mod configuring;
mod floods;
mod gate;
mod home;
mod inviting;
mod logging;
mod namespace;
mod people;
mod phone;
mod ports;
mod proxied;
mod relay_safety;
mod reloading;
mod router;
mod server;
mod starting;
mod stopping;
mod systemd;
mod test_door;
mod turn;
mod upgrading;

//! The real program, as its operator meets it: started, configured, asked, stopped.

mod configuring;
mod gate;
mod server;
mod starting;

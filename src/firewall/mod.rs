//! Which ports must be open for whom, which firewalls stand before them, and the lines that open them in the words of each. It
//! reads and prints; it never changes a firewall. `found` alone touches files, everything else is text from data.

mod chain;
mod dialects;
mod docker;
mod format;
mod found;
mod guidance;
mod ports;

pub use chain::Chain;
pub use format::{Format, written};
pub use found::{Found, Ufw};
pub use guidance::{guidance, in_the_way, opening};
pub use ports::{Listening, Need, Protocol, RelayPorts, Rule, rules};

#[cfg(test)]
mod tests;

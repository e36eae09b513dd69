//! Conversations between people, a relay and their peers, without a socket and without waiting.

mod world;

mod allocating;
mod credentials;
mod peers;
mod relaying;

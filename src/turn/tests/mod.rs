//! Conversations between people, a relay and their peers, without a socket and without waiting.

mod world;

mod allocating;
mod behind_nat;
mod credentials;
mod differential;
mod families;
mod moving;
mod noise;
mod peers;
mod relaying;
mod streams;
mod testing;

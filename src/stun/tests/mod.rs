//! The codec against its standard's vectors, against another codec, and against noise.

pub(crate) mod mutation;

mod framing;
mod noise;
mod rfc5769;

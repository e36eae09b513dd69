//! Bytes that nothing on the way can make fewer, for measuring a line.

use bytes::{BufMut, Bytes, BytesMut};

/// So many bytes that no compressor shortens, made as they are sent.
#[derive(Debug)]
pub struct Noise {
    state: u64,
    left: u64,
}

/// Made and sent at once.
const PIECE: u64 = 64 << 10;

impl Noise {
    pub(super) fn new(length: u64) -> Noise {
        let mut seed = [0; 8];
        aws_lc_rs::rand::fill(&mut seed).expect("the system's generator does not fail once it is seeded");
        Noise { state: u64::from_ne_bytes(seed), left: length }
    }

    pub(in crate::http) fn left(&self) -> u64 {
        self.left
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): a gigabyte a second, and
    /// nobody has to be surprised by it.
    fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl Iterator for Noise {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let length = self.left.min(PIECE) as usize;
        self.left -= length as u64;
        let mut piece = BytesMut::with_capacity(length + 8);
        while piece.len() < length {
            piece.put_u64(self.word());
        }
        piece.truncate(length);
        (length > 0).then(|| piece.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_and_no_two_streams_are_alike() {
        for length in [0, 1, 7, PIECE, PIECE + 9] {
            let all: Vec<u8> = Noise::new(length).flatten().collect();
            assert_eq!(all.len() as u64, length);
        }
        let (a, b) = (Noise::new(64).next(), Noise::new(64).next());
        assert_ne!(a, b);
    }
}

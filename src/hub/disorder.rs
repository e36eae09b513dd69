//! What simulated worlds are made of, here and in `cluster`: dice that fall the same every time, and how many lives are lived.

use std::ops::Range;

/// SplitMix64: enough disorder for a test, and the same every time.
pub(crate) struct Disorder(pub(crate) u64);

impl Disorder {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// A seed for each life of `steps` steps. There are as many lives as fit into `quick` steps; `WORLD_STEPS` asks for more.
pub(crate) fn lives(steps: u64, quick: u64) -> Range<u64> {
    let all = std::env::var("WORLD_STEPS").ok().and_then(|n| n.parse().ok()).unwrap_or(quick);
    0..all / steps
}

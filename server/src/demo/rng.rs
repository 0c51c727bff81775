//! Chance that is the same for ever: SplitMix64 (Steele, Lea, Flood 2014), written out here so that
//! no release of a library can change what a seed means.

/// A stream of chance.
#[derive(Clone, Debug)]
pub(super) struct Rng(u64);

impl Rng {
    /// The stream of this name under a seed; streams of different names have nothing to do with each other.
    pub fn new(seed: u64, name: u64) -> Self {
        let mut mixed = Self(seed ^ name.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let state = mixed.next() ^ name.rotate_left(32);
        Self(state)
    }

    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 where `n` is 0.
    pub const fn below(&mut self, n: u64) -> u64 {
        // The bias of one part in 2^64 / n is of no concern to a demonstration.
        if n == 0 { 0 } else { self.next() % n }
    }

    /// A number from `low` to `high`, both included.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in so many of a hundred cases.
    pub const fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of several; the default of nothing.
    pub fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let at = usize::try_from(self.below(from.len() as u64)).unwrap_or_default();
        from.get(at).copied().unwrap_or_default()
    }

    /// The place of one of `n`, for those who look up themselves.
    pub fn index(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_for_ever() {
        let mut rng = Rng(0);
        // The first outputs of SplitMix64 from 0, as its authors publish them.
        let first: [u64; 3] = std::array::from_fn(|_| rng.next());
        assert_eq!(first, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
        assert_ne!(Rng::new(1, 2).next(), Rng::new(2, 1).next());
    }
}

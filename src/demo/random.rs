//! A small deterministic generator (splitmix64, by Steele, Lea and Flood, 2014), so that every demo shop is the same.

/// The generator. The same seed gives the same numbers on every machine.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `end`; 0 when there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        // The high half of the product spreads evenly enough for ends far below 2^64.
        let product = u128::from(self.next()) * end as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// A number from `from` to `to`, both included.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = usize::try_from(to.saturating_sub(from).saturating_add(1)).unwrap_or(1);
        from + i64::try_from(self.below(span)).unwrap_or(0)
    }

    /// A number from 0 up to, not including, 1.
    pub(super) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True that many times in a hundred.
    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of several.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// A number from 1 to `end` with the low ones drawn more often, as some customers order more than others.
    pub(super) fn skewed(&mut self, end: i64) -> i64 {
        let share = self.share();
        #[allow(clippy::cast_possible_truncation, reason = "0 <= share < 1")]
        let position = (share * share.sqrt() * end as f64) as i64;
        1 + position.min(end - 1)
    }

    /// One of several values, each with its weight.
    pub(super) fn weighted<'a>(&mut self, from: &[(&'a str, usize)]) -> &'a str {
        let mut at = self.below(from.iter().map(|(_, weight)| weight).sum());
        for (value, weight) in from {
            if at < *weight {
                return value;
            }
            at -= weight;
        }
        from.last().map_or("", |(value, _)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        // First outputs for the seed 1234567, as in the reference implementation's own test.
        let mut random = Random::new(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn everything_stays_in_its_range() {
        let mut random = Random::new(1);
        let mut seen = [false; 3];
        for _ in 0..1000 {
            assert!((-2..=2).contains(&random.between(-2, 2)));
            assert!((0.0..1.0).contains(&random.share()));
            assert!((1..=10).contains(&random.skewed(10)));
            let word = random.weighted(&[("a", 1), ("b", 0), ("c", 5)]);
            seen[usize::from(word.as_bytes()[0] - b'a')] = true;
        }
        assert_eq!(seen, [true, false, true]);
        assert_eq!(random.below(0), 0);
    }
}

//! Exponential back-off with full jitter, and the seeded generator that the jitter comes from.

/// No wait is shorter, milliseconds: full jitter may draw a zero, and a server that has just refused a connection is
/// not helped by the next one in the same moment.
const LEAST_MS: u64 = 100;

/// Waits between quick retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first wait, milliseconds; it doubles with every failure.
    pub first_ms: u64,
    /// No wait is longer, milliseconds.
    pub longest_ms: u64,
    /// Quick attempts in a row; after them the wait is the breaker's.
    pub attempts: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first_ms: 1_000, longest_ms: 15_000, attempts: 5 }
    }
}

impl Backoff {
    /// The longest wait after this many failures in a row, milliseconds: 1, 2, 4, 8, 15, 15 s by default.
    pub fn longest_after(&self, failures: u32) -> u64 {
        let doublings = failures.saturating_sub(1).min(32);
        self.first_ms.saturating_mul(1 << doublings).min(self.longest_ms).max(LEAST_MS)
    }

    /// Full jitter: any time up to the longest one, all equally likely. That spreads clients which failed in the same
    /// moment better than a wait with a fixed part ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    pub fn wait_ms(&self, failures: u32, jitter: &mut Jitter) -> u64 {
        jitter.between(LEAST_MS, self.longest_after(failures))
    }
}

/// A small generator of chance (SplitMix64): the same seed gives the same numbers, so a schedule can be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter(u64);

impl Jitter {
    /// One for a name and a number of this run: targets differ from each other, and runs from run to run.
    pub fn new(name: &str, run: i64) -> Self {
        // FNV-1a, which is enough to tell names apart.
        let hash =
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Self(hash ^ run.cast_unsigned())
    }

    /// The next number, both ends included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        match most.saturating_sub(least).checked_add(1) {
            Some(span) => least + z % span,
            None => z,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_defaults_double_from_one_second_to_fifteen() {
        let longest: Vec<u64> = (1..=7).map(|n| Backoff::default().longest_after(n)).collect();
        assert_eq!(longest, [1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    }

    #[test]
    fn two_hundred_targets_that_fail_together_do_not_come_back_together() {
        let backoff = Backoff::default();
        for failures in 2..=6 {
            let mut waits: Vec<u64> = (0..200)
                .map(|i| backoff.wait_ms(failures, &mut Jitter::new(&format!("pg-{i:03}"), 1_760_000_000_000)))
                .collect();
            waits.sort_unstable();
            let tenth = backoff.longest_after(failures) / 10;
            for start in 0..10 {
                let within = waits.iter().filter(|w| (start * tenth..(start + 1) * tenth).contains(*w)).count();
                // Twenty are the mean; four standard deviations are 17.
                assert!(within <= 37, "{failures} failures: {within} of 200 in tenth {start}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_wait_is_within_its_bounds(
            failures in 0_u32..200,
            first_ms in 1_u64..60_000,
            longest_ms in 1_u64..600_000,
            seed in any::<i64>(),
        ) {
            let backoff = Backoff { first_ms, longest_ms, attempts: 5 };
            let mut jitter = Jitter::new("any", seed);
            for _ in 0..20 {
                let wait = backoff.wait_ms(failures, &mut jitter);
                prop_assert!((LEAST_MS..=longest_ms.max(LEAST_MS)).contains(&wait));
                prop_assert!(wait <= backoff.longest_after(failures));
            }
        }

        #[test]
        fn a_number_lies_between_its_ends(least in any::<u64>(), more in any::<u64>(), seed in any::<i64>()) {
            let most = least.saturating_add(more);
            prop_assert!((least..=most).contains(&Jitter::new("x", seed).between(least, most)));
        }
    }
}

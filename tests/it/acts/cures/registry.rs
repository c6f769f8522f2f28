//! Every scenario of every engine, once as an ordinary test and again and again with other seeds (`scripts/endurance`).
//!
//! A scenario is `async fn name(seed: u64)` in a file of its engine, named in that file's `cures!`. What it draws from
//! its seed with [`Dice`] (names, sizes, how many, in what order) is the same for the same seed.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// One way of going wrong, from the injection to the end.
pub struct Cure {
    /// `engine: scenario`.
    pub name: &'static str,
    /// Whether what it needs is at hand; prints the skip otherwise.
    pub ready: fn() -> bool,
    /// Brings it about and cures it, with what a seed says.
    pub run: fn(u64) -> Pin<Box<dyn Future<Output = ()>>>,
}

/// The seed of the ordinary tests.
const USUAL: u64 = 6;
/// No scenario takes so long that it is not stuck.
const STUCK: Duration = Duration::from_mins(4);

/// Enters scenarios: `cures! { "engine", ready; scenario, ... }` makes a test of each and the file's `CURES`.
macro_rules! cures {
    ($engine:literal, $ready:expr; $($scenario:ident),* $(,)?) => {
        /// The scenarios of this file.
        pub(super) const CURES: &[$crate::acts::cures::registry::Cure] = &[$($crate::acts::cures::registry::Cure {
            name: concat!($engine, ": ", stringify!($scenario)),
            ready: $ready,
            run: |seed| Box::pin($scenario(seed)),
        }),*];

        mod once {
            $(#[test]
            fn $scenario() {
                $crate::acts::cures::registry::once(super::CURES, stringify!($scenario));
            })*
        }
    };
}
pub(super) use cures;

/// Runs one of them as an ordinary test.
pub fn once(cures: &[Cure], scenario: &str) {
    let ends = format!(": {scenario}");
    let cure = cures.iter().find(|cure| cure.name.ends_with(&ends)).unwrap();
    if (cure.ready)() {
        round(cure, USUAL);
    }
}

fn round(cure: &Cure, seed: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ended = runtime.block_on(async { tokio::time::timeout(STUCK, (cure.run)(seed)).await });
    runtime.shutdown_background();
    assert!(ended.is_ok(), "{} with seed {seed} is not done after {STUCK:?}", cure.name);
}

/// Whether there is time for what takes minutes on a server's own clock.
pub fn is_patient() -> bool {
    std::env::var_os("DBA_GPT_TEST_REPEATS").is_some()
}

/// What a seed says, the same whenever it is asked.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits (`SplitMix64`).
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` up to and with `high`.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + u32::try_from(self.bits() % u64::from(high - low + 1)).unwrap()
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let last = u32::try_from(from.len() - 1).unwrap();
        &from[self.between(0, last) as usize]
    }

    /// These in another order.
    pub fn shuffled<T: Clone>(&mut self, these: &[T]) -> Vec<T> {
        let mut left = these.to_vec();
        let mut order = Vec::new();
        while !left.is_empty() {
            let last = u32::try_from(left.len() - 1).unwrap();
            order.push(left.swap_remove(self.between(0, last) as usize));
        }
        order
    }

    /// A plain name of a table.
    pub fn table(&mut self) -> String {
        const WORDS: &[&str] = &[
            "orders",
            "invoices",
            "parcels",
            "tickets",
            "readings",
            "visits",
            "payments",
            "shipments",
            "claims",
            "meters",
            "accounts",
            "bookings",
        ];
        format!("{}_{}", self.pick(WORDS), self.between(0, 99))
    }

    /// So many different plain names of columns.
    pub fn columns(&mut self, many: usize) -> Vec<String> {
        const WORDS: &[&str] =
            &["code", "region", "branch", "batch", "origin", "channel", "bucket", "account", "carrier", "depot"];
        self.shuffled(WORDS).into_iter().take(many).map(str::to_owned).collect()
    }
}

/// Every scenario `DBA_GPT_TEST_REPEATS` times, each time with another seed; `DBA_GPT_TEST_CURES` leaves only those
/// whose names hold one of its words, `DBA_GPT_TEST_SEED` is the first seed. Goes on after a failure and fails at the end.
#[test]
#[ignore = "takes long: run scripts/endurance cures"]
fn endurance() {
    let number = |name: &str, usual: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (repeats, first) = (number("DBA_GPT_TEST_REPEATS", 1), number("DBA_GPT_TEST_SEED", 1_000));
    let words = std::env::var("DBA_GPT_TEST_CURES").unwrap_or_default();
    let wanted = |cure: &&Cure| words.is_empty() || words.split_whitespace().any(|word| cure.name.contains(word));
    eprintln!("{:<80}{:>10}{:>10}", "scenario", "ok", "slowest");
    let mut failed = Vec::new();
    for cure in super::all().filter(wanted).filter(|cure| (cure.ready)()) {
        let (mut good, mut slowest) = (0, Duration::ZERO);
        for seed in first..first + repeats {
            let begun = Instant::now();
            match std::thread::scope(|scope| scope.spawn(|| round(cure, seed)).join()) {
                Ok(()) => good += 1,
                // Its own words are on stderr already.
                Err(_) => failed.push(format!("{} with seed {seed}", cure.name)),
            }
            slowest = slowest.max(begun.elapsed());
        }
        let ok = format!("{good} of {repeats}");
        eprintln!("{:<80}{ok:>10}{:>8.1} s", cure.name, slowest.as_secs_f64());
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_same_seed_says_the_same() {
    let said = |seed| {
        let mut dice = Dice::new(seed);
        (dice.table(), dice.columns(3), dice.between(3, 5), dice.shuffled(&[1, 2, 3, 4]))
    };
    assert_eq!(said(7), said(7));
    assert!((0..20).any(|seed| said(seed) != said(7)));
    assert!((0..50).all(|seed| (3..=5).contains(&said(seed).2)));
    let mut names: Vec<&str> = super::all().map(|cure| cure.name).collect();
    let many = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), many, "every scenario has a name of its own");
}

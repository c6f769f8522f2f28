//! One target's attempts: when its collector tries next, and whether a login may be tried now.

use super::Patience;
use super::backoff::Jitter;
use super::breaker::{Breaker, Gate, Permission};
use super::recovery::Recovery;
use crate::domain::target::Timestamp;

/// Probes of targets that failed in the same moment are spread over this part of the open time.
const PROBE_SPREAD: u64 = 10;

/// What is known of the attempts to reach one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    patience: Patience,
    jitter: Jitter,
    /// Failures in a row.
    failures: u32,
    watch: Breaker,
    logins: Breaker,
    recovery: Option<Recovery>,
}

impl Contact {
    /// A target that has not been tried yet.
    pub fn new(patience: Patience, jitter: Jitter) -> Self {
        Self {
            patience,
            jitter,
            failures: 0,
            watch: Breaker::new(patience.breaker),
            logins: Breaker::new(patience.logins),
            recovery: None,
        }
    }

    /// The collector wants to start an attempt.
    pub fn begin(&mut self, now: Timestamp) -> Permission {
        self.watch.ask(now)
    }

    /// A person wants an attempt now. It is always made; the breaker takes it as its probe.
    pub fn force(&mut self) {
        self.watch.force();
        self.logins.force();
    }

    /// The collector's attempt succeeded.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.recovery = None;
        self.watch.succeeded();
        self.logins.succeeded();
    }

    /// The collector's attempt failed. Gives the time until the next one, milliseconds.
    ///
    /// What may go away by itself is tried again soon, a few times; everything else has one probe each time the
    /// breaker half-opens, so that a target that was mended is back without anybody's help.
    pub fn failed(&mut self, now: Timestamp, recovery: Recovery) -> u64 {
        self.failures = self.failures.saturating_add(1);
        self.recovery = Some(recovery);
        self.watch.failed(now);
        let quick = recovery.is_transient() && self.failures < self.patience.backoff.attempts;
        if !quick && self.watch.gate() == Gate::Closed {
            self.watch.trip(now);
        }
        match self.watch.gate() {
            Gate::Open(until) => {
                let spread = self.patience.breaker.open_ms / PROBE_SPREAD;
                until.since(now).saturating_add(self.jitter.between(0, spread))
            }
            Gate::Closed | Gate::HalfOpen => self.patience.backoff.wait_ms(self.failures, &mut self.jitter),
        }
    }

    /// The attempt under way will never give an answer.
    pub fn abandoned(&mut self, now: Timestamp) {
        self.watch.abandoned(now);
        self.logins.abandoned(now);
    }

    /// A login was refused, or a person's own retry failed: both count for the long breaker.
    pub fn login_failed(&mut self, now: Timestamp) {
        self.logins.failed(now);
    }

    /// Logins are held back until this moment. A person may try all the same, and is told.
    pub fn logins_held_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self.logins.gate() {
            Gate::Open(until) if now < until => Some(until),
            _ => None,
        }
    }

    /// Failed logins and retries that count for the long breaker now.
    pub fn recent_login_failures(&self, now: Timestamp) -> usize {
        self.logins.recent_failures(now)
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The collector's breaker.
    pub fn gate(&self) -> Gate {
        self.watch.gate()
    }

    /// How the last failure can go away; none while all is well.
    pub fn recovery(&self) -> Option<Recovery> {
        self.recovery
    }

    /// The settings in force.
    pub fn patience(&self) -> &Patience {
        &self.patience
    }

    /// The wall clock was set back by this much.
    pub fn clock_set_back(&mut self, by_ms: i64) {
        self.watch.clock_set_back(by_ms);
        self.logins.clock_set_back(by_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Backoff;
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp(1_760_000_000_000);
    /// The longest time that an attempt takes: the collector's deadline, milliseconds.
    const DEADLINE_MS: i64 = 5_000;
    /// G20: back within this time after healing, milliseconds.
    const BACK_MS: u64 = 30_000;

    fn ms(n: u64) -> i64 {
        i64::try_from(n).unwrap_or(i64::MAX)
    }

    fn goes(contact: &mut Contact, now: Timestamp) -> bool {
        matches!(contact.begin(now), Permission::Go | Permission::Probe)
    }

    fn contact(name: &str) -> Contact {
        Contact::new(Patience::default(), Jitter::new(name, START.0))
    }

    /// Lets a target fail from the start and heal at a moment; gives how long after it the collector is back, and
    /// how many attempts were made before.
    fn outage(contact: &mut Contact, recovery: Recovery, heals: Timestamp, attempt_ms: i64) -> (u64, u32) {
        let (mut now, mut attempts) = (START, 0);
        loop {
            assert!(goes(contact, now), "an attempt that is due is let through");
            if now >= heals {
                contact.succeeded();
                return (now.since(heals), attempts);
            }
            attempts += 1;
            let ends = now.plus_ms(attempt_ms);
            now = ends.plus_ms(ms(contact.failed(ends, recovery)));
        }
    }

    #[test]
    fn quick_retries_come_first_and_the_breaker_after_five() {
        let mut contact = contact("a");
        for n in 1..5 {
            assert!(goes(&mut contact, START));
            let wait = contact.failed(START, Recovery::ByItself);
            assert!(wait <= Backoff::default().longest_after(n), "{n}: {wait}");
            assert_eq!(contact.gate(), Gate::Closed);
        }
        assert!(goes(&mut contact, START));
        let wait = contact.failed(START, Recovery::ByItself);
        assert!((20_000..=22_000).contains(&wait), "{wait}");
        assert!(!goes(&mut contact, START.plus_ms(19_999)));
        assert!(goes(&mut contact, START.plus_ms(22_000)));
    }

    #[test]
    fn what_does_not_go_away_by_itself_is_not_hammered() {
        for recovery in [Recovery::ByChange, Recovery::ByNewSecret] {
            let mut contact = contact("a");
            assert!(goes(&mut contact, START));
            assert!(contact.failed(START, recovery) >= 20_000, "{recovery:?}");
            let (_, attempts) = outage(&mut self::contact("b"), recovery, START.plus_ms(3_600_000), 10);
            assert!(attempts <= 180, "{attempts} attempts in an hour");
        }
    }

    #[test]
    fn ten_refused_logins_within_an_hour_hold_logins_back_for_one() {
        let mut contact = contact("a");
        for n in 0..9 {
            contact.login_failed(START.plus_ms(n * 60_000));
            assert_eq!(contact.logins_held_until(START.plus_ms(n * 60_000)), None);
        }
        let tenth = START.plus_ms(10 * 60_000);
        contact.login_failed(tenth);
        assert_eq!(contact.logins_held_until(tenth), Some(tenth.plus_ms(3_600_000)));
        assert_eq!(contact.logins_held_until(tenth.plus_ms(3_600_000)), None);
        assert!(goes(&mut contact, tenth), "the collector is not held back by it");
    }

    #[test]
    fn two_hundred_targets_probe_spread_over_two_seconds() {
        let mut seconds = [0_u32; 40];
        for i in 0..200 {
            let mut contact = contact(&format!("pg-{i:03}"));
            contact.begin(START);
            let wait = contact.failed(START, Recovery::ByChange);
            let tenth = usize::try_from((wait - 20_000) / 100).unwrap_or(usize::MAX);
            seconds[tenth] += 1;
        }
        assert!(
            seconds.iter().all(|n| *n <= 30),
            "no tenth of a second has more than three times its share: {seconds:?}"
        );
    }

    proptest! {
        /// G20: whenever it heals, however long an attempt takes and however it failed, the collector is back within
        /// 30 s, and it has never tried more often than the breaker allows.
        #[test]
        fn a_healed_target_is_back_within_thirty_seconds(
            seed in any::<i64>(),
            heals_ms in 1_i64..7_200_000,
            attempt_ms in 0_i64..=DEADLINE_MS,
            recovery in prop_oneof![
                Just(Recovery::ByItself), Just(Recovery::ByChange), Just(Recovery::ByNewSecret)
            ],
        ) {
            let mut contact = Contact::new(Patience::default(), Jitter::new("any", seed));
            let (back, attempts) = outage(&mut contact, recovery, START.plus_ms(heals_ms), attempt_ms);
            prop_assert!(back <= BACK_MS, "{back} ms");
            prop_assert!(i64::from(attempts) <= 6 + heals_ms / 20_000);
        }
    }
}

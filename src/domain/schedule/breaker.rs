//! A circuit breaker: after some failures within a time it opens, waits, and then lets one probe through.

use crate::domain::target::Timestamp;
use std::collections::VecDeque;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerLimits {
    /// This many failures ...
    pub failures: u32,
    /// ... within this time open it, milliseconds.
    pub within_ms: u64,
    /// Time until the probe, milliseconds.
    pub open_ms: u64,
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self { failures: 5, within_ms: 300_000, open_ms: 20_000 }
    }
}

/// The state of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Attempts are made as they fall due.
    Closed,
    /// No attempt is made until this moment.
    Open(Timestamp),
    /// One probe is under way; its outcome decides.
    HalfOpen,
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Go on.
    Go,
    /// Go on, as the one probe.
    Probe,
    /// Not before this moment; with none, not before the probe that is under way has ended.
    Wait(Option<Timestamp>),
}

/// A circuit breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    limits: BreakerLimits,
    gate: Gate,
    /// Failures that still count, oldest first; never more than open it.
    failures: VecDeque<Timestamp>,
}

impl Breaker {
    /// A closed one.
    pub fn new(limits: BreakerLimits) -> Self {
        Self { limits, gate: Gate::Closed, failures: VecDeque::new() }
    }

    /// Its state.
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// Asks for an attempt. After [`Permission::Probe`] nothing else is let through until the probe's outcome is
    /// told by [`Self::succeeded`], [`Self::failed`] or [`Self::abandoned`].
    pub fn ask(&mut self, now: Timestamp) -> Permission {
        match self.gate {
            Gate::Closed => Permission::Go,
            Gate::Open(until) if now < until => Permission::Wait(Some(until)),
            Gate::Open(_) => {
                self.gate = Gate::HalfOpen;
                Permission::Probe
            }
            Gate::HalfOpen => Permission::Wait(None),
        }
    }

    /// Lets a person's own attempt through at once, whatever the state; it counts as the probe.
    pub fn force(&mut self) {
        if self.gate != Gate::Closed {
            self.gate = Gate::HalfOpen;
        }
    }

    /// An attempt succeeded: a probe closes the breaker and its past is forgotten. A success between failures of a
    /// closed breaker forgets nothing, so that a server that flaps is noticed.
    pub fn succeeded(&mut self) {
        if self.gate != Gate::Closed {
            self.gate = Gate::Closed;
            self.failures.clear();
        }
    }

    /// An attempt failed.
    pub fn failed(&mut self, now: Timestamp) {
        self.forget_old(now);
        let most = usize::try_from(self.limits.failures.max(1)).unwrap_or(usize::MAX);
        self.failures.push_back(now);
        while self.failures.len() > most {
            self.failures.pop_front();
        }
        if self.gate == Gate::HalfOpen || self.failures.len() >= most {
            self.trip(now);
        }
    }

    /// Opens it without counting: there is no sense in trying again soon.
    pub fn trip(&mut self, now: Timestamp) {
        self.gate = Gate::Open(now.plus_ms(i64::try_from(self.limits.open_ms).unwrap_or(i64::MAX)));
    }

    /// The probe's outcome will never be known: it may be made again at once.
    pub fn abandoned(&mut self, now: Timestamp) {
        if self.gate == Gate::HalfOpen {
            self.gate = Gate::Open(now);
        }
    }

    /// The wall clock was set back by this much: what it was to do in the future moves along.
    pub fn clock_set_back(&mut self, by_ms: i64) {
        if let Gate::Open(until) = &mut self.gate {
            *until = until.plus_ms(-by_ms);
        }
        for at in &mut self.failures {
            *at = at.plus_ms(-by_ms);
        }
    }

    /// Failures that still count at this moment.
    pub fn recent_failures(&self, now: Timestamp) -> usize {
        self.failures.iter().filter(|at| now.since(**at) < self.limits.within_ms).count()
    }

    fn forget_old(&mut self, now: Timestamp) {
        while self.failures.front().is_some_and(|at| now.since(*at) >= self.limits.within_ms) {
            self.failures.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp(1_760_000_000_000);

    fn at(seconds: i64) -> Timestamp {
        START.plus_ms(seconds * 1_000)
    }

    /// What happens to a breaker of the defaults, step by step.
    #[test]
    fn the_life_of_a_breaker() {
        let mut breaker = Breaker::new(BreakerLimits::default());
        for second in 0..4 {
            assert_eq!(breaker.ask(at(second)), Permission::Go);
            breaker.failed(at(second));
        }
        assert_eq!(breaker.ask(at(4)), Permission::Go, "four failures leave it closed");
        breaker.failed(at(4));
        assert_eq!(breaker.gate(), Gate::Open(at(24)));
        assert_eq!(breaker.ask(at(23)), Permission::Wait(Some(at(24))));
        assert_eq!(breaker.ask(at(24)), Permission::Probe);
        assert_eq!(breaker.ask(at(24)), Permission::Wait(None), "one probe, not two");
        breaker.failed(at(26));
        assert_eq!(breaker.gate(), Gate::Open(at(46)), "a probe that fails opens it again");
        assert_eq!(breaker.ask(at(46)), Permission::Probe);
        breaker.succeeded();
        assert_eq!((breaker.gate(), breaker.recent_failures(at(46))), (Gate::Closed, 0));
    }

    #[test]
    fn failures_further_apart_than_the_span_do_not_add_up() {
        let mut breaker = Breaker::new(BreakerLimits::default());
        for n in 0..50 {
            breaker.failed(at(n * 76));
            assert_eq!(breaker.gate(), Gate::Closed, "four in five minutes are not five: {n}");
        }
        for n in 0..4 {
            breaker.failed(at(49 * 76 + n));
        }
        assert!(matches!(breaker.gate(), Gate::Open(_)));
    }

    #[test]
    fn a_server_that_flaps_is_noticed() {
        let mut breaker = Breaker::new(BreakerLimits::default());
        for n in 0..5 {
            breaker.succeeded();
            breaker.failed(at(n * 10));
        }
        assert!(matches!(breaker.gate(), Gate::Open(_)));
    }

    #[test]
    fn a_person_may_always_try_and_a_lost_probe_is_made_again() {
        let mut breaker = Breaker::new(BreakerLimits::default());
        breaker.trip(at(0));
        breaker.force();
        assert_eq!(breaker.ask(at(1)), Permission::Wait(None));
        breaker.abandoned(at(2));
        assert_eq!(breaker.ask(at(2)), Permission::Probe);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Ask,
        Succeed,
        Fail,
        Abandon,
    }

    proptest! {
        /// Whatever happens: never two probes at once, never an attempt while it is open, and never a wait that is
        /// longer than its own.
        #[test]
        fn never_more_than_one_probe(
            steps in proptest::collection::vec(
                (prop_oneof![Just(Step::Ask), Just(Step::Succeed), Just(Step::Fail), Just(Step::Abandon)], 0_i64..30_000),
                1..200,
            ),
        ) {
            let limits = BreakerLimits::default();
            let mut breaker = Breaker::new(limits);
            let (mut now, mut probes) = (START, 0);
            for (step, passed) in steps {
                now = now.plus_ms(passed);
                match step {
                    Step::Ask => match breaker.ask(now) {
                        Permission::Probe => probes += 1,
                        Permission::Go => prop_assert_eq!(probes, 0),
                        Permission::Wait(until) => prop_assert!(until.is_none_or(|u| u.since(now) <= limits.open_ms)),
                    },
                    // Only what was let through has an outcome.
                    Step::Succeed if breaker.gate() != Gate::Closed && probes == 0 => continue,
                    Step::Succeed => { breaker.succeeded(); probes = 0; }
                    Step::Fail if breaker.gate() != Gate::Closed && probes == 0 => continue,
                    Step::Fail => { breaker.failed(now); probes = 0; }
                    Step::Abandon => { breaker.abandoned(now); probes = 0; }
                }
                prop_assert!(probes <= 1);
            }
        }
    }
}

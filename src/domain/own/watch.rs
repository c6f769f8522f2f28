//! Looking after checks of a person's own: when each is due, and when its answers are an error or its end.

use super::OwnCheck;
use crate::domain::error::event::{ErrorEvent, Source, keep};
use crate::domain::error::kind::ErrorKind;
use crate::domain::error::signature::signature;
use crate::domain::incident::Ended;
use crate::domain::incident::detect::Finding;
use crate::domain::target::{TargetId, Timestamp};

/// Breaches in a row that are an error; one lost or odd answer is none.
const BREACHES: u32 = 2;
/// Good answers in a row after which it is over.
const OVER_AFTER: u32 = 2;

/// The code of a check's condition: `CHECK_QUEUE_LENGTH`.
pub fn code_of(name: &str) -> String {
    format!("CHECK_{}", name.to_uppercase())
}

/// What is known of one check at one target.
#[derive(Debug, Clone)]
struct Known {
    check: OwnCheck,
    due: Timestamp,
    breaches: u32,
    good: u32,
    reported: bool,
    settled: bool,
}

/// The checks of one target.
#[derive(Debug, Clone)]
pub struct OwnWatch {
    target: TargetId,
    known: Vec<Known>,
}

impl OwnWatch {
    /// One that has asked nothing yet: everything is due.
    pub fn new(target: TargetId, checks: Vec<OwnCheck>) -> Self {
        let fresh =
            |check| Known { check, due: Timestamp(i64::MIN), breaches: 0, good: 0, reported: false, settled: false };
        Self { target, known: checks.into_iter().map(fresh).collect() }
    }

    /// The check that has been due longest, which is then due again after its time.
    pub fn next_due(&mut self, now: Timestamp) -> Option<OwnCheck> {
        let known = self.known.iter_mut().filter(|known| known.due <= now).min_by_key(|known| known.due)?;
        known.due = now.plus_ms(i64::try_from(known.check.every_ms).unwrap_or(i64::MAX));
        Some(known.check.clone())
    }

    /// Takes the number that a check got. What could not be asked is not told here: nothing is known then.
    pub fn answered(&mut self, name: &str, number: f64, at: Timestamp) -> Option<Finding> {
        let target = self.target.clone();
        let known = self.known.iter_mut().find(|known| known.check.name == name)?;
        let (check, code) = (&known.check, code_of(name));
        if check.asked.bound.holds(number) {
            known.breaches = 0;
            known.good = known.good.saturating_add(1);
            if known.good < OVER_AFTER || known.settled {
                return None;
            }
            (known.settled, known.reported) = (true, false);
            return Some(Finding::Ended(Ended { at, target, signature: signature(ErrorKind::Other, &code) }));
        }
        known.good = 0;
        known.settled = false;
        known.breaches = known.breaches.saturating_add(1);
        if known.breaches < BREACHES || known.reported {
            return None;
        }
        known.reported = true;
        let message = format!("{}: {number}, wanted {}", check.title, check.asked.bound.words());
        Some(Finding::Error(Box::new(ErrorEvent {
            at,
            target,
            engine: check.engine.0.to_owned(),
            source: Source::Sample,
            code: code.clone(),
            kind: ErrorKind::Other,
            severity: check.severity,
            object: None,
            message: keep(&message),
            statement: Some(keep(&check.asked.statement)),
            more: None,
            user: None,
            database: None,
            signature: signature(ErrorKind::Other, &code),
            group: format!("{code}:{}", Source::Sample.words()),
            title: check.title.clone(),
            transient: true,
            count: 1,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Asked, Bound};
    use super::*;
    use crate::domain::error::kind::Severity;
    use crate::domain::procedure::Comparison;
    use crate::domain::target::EngineId;

    fn watch() -> OwnWatch {
        let bound = Bound { is: Comparison::AtMost, value: 10.0 };
        let asked = Asked { statement: "SELECT 1".into(), column: None, bound };
        let check = OwnCheck {
            name: "queue".into(),
            title: "the queue is long".into(),
            engine: EngineId("postgres"),
            targets: Vec::new(),
            asked,
            severity: Severity::Warning,
            every_ms: 60_000,
        };
        OwnWatch::new(TargetId::new("a"), vec![check])
    }

    #[test]
    fn two_breaches_in_a_row_are_an_error_and_two_good_answers_its_end() {
        let mut watch = watch();
        let mut told = |number: f64| match watch.answered("queue", number, Timestamp(0)) {
            Some(Finding::Error(event)) => event.code,
            Some(Finding::Ended(_)) => "end".to_owned(),
            None => String::new(),
        };
        let answers = [11.0, 9.0, 11.0, 12.0, 13.0, 10.0, 10.0, 5.0, 11.0, 11.0];
        let found: Vec<String> = answers.into_iter().map(&mut told).collect();
        assert_eq!(found, ["", "", "", "CHECK_QUEUE", "", "", "end", "", "", "CHECK_QUEUE"]);
    }

    #[test]
    fn what_is_well_at_the_start_ends_what_an_earlier_run_reported() {
        let mut watch = watch();
        assert_eq!(watch.answered("queue", 1.0, Timestamp(0)), None);
        assert!(matches!(watch.answered("queue", 1.0, Timestamp(0)), Some(Finding::Ended(_))));
        assert_eq!(watch.answered("nothing", 1.0, Timestamp(0)), None);
    }

    #[test]
    fn a_check_is_due_at_once_and_again_after_its_time() {
        let mut watch = watch();
        assert!(watch.next_due(Timestamp(5)).is_some());
        assert!(watch.next_due(Timestamp(60_004)).is_none());
        assert!(watch.next_due(Timestamp(60_005)).is_some());
    }
}

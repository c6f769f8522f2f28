//! Holding rules against samples: when a number was beyond its threshold for long enough, and when it is well again.
//!
//! A missing reading is neither: it ends the time that was counted and nothing else. A rule is over only when its number
//! came back by a margin, so that one that moves about its threshold is one incident and not twenty.

use super::{Measure, Rule, Side};
use crate::domain::error::event::{ErrorEvent, Source, keep};
use crate::domain::error::kind::ErrorKind;
use crate::domain::error::signature::signature;
use crate::domain::incident::Ended;
use crate::domain::incident::detect::{Finding, kind_of_metric};
use crate::domain::metric::Readings;
use crate::domain::target::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How far a number has to come back before a rule is over, as a share of the threshold.
const MARGIN: f64 = 0.05;
/// Good readings in a row after which a rule is over.
const OVER_AFTER: u32 = 2;
/// Readings further apart than this say nothing about the time between them, milliseconds: what rates go by too.
const LONGEST_GAP_MS: u64 = 600_000;

/// The code of a rule's condition: `RULE_3`.
pub fn code_of(id: u64) -> String {
    format!("RULE_{id}")
}

/// The end of a rule's condition, whatever it was: for one that is taken away.
pub fn ended(rule: &Rule, at: Timestamp) -> Ended {
    let signature = signature(kind(rule), &code_of(rule.id));
    Ended { at, target: rule.target.clone(), signature }
}

/// The kind that is nearest to what a rule watches, so that what is known about it helps.
fn kind(rule: &Rule) -> ErrorKind {
    match &rule.condition.measure {
        Measure::Metric(id) | Measure::Share(id) => kind_of_metric(*id),
        Measure::Check(_) | Measure::DeadRows(_) => ErrorKind::Other,
    }
}

/// Where a rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleState {
    /// Its number has not been seen yet, or is missing.
    Unknown,
    /// Its number is within.
    Well,
    /// Its number is beyond the threshold, not for long enough yet.
    Counting,
    /// It is told of.
    Firing,
    /// The incident that it comes from is still open.
    Asleep,
}

impl RuleState {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "?",
            Self::Well => "well",
            Self::Counting => "counting",
            Self::Firing => "firing",
            Self::Asleep => "asleep",
        }
    }
}

/// What is known of one rule.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    rule: Rule,
    last: Option<f64>,
    last_at: Option<Timestamp>,
    /// Since when the number is beyond the threshold without a gap.
    beyond_since: Option<Timestamp>,
    good: u32,
    reported: bool,
    /// Its end was told, or there was nothing to end.
    settled: bool,
}

impl Known {
    fn new(rule: Rule) -> Self {
        Self { rule, last: None, last_at: None, beyond_since: None, good: 0, reported: false, settled: false }
    }
}

/// The rules of one target, held against what is measured there. It knows nothing at its start, so a rule whose number
/// is well then is told as over: an incident of an earlier run may be open.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleWatch {
    engine: String,
    known: BTreeMap<u64, Known>,
    asleep: BTreeSet<u64>,
}

impl RuleWatch {
    /// One without rules. `engine` is the engine's name.
    pub fn new(engine: &str) -> Self {
        Self { engine: engine.to_owned(), known: BTreeMap::new(), asleep: BTreeSet::new() }
    }

    /// The same rules, of which nothing is known.
    #[must_use]
    pub fn afresh(&self) -> Self {
        let known = self.known.iter().map(|(id, known)| (*id, Known::new(known.rule.clone()))).collect();
        Self { known, ..self.clone() }
    }

    /// Takes the rules as they are now. `is_asleep`: the incident that a rule comes from is open. The end of one that is
    /// not there any more, or says something else now, is told where it was firing.
    pub fn set(&mut self, rules: Vec<Rule>, is_asleep: impl Fn(&Rule) -> bool, now: Timestamp) -> Vec<Finding> {
        let mut before = std::mem::take(&mut self.known);
        self.asleep = rules.iter().filter(|rule| is_asleep(rule)).map(|rule| rule.id).collect();
        let mut found = Vec::new();
        for rule in rules {
            let kept = before.remove(&rule.id);
            let known = match kept {
                Some(known) if known.rule == rule => known,
                other => {
                    found.extend(other.filter(|known| known.reported).map(|known| end(&known.rule, now)));
                    Known::new(rule)
                }
            };
            self.known.insert(known.rule.id, known);
        }
        found.extend(before.into_values().filter(|known| known.reported).map(|known| end(&known.rule, now)));
        found
    }

    /// A sample's values arrived.
    pub fn measured(&mut self, at: Timestamp, values: &Readings) -> Vec<Finding> {
        let ids: Vec<u64> = self.known.keys().copied().collect();
        let of_sample = |known: &Known| known.rule.condition.measure.metric().is_some();
        let ids: Vec<u64> = ids.into_iter().filter(|id| self.known.get(id).is_some_and(of_sample)).collect();
        ids.into_iter().filter_map(|id| self.take(id, at, |measure| measure.number(values))).collect()
    }

    /// A question that is asked for its own sake was answered.
    pub fn answered(&mut self, at: Timestamp, asked: &Measure, number: f64) -> Vec<Finding> {
        let is_about = |known: &&Known| known.rule.condition.measure == *asked;
        let ids: Vec<u64> = self.known.values().filter(is_about).map(|known| known.rule.id).collect();
        ids.into_iter().filter_map(|id| self.take(id, at, |_| Some(number).filter(|n| n.is_finite()))).collect()
    }

    /// Where a rule stands, and the last number of what it watches.
    pub fn state(&self, id: u64) -> (RuleState, Option<f64>) {
        let Some(known) = self.known.get(&id) else { return (RuleState::Unknown, None) };
        let state = match known {
            _ if self.asleep.contains(&id) => RuleState::Asleep,
            Known { reported: true, .. } => RuleState::Firing,
            Known { beyond_since: Some(_), .. } => RuleState::Counting,
            Known { last: None, .. } => RuleState::Unknown,
            Known { .. } => RuleState::Well,
        };
        (state, known.last)
    }

    /// What its rules watch that does not come with a sample.
    pub fn asked(&self) -> Vec<Measure> {
        let measures = self.known.values().map(|known| &known.rule.condition.measure);
        let mut asked: Vec<Measure> = Vec::new();
        for measure in measures.filter(|measure| matches!(measure, Measure::DeadRows(_))) {
            if !asked.contains(measure) {
                asked.push(measure.clone());
            }
        }
        asked
    }

    fn take(&mut self, id: u64, at: Timestamp, number: impl Fn(&Measure) -> Option<f64>) -> Option<Finding> {
        let sleeps = self.asleep.contains(&id);
        let known = self.known.get_mut(&id)?;
        let number = number(&known.rule.condition.measure);
        known.last = number;
        if known.last_at.is_some_and(|last| at.since(last) > LONGEST_GAP_MS || at < last) {
            known.beyond_since = None;
        }
        known.last_at = Some(at);
        if sleeps || known.rule.has_expired(at) {
            let was = std::mem::take(&mut known.reported);
            (known.beyond_since, known.good) = (None, 0);
            return was.then(|| end(&known.rule, at));
        }
        let Some(number) = number else {
            // Unknown is neither too much nor well.
            (known.beyond_since, known.good) = (None, 0);
            return None;
        };
        let condition = &known.rule.condition;
        if condition.side.is_beyond(number, condition.threshold) {
            known.good = 0;
            known.settled = false;
            let since = *known.beyond_since.get_or_insert(at);
            let lasts = at.since(since) >= u64::from(condition.for_seconds) * 1_000;
            if known.reported || !lasts {
                return None;
            }
            known.reported = true;
            return Some(begin(&known.rule, &self.engine, number, at));
        }
        known.beyond_since = None;
        if known.reported && !is_back(condition.side, number, condition.threshold) {
            known.good = 0;
            return None;
        }
        known.good = known.good.saturating_add(1);
        if known.good < OVER_AFTER || known.settled {
            return None;
        }
        (known.settled, known.reported) = (true, false);
        Some(end(&known.rule, at))
    }
}

/// A number is back on the good side by the margin. A threshold of 0 has none.
fn is_back(side: Side, number: f64, threshold: f64) -> bool {
    match side {
        Side::Above => number <= threshold * (1.0 - MARGIN),
        Side::Below => number >= threshold * (1.0 + MARGIN),
    }
}

fn end(rule: &Rule, at: Timestamp) -> Finding {
    Finding::Ended(ended(rule, at))
}

fn begin(rule: &Rule, engine: &str, number: f64, at: Timestamp) -> Finding {
    let (kind, code) = (kind(rule), code_of(rule.id));
    let measure = &rule.condition.measure;
    let is = measure.value_words(number);
    let message = format!("{} is {is}: {} ({})", measure.words(), rule.condition.words(), rule.reason);
    let object = match measure {
        Measure::DeadRows(table) => Some(table.words()),
        _ => None,
    };
    Finding::Error(Box::new(ErrorEvent {
        at,
        target: rule.target.clone(),
        engine: engine.to_owned(),
        source: Source::Sample,
        signature: signature(kind, &code),
        group: format!("{code}:{}", Source::Sample.words()),
        title: format!("Your rule {}: {}", rule.id, rule.condition.words()),
        code,
        kind,
        severity: rule.severity,
        object,
        message: keep(&message),
        statement: None,
        more: None,
        user: None,
        database: None,
        transient: true,
        count: 1,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::condition;
    use super::*;
    use crate::domain::error::kind::Severity;
    use crate::domain::metric;
    use crate::domain::target::TargetId;

    fn rule(text: &str) -> Rule {
        Rule {
            id: 3,
            target: TargetId::new("a"),
            condition: condition(text).unwrap(),
            severity: Severity::Warning,
            reason: "INC-0007".into(),
            incident: Some(7),
            created: Timestamp(0),
            by: "ann".into(),
            expires: None,
        }
    }

    /// What is told of each sample; a dot for one without the reading. Ten seconds lie between two.
    fn told(watch: &mut RuleWatch, from: i64, readings: &[Option<f64>]) -> String {
        let mut words = String::new();
        for (i, reading) in readings.iter().enumerate() {
            let values: Readings = reading.iter().map(|v| (metric::LAG, *v)).collect();
            let at = Timestamp(from + i64::try_from(i).unwrap() * 10_000);
            words.push(match watch.measured(at, &values).as_slice() {
                [] => '-',
                [Finding::Error(_)] => 'F',
                [Finding::Ended(_)] => 'e',
                _ => '!',
            });
        }
        words
    }

    fn watch(text: &str) -> RuleWatch {
        let mut watch = RuleWatch::new("any");
        assert!(watch.set(vec![rule(text)], |_| false, Timestamp(0)).is_empty());
        watch
    }

    #[test]
    fn it_fires_once_when_the_number_was_beyond_for_long_enough() {
        let mut watch = watch("lag above 10s for 30s");
        let high = [Some(11.0); 6];
        assert_eq!(told(&mut watch, 0, &high), "---F--");
        assert_eq!(watch.state(3), (RuleState::Firing, Some(11.0)));
    }

    #[test]
    fn a_short_peak_a_missing_reading_and_a_long_gap_count_anew() {
        let mut first = watch("lag above 10s for 30s");
        let peaks = [11.0, 12.0, 9.0, 11.0, 11.0, 11.0, 11.0].map(Some);
        assert_eq!(told(&mut first, 0, &peaks), "------F");
        let mut second = watch("lag above 10s for 30s");
        let with_hole = [Some(11.0), Some(11.0), Some(11.0), None, Some(11.0), Some(11.0), Some(11.0), Some(11.0)];
        assert_eq!(told(&mut second, 0, &with_hole), "-------F");
        let mut third = watch("lag above 10s for 30s");
        assert_eq!(told(&mut third, 0, &[Some(11.0)]), "-");
        assert_eq!(told(&mut third, 700_000, &[Some(11.0), Some(11.0)]), "--");
    }

    #[test]
    fn missing_readings_neither_fire_nor_end() {
        let mut watch = watch("lag above 10s at once");
        assert_eq!(told(&mut watch, 0, &[None, Some(11.0), None, None, None]), "-F---");
        assert_eq!(watch.state(3), (RuleState::Firing, None));
    }

    #[test]
    fn it_ends_when_the_number_came_back_by_a_margin_and_not_before() {
        let mut watch = watch("lag above 10s at once");
        let swing = [11.0, 9.9, 9.8, 10.5, 9.9, 9.0, 9.9, 9.0, 9.0, 9.0].map(Some);
        assert_eq!(told(&mut watch, 0, &swing), "F-------e-");
        assert_eq!(watch.state(3).0, RuleState::Well);
        let mut below = self::watch("cache_hit_ratio below 90% at once");
        let values = |v: f64| Readings::from([(metric::CACHE_HIT_RATIO, v)]);
        let tells = [89.0, 91.0, 93.0, 95.0, 95.0].map(|v| below.measured(Timestamp(1), &values(v)).len());
        assert_eq!(tells, [1, 0, 0, 0, 1]);
    }

    #[test]
    fn what_is_well_at_the_start_ends_what_an_earlier_run_told() {
        let mut watch = watch("lag above 10s for 30s");
        assert_eq!(told(&mut watch, 0, &[Some(1.0), Some(1.0), Some(1.0)]), "-e-");
    }

    #[test]
    fn it_sleeps_while_its_incident_is_open_and_ends_with_its_rule() {
        let mut watch = RuleWatch::new("any");
        watch.set(vec![rule("lag above 10s at once")], |r| r.incident == Some(7), Timestamp(0));
        assert_eq!(told(&mut watch, 0, &[Some(11.0), Some(11.0)]), "--");
        assert_eq!(watch.state(3).0, RuleState::Asleep);
        watch.set(vec![rule("lag above 10s at once")], |_| false, Timestamp(0));
        assert_eq!(told(&mut watch, 20_000, &[Some(11.0)]), "F");
        let gone = watch.set(Vec::new(), |_| false, Timestamp(0));
        assert!(matches!(gone.as_slice(), [Finding::Ended(_)]));
    }

    #[test]
    fn another_threshold_is_another_rule_and_its_time_ends_one() {
        let mut watch = watch("lag above 10s at once");
        assert_eq!(told(&mut watch, 0, &[Some(11.0)]), "F");
        let changed = watch.set(vec![rule("lag above 20s at once")], |_| false, Timestamp(0));
        assert!(matches!(changed.as_slice(), [Finding::Ended(_)]));
        assert_eq!(told(&mut watch, 10_000, &[Some(21.0)]), "F");
        let until = Rule { expires: Some(Timestamp(25_000)), ..rule("lag above 20s at once") };
        watch.set(vec![until], |_| false, Timestamp(0));
        assert_eq!(told(&mut watch, 20_000, &[Some(21.0), Some(21.0), Some(21.0)]), "Fe-");
    }

    #[test]
    fn the_incident_of_a_rule_says_what_why_and_since_when_it_is_kept() {
        let mut watch = watch("lag above 10s at once");
        let found = watch.measured(Timestamp(0), &Readings::from([(metric::LAG, 75.0)]));
        let [Finding::Error(event)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((event.code.as_str(), event.kind), ("RULE_3", ErrorKind::ReplicationError));
        assert_eq!(event.message, "lag is 1m 15s: lag above 10s at once (INC-0007)");
        assert_eq!(ended(&rule("lag above 10s"), Timestamp(0)).signature, event.signature);
    }
}

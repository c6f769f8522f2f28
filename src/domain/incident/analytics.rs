//! What the numbers of incidents say: what comes most, what helped, how fast, how often again, and one score with its
//! reasons.
//!
//! Times and rates are of roots alone: a full disk and its 400 errors are one thing that went wrong.

use super::Incident;
use super::recurrence::hour_of;
use super::stage::Stage;
use super::strategy::Strategy;
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::target::{TargetId, Timestamp};
use std::collections::BTreeMap;
use std::hash::Hash;

/// Hours of [`Analytics::hours`]: a day.
pub const RATE_HOURS: usize = 24;
/// An incident that was seen later than this after its first error was read in an old log: nobody could have been
/// faster, so it says nothing about detection.
const OLD_LOG_MS: u64 = 24 * 3_600_000;
/// Errors an hour from which the rate is yellow, unless twice the usual is more: more than a person looks at one by
/// one.
const YELLOW_FROM: u64 = 20;
/// Errors an hour from which it is red, unless five times the usual is more: more than one a minute.
const RED_FROM: u64 = 100;

/// An incident in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// Its number.
    pub id: u64,
    /// Where.
    pub target: TargetId,
    /// The pattern.
    pub signature: String,
    /// The kind.
    pub kind: ErrorKind,
    /// How bad.
    pub severity: Severity,
    /// How it is dealt with.
    pub strategy: Strategy,
    /// Where it stands.
    pub stage: Stage,
    /// When its first error happened.
    pub first_at: Timestamp,
    /// When its last one happened.
    pub last_at: Timestamp,
    /// When it was seen.
    pub detected_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// Its errors.
    pub count: u64,
    /// How often it came again.
    pub reopened: u32,
    /// It follows from another one.
    pub follows: bool,
}

impl From<&Incident> for Brief {
    fn from(incident: &Incident) -> Self {
        Self {
            id: incident.id,
            target: incident.target.clone(),
            signature: incident.signature.clone(),
            kind: incident.kind,
            severity: incident.severity,
            strategy: incident.strategy,
            stage: incident.stage,
            first_at: incident.first_at,
            last_at: incident.last_at,
            detected_at: incident.detected_at,
            resolved_at: incident.resolved_at,
            count: incident.count,
            reopened: incident.reopened,
            follows: incident.cause.is_some(),
        }
    }
}

/// Errors of a kind on a target in an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourCount {
    /// Where.
    pub target: TargetId,
    /// The hour, counted from 1970.
    pub hour: i64,
    /// The kind.
    pub kind: ErrorKind,
    /// How many.
    pub count: u64,
}

/// What analytics are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// The incidents of the time that is looked at.
    pub briefs: Vec<Brief>,
    /// Its errors.
    pub hours: Vec<HourCount>,
}

impl Figures {
    /// Those of one target.
    #[must_use]
    pub fn of(&self, target: &TargetId) -> Self {
        Self {
            briefs: self.briefs.iter().filter(|brief| brief.target == *target).cloned().collect(),
            hours: self.hours.iter().filter(|count| count.target == *target).cloned().collect(),
        }
    }
}

/// How many held: over, and not again since. Those that are open for the first time are undecided and in neither.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Success {
    /// Resolved, and not again since.
    pub held: u64,
    /// Came again at least once.
    pub again: u64,
}

impl Success {
    /// In percent; none while nothing is decided.
    pub fn percent(self) -> Option<f64> {
        percent(self.held, self.held + self.again)
    }
}

/// What an error rate means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Nothing unusual.
    Green,
    /// More than somebody looks at one by one.
    Yellow,
    /// Many more than usual.
    Red,
}

impl Colour {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// Errors an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The running hour or the one before it, whichever had more.
    pub per_hour: u64,
    /// The median hour of the time before that; none where that is less than a day.
    pub usual: Option<u64>,
    /// What it means.
    pub colour: Colour,
    /// Why, in words.
    pub reason: String,
}

/// One number for everything, with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// 100 is best.
    pub points: u8,
    /// What cost how many, most first; empty at 100.
    pub reasons: Vec<(u8, String)>,
}

/// What the numbers say.
#[derive(Debug, Clone, PartialEq)]
pub struct Analytics {
    /// Kinds by their errors, most first: kind, errors, incidents.
    pub kinds: Vec<(ErrorKind, u64, u64)>,
    /// Incidents of each strategy.
    pub strategies: Vec<(Strategy, u64)>,
    /// What held, by strategy.
    pub by_strategy: Vec<(Strategy, Success)>,
    /// What held, by kind.
    pub by_kind: Vec<(ErrorKind, Success)>,
    /// What held, by severity, worst first.
    pub by_severity: Vec<(Severity, Success)>,
    /// Errors of each of the last [`RATE_HOURS`], the running one last.
    pub hours: Vec<u64>,
    /// What they mean.
    pub rate: Rate,
    /// Mean time from the first error to its being seen, milliseconds; without what was read in old logs.
    pub mttd_ms: Option<u64>,
    /// Mean time from its being seen to its end, milliseconds.
    pub mttr_ms: Option<u64>,
    /// Incidents that came again, in percent of those that were over at least once.
    pub recurrence_percent: Option<f64>,
    /// Open incidents without followers, worst severity first.
    pub open: Vec<(Severity, u64)>,
    /// One number for everything.
    pub score: Score,
}

/// Reads the numbers. `now` is our clock.
pub fn analyse(figures: &Figures, now: Timestamp) -> Analytics {
    let roots: Vec<&Brief> = figures.briefs.iter().filter(|brief| !brief.follows).collect();
    let hours = by_hour(figures, hour_of(now));
    let rate = rate(figures, hour_of(now));
    let worst_first = || Severity::ALL.into_iter().rev();
    let open_of = |severity| count(roots.iter().filter(|b| b.stage.is_open() && b.severity == severity));
    let open: Vec<(Severity, u64)> =
        worst_first().map(|severity| (severity, open_of(severity))).filter(|(_, open)| *open > 0).collect();
    let success: Success = roots.iter().fold(Success::default(), |sum, brief| add(sum, brief));
    let recurrence_percent = percent(success.again, success.held + success.again);
    let by_severity: BTreeMap<Severity, Success> = successes(&roots, |brief| brief.severity);
    Analytics {
        kinds: kinds(figures),
        strategies: Strategy::ALL
            .into_iter()
            .map(|strategy| (strategy, count(roots.iter().filter(|brief| brief.strategy == strategy))))
            .collect(),
        by_strategy: successes(&roots, |brief| brief.strategy).into_iter().collect(),
        by_kind: successes(&roots, |brief| brief.kind).into_iter().collect(),
        by_severity: by_severity.into_iter().rev().collect(),
        hours,
        score: score(&open, &rate, recurrence_percent),
        rate,
        mttd_ms: mean(roots.iter().map(|b| b.detected_at.since(b.first_at)).filter(|ms| *ms <= OLD_LOG_MS)),
        mttr_ms: mean(roots.iter().filter_map(|brief| Some(brief.resolved_at?.since(brief.detected_at)))),
        recurrence_percent,
        open,
    }
}

fn kinds(figures: &Figures) -> Vec<(ErrorKind, u64, u64)> {
    let mut kinds: BTreeMap<ErrorKind, (u64, u64)> = BTreeMap::new();
    for hour in &figures.hours {
        let (errors, _) = kinds.entry(hour.kind).or_default();
        *errors = errors.saturating_add(hour.count);
    }
    for brief in &figures.briefs {
        kinds.entry(brief.kind).or_default().1 += 1;
    }
    let mut kinds: Vec<_> = kinds.into_iter().map(|(kind, (errors, incidents))| (kind, errors, incidents)).collect();
    kinds.sort_by_key(|(kind, errors, incidents)| (std::cmp::Reverse((*errors, *incidents)), *kind));
    kinds
}

/// What held, by something.
fn successes<T: Ord + Hash>(roots: &[&Brief], by: impl Fn(&Brief) -> T) -> BTreeMap<T, Success> {
    let mut successes: BTreeMap<T, Success> = BTreeMap::new();
    for brief in roots {
        let success = successes.entry(by(brief)).or_default();
        *success = add(*success, brief);
    }
    successes
}

fn add(mut success: Success, brief: &Brief) -> Success {
    success.again += u64::from(brief.reopened > 0);
    success.held += u64::from(brief.reopened == 0 && !brief.stage.is_open());
    success
}

fn by_hour(figures: &Figures, running: i64) -> Vec<u64> {
    let mut hours = vec![0_u64; RATE_HOURS];
    for count in &figures.hours {
        let age = usize::try_from(running - count.hour).unwrap_or(usize::MAX);
        if let Some(hour) = hours.iter_mut().rev().nth(age) {
            *hour = hour.saturating_add(count.count);
        }
    }
    hours
}

fn rate(figures: &Figures, running: i64) -> Rate {
    let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
    for count in &figures.hours {
        let hour = hours.entry(count.hour).or_default();
        *hour = hour.saturating_add(count.count);
    }
    let of = |hour: i64| hours.get(&hour).copied().unwrap_or(0);
    let per_hour = of(running).max(of(running - 1));
    let first = hours.keys().next().copied().unwrap_or(running);
    let mut before: Vec<u64> = (first..running - 1).map(of).collect();
    before.sort_unstable();
    let usual = (before.len() >= RATE_HOURS).then(|| before[before.len() / 2]);
    let yellow = YELLOW_FROM.max(usual.unwrap_or(0).saturating_mul(2));
    let red = RED_FROM.max(usual.unwrap_or(0).saturating_mul(5));
    let colour = match per_hour {
        errors if errors >= red => Colour::Red,
        errors if errors >= yellow => Colour::Yellow,
        _ => Colour::Green,
    };
    let usually =
        usual.map_or_else(|| "what is usual is not known yet".to_owned(), |usual| format!("{usual} are usual"));
    let reason = format!("{per_hour} errors within an hour; {usually}; yellow from {yellow}, red from {red}");
    Rate { per_hour, usual, colour, reason }
}

/// 100 minus what is open (each severity up to a limit), what the error rate says, and what comes again.
fn score(open: &[(Severity, u64)], rate: &Rate, recurrence_percent: Option<f64>) -> Score {
    let mut reasons: Vec<(u8, String)> = Vec::new();
    for (severity, open) in open {
        let (each, most) = match severity {
            Severity::Critical => (25, 60),
            Severity::Error => (8, 30),
            Severity::Warning => (3, 12),
            Severity::Info => continue,
        };
        let cost = u8::try_from(open.saturating_mul(each)).unwrap_or(most).min(most);
        let plural = if *open == 1 { "" } else { "s" };
        reasons.push((cost, format!("{open} open incident{plural} of severity {}", severity.word())));
    }
    match rate.colour {
        Colour::Red => reasons.push((15, rate.reason.clone())),
        Colour::Yellow => reasons.push((5, rate.reason.clone())),
        Colour::Green => {}
    }
    if let Some(percent) = recurrence_percent.filter(|percent| *percent >= 30.0) {
        reasons.push((8, format!("{percent:.0}% of the incidents came again after they were over")));
    }
    reasons.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
    let cost = reasons.iter().fold(0_u8, |sum, (cost, _)| sum.saturating_add(*cost));
    Score { points: 100_u8.saturating_sub(cost), reasons }
}

fn count<T>(of: impl Iterator<Item = T>) -> u64 {
    u64::try_from(of.count()).unwrap_or(u64::MAX)
}

fn mean(of: impl Iterator<Item = u64>) -> Option<u64> {
    let (sum, count) = of.fold((0_u128, 0_u128), |(sum, count), ms| (sum + u128::from(ms), count + 1));
    (count > 0).then(|| u64::try_from(sum / count).unwrap_or(u64::MAX))
}

fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

//! What the numbers of incidents say: what comes most, what helped, how fast, how often again, and one score with its
//! reasons.
//!
//! Times and rates are of roots alone: a full disk and its 400 errors are one thing that went wrong.

use super::figures::{Brief, Figures};
use super::recurrence::hour_of;
use super::strategy::Strategy;
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::target::Timestamp;
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
    let usually = usual.map_or_else(|| "what is usual is not known yet".to_owned(), |usual| format!("usual: {usual}"));
    let noun = if per_hour == 1 { "error" } else { "errors" };
    let reason = format!("{per_hour} {noun} within an hour; {usually}; yellow from {yellow}, red from {red}");
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

#[cfg(test)]
mod tests {
    use super::super::figures::HourCount;
    use super::super::stage::Stage;
    use super::*;
    use crate::domain::target::TargetId;

    const HOUR_MS: i64 = 3_600_000;
    /// The beginning of an hour.
    const NOW: Timestamp = Timestamp(500_000 * HOUR_MS);

    fn brief(id: u64) -> Brief {
        Brief {
            id,
            target: TargetId::new("db"),
            signature: "s".into(),
            kind: ErrorKind::Deadlock,
            severity: Severity::Error,
            strategy: Strategy::Preventive,
            stage: Stage::Resolved,
            first_at: NOW.plus_ms(-10_000),
            last_at: NOW,
            detected_at: NOW.plus_ms(-9000),
            resolved_at: Some(NOW.plus_ms(-5000)),
            count: 3,
            reopened: 0,
            follows: false,
        }
    }

    fn hours(counts: impl IntoIterator<Item = u64>) -> Vec<HourCount> {
        let running = hour_of(NOW);
        let of = |(age, count)| HourCount {
            target: TargetId::new("db"),
            hour: running - age,
            kind: ErrorKind::Deadlock,
            count,
        };
        (0..).zip(counts).map(of).collect()
    }

    #[test]
    fn followers_and_old_logs_do_not_blur_the_times() {
        let figures = Figures {
            briefs: vec![
                brief(1),
                Brief { detected_at: NOW.plus_ms(-7000), ..brief(2) },
                Brief { follows: true, resolved_at: Some(NOW.plus_ms(HOUR_MS)), ..brief(3) },
                Brief { first_at: NOW.plus_ms(-900 * HOUR_MS), ..brief(4) },
                Brief { stage: Stage::Open, resolved_at: None, ..brief(5) },
            ],
            hours: Vec::new(),
        };
        let analytics = analyse(&figures, NOW);
        assert_eq!(analytics.mttd_ms, Some((1000 + 3000 + 1000) / 3));
        assert_eq!(analytics.mttr_ms, Some((4000 + 2000 + 4000) / 3));
        assert_eq!(analytics.open, [(Severity::Error, 1)]);
    }

    #[test]
    fn what_came_again_did_not_hold_and_what_is_open_is_undecided() {
        let figures = Figures {
            briefs: vec![
                brief(1),
                brief(2),
                Brief { reopened: 2, ..brief(3) },
                Brief { stage: Stage::Open, resolved_at: None, strategy: Strategy::AiPowered, ..brief(4) },
            ],
            hours: Vec::new(),
        };
        let analytics = analyse(&figures, NOW);
        let success = Success { held: 2, again: 1 };
        assert_eq!(analytics.by_kind, [(ErrorKind::Deadlock, success)]);
        assert_eq!(analytics.by_strategy, [(Strategy::Preventive, success), (Strategy::AiPowered, Success::default())]);
        assert_eq!(Success::default().percent(), None);
        assert!(analytics.recurrence_percent.is_some_and(|p| (p - 100.0 / 3.0).abs() < 1e-9));
    }

    #[test]
    fn a_rate_is_judged_by_what_is_usual() {
        let colour = |now: u64, before: u64, age: usize| {
            let figures = Figures { hours: hours([now].into_iter().chain(vec![before; age])), ..Figures::default() };
            analyse(&figures, NOW).rate.colour
        };
        assert_eq!(colour(19, 0, 0), Colour::Green);
        assert_eq!(colour(20, 0, 0), Colour::Yellow);
        assert_eq!(colour(100, 0, 0), Colour::Red);
        // A day of 60 an hour: 119 are nothing, 120 twice the usual.
        assert_eq!(colour(119, 60, 30), Colour::Green);
        assert_eq!(colour(120, 60, 30), Colour::Yellow);
        assert_eq!(colour(300, 60, 30), Colour::Red);
        // Half a day tells nothing yet.
        assert_eq!(colour(119, 60, 12), Colour::Red);
    }

    #[test]
    fn the_hours_end_with_the_running_one() {
        let figures = Figures { hours: hours([7, 5, 0, 1]), ..Figures::default() };
        let analytics = analyse(&figures, NOW);
        assert_eq!(analytics.hours.len(), RATE_HOURS);
        assert_eq!(analytics.hours[RATE_HOURS - 4..], [1, 0, 5, 7]);
        assert_eq!(analytics.kinds, [(ErrorKind::Deadlock, 13, 0)]);
    }

    #[test]
    fn the_score_says_what_it_is_made_of() {
        assert_eq!(analyse(&Figures::default(), NOW).score, Score { points: 100, reasons: Vec::new() });
        let open = |id, severity| Brief { severity, stage: Stage::Open, resolved_at: None, ..brief(id) };
        let mut figures =
            Figures { briefs: vec![open(1, Severity::Critical), open(2, Severity::Warning)], hours: hours([150]) };
        let score = analyse(&figures, NOW).score;
        assert_eq!(score.points, 100 - 25 - 15 - 3);
        assert_eq!(score.reasons.iter().map(|(cost, _)| *cost).collect::<Vec<_>>(), [25, 15, 3]);
        figures.briefs =
            (0..200).map(|id| open(id, if id % 2 == 0 { Severity::Critical } else { Severity::Error })).collect();
        assert_eq!(analyse(&figures, NOW).score.points, 0);
    }
}

//! What a scenario's file can say, and playing it.

use super::Keeper;
use dba_gpt::domain::activity::Sample;
use dba_gpt::domain::error::event::{ErrorEvent, Source};
use dba_gpt::domain::error::kind::{ErrorKind, Severity};
use dba_gpt::domain::error::naming::{Understood, understand};
use dba_gpt::domain::error_event::{ConnectError, ConnectKind};
use dba_gpt::domain::health::{Evidence, judge};
use dba_gpt::domain::incident::book::Change;
use dba_gpt::domain::incident::detect::{Counted, Detector, Finding, of_readings};
use dba_gpt::domain::incident::limits::{Limits, Procedures, Terms};
use dba_gpt::domain::incident::{Act, Incident};
use dba_gpt::domain::metric::{Readings, metric_by_name};
use dba_gpt::domain::target::{EngineId, TargetId, Timestamp};
use dba_gpt::engine::{errors_of, outages};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// 2026-09-21 00:00:00 UTC: when every scenario begins.
const START: i64 = 1_789_948_800_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows.
    #[expect(dead_code, reason = "for people")]
    title: String,
    engine: String,
    /// Kinds that have an automatic procedure in it.
    #[serde(default)]
    procedures: Vec<ErrorKind>,
    /// Target -> machine.
    #[serde(default)]
    hosts: BTreeMap<String, String>,
    #[serde(default)]
    limits: BTreeMap<String, u64>,
    step: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Time since the beginning: `90s`, `15m`, `25h`, `3d`.
    at: String,
    #[serde(default = "db")]
    target: String,
    #[serde(default)]
    error: Vec<Error>,
    /// A connection was tried: `up`, `refused`, `login`, `full`.
    probe: Option<String>,
    /// Readings of a sample, by the names of their metrics.
    sample: Option<BTreeMap<String, f64>>,
    /// The server's own counters of errors.
    counters: Option<Vec<Counter>>,
    /// When the server started, where it says so.
    started: Option<String>,
    act: Option<ActStep>,
    #[serde(default)]
    restart: bool,
    #[serde(default)]
    settle: bool,
    /// The step is done this often, with `every` between.
    #[serde(default = "once")]
    times: u32,
    every: Option<String>,
    #[serde(default)]
    expect: Expect,
}

/// How many of an error there were since the server's start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counter {
    text: String,
    code: String,
    total: u64,
}

/// An error as a source gives it: its text, and its code where the source has it apart.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Error {
    text: String,
    code: Option<String>,
    target: Option<String>,
    engine: Option<String>,
    #[serde(default = "log")]
    source: Source,
    object: Option<String>,
    severity: Option<Severity>,
    kind: Option<ErrorKind>,
    #[serde(default = "single")]
    count: u64,
    /// Seconds before the step that it happened.
    #[serde(default)]
    ago: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActStep {
    incident: u64,
    #[serde(rename = "do")]
    what: String,
    who: Option<String>,
    #[serde(default)]
    words: String,
    until: Option<String>,
    /// The sentence that refuses it.
    refused: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// Incidents in all.
    incidents: Option<usize>,
    open: Option<usize>,
    /// Patterns of all incidents.
    patterns: Option<usize>,
    /// Incidents of which somebody hears by this step.
    news: Option<usize>,
    #[serde(default)]
    incident: Vec<ExpectIncident>,
    /// Typed errors of the pattern of the step's first error.
    private: Option<u64>,
    /// Errors of that pattern that servers reported.
    counted: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectIncident {
    id: u64,
    target: Option<String>,
    object: Option<String>,
    kind: Option<ErrorKind>,
    code: Option<String>,
    severity: Option<Severity>,
    stage: Option<String>,
    strategy: Option<String>,
    resolution: Option<String>,
    count: Option<u64>,
    reopened: Option<u32>,
    /// 0: none.
    cause: Option<u64>,
    followers: Option<Vec<u64>>,
    escalated: Option<bool>,
    silenced: Option<bool>,
    acknowledged_by: Option<String>,
    /// Words that stand somewhere in the timeline.
    told: Option<String>,
    /// Most entries of the timeline.
    most_told: Option<usize>,
}

fn db() -> String {
    "db".to_owned()
}
fn log() -> Source {
    Source::Log
}
fn once() -> u32 {
    1
}
fn single() -> u64 {
    1
}

/// Plays a scenario and says what was not as expected.
pub async fn play(scenario: &Scenario, keeper: Keeper) -> Vec<String> {
    let terms = match terms(scenario) {
        Ok(terms) => terms,
        Err(wrong) => return vec![wrong],
    };
    let mut player = Player { scenario, terms, keeper, detectors: BTreeMap::new(), samples: BTreeMap::new() };
    let mut wrong = Vec::new();
    for (number, step) in (1..).zip(&scenario.step) {
        if let Err(complaints) = player.step(step).await {
            wrong.extend(complaints.into_iter().map(|complaint| format!("step {number} at {}: {complaint}", step.at)));
        }
    }
    wrong
}

fn terms(scenario: &Scenario) -> Result<Terms, String> {
    let mut limits = Limits::default();
    for (name, &value) in &scenario.limits {
        match name.as_str() {
            "window_hours" => limits.window_ms = value * 3_600_000,
            "reopen_hours" => limits.reopen_ms = value * 3_600_000,
            "correlation_seconds" => limits.correlation_ms = value * 1000,
            "quiet_minutes" => limits.quiet_ms = value * 60_000,
            "probe_failures" => limits.probe_failures = usize::try_from(value).unwrap(),
            "probe_window" => limits.probe_window = usize::try_from(value).unwrap(),
            _ => return Err(format!("there is no limit {name}")),
        }
    }
    let hosts = scenario.hosts.iter().map(|(target, host)| (TargetId::new(target), host.clone())).collect();
    let procedures = Procedures::new(scenario.procedures.iter().map(|kind| (*kind, scenario.engine.clone())));
    Ok(Terms { limits, hosts: Arc::new(hosts), procedures, outages: outages() })
}

struct Player<'a> {
    scenario: &'a Scenario,
    terms: Terms,
    keeper: Keeper,
    detectors: BTreeMap<String, Detector>,
    /// The readings of each target's last sample.
    samples: BTreeMap<String, Readings>,
}

impl Player<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), Vec<String>> {
        let begin = time(&step.at);
        let every = step.every.as_deref().map_or(0, span);
        let mut changes = Vec::new();
        for round in 0..i64::from(step.times) {
            changes.extend(self.round(step, begin.plus_ms(round * every)).await.map_err(|wrong| vec![wrong])?);
        }
        let wrong = self.check(&step.expect, step, &changes, begin.plus_ms(i64::from(step.times - 1) * every)).await;
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    async fn round(&mut self, step: &Step, now: Timestamp) -> Result<Vec<Change>, String> {
        let mut changes = Vec::new();
        if step.restart {
            self.keeper.restart().await;
            self.detectors.clear();
            self.samples.clear();
        }
        let mut events: Vec<ErrorEvent> = step.error.iter().map(|error| self.event(error, step, now)).collect();
        let mut ended = Vec::new();
        for finding in self.findings(step, now) {
            match finding {
                Finding::Error(event) => events.push(*event),
                Finding::Ended(end) => ended.push(end),
            }
        }
        if !events.is_empty() {
            changes.extend(self.keeper.report(events, &self.terms, now).await);
        }
        changes.extend(self.keeper.end(ended).await);
        if let Some(act) = &step.act {
            let done = self.keeper.act(act.incident, what(act), now, act.who.as_deref()).await;
            if done.as_ref().err() != act.refused.as_ref() {
                return Err(format!("{} gave {done:?}", act.what));
            }
        }
        if step.settle {
            changes.extend(self.keeper.settle(&self.terms, now).await);
        }
        Ok(changes)
    }

    fn event(&self, error: &Error, step: &Step, now: Timestamp) -> ErrorEvent {
        let engine = error.engine.as_deref().unwrap_or(&self.scenario.engine);
        let naming = errors_of(engine).unwrap_or_else(|| panic!("there is no engine {engine}"));
        let target = TargetId::new(error.target.as_deref().unwrap_or(&step.target));
        let understood = understand(naming, &error.text, error.code.as_deref());
        let at = now.plus_ms(-error.ago * 1000);
        let mut event = ErrorEvent::new(at, target, EngineId(naming.engine().0), error.source, understood);
        event.kind = error.kind.unwrap_or(event.kind);
        event.severity = error.severity.unwrap_or(event.severity);
        event.object = error.object.clone().or(event.object);
        event.count = error.count;
        event
    }

    fn findings(&mut self, step: &Step, now: Timestamp) -> Vec<Finding> {
        let new = || Detector::new(TargetId::new(&step.target), &self.scenario.engine);
        let detector = self.detectors.entry(step.target.clone()).or_insert_with(new);
        let mut found = Vec::new();
        if let Some(probe) = &step.probe {
            let failed = |kind| ConnectError::new(kind, format!("the server said: {probe}"));
            let outcome = match probe.as_str() {
                "up" => Ok(()),
                "refused" => Err(failed(ConnectKind::Refused)),
                "timeout" => Err(failed(ConnectKind::Unreachable)),
                "login" => Err(failed(ConnectKind::Authentication)),
                "full" => Err(failed(ConnectKind::TooManyConnections)),
                other => panic!("there is no probe {other}"),
            };
            found.extend(detector.tried(now, outcome.as_ref().copied(), &self.terms.limits));
        }
        let started = step.started.as_deref().map(time);
        if let Some(readings) = &step.sample {
            let id = |name: &str| metric_by_name(name).unwrap_or_else(|| panic!("there is no metric {name}")).id;
            let readings: Readings = readings.iter().map(|(name, value)| (id(name), *value)).collect();
            let sample = Sample { at: now, server_now: now, readings: readings.clone(), ..Sample::default() };
            let before = self.samples.insert(step.target.clone(), readings.clone());
            let evidence = Evidence { now: &readings, before: before.as_ref(), sample: &sample, usual: &|_| None };
            found.extend(detector.judged(now, &judge(&evidence)));
            let counts = of_readings(&readings);
            if !counts.is_empty() {
                found.extend(detector.counted(now, started, &counts));
            }
        }
        if let Some(counters) = &step.counters {
            let naming = errors_of(&self.scenario.engine).unwrap();
            let counted = |counter: &Counter| {
                let error: Understood = understand(naming, &counter.text, Some(&counter.code));
                Counted { error, total: counter.total }
            };
            let counts: Vec<Counted> = counters.iter().map(counted).collect();
            found.extend(detector.counted(now, started, &counts));
        }
        found
    }

    async fn check(&self, expect: &Expect, step: &Step, changes: &[Change], now: Timestamp) -> Vec<String> {
        let incidents = self.keeper.incidents().await;
        let mut wrong = Vec::new();
        let mut compare = |name: &str, found: String, wanted: Option<String>| {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
                wrong.push(format!("{name} is {found} and not {wanted}"));
            }
        };
        let number = |n: usize| n.to_string();
        compare("number of incidents", number(incidents.len()), expect.incidents.map(number));
        let open = incidents.iter().filter(|incident| incident.stage.is_open()).count();
        compare("number of open incidents", number(open), expect.open.map(number));
        let patterns: BTreeSet<&str> = incidents.iter().map(|incident| incident.signature.as_str()).collect();
        compare("number of patterns", number(patterns.len()), expect.patterns.map(number));
        let news = changes.iter().filter(|change| change.is_news(now)).count();
        compare("number of news", number(news), expect.news.map(number));
        if let Some(error) = step.error.first() {
            let pattern = self.keeper.pattern(&self.event(error, step, now).signature).await;
            let (private, counted) = pattern.map_or((0, 0), |pattern| (pattern.private, pattern.count));
            compare("private", private.to_string(), expect.private.map(|n| n.to_string()));
            compare("counted", counted.to_string(), expect.counted.map(|n| n.to_string()));
        }
        for wanted in &expect.incident {
            match incidents.iter().find(|incident| incident.id == wanted.id) {
                Some(incident) => wanted.compare(incident, now, &mut compare),
                None => compare("incident", "missing".to_owned(), Some(wanted.id.to_string())),
            }
        }
        if !wrong.is_empty() {
            wrong.push(format!("{incidents:#?}"));
        }
        wrong
    }
}

impl ExpectIncident {
    fn compare(&self, incident: &Incident, now: Timestamp, compare: &mut impl FnMut(&str, String, Option<String>)) {
        let name = |what: &str| format!("{what} of {}", incident.name());
        compare(&name("target"), incident.target.to_string(), self.target.clone());
        compare(&name("object"), incident.object.clone().unwrap_or_default(), self.object.clone());
        compare(&name("kind"), incident.kind.to_string(), self.kind.map(|kind| kind.to_string()));
        compare(&name("code"), incident.code.clone(), self.code.clone());
        compare(&name("severity"), incident.severity.word().to_owned(), self.severity.map(|s| s.word().to_owned()));
        compare(&name("stage"), incident.stage.word().to_owned(), self.stage.clone());
        compare(&name("strategy"), incident.strategy.word().to_owned(), self.strategy.clone());
        let resolution = incident.resolution.as_ref().map_or("", |how| how.word());
        compare(&name("resolution"), resolution.to_owned(), self.resolution.clone());
        compare(&name("count"), incident.count.to_string(), self.count.map(|n| n.to_string()));
        compare(&name("reopenings"), incident.reopened.to_string(), self.reopened.map(|n| n.to_string()));
        compare(&name("cause"), incident.cause.unwrap_or(0).to_string(), self.cause.map(|id| id.to_string()));
        let mut followers = incident.followers.clone();
        followers.sort_unstable();
        compare(&name("followers"), format!("{followers:?}"), self.followers.as_ref().map(|ids| format!("{ids:?}")));
        compare(
            &name("escalation"),
            incident.escalated_at.is_some().to_string(),
            self.escalated.map(|b| b.to_string()),
        );
        compare(&name("silence"), incident.is_silenced(now).to_string(), self.silenced.map(|b| b.to_string()));
        let who = incident.acknowledged_by.clone().unwrap_or_default();
        compare(&name("acknowledger"), who, self.acknowledged_by.clone());
        if let Some(words) = &self.told {
            let told = incident.timeline.iter().any(|happening| happening.words.contains(words));
            compare(&name("timeline"), told.to_string(), Some(true.to_string()));
        }
        if let Some(most) = self.most_told {
            let told = incident.timeline.len() <= most;
            compare(&name("length of timeline"), told.to_string(), Some(true.to_string()));
        }
    }
}

fn what(act: &ActStep) -> Act {
    match act.what.as_str() {
        "acknowledge" => Act::Acknowledge,
        "silence" => Act::Silence { until: time(act.until.as_deref().unwrap_or("0s")), reason: act.words.clone() },
        "unsilence" => Act::Unsilence,
        "note" => Act::Note(act.words.clone()),
        "resolve" => Act::Resolve(act.words.clone()),
        "diagnose" => Act::Diagnose,
        "propose" => Act::Propose(7),
        "approve" => Act::Approve(7),
        "begin" => Act::Begin(7),
        "verify" => Act::Verify(7),
        "helped" => Act::Helped(7),
        "failed" => Act::Failed(7, act.words.clone()),
        other => panic!("there is no act {other}"),
    }
}

fn time(text: &str) -> Timestamp {
    Timestamp(START).plus_ms(span(text))
}

/// `1h30m` in milliseconds.
fn span(text: &str) -> i64 {
    let (mut sum, mut digits) = (0, String::new());
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            's' => 1000,
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            other => panic!("there is no unit {other}"),
        };
        sum += std::mem::take(&mut digits).parse::<i64>().unwrap() * unit;
    }
    assert!(digits.is_empty(), "{text} has no unit");
    sum
}

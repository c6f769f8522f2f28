//! Commands: single slow ones that hold everybody up, and a core that is busy with very many quick ones.

use super::keys::BigKey;
use super::picture::{Picture, Ran, SLOW_US, Slow};
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};
use crate::domain::text::fit;

/// One command of this time is noticed by everybody, microseconds.
const NOTICED_US: f64 = 100_000.0;
/// Share of the time that slow commands take from which they are the trouble.
const FELT: f64 = 0.05;
/// Slow commands within a minute that are too many (Redis doctor).
const MANY_A_MINUTE: usize = 10;
/// Share of one core from which the server is at its end: commands run on one.
const BUSY: f64 = 0.8;
const NEARLY_BUSY: f64 = 0.6;
/// Commands a second that keep a core busy even where the machine gives the server less than a whole one.
const VERY_MANY: f64 = 20_000.0;
/// Against the usual number of commands.
const THRICE: f64 = 3.0;

/// Slow commands by their statistics: ten milliseconds a call or more.
fn slow_on_average(picture: &Picture<'_>) -> Vec<Ran> {
    // These only wait for a signal, or are series of steps of our own.
    const NOT_HELD_UP: &[&str] =
        &["scan", "wait", "waitaof", "blpop", "brpop", "xread", "xreadgroup", "psync", "replconf"];
    picture
        .ran()
        .into_iter()
        .filter(|ran| ran.micros / ran.calls >= SLOW_US && !NOT_HELD_UP.contains(&ran.name.as_str()))
        .collect()
}

/// Microseconds that slow commands took while we watched.
fn slow_time(picture: &Picture<'_>) -> f64 {
    let logged: f64 = picture.slow().0.iter().map(|slow| slow.micros).sum();
    let counted: f64 = slow_on_average(picture).iter().map(|ran| ran.micros).sum();
    logged.max(counted)
}

/// Every slow command works on one of these keys.
pub(super) fn all_on(picture: &Picture<'_>, keys: &[BigKey]) -> bool {
    let (new, recent) = picture.slow();
    let slow: Vec<&Slow> = new.iter().chain(&recent).collect();
    !slow.is_empty() && slow.iter().all(|slow| slow.key().is_some_and(|key| keys.iter().any(|own| own.name == key)))
}

/// Half of what the core did was slow commands.
pub(super) fn explain_the_core(picture: &Picture<'_>) -> bool {
    core(picture).is_some_and(|share| slow_time(picture) >= 0.5 * share * picture.seconds * 1e6)
}

/// Share of one core that the server took; the thread of the commands alone where the server tells it apart.
fn core(picture: &Picture<'_>) -> Option<f64> {
    let of = |user: &str, system: &str| Some(picture.rate(user)? + picture.rate(system)?);
    of("used_cpu_user_main_thread", "used_cpu_sys_main_thread").or_else(|| of("used_cpu_user", "used_cpu_sys"))
}

/// `KEYS "user:*"`: the name and the first argument, cut: values do not belong here.
pub(in crate::engine::redis) fn shown(slow: &Slow) -> String {
    slow.key().map_or_else(|| slow.name(), |key| format!("{} {}", slow.name(), fit(key, 60)))
}

pub(super) fn judge(picture: &Picture<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    if picture.setting_number("slowlog-log-slower-than").is_some_and(|limit| limit < 0.0) {
        unknown.push(
            "the slow log is off (slowlog-log-slower-than -1): which command is slow is only seen by its averages"
                .to_owned(),
        );
    }
    let mut found = vec![slow(picture)];
    found.extend(busy_core(picture));
    found
}

fn slow(picture: &Picture<'_>) -> Hypothesis {
    let (new, recent) = picture.slow();
    let averages = slow_on_average(picture);
    let mut evidence: Vec<String> = Vec::new();
    let mut worst: Vec<&Slow> = new.iter().chain(&recent).collect();
    worst.sort_by(|a, b| b.micros.total_cmp(&a.micros));
    for slow in worst.iter().take(3) {
        evidence.push(format!("slow log: {} took {:.0} ms", shown(slow), slow.micros / 1_000.0));
    }
    for ran in averages.iter().take(3) {
        evidence.push(format!(
            "{} ran {:.0} times at {:.0} ms in {:.0} s",
            ran.name.to_ascii_uppercase().replace('|', " "),
            ran.calls,
            ran.micros / ran.calls / 1_000.0,
            picture.seconds
        ));
    }
    for (event, ms) in picture.spikes().iter().filter(|(event, _)| event.contains("command")) {
        evidence.push(format!("latency monitor: {} of {ms:.0} ms", fit(event, 40)));
    }
    let share = slow_time(picture) / (picture.seconds * 1e6).max(1.0);
    let about =
        worst.first().map(|slow| shown(slow)).or_else(|| averages.first().map(|ran| ran.name.to_ascii_uppercase()));
    let longest = worst.first().map_or(0.0, |slow| slow.micros);
    let within_watch = !new.is_empty() || !averages.is_empty();
    let (verdict, confidence) = if within_watch && share >= 4.0 * FELT {
        (Verdict::Supported, 0.95)
    } else if within_watch && (share >= FELT || new.len() >= 2 || longest >= NOTICED_US) {
        (Verdict::Supported, 0.85)
    } else if recent.len() + new.len() >= MANY_A_MINUTE {
        evidence.push(format!("{} slow commands within the last minute", recent.len() + new.len()));
        (Verdict::Supported, 0.75)
    } else if within_watch || longest >= NOTICED_US {
        (Verdict::Inconclusive, 0.5)
    } else {
        evidence.push(format!("no command took 10 ms or more in {:.0} s", picture.seconds));
        (Verdict::Refuted, 0.85)
    };
    let hypothesis = Hypothesis::new(Cause::SlowCommands, verdict, confidence, evidence);
    match about {
        Some(about) if verdict != Verdict::Refuted => hypothesis.about(about),
        _ => hypothesis,
    }
}

fn busy_core(picture: &Picture<'_>) -> Option<Hypothesis> {
    let share = core(picture)?;
    let rate = picture.rate("total_commands_processed").unwrap_or(0.0);
    let mut evidence =
        vec![format!("the server took {:.0} % of one core for {rate:.0} commands a second", share * 100.0)];
    evidence.extend(picture.ran().iter().take(2).map(|ran| {
        format!("{}: {:.0} calls, {:.0} ms of time", ran.name.to_ascii_uppercase(), ran.calls, ran.micros / 1_000.0)
    }));
    let usual = picture.case.usual.get(&crate::domain::metric::STATEMENTS).map(|usual| usual.median);
    let unusual = usual.is_some_and(|usual| usual > 0.0 && rate >= THRICE * usual);
    if let Some(usual) = usual.filter(|_| unusual) {
        evidence.push(format!("usual are {usual:.0} commands a second"));
    }
    let (verdict, confidence) = if share >= BUSY {
        (Verdict::Supported, 0.9)
    } else if share >= 0.4 && rate >= VERY_MANY || share >= 0.5 && unusual {
        (Verdict::Supported, 0.75)
    } else if share >= NEARLY_BUSY {
        (Verdict::Inconclusive, 0.5)
    } else {
        (Verdict::Refuted, 0.85)
    };
    Some(Hypothesis::new(Cause::HeavyWorkload, verdict, confidence, evidence))
}

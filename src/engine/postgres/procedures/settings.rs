//! PG32, PG56: a setting is worse than it was or should be. One that somebody switched off goes back;
//! memory and log sizes grow by small steps within bounds.

use super::seen::{self, Setting};
use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Hypothesis, Verdict};
use crate::domain::procedure::{Check, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::FixKind;

/// Brings a setting back.
const BACK: &str = "PG56";
/// Gives sorts and checkpoints more room (checks.md PG32, PG34).
const LARGER: &str = "PG32";
/// Switches that are on unless somebody has a reason (checks.md PG14, PG45, PG56).
const SWITCHES: &[&str] = &[
    "autovacuum",
    "track_counts",
    "fsync",
    "full_page_writes",
    "enable_indexscan",
    "enable_indexonlyscan",
    "enable_bitmapscan",
    "enable_seqscan",
    "enable_hashjoin",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_hashagg",
    "enable_sort",
];
/// Numbers with a sane range, in the setting's own unit: below or above it, the default is better. The bounds are far
/// from anything that the documentation advises.
const RANGES: &[(&str, f64, f64)] = &[
    ("random_page_cost", 0.5, 20.0),
    ("seq_page_cost", 0.01, 20.0),
    ("cpu_tuple_cost", 0.000_01, 1.0),
    ("cpu_index_tuple_cost", 0.000_01, 0.5),
    ("cpu_operator_cost", 0.000_01, 0.5),
    ("default_statistics_target", 10.0, 10_000.0),
    ("join_collapse_limit", 2.0, 1_000.0),
    ("from_collapse_limit", 2.0, 1_000.0),
    ("autovacuum_vacuum_scale_factor", 0.0, 0.9),
    ("autovacuum_analyze_scale_factor", 0.0, 0.9),
    ("autovacuum_vacuum_cost_delay", -1.0, 50.0),
    ("autovacuum_naptime", 1.0, 3_600.0),
    ("work_mem", 1_024.0, 4_194_304.0),
    ("maintenance_work_mem", 4_096.0, 67_108_864.0),
    ("checkpoint_timeout", 60.0, 7_200.0),
    ("max_wal_size", 256.0, 1_048_576.0),
];
/// `work_mem` grows by this factor, up to so many kB: each sort of each session may take it.
const MEMORY_FACTOR: f64 = 4.0;
const MOST_WORK_MEM_KB: f64 = 65_536.0;
/// `max_wal_size` grows by this factor (checks.md PG34), up to so many MB: the disk has to hold it.
const LOG_FACTOR: f64 = 2.0;
const MOST_LOG_MB: f64 = 16_384.0;

/// Settings that do harm go back.
pub(super) fn regression(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let mut plans = Vec::new();
    for name in SWITCHES {
        if let Some(setting) = seen::setting(case, name).filter(|s| s.value == "off" && s.boot == "on") {
            plans.push(back(name, &setting, diagnosis));
        }
    }
    for (name, least, most) in RANGES {
        let bad =
            |s: &Setting| s.value.parse::<f64>().is_ok_and(|value| (value < *least && value >= 0.0) || value > *most);
        if let Some(setting) = seen::setting(case, name).filter(|s| s.value != s.boot && bad(s)) {
            plans.push(back(name, &setting, diagnosis));
        }
    }
    let about = diagnosis.of(Cause::ConfigRegression).and_then(|h| h.about.clone()).unwrap_or_default();
    plans.sort_by_key(|plan| about.is_empty() || !plan.title.contains(&about));
    plans
}

/// Brings a setting back to its default.
fn back(name: &str, setting: &Setting, diagnosis: &Diagnosis) -> Plan {
    let mut plan =
        step::plan(BACK, format!("Set {name} back to {}", setting.boot), Cause::ConfigRegression, 70, diagnosis);
    plan.evidence.push(format!("{name} is {} ({}); {} by default", setting.value, setting.source, setting.boot));
    let kind = match setting.source.as_str() {
        _ if setting.by_alter_system => FixKind::ResetSetting(name.to_owned()),
        "configuration file" | "default" => {
            FixKind::ChangeSetting { name: name.to_owned(), value: setting.boot.clone() }
        }
        "command line" | "environment variable" => {
            plan.blocked.push(format!("{name} was given when the server was started: change it where that is done"));
            return plan;
        }
        other => {
            plan.blocked
                .push(format!("{name} comes from {other} of the login that looks: it says nothing about the server"));
            return plan;
        }
    };
    change(
        &mut plan,
        kind,
        name,
        &setting.boot,
        &setting.context,
        "the default is meant for every server, and this value harms",
    );
    plan.advice.push(
        "was it set on purpose, for one statement or a test? Then set it there: SET LOCAL, or ALTER ROLE ... SET"
            .to_owned(),
    );
    plan
}

/// A step that gives a setting a value which is in force afterwards.
fn change(plan: &mut Plan, kind: FixKind, name: &str, value: &str, context: &str, why: &str) {
    let check = Check::SettingIs { name: name.to_owned(), value: value.to_owned() };
    if context == "postmaster" {
        plan.advice.push(format!("{name} changes only with a restart: write it, and restart in a window"));
        plan.blocked.push(format!("{name} is in force only after a restart, which is a person's"));
    }
    step::add(plan, kind, Rung::Setting, step::within(check, 15, &format!("{name} = {value}")), |step| {
        why.clone_into(&mut step.why);
        step.expected.push(format!("{name} is {value} for every session that does not set it itself"));
        step.on_failure = OnFailure::RollBack;
    });
}

fn is_open(hypothesis: &Hypothesis, cause: Cause) -> bool {
    hypothesis.cause == cause && hypothesis.verdict != Verdict::Refuted
}

/// Sorts and hashes get more memory, checkpoints more room.
pub(super) fn larger(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let wanted = |cause: Cause| case.focus == Some(cause) || diagnosis.hypotheses.iter().any(|h| is_open(h, cause));
    let mut plans = Vec::new();
    if wanted(Cause::DiskSpill) {
        let advice =
            "SET LOCAL work_mem for the one statement, or ALTER ROLE ... SET work_mem for reports, spends less";
        plans.extend(grow(
            case,
            Cause::DiskSpill,
            ("work_mem", "kB", MEMORY_FACTOR, MOST_WORK_MEM_KB),
            advice,
            diagnosis,
        ));
    }
    if wanted(Cause::CheckpointPressure) {
        let advice = "the disk has to have room for it, and a crash takes longer to recover from";
        plans.extend(grow(
            case,
            Cause::CheckpointPressure,
            ("max_wal_size", "MB", LOG_FACTOR, MOST_LOG_MB),
            advice,
            diagnosis,
        ));
    }
    plans
}

/// A name, its unit, the factor and the bound.
type Growth = (&'static str, &'static str, f64, f64);

fn grow(
    case: &Case<'_>,
    cause: Cause,
    (name, unit, factor, most): Growth,
    advice: &str,
    diagnosis: &Diagnosis,
) -> Option<Plan> {
    let setting = seen::setting(case, name)?;
    let now: f64 = setting.value.parse().ok()?;
    let new = (now * factor).min(most);
    let mut plan = step::plan(LARGER, format!("Raise {name} to {new:.0}{unit}"), cause, 60, diagnosis);
    plan.evidence.push(format!("{name} is {now:.0}{unit}"));
    plan.advice.push(advice.to_owned());
    if new <= now {
        plan.blocked.push(format!(
            "{name} is {now:.0}{unit} already: more than {most:.0}{unit} for everybody is not set from here"
        ));
        return Some(plan);
    }
    let connections = seen::setting_number(case, "max_connections").unwrap_or(100.0);
    if unit == "kB" {
        plan.advice.push(format!(
            "at the worst {connections:.0} sessions take it at once: {}",
            seen::size(connections * new * 1_024.0)
        ));
    }
    let value = format!("{new:.0}{unit}");
    let kind = FixKind::ChangeSetting { name: name.to_owned(), value: value.clone() };
    change(&mut plan, kind, name, &value, &setting.context, "a small step within bounds, which a reload puts in force");
    Some(plan)
}

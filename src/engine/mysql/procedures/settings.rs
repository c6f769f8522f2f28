//! Settings: one that somebody has set to a value that does harm goes back, and limits of memory and log that the work
//! has outgrown grow (C19, MY15).

use super::step::{self, verified};
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, OnFailure, Plan, Rung, Step};
use crate::domain::proposal::kind::FixKind;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::{redo_use, wrong_settings};

/// Share of the buffer pool that all temporary tables may want at once.
const MEMORY_SHARE: f64 = 0.25;
/// The same for servers with a small pool, bytes: so much is to be had anywhere.
const MEMORY_FLOOR: f64 = 256.0 * 1024.0 * 1024.0;
/// Largest redo log that is proposed, bytes.
const LARGEST_REDO: f64 = 16.0 * 1024.0 * 1024.0 * 1024.0;

/// A step that sets a setting and takes it back when that did not hold.
fn set(name: &str, old: f64, new: f64, why: &str) -> Result<Step, String> {
    let value = format!("{new:.0}");
    let mut set = step::step(
        FixKind::ChangeSetting { name: name.to_owned(), value: value.clone() },
        Rung::Setting,
        why,
        verified(Check::SettingIs { name: name.to_owned(), value }, 5_000, format!("{name} = {new:.0}")),
    )?;
    set.requires.push(Check::SettingIs { name: name.to_owned(), value: format!("{old:.0}") });
    set.expected.push(format!("{name} {old:.0} -> {new:.0}"));
    set.on_failure = OnFailure::RollBack;
    Ok(set)
}

/// What was set by hand and does harm.
pub(super) fn wrong(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let scene = Scene::of(case);
    wrong_settings(&scene)
        .into_iter()
        .map(|wrong| {
            let title = format!("Set {} back to its default", wrong.name);
            let mut plan = step::plan("SETTING", title, Cause::ConfigRegression, 70, diagnosis);
            plan.evidence = vec![wrong.why.clone()];
            let check = match &wrong.default {
                Some(default) => Check::SettingIs { name: wrong.name.clone(), value: default.clone() },
                // MySQL does not tell its defaults: what counts is that the value does no harm any more.
                None => Check::CauseGone(Cause::ConfigRegression),
            };
            let words = match &wrong.default {
                Some(default) => format!("{} = {default}", wrong.name),
                None => format!("{} has a value that does no harm", wrong.name),
            };
            let reset = step::step(
                FixKind::ResetSetting(wrong.name.clone()),
                Rung::Setting,
                wrong.why.clone(),
                verified(check, 10_000, words),
            );
            step::put(&mut plan, reset, |reset| {
                reset.requires.push(Check::SettingIs { name: wrong.name.clone(), value: wrong.value.clone() });
                reset.expected.push(match &wrong.default {
                    Some(default) => format!("{} {} -> {default}", wrong.name, wrong.value),
                    None => format!("{} {} -> the server's default", wrong.name, wrong.value),
                });
                reset.on_failure = OnFailure::RollBack;
            });
            plan.advice
                .push("what the server's configuration says comes back with a restart: look there as well".into());
            plan
        })
        .collect()
}

/// C19: sorts and temporary tables that do not fit their memory.
pub(super) fn temporary(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    if !diagnosis.roots().any(|h| h.cause == Cause::DiskSpill) {
        return Vec::new();
    }
    let scene = Scene::of(case);
    let (Some(table), Some(heap)) = (scene.setting("tmp_table_size"), scene.setting("max_heap_table_size")) else {
        return Vec::new();
    };
    let mut plan =
        step::plan("C19", "Let temporary tables and sorts have twice the memory", Cause::DiskSpill, 55, diagnosis);
    let tables = scene.status.delta("Created_tmp_disk_tables").unwrap_or(0.0) > 0.0;
    let passes = scene.status.delta("Sort_merge_passes").unwrap_or(0.0) > 0.0;
    let sort = scene.setting("sort_buffer_size").filter(|_| passes);
    let size = table.min(heap) * 2.0;
    let busy = scene.work.mean.max(1.0);
    let wants = busy * (if tables { size } else { 0.0 } + sort.unwrap_or(0.0) * 2.0);
    let allowed = (scene.setting("innodb_buffer_pool_size").unwrap_or(0.0) * MEMORY_SHARE).max(MEMORY_FLOOR);
    if wants > allowed {
        plan.blocked.push(format!(
            "{busy:.0} sessions could want {:.0} MB at once, more than {:.0} MB",
            wants / 1_048_576.0,
            allowed / 1_048_576.0
        ));
    }
    if tables {
        // The smaller of the two is the limit.
        for (name, old) in [("max_heap_table_size", heap), ("tmp_table_size", table)] {
            if old < size {
                step::put(&mut plan, set(name, old, size, "temporary tables that fit memory need no disk"), |_| ());
            }
        }
    }
    if let Some(old) = sort {
        step::put(
            &mut plan,
            set("sort_buffer_size", old, old * 2.0, "a sort that fits its memory needs no merge passes"),
            |_| (),
        );
    }
    plan.advice.push("an index that has the rows in the order of GROUP BY or ORDER BY needs neither".into());
    plan.advice.push("it holds for sessions that begin from now on, until the server restarts".into());
    vec![plan]
}

/// MY15: a redo log that the writers fill faster than the data takes it in.
pub(super) fn redo(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    if !diagnosis.roots().any(|h| h.cause == Cause::CheckpointPressure) {
        return Vec::new();
    }
    let scene = Scene::of(case);
    let Some((_, size)) = redo_use(&scene) else { return Vec::new() };
    let mut plan = step::plan("MY15", "Make the redo log twice as large", Cause::CheckpointPressure, 65, diagnosis);
    let name = match scene.flavour {
        flavour if flavour.is_mysql_since(80_030) => Some("innodb_redo_log_capacity"),
        crate::engine::mysql::dialect::flavour::Flavour::Mariadb(version) if version >= 100_900 => {
            Some("innodb_log_file_size")
        }
        _ => None,
    };
    match name {
        Some(name) if size * 2.0 <= LARGEST_REDO => {
            step::put(&mut plan, set(name, size, size * 2.0, "the data takes changed pages in at leisure"), |step| {
                step.expected.push(format!(
                    "{:.0} MB more on the disk of the log, a longer recovery after a crash",
                    size / 1_048_576.0
                ));
            });
        }
        Some(_) => plan.blocked.push(format!("it is {:.0} GB large already", size / 1_073_741_824.0)),
        None => plan.blocked.push("this version changes the size of its redo log with a restart only".to_owned()),
    }
    vec![plan]
}

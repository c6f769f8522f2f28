//! MY62 and MY27: statistics that are of another table than the one that is there, and indexes that another one makes
//! spare.

use super::step::{self, verified};
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::tables::Table;

/// Statistics that were read within so many seconds are new.
const NEW_S: u64 = 600;
/// Indexes that one plan drops, at most.
const MOST: usize = 5;

/// New statistics for the tables whose old ones mislead.
pub(super) fn statistics(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let scene = Scene::of(case);
    diagnosis
        .hypotheses
        .iter()
        .filter(|h| h.cause == Cause::BadStatistics)
        .filter_map(|h| scene.tables.iter().find(|t| h.about.as_deref() == Some(t.full().as_str())))
        .map(|table| {
            let object = ObjectRef::new(&table.database, &table.name);
            let title = format!("Read the statistics of {} anew", table.full());
            let mut plan = step::plan("MY62", title, Cause::BadStatistics, 75, diagnosis);
            let analyze = step::step(
                FixKind::Maintain(Upkeep::Analyze, Some(object.clone())),
                Rung::Additive,
                "the planner goes by what the table was before most of its rows changed",
                verified(
                    Check::AnalyzedWithin(object.clone(), NEW_S),
                    10_000,
                    format!("the statistics of {} are new", table.full()),
                ),
            );
            step::put(&mut plan, analyze, |analyze| {
                analyze.requires.push(Check::Exists(object));
                if let Some((changed, rows)) = table.changed {
                    analyze
                        .expected
                        .push(format!("changed since its statistics were read: {changed:.0} of {rows:.0} rows -> 0"));
                }
            });
            plan.advice
                .push("see that innodb_stats_auto_recalc is ON, and STATS_AUTO_RECALC of the table is not 0".into());
            plan
        })
        .collect()
}

/// Indexes that go because another begins with all of their columns.
pub(super) fn redundant(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let scene = Scene::of(case);
    let wanted = |table: &&Table| {
        diagnosis
            .hypotheses
            .iter()
            .any(|h| h.cause == Cause::RedundantIndexes && h.about.as_deref() == Some(table.full().as_str()))
    };
    scene
        .tables
        .iter()
        .filter(wanted)
        .filter(|t| !t.redundant().is_empty())
        .map(|t| of_table(&scene, t, diagnosis))
        .collect()
}

fn of_table(scene: &Scene<'_>, table: &Table, diagnosis: &Diagnosis) -> Plan {
    let object = ObjectRef::new(&table.database, &table.name);
    let mut plan =
        step::plan("MY27", format!("Drop spare indexes of {}", table.full()), Cause::RedundantIndexes, 70, diagnosis);
    for (index, other) in table.redundant().into_iter().take(MOST) {
        let drop = step::step(
            FixKind::DropIndex { table: object.clone(), name: index.name.clone() },
            Rung::Removing,
            format!("{} begins with all of its columns and serves whatever it serves", other.name),
            verified(
                Check::All(vec![
                    Check::IndexGone(object.clone(), index.name.clone()),
                    Check::IndexUsable(object.clone(), other.name.clone()),
                ]),
                10_000,
                format!("{} is gone, {} is there", index.name, other.name),
            ),
        );
        step::put(&mut plan, drop, |drop| {
            drop.requires = vec![Check::IndexUsable(object.clone(), other.name.clone()), Check::Exists(object.clone())];
            drop.expected
                .push("one index less for every write; its exact definition is kept for the way back".to_owned());
        });
    }
    if scene.flavour.is_mysql_since(80_000) {
        plan.advice.push("ALTER INDEX ... INVISIBLE first shows for a day whether anybody misses it".into());
    } else if scene.flavour.is_mariadb() {
        plan.advice.push("ALTER INDEX ... IGNORED first shows for a day whether anybody misses it".into());
    }
    plan.advice
        .push("a hint that names an index (USE INDEX, FORCE INDEX) fails when it is gone: look for those first".into());
    plan
}

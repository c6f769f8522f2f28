//! C3: statements look at far more rows than they want, because no index begins with what they look for. The index is
//! built beside the traffic, or not at all, and goes again when the plan does not use it.

use super::step::{self, verified};
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, ObjectRef};
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::plan::Plan as Explained;
use crate::engine::mysql::diagnose::seen::session::shown;
use crate::engine::mysql::diagnose::seen::statement::{tables, wants_the_table};
use crate::engine::mysql::diagnose::seen::tables::Table;
use crate::engine::mysql::diagnose::seen::work::Shape;
use crate::engine::mysql::diagnose::statements::{Wish, blame, plan_of, wishes};

/// Plans that are made, at most.
const MOST: usize = 3;
/// Indexes of a table from which one more is not proposed: each costs its writers.
const MANY_INDEXES: usize = 15;
/// Bytes of a table from which a build takes so long that it wants a quiet hour.
const LARGE: f64 = 20.0 * 1024.0 * 1024.0 * 1024.0;
/// Letters of an index's name, at most.
const LONGEST_NAME: usize = 60;

/// The causes that an index can cure.
const CURED: &[Cause] = &[Cause::MissingIndex, Cause::PoorJoin, Cause::CorrelatedSubquery];

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let scene = Scene::of(case);
    let mut plans: Vec<Plan> = Vec::new();
    let mut wished: Vec<Wish> = Vec::new();
    for shape in &scene.work.shapes {
        let cause = blame(&scene, shape).cause;
        let root = diagnosis.roots().any(|h| h.cause == cause) || case.focus == Some(cause);
        let Some(explained) = plan_of(&scene, shape).filter(|_| CURED.contains(&cause) && root) else { continue };
        for (wish, rows) in wishes(&scene, explained) {
            if !wished.contains(&wish) && plans.len() < MOST {
                plans.extend(of_wish(&scene, diagnosis, cause, (shape, explained), &wish, rows));
                wished.push(wish);
            }
        }
    }
    plans
}

fn of_wish(
    scene: &Scene<'_>,
    diagnosis: &Diagnosis,
    cause: Cause,
    (shape, explained): (&Shape, &Explained),
    wish: &Wish,
    rows: f64,
) -> Option<Plan> {
    let table = scene.table(&wish.database, &wish.table)?;
    let object = ObjectRef::new(&wish.database, &wish.table);
    let name = name_of(wish);
    let mut plan = step::plan(
        "C3",
        format!("Index {} ({})", table.full(), wish.columns.join(", ")),
        cause,
        if cause == Cause::MissingIndex { 75 } else { 65 },
        diagnosis,
    );
    plan.evidence.push(format!(
        "{:.0} % of the work is {}, which reads about {rows:.0} rows of {} each time",
        scene.work.share(shape) * 100.0,
        shown(&shape.text),
        table.full()
    ));
    plan.blocked = obstacles(scene, table);
    let usable = Check::IndexUsable(object.clone(), name.clone());
    let create = step::step(
        FixKind::CreateIndex { table: object.clone(), name: name.clone(), columns: wish.columns.clone() },
        Rung::Additive,
        "the statement finds its rows by it; readers and writers go on while it is built",
        verified(
            Check::All(vec![usable, Check::PlanUses { statement: explained.statement.clone(), index: name.clone() }]),
            15_000,
            format!("{name} is there, and the plan of the statement uses it"),
        ),
    );
    step::put(&mut plan, create, |create| {
        create.requires = vec![Check::Exists(object.clone()), Check::IndexGone(object, name)];
        create.expected.push(format!("rows looked at for each run: about {rows:.0} -> those that are wanted"));
        if let Some(estimate) = table.rows {
            // An entry: the key's columns, the primary key behind them, and its own overhead.
            let bytes = estimate * (wish.columns.len() as f64 * 8.0 + 16.0) / 0.7;
            create
                .expected
                .push(format!("about {:.0} MB more on disk, and one more index for every write", bytes / 1_048_576.0));
        }
        create.on_failure = OnFailure::RollBack;
    });
    Some(plan)
}

/// Why the index must not be built now.
fn obstacles(scene: &Scene<'_>, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    if !table.engine.eq_ignore_ascii_case("InnoDB") {
        found.push(format!("{} is a table of {}, whose writers would wait for the build", table.full(), table.engine));
    }
    if table.indexes.len() >= MANY_INDEXES {
        found.push(format!("{} has {} indexes already (limit {MANY_INDEXES})", table.full(), table.indexes.len()));
    }
    if table.bytes.is_some_and(|bytes| bytes > LARGE) {
        found.push(format!(
            "{} is larger than {:.0} GB: build it in a quiet hour by hand",
            table.full(),
            LARGE / 1_073_741_824.0
        ));
    }
    let here = (table.database.to_lowercase(), table.name.to_lowercase());
    let builds = scene.now().into_iter().flat_map(|now| &now.sessions).find(|session| {
        !session.sleeps()
            && wants_the_table(&session.statement)
            && tables(&session.statement, &session.database).contains(&here)
    });
    found.extend(builds.map(|s| format!("session {} changes the table already: {}", s.id, s.shown_statement())));
    found
}

/// `idx_orders_status_created`
fn name_of(wish: &Wish) -> String {
    let plain = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '_' }).collect()
    };
    let columns: Vec<String> = wish.columns.iter().map(|c| plain(c)).collect();
    let mut name = format!("idx_{}_{}", plain(&wish.table), columns.join("_"));
    name.truncate(LONGEST_NAME);
    name
}

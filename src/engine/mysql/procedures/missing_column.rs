//! C2: statements name a column that is not there. Most are slips, which the statement is changed for; a column is never
//! added from the text of an error.

use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::error::kind::ErrorKind;
use crate::domain::procedure::Plan;
use crate::engine::mysql::diagnose::seen::Scene;

/// Letters by which a name may differ to be taken for a slip.
const SLIP: usize = 2;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let Some(incident) = case.incident.filter(|i| i.kind == ErrorKind::ColumnNotFound) else { return Vec::new() };
    let Some(object) = incident.object.as_deref() else { return Vec::new() };
    let column = object.replace('`', "").rsplit('.').next().unwrap_or_default().to_lowercase();
    let scene = Scene::of(case);
    let mut plan =
        step::plan("C2", format!("Find the column that is meant by {column}"), Cause::MissingColumn, 60, diagnosis);
    let mut meant: Vec<(usize, String)> = scene
        .tables
        .iter()
        .flat_map(|table| {
            table
                .columns
                .iter()
                .map(|(name, _)| (strsim::osa_distance(name, &column), format!("{}.{name}", table.full())))
        })
        .filter(|(distance, _)| *distance > 0 && *distance <= SLIP && *distance * 2 < column.chars().count().max(3))
        .collect();
    meant.sort();
    match meant.as_slice() {
        [] => {
            plan.confidence = 45;
            plan.blocked.push("its type is not known here, and none is made up".to_owned());
            plan.advice.push(
                "look for a migration that has not run here yet: a nullable column without a default is added at once with \
                 ALGORITHM=INSTANT"
                    .to_owned(),
            );
        }
        found => {
            let names: Vec<&str> = found.iter().take(3).map(|(_, name)| name.as_str()).collect();
            plan.advice.push(format!("the statement means {}: change it there", names.join(" or ")));
        }
    }
    vec![plan]
}

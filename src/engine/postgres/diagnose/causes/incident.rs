//! What an incident's own error says: a table or a column that is not there, connections that are used up.

use super::super::facts::{Facts, last};
use super::Found;
use crate::domain::diagnosis::Cause;
use crate::domain::error::kind::ErrorKind;

/// Names of the same kind that are told of.
const FEW: usize = 5;

/// Decides on what the error names.
pub(super) fn judge(facts: &Facts<'_>, found: &mut Found) {
    let Some(incident) = facts.case.incident else { return };
    let object = incident.object.clone().unwrap_or_default();
    let said = format!("the error is {} ({}): {}", incident.kind.word(), incident.code, incident.title);
    match incident.kind {
        ErrorKind::TableNotFound | ErrorKind::ObjectNotFound => {
            let (schema, name) = split(&object);
            let there: Vec<String> = last(facts.case.observation, "diagnose.relations")
                .filter(|row| row.text("name").eq_ignore_ascii_case(name))
                .map(|row| format!("{}.{}", row.text("schema"), row.text("name")))
                .collect();
            let exact = there.iter().any(|full| match schema {
                Some(schema) => full.eq_ignore_ascii_case(&format!("{schema}.{name}")),
                None => full.ends_with(&format!(".{name}")),
            });
            let mut evidence = vec![said];
            evidence.push(match there.as_slice() {
                [] if facts.case.observation.last("diagnose.relations").is_some() => {
                    "no schema of the database has a relation of this name".to_owned()
                }
                [] => "the relations of the database could not be read".to_owned(),
                some => format!("there is {}", some.iter().take(FEW).cloned().collect::<Vec<_>>().join(", ")),
            });
            if exact && schema.is_some() {
                found.open(Cause::MissingTable, 0.5, &object, evidence);
            } else {
                found.supported(Cause::MissingTable, 0.9, &object, evidence);
            }
        }
        ErrorKind::ColumnNotFound => {
            let (_, name) = split(&object);
            let columns: Vec<String> = last(facts.case.observation, "diagnose.columns")
                .filter(|row| row.text("name").eq_ignore_ascii_case(name))
                .map(|row| format!("{}.{}.{}", row.text("schema"), row.text("table"), row.text("name")))
                .collect();
            let mut evidence = vec![said];
            if !columns.is_empty() {
                evidence.push(format!("of that name there is {}", columns[..columns.len().min(FEW)].join(", ")));
            }
            found.supported(Cause::MissingColumn, 0.9, &object, evidence);
        }
        ErrorKind::TooManyConnections if !found.supports(Cause::ConnectionSaturation) => {
            found.open(Cause::ConnectionSaturation, 0.6, "", vec![said]);
        }
        _ => {}
    }
}

/// `app.orders` as schema and name; quotes go.
fn split(object: &str) -> (Option<&str>, &str) {
    match object.rsplit_once('.') {
        Some((schema, name)) => (Some(schema.trim_matches('"')), name.trim_matches('"')),
        None => (None, object.trim_matches('"')),
    }
}

//! Statements: whether the server understands them, and what their plans use. They are only planned, through the
//! reading door and after the guard's word, like anything else that did not come from this program.

use crate::domain::error_event::SessionError;
use crate::domain::guard::{self, Author, Catalog};
use crate::domain::procedure::Verified;
use crate::domain::rows::{Limits, Rows};
use crate::engine::postgres::dialect::DIALECT;
use crate::engine::postgres::schema;
use crate::engine::{Collector, Session};
use tokio_util::sync::CancellationToken;

/// A plan is small, and planning is quick.
const LIMITS: Limits =
    Limits { rows: 5_000, bytes: 1 << 20, cell_bytes: 1 << 20, timeout_ms: 5_000, lock_timeout_ms: 500 };
/// From this version on, a statement with places for parameters can be planned without them.
const PLANS_PARAMETERS: u32 = 160_000;
/// The right to see a table is missing: its name was understood all the same.
const NO_PRIVILEGE: &str = "42501";
/// Places for parameters without a type or a value.
const NO_PARAMETER: [&str; 2] = ["42P02", "42P18"];

/// What came of planning.
enum Planned {
    Plan(Rows),
    Refused(Verified),
}

/// The server understands it: every name in it is there.
pub(super) async fn understands(session: &mut dyn Session, statement: &str) -> Result<Verified, SessionError> {
    Ok(match plan(session, statement, "").await? {
        Planned::Plan(_) => Verified::new(true, "the server plans the statement"),
        Planned::Refused(verified) => verified,
    })
}

/// Its plan uses the index.
pub(super) async fn plan_uses(
    session: &mut dyn Session,
    statement: &str,
    index: &str,
) -> Result<Verified, SessionError> {
    let rows = match plan(session, statement, "FORMAT JSON").await? {
        Planned::Plan(rows) => rows,
        Planned::Refused(verified) => return Ok(verified),
    };
    let text: Vec<String> = rows.rows.iter().filter_map(|row| row.first()?.plain()).collect();
    let Ok(plan) = serde_json::from_str::<serde_json::Value>(&text.join("\n")) else {
        return Ok(Verified::unknown("the plan could not be read"));
    };
    let mut used = Vec::new();
    indexes(&plan, &mut used);
    let held = used.iter().any(|name| name == index);
    let found =
        if used.is_empty() { "its plan uses no index".into() } else { format!("its plan uses {}", used.join(", ")) };
    Ok(Verified::new(held, found))
}

/// The names of all indexes in a plan.
fn indexes(plan: &serde_json::Value, used: &mut Vec<String>) {
    match plan {
        serde_json::Value::Array(parts) => parts.iter().for_each(|part| indexes(part, used)),
        serde_json::Value::Object(node) => {
            if let Some(name) = node.get("Index Name").and_then(serde_json::Value::as_str)
                && !used.iter().any(|known| known == name)
            {
                used.push(name.to_owned());
            }
            node.values().for_each(|part| indexes(part, used));
        }
        _ => {}
    }
}

async fn plan(session: &mut dyn Session, statement: &str, option: &str) -> Result<Planned, SessionError> {
    let unknown = |why: String| Ok(Planned::Refused(Verified::unknown(why)));
    let (names, catalog): (_, Catalog) = schema::schema(session).await?;
    let resolved = DIALECT.resolve_names(statement, &names);
    let generic = session.identity().version_number >= PLANS_PARAMETERS && resolved.contains('$');
    let options: Vec<&str> =
        [option, if generic { "GENERIC_PLAN" } else { "" }].into_iter().filter(|o| !o.is_empty()).collect();
    let head = if options.is_empty() { "EXPLAIN".to_owned() } else { format!("EXPLAIN ({})", options.join(", ")) };
    let allowed = match guard::allow(DIALECT, Author::Model, &catalog, &format!("{head} {resolved}")) {
        Ok(allowed) => allowed,
        Err(judgement) => return unknown(format!("the statement is not sent to find out: {}", judgement.reason)),
    };
    let mut sink = Collector::new(LIMITS);
    match session.read(allowed, &LIMITS, &CancellationToken::new(), &mut sink).await {
        Ok(_) => Ok(Planned::Plan(sink.into_rows())),
        Err(SessionError::Server(message)) if message.code == NO_PRIVILEGE => {
            unknown(format!("this login may not read what the statement names: {}", message.message))
        }
        Err(SessionError::Server(message)) if NO_PARAMETER.contains(&message.code.as_str()) => {
            unknown("the statement has places for parameters, which this version does not plan without them".into())
        }
        Err(SessionError::Server(message)) => Ok(Planned::Refused(Verified::new(false, message.message))),
        Err(SessionError::Deadline(_)) => unknown("planning it took too long".into()),
        Err(lost) => Err(lost),
    }
}

#[cfg(test)]
mod tests {
    use super::indexes;

    #[test]
    fn every_index_of_a_plan_is_found_once() {
        let plan = serde_json::json!([{"Plan": {"Node Type": "Nested Loop", "Plans": [
            {"Node Type": "Bitmap Heap Scan", "Plans": [{"Node Type": "Bitmap Index Scan", "Index Name": "a"}]},
            {"Node Type": "Index Scan", "Index Name": "b"},
            {"Node Type": "Index Scan", "Index Name": "a"}]}}]);
        let mut used = Vec::new();
        indexes(&plan, &mut used);
        assert_eq!(used, ["a", "b"]);
    }
}

//! A change of rows, before it happens: how many rows, what else moves along, and whether they can be brought back.

use super::asks::{Asks, Reading};
use super::look::{self, Child, Table, Trigger};
use super::place::Server;
use super::rights::{self, Need};
use super::survey::Found;
use super::undo::{Back, Undo};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Gravity;
use crate::domain::proposal::survey::{Inverse, Rights, Timeouts};
use crate::domain::rows::Value;
use crate::engine::mysql::dialect::forms::rows::{Change, Source, Verb};
use crate::engine::mysql::dialect::names::quote;
use crate::engine::sql::lexer::{self, Kind, Lexis};

/// Rows whose values are kept before they change, at most (safety.md D.7).
const CAP: u64 = 1_000;
/// Rows that may be looked at to count, by the planner's estimate.
const MOST_TO_COUNT: u64 = 1_000_000;

/// Looks at it. `tables` are the targets first, then what it reads.
pub(super) async fn survey(
    asks: &mut Reading<'_>,
    change: &Change,
    tables: &[Table],
    server: &Server,
    found: &mut Found,
) -> Result<(), SessionError> {
    let targets = &tables[..change.targets.len().min(tables.len())];
    found.timeouts = Timeouts { lock_ms: super::survey::SHORTEST_LOCK_MS, ..Timeouts::ROWS };
    if tables.iter().any(|t| t.is_view) {
        asks.learn_views().await?;
    }
    count(asks, change, found).await?;
    let (mut children, mut triggers) = (Vec::new(), Vec::new());
    for table in targets {
        found.blast.tables.push(table.footprint());
        needs(change, table, found);
        children.extend(table.children.iter().cloned());
        triggers.extend(look::triggers(asks, table).await?);
        engine(table, found);
    }
    for table in &tables[targets.len()..] {
        found.needs.push(Need::on_table("SELECT", &table.database, &table.name));
    }
    let children: Vec<Child> = children.into_iter().filter(|child| follows(change.verb, child)).collect();
    let triggers: Vec<Trigger> = triggers.into_iter().filter(|trigger| fires(change, trigger)).collect();
    say(change, targets, &children, &triggers, server, found);
    found.inverse = match targets {
        [table] => inverse(asks, change, table, &children, &triggers, found).await?,
        _ => Inverse::None("rows of several tables change".into()),
    };
    for table in targets.iter().filter(|_| triggers.is_empty()) {
        let need = Need::on_table("TRIGGER", &table.database, &table.name);
        if let Rights::Missing(_) = rights::of(asks, &[need], &server.account, None).await? {
            let full = table.full();
            found
                .blast
                .notes
                .push(format!("this login may not see whether triggers fire: GRANT TRIGGER ON {full} to it"));
        }
    }
    // What was promised to a person is promised under the fix login too, which may see more.
    let kept = matches!(found.inverse, Inverse::FromRows(_));
    found.check("its rows can be brought back", if kept { "yes" } else { "no" });
    Ok(())
}

fn needs(change: &Change, table: &Table, found: &mut Found) {
    let more: &[&str] = if change.or_update { &["UPDATE"] } else { &[] };
    for privilege in change.verb.privileges().iter().chain(more) {
        found.needs.push(Need::on_table(privilege, &table.database, &table.name));
    }
}

fn engine(table: &Table, found: &mut Found) {
    let full = table.full();
    if table.is_view {
        found.blast.notes.push(format!(
            "{full} is a view: the rows of its tables change, and what engines keep them was not looked at"
        ));
    } else if !table.transactional {
        found.blast.at_least = Gravity::High;
        found.blast.notes.push(format!(
            "{full} is kept by {}, which cannot roll back: what has changed stays changed, even when the statement fails \
             half way or changes more rows than shown",
            table.engine
        ));
    }
    let kept = if table.transactional { "yes" } else { "no" };
    found.check(format!("changes of {full} can be rolled back"), kept);
}

fn follows(verb: Verb, child: &Child) -> bool {
    match verb {
        Verb::Delete | Verb::Replace => child.does & 0b0011 != 0,
        Verb::Update => child.does & 0b1100 != 0,
        Verb::Insert => false,
    }
}

fn fires(change: &Change, trigger: &Trigger) -> bool {
    let events: &[&str] = match change.verb {
        Verb::Insert if change.or_update => &["INSERT", "UPDATE"],
        Verb::Insert => &["INSERT"],
        Verb::Replace => &["INSERT", "DELETE"],
        Verb::Update => &["UPDATE"],
        Verb::Delete => &["DELETE"],
    };
    events.contains(&trigger.event.as_str())
}

fn say(
    change: &Change,
    targets: &[Table],
    children: &[Child],
    triggers: &[Trigger],
    server: &Server,
    found: &mut Found,
) {
    let names: Vec<String> = targets.iter().map(Table::full).collect();
    found.blast.locks = format!(
        "row locks on what it changes in {}, and on every row that it has to look at: readers go on, writers of those \
         rows wait to the end",
        names.join(", ")
    );
    found.blast.rewrite = Some(false);
    for child in children {
        let what = if child.does & (1 | 4) != 0 { "change along" } else { "lose their reference" };
        found.blast.notes.push(format!("rows of {} {what} (foreign key)", child.name));
    }
    for trigger in triggers {
        found.blast.notes.push(format!("the trigger {} fires {} {}", trigger.name, trigger.timing, trigger.event));
    }
    if targets.iter().any(|t| t.is_versioned) {
        found.blast.notes.push("the history of the rows is kept: this adds to it".into());
    }
    if change.ignore {
        found
            .blast
            .notes
            .push("IGNORE: rows that cannot be changed are passed over, values that do not fit are bent".into());
    }
    if change.or_update || change.verb == Verb::Replace {
        found.blast.notes.push("the server counts a row that was there already twice".into());
    }
    found.blast.replicas = server.binary_log.as_ref().map(|format| match format.as_str() {
        "STATEMENT" => "the statement runs on every replica again".to_owned(),
        _ => "every changed row goes to the replicas through the binary log".to_owned(),
    });
    if server.galera {
        found.blast.notes.push(
            "Galera: every member takes the rows at COMMIT; a conflict with another member rolls all of it back there"
                .into(),
        );
    }
    if change.limited && change.tail.to_ascii_lowercase().starts_with("limit") {
        found.blast.notes.push("LIMIT without ORDER BY: which rows it picks is decided when it runs".into());
    }
}

/// Rows that would change: counted where that is cheap.
async fn count(asks: &mut Reading<'_>, change: &Change, found: &mut Found) -> Result<(), SessionError> {
    let twice = if change.or_update || change.verb == Verb::Replace { 2 } else { 1 };
    let picked = match &change.source {
        Some(Source::Values { rows, .. }) => {
            let rows = rows.len() as u64;
            match twice {
                1 => found.blast.exact_rows = Some(rows),
                _ => found.blast.estimated_rows = Some(rows * twice),
            }
            return Ok(());
        }
        Some(Source::Query(query)) => format!("({query})"),
        None => {
            let condition =
                if change.condition.is_empty() { String::new() } else { format!(" WHERE {}", change.condition) };
            format!("({} SELECT 1 FROM {}{condition} {})", change.with, change.from, change.tail)
        }
    };
    // The brackets around it are ours.
    let inner = &picked[1..picked.len() - 1];
    let plan = match asks.read(&format!("EXPLAIN FORMAT=TRADITIONAL {}", inner.trim())).await {
        Ok(plan) => plan,
        Err(SessionError::Lost(why)) => return Err(SessionError::Lost(why)),
        // What cannot be explained without an approval is not counted: no number is better than a wrong one.
        Err(error) => {
            found.blast.notes.push(format!("the rows could not be counted: {error}"));
            return Ok(());
        }
    };
    let (mut looked_at, mut estimate) = (1.0_f64, 1.0_f64);
    for row in plan.rows.iter().filter(|row| plan.get(row, "id").int().unwrap_or(1) == 1) {
        let rows = plan.get(row, "rows").number().unwrap_or(1.0).max(1.0);
        looked_at *= rows;
        estimate *= rows * plan.get(row, "filtered").number().unwrap_or(100.0) / 100.0;
    }
    let full_scan = plan
        .rows
        .iter()
        .find(|row| plan.text(row, "type") == "ALL" && plan.get(row, "rows").number().unwrap_or(0.0) > 1_000.0);
    if let Some(row) = full_scan
        && change.source.is_none()
    {
        found.blast.notes.push(format!(
            "no index leads to the rows of {}: all of them are locked to the end",
            plan.text(row, "table")
        ));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate of rows, not negative")]
    let (looked_at, estimate) = (looked_at as u64, estimate.ceil() as u64);
    found.blast.estimated_rows = Some(estimate.saturating_mul(twice).max(1));
    if looked_at > MOST_TO_COUNT {
        return Ok(());
    }
    match asks.read(&format!("SELECT COUNT(*) FROM ({}) AS counted", inner.trim())).await {
        Ok(counted) => {
            let rows = counted.rows.first().and_then(|row| row.first()).and_then(Value::int);
            let rows = rows.and_then(|rows| u64::try_from(rows).ok());
            // A row of a join changes once in each table, and once however often the join meets it.
            let tables = change.targets.len() as u64;
            match rows {
                Some(rows) if change.single && twice == 1 => found.blast.exact_rows = Some(rows),
                Some(rows) => found.blast.estimated_rows = Some(rows.saturating_mul(tables.max(twice))),
                None => {}
            }
        }
        Err(SessionError::Lost(why)) => return Err(SessionError::Lost(why)),
        // Too slow, or a query whose columns have no names of their own: the estimate stands.
        Err(_) => {}
    }
    Ok(())
}

/// Functions that give another value each time.
const FICKLE: &[&str] =
    &["rand", "uuid", "uuid_short", "sys_guid", "sysdate", "sleep", "connection_id", "random_bytes"];

fn is_fickle(text: &str) -> bool {
    lexer::meaningful(text, Lexis::Mysql)
        .iter()
        .any(|t| t.kind == Kind::Word && FICKLE.iter().any(|f| text[t.range.clone()].eq_ignore_ascii_case(f)))
}

async fn inverse(
    asks: &mut dyn Asks,
    change: &Change,
    table: &Table,
    children: &[Child],
    triggers: &[Trigger],
    found: &mut Found,
) -> Result<Inverse, SessionError> {
    let none = |why: &str| Ok(Inverse::None(why.to_owned()));
    if table.is_view {
        return none("the rows of a view are those of other tables");
    }
    if !table.transactional {
        return none("this engine has no transaction in which the rows could be read first");
    }
    if let [child, ..] = children {
        return none(&format!("rows of {} change along, and are not kept", child.name));
    }
    if !triggers.is_empty() {
        found.blast.notes.push("what triggers do elsewhere is not undone".into());
    }
    match table_of(asks, change, table).await? {
        Ok(_) => Ok(Inverse::FromRows(CAP)),
        Err(why) => Ok(Inverse::None(why)),
    }
}

/// How the rows are brought back.
///
/// # Errors
/// Inside: one sentence when they cannot be brought back exactly.
pub(in crate::engine::mysql) async fn table_of(
    asks: &mut dyn Asks,
    change: &Change,
    table: &Table,
) -> Result<Result<Back, String>, SessionError> {
    let refuse = |why: &str| Ok(Err(why.to_owned()));
    let key = look::key(asks, table).await?;
    if key.is_empty() {
        return refuse("the table has no primary key by which its rows could be found again");
    }
    let columns = look::columns(asks, table).await?;
    let is_key = |name: &String| key.iter().any(|k| k.to_lowercase() == name.to_lowercase());
    match change.verb {
        Verb::Replace => refuse("REPLACE deletes rows that it finds by any unique key"),
        Verb::Insert => {
            let Some(Source::Values { columns: named, .. }) = &change.source else {
                return refuse("which rows a query adds is not known before it runs");
            };
            if change.or_update || change.ignore {
                return refuse("which rows are new and which were there is not known before it runs");
            }
            let counter = columns.iter().find(|c| c.extra.contains("auto_increment"));
            match (counter, key.as_slice()) {
                (Some(counter), [key]) if counter.name == *key => {
                    let given =
                        named.as_ref().is_none_or(|named| named.iter().any(|n| n.to_lowercase() == key.to_lowercase()));
                    if given {
                        refuse("the rows bring their own keys: DELETE them by those")
                    } else {
                        let undo = Undo::of_new(&table.full(), &columns, key);
                        Ok(Ok(Back::New { table: table.full(), key: quote(key), undo }))
                    }
                }
                _ => refuse("the rows bring their own keys: DELETE them by those"),
            }
        }
        Verb::Update | Verb::Delete => {
            if !change.single || !change.with.is_empty() {
                return refuse("several tables are named, so that the rows cannot be read under lock by themselves");
            }
            if change.limited {
                return refuse("which rows LIMIT picks is decided when it runs");
            }
            if is_fickle(&change.condition) {
                return refuse("its condition is another one each time it is asked");
            }
            if change.ignore {
                return refuse("IGNORE passes over rows, and which is not known before it runs");
            }
            if change.assigned.iter().any(is_key) {
                return refuse("it changes the key by which the rows would be found again");
            }
            let back_by = if change.verb == Verb::Delete { "INSERT" } else { "UPDATE" };
            let triggers = look::triggers(asks, table).await?;
            if let Some(trigger) = triggers.iter().find(|t| t.timing == "BEFORE" && t.event == back_by) {
                return Ok(Err(format!("the trigger {} would change the rows again on their way back", trigger.name)));
            }
            let back: Vec<String> = columns
                .iter()
                .filter(|c| {
                    change.verb == Verb::Delete
                        || c.extra.contains("on update")
                        || change.assigned.iter().any(|a| a.to_lowercase() == c.name.to_lowercase())
                })
                .map(|c| c.name.clone())
                .collect();
            Ok(Undo::new(&table.full(), &columns, &key, &back).map(Back::Prior))
        }
    }
}

//! Watch rules: kept until somebody deletes them, or for a while after their time is over.

use super::Store;
use super::error::StoreError;
use super::worker::{Command, Reply};
use crate::domain::rule::{MOST_RULES, Rule};
use crate::domain::target::Timestamp;
use crate::domain::text::redact;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Rules whose time is over stay listed for this long, milliseconds: a week.
const LISTED_AFTER_MS: i64 = 7 * 86_400_000;

/// What the store can be asked about rules.
pub(super) enum Asked {
    Rules(Reply<Vec<Rule>>),
    Keep(Box<Rule>, Reply<Rule>),
    Delete(u64, Reply<Option<Rule>>),
}

/// Answers what was asked.
pub(super) fn answer(db: &Connection, asked: Asked) {
    match asked {
        Asked::Rules(reply) => {
            let _ = reply.send(all(db).map_err(StoreError::of("read the rules")));
        }
        Asked::Keep(rule, reply) => {
            let _ = reply.send(keep(db, *rule));
        }
        Asked::Delete(id, reply) => {
            let _ = reply.send(delete(db, id).map_err(StoreError::of("delete the rule")));
        }
    }
}

/// All of them, the oldest first. Those that another version of the program wrote and this one cannot read are left
/// out: they watch nothing here.
fn all(db: &Connection) -> rusqlite::Result<Vec<Rule>> {
    let mut query = db.prepare_cached("SELECT id, body FROM rules ORDER BY id")?;
    let rows = query.query_map([], |row| Ok(read(row.get(0)?, row.get_ref(1)?.as_str()?)))?;
    rows.filter_map(Result::transpose).collect()
}

fn read(id: i64, body: &str) -> Option<Rule> {
    let rule: Rule = serde_json::from_str(body).ok()?;
    Some(Rule { id: u64::try_from(id).ok()?, ..rule })
}

/// Keeps a rule: a new one gets its number, another one takes the place of its earlier self.
fn keep(db: &Connection, mut rule: Rule) -> Result<Rule, StoreError> {
    const OPERATION: &str = "keep the rule";
    let failed = |message: String| StoreError::Failed { operation: OPERATION.to_owned(), message };
    rule.reason = redact(&rule.reason);
    let body = serde_json::to_string(&rule).map_err(|error| failed(error.to_string()))?;
    if rule.id == 0 {
        let of_target = "SELECT count(*) FROM rules WHERE target = ?1";
        let count: u32 =
            db.query_row(of_target, [rule.target.as_str()], |row| row.get(0)).map_err(StoreError::of(OPERATION))?;
        if usize::try_from(count).is_ok_and(|count| count >= MOST_RULES) {
            return Err(failed(format!("{} has {count} rules already: delete one first", rule.target)));
        }
        db.prepare_cached("INSERT INTO rules (target, body) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute(params![rule.target.as_str(), body]))
            .map_err(StoreError::of(OPERATION))?;
        rule.id = u64::try_from(db.last_insert_rowid()).unwrap_or(0);
        return Ok(rule);
    }
    let changed = db
        .prepare_cached("UPDATE rules SET body = ?2, target = ?3 WHERE id = ?1")
        .and_then(|mut update| {
            update.execute(params![i64::try_from(rule.id).unwrap_or(-1), body, rule.target.as_str()])
        })
        .map_err(StoreError::of(OPERATION))?;
    if changed == 0 { Err(failed(format!("there is no {}", rule.name()))) } else { Ok(rule) }
}

/// Takes a rule away and gives it; none where there is none of this number.
fn delete(db: &Connection, id: u64) -> rusqlite::Result<Option<Rule>> {
    let id = i64::try_from(id).unwrap_or(-1);
    let body: Option<String> = db
        .prepare_cached("DELETE FROM rules WHERE id = ?1 RETURNING body")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(body.and_then(|body| read(id, &body)))
}

/// Forgets rules whose time has been over for long; says how many went.
pub(super) fn forget(db: &Connection, now: Timestamp) -> rusqlite::Result<usize> {
    db.prepare_cached("DELETE FROM rules WHERE json_extract(body, '$.expires') < ?1")?
        .execute([now.0 - LISTED_AFTER_MS])
}

impl Store {
    /// All rules, the oldest first.
    pub async fn rules(&self) -> Result<Vec<Rule>, StoreError> {
        self.ask(|reply| Command::Rules(Asked::Rules(reply))).await
    }
    /// Keeps a rule: one of number 0 gets its own, another one takes the place of its earlier self.
    ///
    /// # Errors
    /// When there is none of this number, or the target has [`MOST_RULES`] already.
    pub async fn keep_rule(&self, rule: Rule) -> Result<Rule, StoreError> {
        self.ask(|reply| Command::Rules(Asked::Keep(Box::new(rule), reply))).await
    }
    /// Takes a rule away and gives it; none where there is none of this number.
    pub async fn delete_rule(&self, id: u64) -> Result<Option<Rule>, StoreError> {
        self.ask(|reply| Command::Rules(Asked::Delete(id, reply))).await
    }
}

//! A change of rows in a transaction of its own.

use super::super::{MySession, closed};
use super::{Acting, Failure, PATIENCE, notices, unmoved, until, words};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::guard::ticket::Approved;
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::domain::proposal::survey::{Inverse, Survey};
use crate::domain::rows::Value;
use crate::engine::mysql::dialect::DIALECT;
use crate::engine::mysql::dialect::forms::Form;
use crate::engine::mysql::dialect::forms::rows::{Change, Verb};
use crate::engine::mysql::fix::{self, Asks as _, Back, Guarded, Left, Prior, Undo};
use crate::engine::mysql::wire::Command;
use crate::engine::{ActError, Acted, Witness};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Rows of a RETURNING, at most.
const RETURNED: usize = 10_000;

impl MySession {
    /// All of it but the frame.
    pub(super) async fn change_rows(
        &mut self,
        approved: &Approved,
        change: &Change,
        plan: &Survey,
        witness: &mut dyn Witness,
        stop: &CancellationToken,
        deadline: Option<Instant>,
    ) -> Result<Acted, ActError> {
        let facts = self.facts.clone();
        let Some(wire) = self.wire.as_mut() else { return Err(ActError::NotDone(closed())) };
        let mut asks = Acting { wire, facts: &facts };
        let work = uncommitted(&mut asks, approved, change, plan, witness);
        match until(work, stop, deadline, plan.timeouts.statement_ms).await {
            Ok(acted) => self.commit().await.map(|()| acted),
            Err(failure) => Err(self.not_done(failure).await),
        }
    }

    /// From here on nobody may turn back: the answer says what became of it.
    async fn commit(&mut self) -> Result<(), ActError> {
        let Some(wire) = self.wire.as_mut() else { return Err(ActError::NotDone(closed())) };
        match timeout(PATIENCE, wire.run(&Command::new("COMMIT"))).await {
            Ok(Ok(Ok(_))) => Ok(()),
            Ok(Ok(Err(refused))) if was_rolled_back(&refused) => {
                Err(self.not_done(Failure::Refused(SessionError::Server(refused))).await)
            }
            Ok(Ok(Err(refused))) => {
                self.wire = None;
                Err(ActError::Unclear(format!("COMMIT was answered with {} ({})", refused.message, refused.code)))
            }
            Ok(Err(error)) => Err(ActError::Unclear(self.lost(&error).to_string())),
            Err(_) => {
                self.wire = None;
                Err(ActError::Unclear("COMMIT was not answered".into()))
            }
        }
    }
}

/// A COMMIT that was refused with one of these left nothing: lost against another member of the cluster or against
/// another transaction, or turned down before it began.
fn was_rolled_back(refused: &ServerMessage) -> bool {
    matches!(refused.code.as_str(), "1205" | "1213" | "3100" | "3101")
}

/// Everything before COMMIT.
async fn uncommitted(
    asks: &mut Acting<'_>,
    approved: &Approved,
    change: &Change,
    plan: &Survey,
    witness: &mut dyn Witness,
) -> Result<Acted, Failure> {
    asks.wire.run(&Command::new("START TRANSACTION READ WRITE")).await??;
    let back = match plan.inverse {
        Inverse::FromRows(most) => Some((how_back(asks, change).await?, most)),
        _ => None,
    };
    let mut prior = None;
    if let Some((Back::Prior(undo), most)) = &back {
        let rows = prior_rows(asks, change, undo, *most).await?;
        if !rows.0.is_empty() {
            let statements = statements(undo, &rows, change.verb).map_err(words)?;
            witness.inverse(statements).await.map_err(Failure::NoWitness)?;
        }
        prior = Some(rows);
    }
    let prepared = asks.wire.prepare(approved.statement()).await??;
    if prepared.params > 0 {
        return Err(words("a ? stands for a parameter, and there are none here: write the value itself"));
    }
    let answer = asks.wire.execute(prepared, &[], RETURNED).await??;
    if answer.cut {
        return Err(words(format!("it gives back more than {RETURNED} rows: leave RETURNING out")));
    }
    let rows = if answer.fields.is_empty() { answer.done.affected } else { answer.rows.len() as u64 };
    let notices = notices(asks.wire, answer.done.warnings).await?;
    // Objects are looked at again now that the statement holds its locks on them.
    unmoved(asks, approved, &Form::Rows(Box::new(change.clone()))).await?;
    approved.accepts_rows(rows).map_err(Failure::Moved)?;
    if let (Some(prior), Some((Back::Prior(undo), _))) = (&prior, &back) {
        same_rows(asks, undo, prior, change.verb, rows).await?;
        keep_guarded(asks, undo, prior, change.verb, witness).await?;
    }
    if let Some((Back::New { table, key, undo }, most)) = &back {
        let new = new_rows(asks, table, key, rows, answer.done.last_id, *most).await?;
        if new.0.is_empty() {
            witness.inverse(Vec::new()).await.map_err(Failure::NoWitness)?;
        }
        keep_guarded(asks, undo, &new, change.verb, witness).await?;
    }
    Ok(Acted { rows: Some(rows), notices, ..Acted::default() })
}

/// The rows that changed are those whose values were kept: as many, gone after a DELETE, there after an UPDATE.
async fn same_rows(asks: &mut Acting<'_>, undo: &Undo, prior: &Prior, verb: Verb, changed: u64) -> Result<(), Failure> {
    let kept = prior.0.len() as u64;
    let there = if kept == 0 { 0 } else { number(asks, &undo.count(prior).map_err(words)?).await?.unwrap_or(u64::MAX) };
    let expected = if verb == Verb::Delete { 0 } else { kept };
    if changed == kept && there == expected {
        return Ok(());
    }
    Err(words(format!("{changed} rows would change, and they are not the {kept} whose values were kept: rolled back")))
}

/// The one number of an answer.
async fn number(asks: &mut Acting<'_>, text: &str) -> Result<Option<u64>, Failure> {
    let rows = asks.read(text).await?;
    let number = rows.rows.first().and_then(|row| row.first()).and_then(Value::int);
    Ok(number.and_then(|n| u64::try_from(n).ok()))
}

async fn how_back(asks: &mut Acting<'_>, change: &Change) -> Result<Back, Failure> {
    let Some(target) = change.targets.first() else { return Err(words("it changes no table")) };
    let (database, name) = target.within(&asks.facts.database);
    let table = fix::table(asks, &database, &name).await?.ok_or_else(|| words("its table is gone"))?;
    fix::table_of(asks, change, &table).await?.map_err(words)
}

/// The rows as they are, locked until the end of the transaction.
async fn prior_rows(asks: &mut Acting<'_>, change: &Change, undo: &Undo, most: u64) -> Result<Prior, Failure> {
    let condition = if change.condition.is_empty() { String::new() } else { format!(" WHERE {}", change.condition) };
    let text = format!("SELECT {} FROM {}{condition} FOR UPDATE", undo.selected(), change.from);
    let rows = asks.read(&text).await?.rows;
    if rows.len() as u64 > most {
        return Err(words(format!(
            "{} rows would change, and the values of at most {most} are kept to bring them back: change fewer at a time",
            rows.len()
        )));
    }
    Ok(Prior(rows))
}

/// The statement that brings them back; several where one would be longer than the guard takes.
fn statements(undo: &Undo, prior: &Prior, verb: Verb) -> Result<Vec<String>, String> {
    let one = match verb {
        Verb::Delete => undo.insert(prior)?,
        _ => undo.update(prior, None)?,
    };
    match denied(&one) {
        None => return Ok(vec![one]),
        Some(reason) if prior.0.len() < 2 => return Err(format!("its values cannot be written back: {reason}")),
        Some(_) => {}
    }
    let (first, second) = prior.0.split_at(prior.0.len() / 2);
    let mut all = statements(undo, &Prior(first.to_vec()), verb)?;
    all.extend(statements(undo, &Prior(second.to_vec()), verb)?);
    Ok(all)
}

/// Why the guard would not let a statement run later; none when it would.
fn denied(statement: &str) -> Option<String> {
    let judged = DIALECT.classify(statement, Author::Person, &Catalog::default());
    (judged.verdict == Verdict::Deny).then_some(judged.reason)
}

/// Reads what the act left, and has the undo written down that passes over what somebody changes later.
async fn keep_guarded(
    asks: &mut Acting<'_>,
    undo: &Undo,
    prior: &Prior,
    verb: Verb,
    witness: &mut dyn Witness,
) -> Result<(), Failure> {
    if prior.0.is_empty() {
        return Ok(());
    }
    let mut passed_over = Vec::new();
    if verb == Verb::Delete {
        passed_over.push(undo.there_again(prior).map_err(words)?);
    } else {
        let left = Left(asks.read(&undo.left(prior).map_err(words)?).await?.rows);
        let all = guarded(undo, prior, &left, verb).map_err(words)?;
        let mut statements = Vec::with_capacity(all.len());
        for Guarded { statement, passed_over: read } in all {
            statements.push(statement);
            passed_over.push(read);
        }
        witness.inverse(statements).await.map_err(Failure::NoWitness)?;
    }
    witness.passed_over(passed_over).await.map_err(Failure::NoWitness)
}

/// One statement; several where one would be longer than the guard takes.
fn guarded(undo: &Undo, prior: &Prior, left: &Left, verb: Verb) -> Result<Vec<Guarded>, String> {
    let one = match verb {
        Verb::Insert => undo.guarded_delete(prior, left)?,
        _ => undo.guarded_update(prior, left)?,
    };
    match denied(&one.statement) {
        None => return Ok(vec![one]),
        Some(reason) if prior.0.len() < 2 => return Err(format!("its values cannot be written back: {reason}")),
        Some(_) => {}
    }
    let (first, second) = prior.0.split_at(prior.0.len() / 2);
    let mut all = guarded(undo, &Prior(first.to_vec()), left, verb)?;
    all.extend(guarded(undo, &Prior(second.to_vec()), left, verb)?);
    Ok(all)
}

/// The keys of new rows. The numbers of one INSERT follow each other; that they are these is looked
/// at, all the same.
async fn new_rows(
    asks: &mut Acting<'_>,
    table: &str,
    key: &str,
    rows: u64,
    first: u64,
    most: u64,
) -> Result<Prior, Failure> {
    if rows > most {
        return Err(words(format!(
            "{rows} rows are new, and the numbers of at most {most} are kept: insert fewer at a time"
        )));
    }
    let step = number(asks, "SELECT @@auto_increment_increment").await?.unwrap_or(1);
    let numbers: Vec<String> = (0..rows).map(|i| (first + i * step).to_string()).collect();
    let condition = format!("{key} IN ({})", numbers.join(", "));
    if rows == 0 {
        return Ok(Prior::default());
    }
    let found = number(asks, &format!("SELECT COUNT(*) FROM {table} WHERE {condition}")).await?;
    if first == 0 || found != Some(rows) {
        return Err(words("the numbers of the new rows cannot be told, so that they could not be removed again"));
    }
    Ok(Prior(numbers.into_iter().map(|number| vec![Value::Text(number)]).collect()))
}

//! The reason of a statement without its plan: by its text, and by what happened to its tables meanwhile. Less sure
//! than a plan, and all there is where the login may not read the tables or the statement was cut.

use super::super::facts::{Busy, Facts, Table, last};
use super::Work;
use super::blame::{Blame, Reason};
use super::text::Verb;
use crate::domain::diagnosis::Cause;

/// A table below this many rows is read as fast as any index is.
const LARGE_TABLE: f64 = 5_000.0;
/// Rows of an answer that nobody reads to its end.
const LARGE_ANSWER: f64 = 20_000.0;

/// Decides.
pub(super) fn reason(work: &Work, facts: &Facts<'_>) -> Reason {
    match work.text.verb {
        Verb::Read => read(work, facts),
        Verb::Change => change(work, facts),
        Verb::Insert | Verb::Commit => Reason::new(Blame::Write, 0.9, Vec::new()),
        Verb::CopyOut | Verb::Fetch => fetched(work, 0.85),
        Verb::Opaque => opaque(work, facts),
        Verb::Upkeep | Verb::Definition => Reason::new(Blame::Upkeep, 0.8, Vec::new()),
        Verb::Small | Verb::Other => Reason::default(),
    }
}

/// Decides about a statement in another database than the one we are in: its tables cannot be seen.
pub(super) fn from_afar(work: &Work) -> Reason {
    let text = &work.text;
    match text.verb {
        Verb::Read if text.correlated => correlated(work, 0.7),
        Verb::CopyOut | Verb::Fetch => fetched(work, 0.7),
        Verb::Read if work.share(&[Busy::Client]) >= 0.3 => fetched(work, 0.7),
        Verb::Insert | Verb::Change | Verb::Commit => Reason::new(Blame::Write, 0.7, Vec::new()),
        Verb::Upkeep | Verb::Definition => Reason::new(Blame::Upkeep, 0.7, Vec::new()),
        _ => Reason::default(),
    }
}

fn correlated(work: &Work, sure: f64) -> Reason {
    let words = "a query inside it names a relation of the query around it, so it runs once for each row".to_owned();
    let about = work.text.relations.first().cloned().unwrap_or_default();
    Reason::cause(Cause::CorrelatedSubquery, sure, &about, vec![words])
}

fn fetched(work: &Work, sure: f64) -> Reason {
    let words = format!(
        "it hands over whole results; {:.0} % of its time it waits for its client",
        100.0 * work.share(&[Busy::Client])
    );
    let about = work.text.relations.first().cloned().unwrap_or_default();
    Reason::cause(Cause::LargeFetch, sure, &about, vec![words])
}

/// The table of the statement that was read from its beginning to its end, mostly.
fn whole_read<'a>(work: &Work, facts: &'a Facts<'_>) -> Option<&'a Table> {
    let tables = work.text.relations.iter().filter_map(|name| facts.table(name));
    tables.filter(|table| is_read_whole(table)).max_by(|a, b| a.whole_read_rows.total_cmp(&b.whole_read_rows))
}

fn is_read_whole(table: &Table) -> bool {
    table.live >= LARGE_TABLE
        && table.whole_reads >= 1.0
        && table.whole_read_rows / table.whole_reads >= 0.4 * table.live
}

fn whole_words(table: &Table) -> String {
    format!(
        "{} ({:.0} rows) was read whole {:.0} times meanwhile, {:.0} rows each",
        table.words(),
        table.live,
        table.whole_reads,
        table.whole_read_rows / table.whole_reads.max(1.0)
    )
}

fn read(work: &Work, facts: &Facts<'_>) -> Reason {
    let text = &work.text;
    let whole = whole_read(work, facts);
    let temporary = work.share(&[Busy::Temporary]);
    if text.correlated && (whole.is_some() || work.longest >= 0.3) {
        return correlated(work, 0.8);
    }
    if temporary >= 0.25 {
        let words = format!("{:.0} % of its time are reads and writes of temporary files", 100.0 * temporary);
        return Reason::cause(Cause::DiskSpill, 0.8, "", vec![words]);
    }
    if work.share(&[Busy::Client]) >= 0.3 {
        return fetched(work, 0.8);
    }
    if text.joined >= 2 && (whole.is_some() || work.longest >= 1.0) {
        let words = whole.map_or_else(
            || format!("it joins {} relations and was seen running for {:.1} s", text.joined, work.longest),
            |table| format!("it joins {} relations; {}", text.joined, whole_words(table)),
        );
        let about = text.relations.first().cloned().unwrap_or_default();
        return Reason::cause(Cause::PoorJoin, 0.75, &about, vec![words]);
    }
    if let Some(table) = whole {
        if text.filtered && !text.compared.is_empty() && returns_few(table) {
            return missing_index(work, table, 0.8);
        }
        if text.aggregated {
            return Reason { about: Some(table.words()), ..Reason::new(Blame::Scan, 0.75, vec![whole_words(table)]) };
        }
        if !text.limited && table.live >= LARGE_ANSWER && !text.filtered {
            let words = format!("it asks for all {:.0} rows of {}", table.live, table.words());
            return Reason::cause(Cause::LargeFetch, 0.8, &table.words(), vec![words]);
        }
        return Reason { about: Some(table.words()), ..Reason::new(Blame::Scan, 0.6, vec![whole_words(table)]) };
    }
    let largest = text.relations.iter().filter_map(|name| facts.table(name)).map(|t| t.live).fold(0.0, f64::max);
    if !text.filtered && !text.limited && !text.aggregated && largest >= LARGE_ANSWER {
        let words = format!("it asks for all of about {largest:.0} rows");
        return Reason::cause(Cause::LargeFetch, 0.75, &text.relations.join(", "), vec![words]);
    }
    if text.relations.is_empty() && work.longest >= 0.2 {
        return if work.example.contains('(') {
            opaque(work, facts)
        } else {
            Reason::new(Blame::Computing, 0.7, vec![format!("it reads no table and runs for {:.1} s", work.longest)])
        };
    }
    Reason::new(Blame::Small, 0.6, Vec::new())
}

/// The whole reads of a table did not hand most of it over: nothing says how many rows came out, but a table that is read
/// whole many times within seconds is hardly wanted whole each time.
fn returns_few(table: &Table) -> bool {
    table.whole_reads >= 2.0
}

fn missing_index(work: &Work, table: &Table, sure: f64) -> Reason {
    let words = vec![
        whole_words(table),
        format!("it compares {}, and no index of the table was used for it", work.text.compared.join(", ")),
    ];
    Reason::cause(Cause::MissingIndex, sure, &table.words(), words)
}

fn change(work: &Work, facts: &Facts<'_>) -> Reason {
    if let Some(found) = behind_a_change(work, facts) {
        return found;
    }
    if work.text.correlated && work.longest >= 0.3 {
        return correlated(work, 0.75);
    }
    match whole_read(work, facts) {
        // Each whole read would have to change most rows, if it were wanted.
        Some(table) if work.text.filtered && table.updated + table.deleted < 0.05 * table.whole_read_rows => {
            missing_index(work, table, 0.85)
        }
        _ => Reason::new(Blame::Write, 0.8, Vec::new()),
    }
}

/// A change of a table sets off a search in a table that refers to it, by a foreign key without an index.
pub(super) fn behind_a_change(work: &Work, facts: &Facts<'_>) -> Option<Reason> {
    if work.text.verb != Verb::Change {
        return None;
    }
    let changed: Vec<i64> = work.text.relations.iter().filter_map(|name| facts.table(name)).map(|t| t.oid).collect();
    let keys = last(facts.case.observation, "diagnose.foreign_keys");
    keys.filter(|key| key.int("to_oid").is_some_and(|oid| changed.contains(&oid))).find_map(|key| {
        let child = facts.tables.iter().find(|table| Some(table.oid) == key.int("table_oid"))?;
        is_read_whole(child).then(|| {
            let words = vec![
                whole_words(child),
                format!(
                    "the foreign key {} ({}) refers to the changed table and has no index",
                    key.text("name"),
                    key.list("columns").join(", ")
                ),
            ];
            Reason::cause(Cause::MissingIndex, 0.85, &child.words(), words)
        })
    })
}

/// What a function, a DO or a CALL does is known from the counters alone.
fn opaque(work: &Work, facts: &Facts<'_>) -> Reason {
    let totals = &facts.totals;
    if totals.a_second(totals.written()) >= 50.0 {
        return Reason::new(Blame::Write, 0.6, Vec::new());
    }
    let read = facts.tables.iter().filter(|t| is_read_whole(t) && returns_few(t));
    if let Some(table) = read.max_by(|a, b| a.whole_read_rows.total_cmp(&b.whole_read_rows)) {
        return Reason::cause(Cause::MissingIndex, 0.65, &table.words(), vec![whole_words(table)]);
    }
    let reads = totals.a_second(totals.blocks_read + totals.blocks_hit);
    if work.longest >= 0.2 && reads < 5_000.0 && work.share(&[Busy::Computing, Busy::Other]) >= 0.7 {
        let words = format!("it runs for {:.1} s while {reads:.0} blocks a second are touched in all", work.longest);
        return Reason::new(Blame::Computing, 0.7, vec![words]);
    }
    Reason::new(Blame::Small, 0.5, Vec::new())
}

//! What is wrong with one statement, by its plan and by what its sessions did: a shape of the work has one cause.

use crate::domain::diagnosis::Cause;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::plan::{Plan, Read};
use crate::engine::mysql::diagnose::seen::query::{How, qualified, read_of};
use crate::engine::mysql::diagnose::seen::session::shown;
use crate::engine::mysql::diagnose::seen::tables::Table;
use crate::engine::mysql::diagnose::seen::work::Shape;

/// Rows of a table below which reading all of it costs nothing.
const MANY_ROWS: f64 = 3_000.0;
/// Rows that a join or a subquery looks at, from which it is a poor one.
const MANY_LOOKED_AT: f64 = 100_000.0;
/// Share of a table's rows that have changed since its statistics were read, from which these are of another table.
/// InnoDB reads them anew from a tenth on, where that is not switched off.
const STALE: f64 = 0.3;
/// Rows that have to have changed for that.
const STALE_ROWS: f64 = 1_000.0;
/// A fetch that sends for so long is a large one, or its client is slow, milliseconds.
const SLOW_FETCH_MS: i64 = 1_000;
/// Bytes of an answer, on average over all statements, from which fetches are large.
const LARGE_ANSWER: f64 = 20_000.0;
/// Bytes of a row of a temporary table, carefully: a group's key and its figures.
const ROW_BYTES: f64 = 40.0;
/// Columns of a proposed index, at most.
const MOST_COLUMNS: usize = 3;

/// What was found out about a statement.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mysql) struct Blame {
    pub(in crate::engine::mysql) cause: Cause,
    pub(in crate::engine::mysql) evidence: Vec<String>,
    /// The table that it is about, `db.table`.
    pub(in crate::engine::mysql) table: Option<String>,
}

/// An index that would help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Wish {
    pub(in crate::engine::mysql) database: String,
    pub(in crate::engine::mysql) table: String,
    pub(in crate::engine::mysql) columns: Vec<String>,
}

/// The plan of a shape's example.
pub(in crate::engine::mysql) fn plan_of<'s>(scene: &'s Scene<'_>, shape: &Shape) -> Option<&'s Plan> {
    let asked = qualified(&read_of(&shape.example)?, &shape.database);
    scene.plans.iter().find(|plan| plan.statement == asked)
}

/// The cause of a shape.
pub(in crate::engine::mysql) fn blame(scene: &Scene<'_>, shape: &Shape) -> Blame {
    let whole = |share: f64| share / shape.mean.max(f64::EPSILON);
    let plan = plan_of(scene, shape);
    // Every statement sends something: what takes long, or much, is a large fetch.
    let each = scene.status.rate("Bytes_sent").zip(scene.status.rate("Questions").filter(|q| *q > 0.0));
    let much = shape.longest_ms >= SLOW_FETCH_MS || each.is_some_and(|(sent, asked)| sent / asked >= LARGE_ANSWER);
    if whole(shape.sending) >= 0.5 && much {
        let evidence = format!("{:.0} % of its time it sends rows to its client", whole(shape.sending) * 100.0);
        return Blame { cause: Cause::LargeFetch, evidence: vec![evidence], table: None };
    }
    if let Some(blame) = plan.and_then(|plan| of_plan(scene, plan)) {
        return blame;
    }
    if let Some(blame) = plan.and_then(|plan| spill(scene, plan)) {
        return blame;
    }
    let simple = |cause, words: &str| Blame { cause, evidence: vec![words.to_owned()], table: None };
    if whole(shape.spilling) >= 0.5 {
        return simple(Cause::DiskSpill, "most of its time it sorts or fills a temporary table");
    }
    match shape.verb.as_str() {
        "insert" | "replace" | "load" => simple(Cause::HeavyInserts, "it inserts rows"),
        "update" | "delete" | "commit" => simple(Cause::HeavyCommits, "it changes rows and finds them quickly"),
        _ => simple(Cause::HeavyWorkload, "nothing is wrong with its plan"),
    }
}

/// It groups or sorts more than its memory holds, by the number of rows that it reads for that.
fn spill(scene: &Scene<'_>, plan: &Plan) -> Option<Blame> {
    let rows = plan.looked_at();
    let groups = plan.reads.iter().any(|read| read.extra.contains("Using temporary"));
    let sorts = plan.reads.iter().any(|read| read.extra.contains("Using filesort"));
    let table = scene.setting("tmp_table_size")?.min(scene.setting("max_heap_table_size")?);
    let merges = scene.status.delta("Sort_merge_passes").is_some_and(|passes| passes > 0.0);
    let wants = rows * ROW_BYTES;
    let what = if groups && wants > table {
        format!(
            "a temporary table of about {rows:.0} rows, which outgrows tmp_table_size ({:.1} MB)",
            table / 1_048_576.0
        )
    } else if sorts && merges && rows >= MANY_ROWS {
        format!("a sort of about {rows:.0} rows, which outgrows sort_buffer_size")
    } else {
        return None;
    };
    let read = plan.reads.first()?;
    let about = plan.table(&read.alias).map(|(db, name)| format!("{db}.{name}"));
    Some(Blame { cause: Cause::DiskSpill, evidence: vec![format!("it builds {what}")], table: about })
}

/// What is wrong with a plan; none when nothing is.
fn of_plan(scene: &Scene<'_>, plan: &Plan) -> Option<Blame> {
    let table_of = |read: &Read| plan.table(&read.alias).and_then(|(db, name)| scene.table(db, name));
    let full = |read: &Read| plan.table(&read.alias).map(|(db, name)| format!("{db}.{name}"));
    let rows = plan.looked_at();
    if let Some(stale) = plan.reads.iter().find_map(|read| {
        let table = table_of(read)?;
        let (changed, number) = table.changed?;
        let bad = changed >= STALE_ROWS && changed >= number * STALE;
        // The plan shows it: it expects few rows of a table that has many, or leaves an index alone that fits.
        let expects = read.rows * 10.0 < number && read.whole();
        let leaves = read.whole()
            && plan.query.wants_of(&read.alias, |c| table.has(c)).iter().any(|w| table.is_led_by(&w.column));
        // Or it reads very much, and no index is lacking.
        let much = read.whole() && read.rows >= MANY_ROWS && wish_for(scene, plan, read).is_none();
        (bad && (expects || leaves || much)).then(|| (table.full(), changed, number))
    }) {
        let (table, changed, number) = stale;
        let evidence = format!(
            "{changed:.0} of about {number:.0} rows of {table} have changed since its statistics were read (limit {:.0} %)",
            STALE * 100.0
        );
        return Some(Blame { cause: Cause::BadStatistics, evidence: vec![evidence], table: Some(table) });
    }
    let inner = plan.reads.iter().find(|read| read.dependent() && (read.whole() || read.rows >= 100.0));
    if let Some(inner) = inner.filter(|_| rows >= MANY_LOOKED_AT) {
        let evidence = format!(
            "its subquery runs anew for each row around it and reads {} ({}, about {:.0} rows each time): about {rows:.0} rows in all (limit {MANY_LOOKED_AT:.0})",
            inner.alias, inner.access, inner.rows
        );
        return Some(Blame { cause: Cause::CorrelatedSubquery, evidence: vec![evidence], table: full(inner) });
    }
    let joined = plan.reads.iter().filter(|read| !read.dependent()).count();
    let second = plan.reads.iter().filter(|read| !read.dependent()).nth(1);
    let poor = plan
        .reads
        .iter()
        .skip(1)
        .find(|read| read.whole() && !read.dependent() || read.extra.contains("join buffer"))
        .or(second.filter(|_| joined >= 2 && rows >= MANY_LOOKED_AT * 100.0));
    if let Some(read) = poor.filter(|_| joined >= 2 && rows >= MANY_LOOKED_AT) {
        let evidence = format!(
            "it joins {} without an index that fits ({}, about {:.0} rows each time): about {rows:.0} pairs of rows (limit {MANY_LOOKED_AT:.0})",
            read.alias, read.access, read.rows
        );
        return Some(Blame { cause: Cause::PoorJoin, evidence: vec![evidence], table: full(read) });
    }
    let scanned = plan.reads.iter().find(|read| {
        read.whole()
            && read.rows >= MANY_ROWS
            && table_of(read).is_none_or(|table| {
                let wants = plan.query.wants_of(&read.alias, |c| table.has(c));
                !wants.is_empty() && !wants.iter().any(|want| table.is_led_by(&want.column))
            })
            && !plan.query.wants.is_empty()
    });
    if let Some(read) = scanned {
        let mut evidence = vec![format!(
            "it reads {} whole, about {:.0} rows ({}), to find the few that its condition wants (limit {MANY_ROWS:.0})",
            full(read).unwrap_or_else(|| read.alias.clone()),
            read.rows,
            read.access
        )];
        if let Some(wish) = wish_for(scene, plan, read) {
            evidence.push(format!("no index begins with {}", wish.columns.join(" or ")));
        }
        return Some(Blame { cause: Cause::MissingIndex, evidence, table: full(read) });
    }
    None
}

/// The index that would serve what is looked for in a table that is read whole.
pub(in crate::engine::mysql) fn wish_for(scene: &Scene<'_>, plan: &Plan, read: &Read) -> Option<Wish> {
    let (database, name) = plan.table(&read.alias)?;
    let table = scene.table(database, name)?;
    let wants = plan.query.wants_of(&read.alias, |column| table.has(column));
    let usable: Vec<_> = wants.iter().filter(|want| table.can_index(&want.column)).collect();
    let mut columns: Vec<String> = usable
        .iter()
        .filter(|want| want.how != How::Range)
        .map(|want| want.column.clone())
        .take(MOST_COLUMNS)
        .collect();
    // One range, and only behind what is equal.
    if columns.len() < MOST_COLUMNS {
        columns.extend(usable.iter().find(|want| want.how == How::Range).map(|want| want.column.clone()));
    }
    let first = columns.first()?;
    (!table.is_led_by(first)).then(|| Wish { database: table.database.clone(), table: table.name.clone(), columns })
}

/// Every index that would help a plan, each with the number of rows that are looked at without it.
pub(in crate::engine::mysql) fn wishes(scene: &Scene<'_>, plan: &Plan) -> Vec<(Wish, f64)> {
    plan.reads
        .iter()
        .filter(|read| read.whole() || read.extra.contains("join buffer"))
        .filter_map(|read| Some((wish_for(scene, plan, read)?, read.rows)))
        .filter(|(_, rows)| *rows >= 100.0)
        .collect()
}

/// A shape in words, for evidence: `select * from t where a = ? (2.1 sessions on average, 80 % of the work, up to 3 s)`.
pub(in crate::engine::mysql) fn words(scene: &Scene<'_>, shape: &Shape) -> String {
    format!(
        "{} ({:.1} sessions on average, {:.0} % of the work, one run up to {:.1} s)",
        shown(&shape.text),
        shape.mean,
        scene.work.share(shape) * 100.0,
        shape.longest_ms.max(0) as f64 / 1_000.0
    )
}

/// Indexes of a table that only cost its writers: with another that begins alike.
pub(in crate::engine::mysql) fn spare(table: &Table) -> Vec<String> {
    table
        .redundant()
        .iter()
        .map(|(index, other)| format!("{} is the beginning of {}", index.name, other.name))
        .collect()
}

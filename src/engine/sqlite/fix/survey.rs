//! What there is to know about an act before it happens, by reading alone.

use super::change::{RowChange, Verb};
use super::deed::{self, Alteration, Deed, What};
use super::facts::{self, Facts, Reading};
use super::{inverse, undo};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Gravity;
use crate::domain::guard::{Author, Catalog, allow};
use crate::domain::proposal::Draft;
use crate::domain::proposal::survey::{Blast, Footprint, Inverse, Place, Rights, Survey, Timeouts};
use crate::domain::rows::Limits;
use crate::engine::sqlite::session::SqliteSession;
use crate::engine::sqlite::{dialect, locks};
use crate::engine::{Collector, Param, Query, Session, Task};
use tokio_util::sync::CancellationToken;

/// Counting rows may take so long, milliseconds: what takes longer is not cheap.
const COUNTING_MS: u64 = 1_000;

/// Walks every page, so only files of up to 32768 pages are measured.
static SIZE: Query = Query {
    name: "fix.size",
    text: "SELECT sum(d.pgsize) AS bytes
           FROM (SELECT 1 FROM pragma_page_count WHERE page_count <= 32768) CROSS JOIN dbstat d
           WHERE d.name IN (SELECT name FROM main.sqlite_schema WHERE lower(tbl_name) = lower(?1))",
    timeout_ms: 1000,
};

/// Looks at an act. A file knows no logins: whoever runs this program is the one who writes.
pub(super) fn survey<'a>(
    session: &'a mut dyn Session,
    draft: &'a Draft,
    _login: Option<&'a str>,
) -> Task<'a, Result<Survey, SessionError>> {
    Box::pin(async move {
        let deed = deed::read(&draft.statement).map_err(SessionError::Unsupported)?;
        let facts = facts::gather(&mut Reading(session), &deed, &draft.statement).await?;
        exists(&deed, &facts)?;
        let mut blast = blast(session, &deed, &facts).await?;
        if facts.leaves_wal(&deed) {
            let own = session.memory().and_then(|memory| memory.downcast_mut::<SqliteSession>());
            let others = own.map(|own| locks::others_open(own.path())).unwrap_or_default();
            blast.notes.extend((!others.is_empty()).then(|| {
                format!("The file is open in {}: this does not happen before they have closed it.", others.join(", "))
            }));
        }
        let empty = blast.tables.first().is_some_and(|table| table.rows == Some(0));
        let mut preconditions = facts.preconditions();
        let inverse = inverse::of(&deed, &facts, empty);
        if matches!((&deed, &inverse), (Deed::Drop { what: What::Table, .. }, Inverse::Statements(_))) {
            preconditions.push(emptiness(true));
        }
        let rights = match &facts.file.closed {
            None => Rights::Held,
            Some(command) => Rights::Missing(vec![command.clone()]),
        };
        Ok(Survey {
            place: Place {
                database: session.identity().database.clone(),
                role: "file".into(),
                server: facts.file.identity.clone(),
                started_at: None,
                epoch: None,
            },
            objects: facts.objects(),
            preconditions,
            blast,
            inverse,
            rights,
            timeouts: if matches!(deed, Deed::Rows(_)) { Timeouts::ROWS } else { Timeouts::OBJECTS },
        })
    })
}

/// Whether a table that goes has rows, as a condition that must still hold.
pub(super) fn emptiness(empty: bool) -> crate::domain::guard::ticket::Precondition {
    crate::domain::guard::ticket::Precondition {
        text: "the table has no rows".into(),
        found: if empty { "none" } else { "some" }.into(),
    }
}

/// What the statement names must be there, and what it makes must not.
fn exists(deed: &Deed, facts: &Facts) -> Result<(), SessionError> {
    let missing = |what: &str, name: &str| {
        Err(SessionError::Unsupported(format!(
            "there is no {what} {name} in this file: look at its schema for the name"
        )))
    };
    match deed {
        Deed::Rows(change) if facts.shape.is_none() => missing("table", &change.table),
        Deed::Alter { table, .. } if facts.find(What::Table, table).is_none() => missing("table", table),
        Deed::Alter { table, .. } => match (deed.old_column(), &facts.shape) {
            (Some(column), Some(shape)) if !shape.columns.iter().any(|c| c.name.eq_ignore_ascii_case(column)) => {
                missing("column", &format!("{table}.{column}"))
            }
            _ => Ok(()),
        },
        Deed::Drop { what, name, .. } if facts.find(*what, name).is_none() => missing(what.word(), name),
        Deed::Checkpoint if facts.file.journal_mode != "wal" => Err(SessionError::Unsupported(format!(
            "the journal mode is {}: there is no log to be moved into the file",
            facts.file.journal_mode
        ))),
        Deed::GiveBack if !facts.file.gives_back => Err(SessionError::Unsupported(
            "auto_vacuum of this file is not incremental: only VACUUM, which writes the whole file anew, gives pages back".into(),
        )),
        Deed::Create { name, .. } => match facts.schema.iter().find(|row| row.name.eq_ignore_ascii_case(name)) {
            Some(row) => {
                Err(SessionError::Unsupported(format!("there is already the {} {name} in this file", row.kind)))
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

async fn blast(session: &mut dyn Session, deed: &Deed, facts: &Facts) -> Result<Blast, SessionError> {
    let mut blast = Blast { locks: locks(deed, facts), ..Blast::default() };
    if let Some(table) = deed.table() {
        blast.tables.push(footprint(session, table).await);
    }
    match deed {
        Deed::Rows(change) => rows(session, change, facts, &mut blast).await?,
        Deed::Drop { what: What::Table, .. } => {
            blast.at_least = Gravity::High;
            blast.notes.push("Rows of other tables that refer to it stop it, or go with it as they declare.".into());
        }
        Deed::Alter { change: Alteration::DropColumn(_), .. } => blast.rewrite = Some(true),
        Deed::Alter { .. } | Deed::Drop { .. } => blast.at_least = Gravity::Medium,
        Deed::Create { .. } => {}
        Deed::Vacuum => {
            blast.rewrite = Some(true);
            blast.disk = facts.file.bytes.map(|bytes| {
                format!("up to twice the size of the file ({bytes} bytes) is needed beside it while it runs")
            });
            let keyless = "Rows of tables without an INTEGER PRIMARY KEY may get other rowids.";
            blast.notes.extend(facts.file.free_bytes.map(|bytes| format!("{bytes} bytes are free in the file now.")));
            blast.notes.push(keyless.into());
        }
        Deed::Reindex | Deed::Analyze => blast.at_least = Gravity::Low,
        Deed::Checkpoint => {
            blast.notes.extend(facts.file.log_bytes.map(|bytes| format!("The log is {bytes} bytes long now.")));
            blast.notes.push("A reader of an older snapshot stops it: then nothing changes, and it says so.".into());
        }
        Deed::GiveBack => {
            blast.notes.extend(facts.file.free_bytes.map(|bytes| format!("{bytes} bytes are free in the file now.")));
            blast.disk = Some("pages are moved from the end of the file, through its journal, before it is cut".into());
        }
        Deed::JournalMode(mode) => {
            blast.at_least = Gravity::Medium;
            blast.notes.push(format!(
                "The file is in mode {} now; {mode} holds for every program that opens it. It needs the file for itself \
                 for a moment.",
                facts.file.journal_mode
            ));
            let enters_wal = mode.eq_ignore_ascii_case("wal") && facts.file.journal_mode != "wal";
            blast.notes.extend(enters_wal.then(|| {
                "The way back needs the file alone: every program that has it open then has to close it first, and this \
                 one does so by itself."
                    .to_owned()
            }));
        }
    }
    blast.rewrite.get_or_insert(false);
    blast.replicas = Some("none: a file has none of its own; what copies it sees another file".into());
    blast.disk.get_or_insert_with(|| {
        let held = match facts.file.journal_mode.as_str() {
            "wal" => "the write-ahead log grows by the pages that change, until the next checkpoint",
            _ => "a journal beside the file holds the pages that change, until the act has ended",
        };
        held.to_owned()
    });
    Ok(blast)
}

fn locks(deed: &Deed, facts: &Facts) -> String {
    let wal = facts.file.journal_mode == "wal";
    match (deed, wal) {
        (Deed::Checkpoint, _) => {
            "the file's one write lock and the end of the log: writers and new readers wait for a moment".into()
        }
        (Deed::JournalMode(_), _) => {
            "the whole file: it fails while another program has it open in another mode".into()
        }
        (Deed::Vacuum, false) => "the whole file: nobody else reads or writes until it is done".into(),
        (_, true) => "the file's one write lock: other writers wait, readers go on".into(),
        (_, false) => {
            "the file's one write lock: other writers wait, and readers too while it commits; it waits for readers \
             before that"
                .into()
        }
    }
}

/// Rows and size of a table, as far as they can be had quickly.
async fn footprint(session: &mut dyn Session, table: &str) -> Footprint {
    let count = format!("SELECT count(*) FROM main.{}", dialect::DIALECT.quote(table));
    let rows = counted(session, &count).await.unwrap_or_default();
    let size = session.own(&SIZE, &[Param::Text(table.to_owned())]).await.ok();
    let bytes = size.and_then(|found| found.rows.first().and_then(|row| found.get(row, "bytes").int()));
    Footprint { name: table.to_owned(), rows, bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()) }
}

async fn rows(
    session: &mut dyn Session,
    change: &RowChange,
    facts: &Facts,
    blast: &mut Blast,
) -> Result<(), SessionError> {
    let with = change.with.as_ref().map_or_else(String::new, |with| format!("{with} "));
    let counting = match (change.verb, change.given_rows, &change.source) {
        (Verb::Insert, Some(given), _) => {
            blast.exact_rows = Some(given);
            None
        }
        (Verb::Insert, None, Some(source)) => Some(format!("{with}SELECT count(*) FROM ({source}\n)")),
        (Verb::Update | Verb::Delete, _, _) if !change.joins => Some(undo::matching_rows(change)),
        _ => None,
    };
    if let Some(counting) = counting {
        blast.exact_rows = counted(session, &counting).await?;
    }
    if blast.exact_rows.is_none() && change.verb != Verb::Insert {
        // Nobody counted: no more than all of them.
        blast.estimated_rows = blast.tables.first().and_then(|table| table.rows);
    }
    let firing = inverse::firing(change, facts);
    blast.notes.extend(firing.iter().map(|trigger| format!("The trigger {} runs with it.", trigger.name)));
    for child in inverse::acting_children(change, facts) {
        let all = footprint(session, &child).await;
        let rows = all.rows.map_or_else(String::new, |rows| format!(" (of {rows})"));
        blast.notes.push(format!("Rows of {child}{rows} that refer to these change with them, by their foreign key."));
        blast.tables.push(all);
    }
    if !facts.children.is_empty() {
        blast.notes.push("Foreign keys are enforced for this act, whatever the application does.".into());
    }
    let key = facts.shape.as_ref().and_then(undo::key);
    if change.verb == Verb::Update && key.is_some_and(|key| key.is_place) {
        blast
            .notes
            .push("The table has no primary key: an undo finds its rows by rowid, which VACUUM may change.".into());
    }
    Ok(())
}

/// A number that one of our own counts gives through the reading door; none when it takes too long, or when the guard
/// would not let a person read that way without asking.
pub(super) async fn counted(session: &mut dyn Session, statement: &str) -> Result<Option<u64>, SessionError> {
    let Ok(allowed) = allow(dialect::DIALECT, Author::Person, &Catalog::default(), statement) else { return Ok(None) };
    let limits = Limits { timeout_ms: COUNTING_MS, ..Limits::default() };
    let mut collector = Collector::new(limits);
    match session.read(allowed, &limits, &CancellationToken::new(), &mut collector).await {
        Ok(_) => {
            let found = collector.into_rows();
            let count = found.rows.first().and_then(|row| row.first()).and_then(crate::domain::rows::Value::int);
            Ok(count.and_then(|count| u64::try_from(count).ok()))
        }
        Err(SessionError::Deadline(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

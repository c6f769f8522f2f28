//! One look at an act: which form it has, what it touches, and what was found.

use super::asks::{Asks, Reading};
use super::look::{self, Table};
use super::place::{self, Server};
use super::rights::{self, Need};
use super::{administration, events, kinds, rows, sessions, tables};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Precondition, TouchedObject};
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::survey::{Blast, Inverse, Rights, Survey, Timeouts};
use crate::engine::mysql::dialect::classify;
use crate::engine::mysql::dialect::flavour::Flavour;
use crate::engine::mysql::dialect::forms::{self, Form, Name, objects::Objects};

/// The servers count waits for locks in seconds, and MySQL knows none shorter than this, milliseconds.
pub(super) const SHORTEST_LOCK_MS: u64 = 1_000;

/// What is found along the way.
pub(super) struct Found {
    pub(super) objects: Vec<TouchedObject>,
    pub(super) preconditions: Vec<Precondition>,
    pub(super) blast: Blast,
    pub(super) inverse: Inverse,
    pub(super) needs: Vec<Need>,
    pub(super) timeouts: Timeouts,
}

impl Found {
    /// Something that must still be so when it runs.
    pub(super) fn check(&mut self, text: impl Into<String>, found: impl Into<String>) {
        self.preconditions.push(Precondition { text: text.into(), found: found.into() });
    }
}

/// Looks.
pub(super) async fn survey(mut asks: Reading<'_>, draft: &Draft, login: Option<&str>) -> Result<Survey, SessionError> {
    let flavour = Flavour::of_version(asks.session.identity().version_number);
    let server = place::read(&mut asks).await?;
    if let Some(database) = draft.database.as_ref().filter(|d| **d != server.place.database) {
        return Err(SessionError::Unsupported(format!(
            "this session is in {}, not in {database}",
            server.place.database
        )));
    }
    let form = forms::read(&draft.statement).map_err(SessionError::Unsupported)?;
    let mut found = Found {
        objects: Vec::new(),
        preconditions: Vec::new(),
        blast: Blast::default(),
        inverse: Inverse::None("nothing is known of it".into()),
        needs: Vec::new(),
        timeouts: Timeouts { lock_ms: SHORTEST_LOCK_MS, ..Timeouts::OBJECTS },
    };
    match &form {
        Form::Kill { query, id } => {
            let expected = match &draft.kind {
                Some(FixKind::CancelStatements(list) | FixKind::EndSessions(list)) => list.first(),
                _ => None,
            };
            sessions::survey(&mut asks, &server, *id, *query, expected, &mut found).await?;
        }
        Form::Set { scope, name } => sessions::setting(&mut asks, flavour, scope, name, &mut found).await?,
        Form::StartReplication => administration::start(&mut asks, flavour, &mut found).await?,
        Form::PurgeLogs(to) => administration::purge(&mut asks, flavour, to, &mut found).await?,
        Form::MakeEvent(event) => {
            let object = (event.table.space.clone().unwrap_or_default(), event.table.name.clone());
            let table = look::table(&mut asks, &object.0, &object.1).await?;
            let missing = || SessionError::Unsupported(format!("there is no table {}", event.table.words()));
            found.objects.push(table.ok_or_else(missing)?.touched());
            events::make(&mut asks, event, &mut found).await?;
        }
        Form::DropEvent(event) => events::remove(&mut asks, event, &mut found).await?,
        Form::LimitConnections(account, _) => administration::limit(&mut asks, account, &mut found).await?,
        _ => objects(&mut asks, flavour, &server, &form, draft, &mut found).await?,
    }
    let rights = rights::of(&mut asks, &found.needs, &server.account, login).await?;
    let is_local = matches!(form, Form::Kill { .. } | Form::Set { .. } | Form::StartReplication | Form::PurgeLogs(_));
    if server.read_only && !is_local {
        return Err(SessionError::Unsupported(
            "this server takes no writes (read_only): it follows another, where the change belongs".into(),
        ));
    }
    let Found { objects, preconditions, blast, inverse, timeouts, .. } = found;
    Ok(Survey { place: server.place, objects, preconditions, blast, inverse, rights: said(rights), timeouts })
}

fn said(rights: Rights) -> Rights {
    match rights {
        Rights::Unknown(why) => Rights::Unknown(format!("{why}; it is asked again under the fix login")),
        other => other,
    }
}

async fn objects(
    asks: &mut Reading<'_>,
    flavour: Flavour,
    server: &Server,
    form: &Form,
    draft: &Draft,
    found: &mut Found,
) -> Result<(), SessionError> {
    let mut all = Vec::new();
    for (database, name) in named(form, &draft.statement, &server.place.database).map_err(SessionError::Unsupported)? {
        let table = look::table(asks, &database, &name).await?;
        found.objects.push(table.as_ref().map_or_else(|| look::absent(&database, &name), Table::touched));
        match table {
            Some(table) => all.push(table),
            None if makes(form, &server.place.database, &(database.clone(), name.clone())) => {}
            None => {
                return Err(SessionError::Unsupported(format!(
                    "there is no {database}.{name} here, or this login may not see it: check the name, or GRANT SELECT on it"
                )));
            }
        }
    }
    match form {
        Form::Rows(change) => rows::survey(asks, change, &all, server, found).await,
        other => {
            tables::survey(asks, other, &all, flavour, server, found).await?;
            match &draft.kind {
                Some(kind) => kinds::survey(asks, kind, &all, found).await,
                None => Ok(()),
            }
        }
    }
}

/// What a statement touches, as it is now: what an approval names is compared with it right before the act, or inside
/// of it.
pub(in crate::engine::mysql) async fn touched(
    asks: &mut dyn Asks,
    form: &Form,
    statement: &str,
    database: &str,
) -> Result<Vec<TouchedObject>, SessionError> {
    let mut now = Vec::new();
    match form {
        Form::Kill { query, id } => now.extend(sessions::touched(asks, *id, *query).await?),
        Form::Set { name, .. } => now.extend(sessions::setting_now(asks, name).await?),
        Form::StartReplication => now.extend(administration::replication_touched(asks).await?),
        Form::PurgeLogs(to) => now.extend(administration::purge_touched(asks, to).await?),
        Form::LimitConnections(account, _) => now.push(administration::account_touched(account)),
        Form::MakeEvent(event) => {
            let object = (event.table.space.clone().unwrap_or_default(), event.table.name.clone());
            let table = look::table(asks, &object.0, &object.1).await?;
            now.push(table.as_ref().map_or_else(|| look::absent(&object.0, &object.1), Table::touched));
            now.push(events::touched(&event.object));
        }
        Form::DropEvent(event) => now.push(events::touched(event)),
        _ => {
            for (database, name) in named(form, statement, database).map_err(SessionError::Unsupported)? {
                let table = look::table(asks, &database, &name).await?;
                now.push(table.as_ref().map_or_else(|| look::absent(&database, &name), Table::touched));
            }
        }
    }
    Ok(now)
}

/// The tables that a statement names, those that it changes first, each once. Tables of the server itself are no
/// objects of anybody.
pub(in crate::engine::mysql) fn named(
    form: &Form,
    statement: &str,
    database: &str,
) -> Result<Vec<(String, String)>, String> {
    let mut names: Vec<Name> = Vec::new();
    match form {
        Form::Rows(change) => {
            names.extend(change.targets.iter().cloned());
            let relations = classify::relations(statement).ok_or("its tables could not be told from its words")?;
            for parts in relations {
                let name = match parts.as_slice() {
                    [name] => Name { database: None, name: name.clone() },
                    [database, name] => Name { database: Some(database.clone()), name: name.clone() },
                    _ => return Err("a name of more than two parts".into()),
                };
                let stands_for_another = name.database.is_none()
                    && change.aliases.iter().any(|a| a.eq_ignore_ascii_case(&name.name))
                    && !change.tables.contains(&name);
                if !stands_for_another {
                    names.push(name);
                }
            }
        }
        Form::Alter(alter) => {
            names.push(alter.table.clone());
            names.extend(alter.parts.iter().filter_map(|part| match part {
                forms::alter::Part::Rename(new) => Some(new.clone()),
                forms::alter::Part::AddForeignKey { parent, .. } => parent.clone(),
                _ => None,
            }));
        }
        Form::Objects(objects) => match objects {
            Objects::CreateIndex { table, .. }
            | Objects::DropIndex { table, .. }
            | Objects::Truncate(table)
            | Objects::AlterView(table)
            | Objects::CreateView { view: table, .. } => names.push(table.clone()),
            Objects::CreateTable { table, like, .. } => {
                names.push(table.clone());
                names.extend(like.clone());
            }
            Objects::DropTables { tables: list, .. } | Objects::DropViews { views: list, .. } => {
                names.extend(list.iter().cloned());
            }
            Objects::RenameTables(pairs) => {
                names.extend(pairs.iter().flat_map(|(old, new)| [old.clone(), new.clone()]));
            }
            Objects::CreateDatabase { .. } | Objects::DropDatabase(_) => {}
        },
        Form::Upkeep { tables, .. } => names.extend(tables.iter().cloned()),
        Form::Set { .. }
        | Form::Kill { .. }
        | Form::StartReplication
        | Form::PurgeLogs(_)
        | Form::MakeEvent(_)
        | Form::DropEvent(_)
        | Form::LimitConnections(..) => {}
    }
    let mut out: Vec<(String, String)> = Vec::new();
    for name in names {
        let name = name.within(database);
        let system = ["information_schema", "performance_schema", "mysql", "sys"];
        if name.1.eq_ignore_ascii_case("dual") || system.iter().any(|s| name.0.eq_ignore_ascii_case(s)) {
            continue;
        }
        if name.0.is_empty() {
            return Err(format!("no database is chosen: write the one of {} before it", name.1));
        }
        if !out.contains(&name) {
            out.push(name);
        }
    }
    Ok(out)
}

/// The statement makes this object, or says that it may be missing.
fn makes(form: &Form, database: &str, object: &(String, String)) -> bool {
    let is = |name: &Name| name.within(database) == *object;
    match form {
        Form::Alter(alter) => alter.parts.iter().any(|p| matches!(p, forms::alter::Part::Rename(new) if is(new))),
        Form::Objects(objects) => match objects {
            Objects::CreateTable { table, .. } => is(table),
            Objects::CreateView { view, .. } => is(view),
            Objects::RenameTables(pairs) => pairs.iter().any(|(_, new)| is(new)),
            Objects::DropTables { maybe, .. } | Objects::DropViews { maybe, .. } => *maybe,
            _ => false,
        },
        _ => false,
    }
}

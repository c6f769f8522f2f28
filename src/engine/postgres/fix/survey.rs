//! The survey of a statement that a person typed.

use super::super::dialect::{cron, quote};
use super::objects::{self, Found};
use super::shape::{Action, Constraint, Named, Scope, Shape, Sort, What};
use super::table::{self, Table};
use super::{inverse, locks, place, rights, rows, settings, shape, waits};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Gravity, Precondition};
use crate::domain::proposal::survey::{Blast, Footprint, Inverse, Rights, Survey};
use crate::engine::{Param, Query, Session};

/// Looks at it.
pub(super) async fn survey(session: &mut dyn Session, statement: &str, login: &str) -> Result<Survey, SessionError> {
    if let Some(form) = cron::read(statement) {
        return super::cron::survey(session, &form, statement, login).await;
    }
    let shape = shape::read(statement)?;
    let place = place::place(session).await?;
    if place.role == "replica" && !matches!(shape.what, What::Call | What::Checkpoint | What::Setting(Scope::System, _))
    {
        return Err(SessionError::Unsupported(
            "this server is a replica and cannot be written to: go to the primary".into(),
        ));
    }
    let found = objects::resolve(session, &shape).await?;
    let mut look = Look { session, shape: &shape, found: &found, preconditions: Vec::new(), blast: Blast::default() };
    let table = look.table().await?;
    let inverse = look.all(table.as_ref()).await?;
    let Look { mut blast, preconditions, .. } = look;
    let rights = match rights::needs(&shape, &found, table.as_ref(), &inverse) {
        Some(needs) => rights::rights(session, login, &needs).await?,
        None => Rights::Unknown(
            "which rights this kind of statement needs is not known here: the server says it when it runs".into(),
        ),
    };
    let timeouts = look_timeouts(&shape, session.identity().version_number);
    blast.notes.dedup();
    Ok(Survey { place, objects: objects::touched(&found), preconditions, blast, inverse, rights, timeouts })
}

fn look_timeouts(shape: &Shape, version: u32) -> crate::domain::proposal::survey::Timeouts {
    locks::effect(shape, version, &|_| None).timeouts
}

/// $1: the role.
static ROLE: Query = Query {
    name: "fix.role",
    text: "SELECT r.rolconnlimit AS most, r.rolsuper AS super,
                  (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usesysid = r.oid) AS sessions
             FROM pg_catalog.pg_roles r WHERE r.rolname = $1",
    timeout_ms: 2_000,
};

/// A survey under way.
struct Look<'a> {
    session: &'a mut dyn Session,
    shape: &'a Shape,
    found: &'a [Found],
    preconditions: Vec<Precondition>,
    blast: Blast,
}

impl Look<'_> {
    /// The table whose rows, columns or indexes change, where there is one.
    async fn table(&mut self) -> Result<Option<Table>, SessionError> {
        let target = match &self.shape.what {
            What::Rows(change) => self.found.iter().find(|f| f.named == change.target),
            What::Setting(..) | What::RoleLimit(_) | What::Checkpoint | What::Call | What::Other | What::Make(_) => {
                None
            }
            _ => self.found.iter().find(|f| matches!(f.kind.as_str(), "r" | "p" | "m" | "f")),
        };
        let Some(target) = target else { return Ok(None) };
        let table = table::table(self.session, target.oid).await?;
        let whole = |n: Option<f64>| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that is not negative")]
            n.map(|n| n.max(0.0) as u64)
        };
        self.blast.tables.push(Footprint {
            name: target.full_name.clone(),
            rows: whole(table.rows),
            bytes: whole(table.bytes),
        });
        if table.replicas > 0 {
            let (noun, verb) = if table.replicas == 1 { ("replica", "replays") } else { ("replicas", "replay") };
            self.blast.replicas = Some(format!("{} {noun} {verb} all of it", table.replicas));
        }
        Ok(Some(table))
    }

    async fn all(&mut self, table: Option<&Table>) -> Result<Inverse, SessionError> {
        let before = match &self.shape.what {
            What::Alter(_, _) => match self.found.first() {
                Some(first) => Some(inverse::before(self.session, first.oid).await?),
                None => None,
            },
            _ => None,
        };
        let version = self.session.identity().version_number;
        let old_type = |column: &str| before.as_ref().and_then(|before| before.type_of(column));
        let effect = locks::effect(self.shape, version, &old_type);
        self.blast.at_least = effect.gravity;
        self.blast.rewrite = effect.rewrite;
        self.blast.disk = effect.disk.map(str::to_owned);
        self.blast.notes.extend(effect.notes);
        self.blast.locks =
            match (effect.locks.as_str(), self.found.iter().find(|f| !f.system && f.named.sort == Sort::Relation)) {
                ("", _) => String::new(),
                (words, Some(first)) if !words.starts_with("not known") => format!("{words} (on {})", first.full_name),
                (words, _) => words.to_owned(),
            };
        if self.shape.concurrently {
            self.blast.notes.extend(waits::oldest_snapshot(self.session).await?);
        }
        self.leftovers().await?;
        self.inverse(table, before.as_ref()).await
    }

    /// Invalid indexes of an earlier build.
    async fn leftovers(&mut self) -> Result<(), SessionError> {
        if !matches!(self.shape.what, What::MakeIndex(_) | What::Reindex | What::Drop("INDEX")) {
            return Ok(());
        }
        let Some(first) = self.found.iter().find(|f| f.named.sort == Sort::Relation) else { return Ok(()) };
        let invalid = waits::invalid_indexes(self.session, first.oid).await?;
        let mine: Vec<String> = self.found.iter().map(|f| f.full_name.clone()).collect();
        for name in invalid.into_iter().filter(|name| !mine.contains(name)) {
            self.blast.notes.push(format!("{name} is invalid: an earlier build left it, every write still pays for it; DROP INDEX CONCURRENTLY {name}"));
        }
        Ok(())
    }

    async fn inverse(
        &mut self,
        table: Option<&Table>,
        before: Option<&inverse::Before>,
    ) -> Result<Inverse, SessionError> {
        let none = |why: &str| Ok(Inverse::None(why.into()));
        match &self.shape.what {
            What::Rows(change) => {
                let Some(table) = table else { return none("what it changes is no table") };
                rows::measure(self.session, change, table, &mut self.blast).await?;
                let (inverse, too_many) = rows::inverse(change, table, &self.blast);
                if too_many {
                    // Whoever approves that there is no undo approves this.
                    self.condition("no undo, because too many rows change", "yes");
                }
                let fires = if table.fired(change.verb, change.upserts).is_empty() { "none" } else { "fires" };
                self.condition("triggers of the table", fires);
                Ok(inverse)
            }
            What::MakeIndex(name) => self.make_index(name.as_deref()).await,
            What::Make(word) => {
                let there = objects::look_up(self.session, self.shape.made.as_slice()).await?;
                inverse::of_make(self.session, word, self.shape, there.first()).await
            }
            What::Drop(_) => inverse::of_drop(self.session, self.shape, self.found).await,
            What::Alter(word, actions) => {
                let Some(before) = before else { return none("what it was before is not known here") };
                self.drops_data(actions);
                Ok(inverse::of_alter(word, actions, before))
            }
            What::Comment { head, column, plain: true } => {
                inverse::of_comment(self.session, head, self.found, column.as_deref()).await
            }
            What::Setting(scope, name) => self.setting(scope, name).await,
            What::RoleLimit(role) => self.role_limit(role).await,
            What::Truncate => none("the rows are gone at once: only a backup brings them back"),
            What::Vacuum { .. } | What::Analyze | What::Reindex | What::Cluster | What::Checkpoint => {
                none("it is maintenance: no row and no definition changes, so there is nothing to undo")
            }
            What::Refresh { .. } => none("what the view holds now is replaced; it holds what its query gives"),
            What::Call => none("what the called functions do is not known here"),
            What::Comment { .. } | What::Other => none("how to undo this kind of statement is not known here"),
        }
    }

    fn drops_data(&mut self, actions: &[Action]) {
        let referenced = actions.iter().filter_map(|action| match action {
            Action::AddConstraint { kind: Constraint::ForeignKey, references, .. }
            | Action::AddColumn { references, .. } => references.as_ref(),
            _ => None,
        });
        for named in referenced.collect::<Vec<_>>() {
            if let Some(other) = self.found.iter().find(|f| f.named == *named) {
                self.blast.notes.push(format!("{} is locked as well: its writers wait too", other.full_name));
            }
        }
    }

    async fn make_index(&mut self, name: Option<&str>) -> Result<Inverse, SessionError> {
        let Some(table) = self.found.first() else { return Ok(Inverse::None("the table is not known".into())) };
        let Some(name) = name else {
            return Ok(Inverse::None(
                "the server chooses its name: name the index, and it can be dropped again".into(),
            ));
        };
        let named = Named { sort: Sort::Relation, schema: table.named.schema.clone(), name: name.to_owned() };
        if let Some(there) = objects::look_up(self.session, std::slice::from_ref(&named)).await?.first() {
            let invalid = waits::invalid_indexes(self.session, table.oid).await?.contains(&there.full_name);
            return Err(SessionError::Unsupported(if invalid {
                format!(
                    "{} is there already and is invalid: an earlier build left it. First DROP INDEX CONCURRENTLY {}",
                    there.full_name, there.full_name
                )
            } else {
                format!("{} is there already", there.full_name)
            }));
        }
        let schema = table.named.schema.as_deref().map(|s| format!("{}.", quote(s))).unwrap_or_default();
        // An index of a partitioned table cannot be dropped beside the traffic.
        let beside = if table.kind == "p" { "" } else { "CONCURRENTLY " };
        Ok(Inverse::Statements(vec![format!("DROP INDEX {beside}{schema}{}", quote(name))]))
    }

    async fn setting(&mut self, scope: &Scope, name: &str) -> Result<Inverse, SessionError> {
        let setting = settings::read(self.session, scope, name).await?;
        let was = setting.own.clone().unwrap_or_else(|| "not set there".into());
        if *scope == Scope::System {
            self.preconditions.extend(settings::now(name, &setting));
        } else {
            self.condition(&format!("{name} now"), &was);
        }
        self.blast.notes.push(settings::takes_effect(scope, &setting.context).to_owned());
        if setting.context == "postmaster" {
            self.blast.at_least = self.blast.at_least.max(Gravity::Medium);
        }
        if !setting.known {
            return Ok(Inverse::None(settings::hidden(name)));
        }
        Ok(Inverse::Statements(vec![inverse::of_setting(scope, name, setting.own.as_deref())]))
    }

    async fn role_limit(&mut self, role: &str) -> Result<Inverse, SessionError> {
        let rows = self.session.own(&ROLE, &[Param::Text(role.to_owned())]).await?;
        let Some(row) = rows.rows.first() else {
            return Err(SessionError::Unsupported(format!("there is no role {}", quote(role))));
        };
        if rows.text(row, "super") == "true" {
            return Err(SessionError::Unsupported(format!(
                "{} is a superuser, and no limit holds for superusers",
                quote(role)
            )));
        }
        let was = rows.get(row, "most").int().unwrap_or(-1);
        self.condition(&format!("limit of connections of {role} now"), &was.to_string());
        let sessions = rows.get(row, "sessions").int().unwrap_or(0);
        self.blast.notes.push(format!(
            "{role} has {sessions} connections now: those stay, and new ones above the limit are refused"
        ));
        Ok(Inverse::Statements(vec![format!("ALTER ROLE {} CONNECTION LIMIT {was}", quote(role))]))
    }

    fn condition(&mut self, text: &str, found: &str) {
        self.preconditions.push(Precondition { text: text.to_owned(), found: found.to_owned() });
    }
}

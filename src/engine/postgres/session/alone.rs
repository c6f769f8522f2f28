//! Acts that the server runs outside a transaction: builds beside the traffic, VACUUM, ALTER SYSTEM.
//!
//! A build that fails leaves an invalid index, which every write pays for. What is left of ours is found by number and
//! dropped; what cannot be dropped is named, with the statement for a person.

use super::act::{READING_MS, first_cell};
use super::{PgSession, elapsed_ms, refusal};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Approved;
use crate::domain::proposal::survey::{Survey, Timeouts};
use crate::domain::rows::Rows;
use crate::engine::postgres::fix::objects::Found;
use crate::engine::postgres::fix::settings;
use crate::engine::postgres::fix::shape::{Scope, Shape, Sort, What};
use crate::engine::{ActError, Acted, Param, Query, Session as _};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Limits of the cleaning up: it has to outwait whoever uses the table just now.
const CLEANING: Timeouts = Timeouts { statement_ms: 0, lock_ms: 60_000 };

impl PgSession {
    /// Does an act that has no transaction of ours.
    pub(super) async fn act_outside(
        &mut self,
        approved: &Approved,
        plan: &Survey,
        shape: &Shape,
        stop: &CancellationToken,
    ) -> Result<Acted, ActError> {
        let done = self.outside(approved, plan, shape, stop).await;
        // The session goes back into its frame, or is given up.
        if self.wire.is_some() {
            let _ = self.recover(None).await;
        }
        done
    }

    async fn outside(
        &mut self,
        approved: &Approved,
        plan: &Survey,
        shape: &Shape,
        stop: &CancellationToken,
    ) -> Result<Acted, ActError> {
        let found = self.objects_as_approved(approved, shape).await?;
        let before = if shape.concurrently { self.invalid(shape, &found, "[]").await? } else { Rows::default() };
        let known: Vec<String> = before.rows.iter().map(|row| before.text(row, "oid")).collect();
        self.writable().await?;
        self.limit(plan.timeouts, false).await.map_err(ActError::NotDone)?;
        if stop.is_cancelled() {
            return Err(ActError::NotDone(SessionError::Canceled));
        }
        let started = Instant::now();
        let error = match self.send_alone(approved.statement(), plan.timeouts, stop).await? {
            Ok(answer) => {
                let mut acted = self.acted(shape, &answer)?;
                if let What::Setting(Scope::System, name) = &shape.what {
                    acted.notices.extend(self.reload(name).await);
                }
                acted.took_ms = elapsed_ms(started);
                return Ok(acted);
            }
            Err(message) if stop.is_cancelled() && message.code == "57014" => SessionError::Canceled,
            Err(message) => refusal(message, elapsed_ms(started), plan.timeouts.statement_ms.max(1)),
        };
        if !shape.concurrently {
            return Err(ActError::NotDone(error));
        }
        let cleaned = self.clean_up(shape, &found, &json!(known).to_string()).await;
        match (cleaned, &shape.what) {
            (Err(left), _) => Err(ActError::Wreck { error: error.into(), left }),
            // Half a drop cannot be taken back, and the rest of it is what was approved.
            (Ok(dropped), What::Drop(_)) if dropped > 0 => Ok(Acted {
                took_ms: elapsed_ms(started),
                answer: Some(format!("the first try failed ({error}), the second one ended it")),
                ..Acted::default()
            }),
            (Ok(_), _) => Err(ActError::NotDone(error)),
        }
    }

    /// Has the server read its configuration again, where that puts a setting into force, and says how it went.
    async fn reload(&mut self, name: &str) -> Option<String> {
        let context = match self.own(&CONTEXT, &[Param::Text(name.to_owned())]).await {
            Ok(rows) => rows.rows.first().map(|row| rows.text(row, "context")).unwrap_or_default(),
            // A reload that was not needed harms nobody.
            Err(_) => String::new(),
        };
        if !settings::needs_reload(&context) {
            return Some("it waits for the server's next restart".into());
        }
        match self.tell("SELECT pg_catalog.pg_reload_conf()", READING_MS).await {
            Ok(answer) if first_cell(&answer).as_deref() == Some("t") => {
                Some("the server was told to read its configuration again".into())
            }
            Ok(_) => {
                Some("it is written and NOT in force: the server could not be told to read its configuration".into())
            }
            Err(error) => {
                Some(format!("it is written and NOT in force ({error}): somebody who may has to call pg_reload_conf()"))
            }
        }
    }

    /// Lets the session write: without a transaction of ours, there is no READ WRITE to say.
    async fn writable(&mut self) -> Result<(), ActError> {
        let text = "SELECT pg_catalog.set_config('default_transaction_read_only', 'off', false)";
        self.tell(text, 5_000).await.map(drop).map_err(ActError::NotDone)
    }

    /// Invalid indexes of the tables that the statement builds on, but for those of `known`, and but for tables on
    /// which somebody else builds just now.
    async fn invalid(&mut self, shape: &Shape, found: &[Found], known: &str) -> Result<Rows, ActError> {
        let of =
            |sort: Sort| found.iter().filter(|f| f.named.sort == sort).map(|f| f.oid.to_string()).collect::<Vec<_>>();
        let (relations, schemas) = (of(Sort::Relation), of(Sort::Schema));
        let everything = relations.is_empty() && schemas.is_empty();
        let name = match &shape.what {
            What::MakeIndex(Some(name)) => name.clone(),
            What::Reindex => "%\\_cc%".to_owned(),
            _ => "%".to_owned(),
        };
        let like = matches!(&shape.what, What::MakeIndex(Some(_)));
        let params = [
            Param::Text(json!(relations).to_string()),
            Param::Text(json!(schemas).to_string()),
            Param::Text(everything.to_string()),
            Param::Text(known.to_owned()),
            Param::Text(name),
            Param::Text(like.to_string()),
        ];
        self.own(&INVALID, &params).await.map_err(ActError::NotDone)
    }

    /// Drops what is left of ours. Gives how many, or says what could not be dropped and how a person does it.
    async fn clean_up(&mut self, shape: &Shape, found: &[Found], known: &str) -> Result<usize, String> {
        let unsure = |error: &ActError| {
            format!(
                "perhaps an invalid index ({error}): look at pg_index for rows that are not indisvalid, and DROP INDEX CONCURRENTLY what this act left"
            )
        };
        let left = self.invalid(shape, found, known).await.map_err(|e| unsure(&e))?;
        for row in &left.rows {
            let name = left.text(row, "name");
            // Limits again: our own queries have theirs.
            if let Ok(()) = self.limit(CLEANING, false).await {
                let _ = self.tell(&format!("DROP INDEX CONCURRENTLY {name}"), CLEANING.lock_ms * 3).await;
            }
        }
        if left.rows.is_empty() {
            return Ok(0);
        }
        let still = self.invalid(shape, found, known).await.map_err(|e| unsure(&e))?;
        if still.rows.is_empty() {
            return Ok(left.rows.len());
        }
        let names: Vec<String> = still.rows.iter().map(|row| still.text(row, "name")).collect();
        Err(format!("the invalid index {0}: DROP INDEX CONCURRENTLY {0}", names.join(", ")))
    }
}

/// $1: a setting's name.
static CONTEXT: Query = Query {
    name: "act.setting_context",
    text: "SELECT s.context FROM pg_catalog.pg_settings s WHERE s.name = lower($1)",
    timeout_ms: 2_000,
};

/// $1, $2: JSON lists of oids of relations and schemas; $3: the whole database; $4: JSON list of index oids to leave
/// out; $5: the name, or a pattern when $6 is not true.
static INVALID: Query = Query {
    name: "act.invalid",
    text: r"WITH RECURSIVE given AS (SELECT g.oid::oid AS oid FROM json_array_elements_text($1::json) g (oid)),
spaces AS (SELECT s.oid::oid AS oid FROM json_array_elements_text($2::json) s (oid)),
tables AS (
  SELECT oid FROM given
  UNION SELECT i.indrelid FROM pg_catalog.pg_index i JOIN given ON given.oid = i.indexrelid
  UNION SELECT c.oid FROM pg_catalog.pg_class c JOIN spaces ON spaces.oid = c.relnamespace
  UNION SELECT c.oid FROM pg_catalog.pg_class c WHERE $3 = 'true'),
parts AS (
  SELECT oid FROM tables
  UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN parts ON h.inhparent = parts.oid),
all_tables AS (
  SELECT oid FROM parts
  UNION SELECT c.reltoastrelid FROM parts JOIN pg_catalog.pg_class c ON c.oid = parts.oid WHERE c.reltoastrelid <> 0)
SELECT i.indexrelid::int8 AS oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
  FROM pg_catalog.pg_index i JOIN all_tables t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT i.indisvalid AND c.relkind = 'i'
   AND NOT EXISTS (SELECT FROM json_array_elements_text($4::json) k (oid) WHERE k.oid::oid = i.indexrelid)
   AND CASE WHEN $6 = 'true' THEN c.relname = $5 ELSE c.relname LIKE $5 END
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.relation = i.indrelid
                    AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid()
                    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()))
 ORDER BY 1",
    timeout_ms: 10_000,
};

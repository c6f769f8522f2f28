//! What there is to know about one table before its rows change: key, columns, triggers, foreign keys, sizes.

use crate::domain::error_event::SessionError;
use crate::engine::{Param, Query, Session};
use serde::Deserialize;

/// A table, view or foreign table.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::engine::postgres) struct Table {
    /// `pg_class.relkind`.
    pub(in crate::engine::postgres) kind: String,
    /// Row security is on.
    pub(in crate::engine::postgres) row_security: bool,
    /// Tables inherit from it, and it is not partitioned.
    pub(in crate::engine::postgres) has_children: bool,
    /// A rule rewrites what changes it.
    pub(in crate::engine::postgres) has_rules: bool,
    /// Rows by the server's estimate; none when it was never counted.
    pub(in crate::engine::postgres) rows: Option<f64>,
    /// Size as of the last VACUUM or ANALYZE, indexes included.
    pub(in crate::engine::postgres) bytes: Option<f64>,
    /// Columns in order.
    #[serde(default)]
    pub(in crate::engine::postgres) columns: Vec<Column>,
    /// Columns of the primary key, in order.
    #[serde(default)]
    pub(in crate::engine::postgres) key: Vec<String>,
    /// Triggers of people that fire, here and in partitions.
    #[serde(default)]
    pub(in crate::engine::postgres) triggers: Vec<Trigger>,
    /// Foreign keys of other tables to here.
    #[serde(default)]
    pub(in crate::engine::postgres) referenced: Vec<Reference>,
    /// Sequences behind defaults, which an INSERT needs a right to. Full names and oids.
    #[serde(default)]
    pub(in crate::engine::postgres) sequences: Vec<(String, i64)>,
    /// Replicas that stream from here.
    pub(in crate::engine::postgres) replicas: i64,
}

/// A column.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::engine::postgres) struct Column {
    /// Its name.
    pub(in crate::engine::postgres) name: String,
    /// Its type, with schema and modifier.
    #[serde(rename = "type")]
    pub(in crate::engine::postgres) type_name: String,
    /// The server computes it.
    pub(in crate::engine::postgres) generated: bool,
    /// `a` for GENERATED ALWAYS AS IDENTITY, `d` for BY DEFAULT, empty for none.
    pub(in crate::engine::postgres) identity: String,
}

/// A trigger.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::engine::postgres) struct Trigger {
    /// Its name.
    pub(in crate::engine::postgres) name: String,
    /// `pg_trigger.tgtype`: the events as bits.
    pub(in crate::engine::postgres) events: i64,
}

/// A foreign key to this table.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::engine::postgres) struct Reference {
    /// The table that holds the key.
    pub(in crate::engine::postgres) table: String,
    /// What happens there when a row here goes: `a` nothing, `r` refuse, `c` goes too, `n` NULL, `d` default.
    pub(in crate::engine::postgres) on_delete: String,
    /// The same when the key here changes.
    pub(in crate::engine::postgres) on_update: String,
    /// Columns here.
    pub(in crate::engine::postgres) columns: Vec<String>,
    /// Rows there.
    pub(in crate::engine::postgres) rows: Option<f64>,
}

/// $1: the oid.
static TABLE: Query = Query {
    name: "fix.table",
    text: r"WITH RECURSIVE me AS (SELECT c.* FROM pg_catalog.pg_class c WHERE c.oid = $1::int8::oid),
parts AS (
  SELECT oid AS part FROM me
  UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN parts ON h.inhparent = parts.part),
stored AS (
  SELECT c.* FROM parts JOIN pg_catalog.pg_class c ON c.oid = parts.part WHERE c.relkind IN ('r', 'm'))
SELECT json_build_object(
  'kind', me.relkind, 'row_security', me.relrowsecurity,
  'has_children', me.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = me.oid),
  'has_rules', me.relkind <> 'v' AND EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = me.oid AND r.ev_type <> '1'),
  'rows', (SELECT CASE WHEN bool_and(s.reltuples >= 0 AND (s.reltuples > 0 OR s.relpages > 0)) THEN sum(s.reltuples) END FROM stored s),
  'bytes', (SELECT sum(s.relpages
              + coalesce((SELECT sum(i.relpages) FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
                           WHERE x.indrelid IN (s.oid, s.reltoastrelid)), 0)
              + coalesce((SELECT t.relpages FROM pg_catalog.pg_class t WHERE t.oid = s.reltoastrelid), 0))
              * current_setting('block_size')::int8 FROM stored s),
  'columns', coalesce((SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                        'generated', a.attgenerated <> '', 'identity', a.attidentity) ORDER BY a.attnum)
               FROM pg_catalog.pg_attribute a WHERE a.attrelid = me.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
  'key', coalesce((SELECT json_agg(a.attname ORDER BY k.n)
            FROM pg_catalog.pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, n)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
           WHERE i.indrelid = me.oid AND i.indisprimary AND i.indisvalid AND k.n <= i.indnkeyatts), '[]'),
  'triggers', coalesce((SELECT json_agg(DISTINCT jsonb_build_object('name', t.tgname, 'events', t.tgtype))
                 FROM pg_catalog.pg_trigger t JOIN parts ON parts.part = t.tgrelid
                WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')), '[]'),
  'referenced', coalesce((SELECT json_agg(json_build_object(
                     'table', quote_ident(n.nspname) || '.' || quote_ident(c.relname), 'on_delete', k.confdeltype,
                     'on_update', k.confupdtype, 'rows', CASE WHEN c.reltuples >= 0 THEN c.reltuples END,
                     'columns', (SELECT json_agg(a.attname) FROM pg_catalog.pg_attribute a
                                  WHERE a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey))) ORDER BY k.oid)
                   FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                  WHERE k.contype = 'f' AND k.confrelid = me.oid AND k.conparentid = 0), '[]'),
  'sequences', coalesce((SELECT json_agg(json_build_array(quote_ident(n.nspname) || '.' || quote_ident(s.relname), s.oid::int8))
                  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
                  JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
                 WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                   AND d.refobjid = me.oid AND d.deptype = 'a'), '[]'),
  'replicas', (SELECT count(*) FROM pg_catalog.pg_stat_replication))::text AS table
FROM me",
    timeout_ms: 5_000,
};

/// Reads it.
pub(in crate::engine::postgres) async fn table(session: &mut dyn Session, oid: i64) -> Result<Table, SessionError> {
    let rows = session.own(&TABLE, &[Param::Int(oid)]).await?;
    let text = rows.rows.first().map(|row| rows.text(row, "table")).unwrap_or_default();
    serde_json::from_str(&text)
        .map_err(|_| SessionError::Unsupported("the table went away while it was looked at".into()))
}

/// Bits of [`Trigger::events`].
const INSERT: i64 = 4;
const DELETE: i64 = 8;
const UPDATE: i64 = 16;

impl Table {
    /// Names of triggers that a verb fires; MERGE may fire any.
    pub(in crate::engine::postgres) fn fired(&self, verb: super::shape::Verb, upserts: bool) -> Vec<&str> {
        use super::shape::Verb;
        let bits = match verb {
            Verb::Insert if upserts => INSERT | UPDATE,
            Verb::Insert => INSERT,
            Verb::Update => UPDATE,
            Verb::Delete => DELETE,
            Verb::Merge => INSERT | UPDATE | DELETE,
        };
        let fired = self.triggers.iter().filter(|t| t.events & bits != 0);
        let mut names: Vec<&str> = fired.map(|t| t.name.as_str()).collect();
        names.dedup();
        names
    }
    /// The type of a column, as a cast is written.
    pub(in crate::engine::postgres) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

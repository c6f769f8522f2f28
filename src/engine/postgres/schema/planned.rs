//! What runs when a table is merely planned: PostgreSQL computes calls with constant arguments while it plans.
//!
//! Seen on 15 and 18, by EXPLAIN alone: the expressions and predicates of all indexes of a table and of its children,
//! expressions of extended statistics and of partition keys, and CHECK constraints (those of children by default, the
//! table's own under `constraint_exclusion = on`). A function that is declared IMMUTABLE and is not acts there with the
//! rights of whoever plans. Defaults and stored generated columns are not computed for a read, and virtual ones may call
//! nothing of people's own. Row security policies are read with the views.

use super::guard::first_own_oid;
use crate::domain::error_event::SessionError;
use crate::domain::guard::{Author, Catalog, CatalogView, Verdict};
use crate::domain::rows::Value;
use crate::engine::postgres::dialect::DIALECT;
use crate::engine::{Query, Session};
use std::collections::BTreeMap;

/// Functions and domains of people's own in such expressions, under the table and everything that it is a child of.
/// `to_jsonb`, because expressions of statistics are not kept before 14.
static PLANNED: Query = Query {
    name: "guard.planned",
    text: concat!(
        "WITH RECURSIVE tree AS (
           SELECT i.indrelid AS rel, pg_catalog.concat(i.indexprs::text, ' ', i.indpred::text) AS text
             FROM pg_catalog.pg_index i WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
           UNION ALL SELECT k.conrelid, k.conbin::text FROM pg_catalog.pg_constraint k
            WHERE k.contype = 'c' AND k.conrelid <> 0
           UNION ALL SELECT s.stxrelid, pg_catalog.to_jsonb(s) ->> 'stxexprs' FROM pg_catalog.pg_statistic_ext s
            WHERE pg_catalog.to_jsonb(s) ->> 'stxexprs' IS NOT NULL
           UNION ALL SELECT p.partrelid, p.partexprs::text FROM pg_catalog.pg_partitioned_table p
            WHERE p.partexprs IS NOT NULL),
         used AS (
           SELECT DISTINCT t.rel, t.text, m[1] AS field, m[2]::oid AS id
             FROM tree t, regexp_matches(t.text,
               ':(funcid|opfuncid|aggfnoid|winfnoid|hashfuncid|negfuncid|resulttype) ([0-9]+)', 'g') m
            WHERE m[2]::int8 >= ",
        first_own_oid!(),
        "), family AS (
           SELECT rel AS part, rel AS named FROM used
           UNION SELECT f.part, h.inhparent FROM family f JOIN pg_catalog.pg_inherits h ON h.inhrelid = f.named)
         SELECT n.nspname || '.' || c.relname AS name, u.text AS tree, u.id::int8 AS id, t.oid IS NOT NULL AS is_type,
                coalesce(pn.nspname || '.' || p.proname, tn.nspname || '.' || t.typname) AS used,
                coalesce(l.lanname = 'sql', false) AS is_sql, pg_catalog.left(p.prosrc, 20000) AS body
           FROM used u
           JOIN family f ON f.part = u.rel
           JOIN pg_catalog.pg_class c ON c.oid = f.named
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           LEFT JOIN pg_catalog.pg_proc p ON u.field <> 'resulttype' AND p.oid = u.id
           LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
           LEFT JOIN pg_catalog.pg_language l ON l.oid = p.prolang
           LEFT JOIN pg_catalog.pg_type t ON u.field = 'resulttype' AND t.oid = u.id AND t.typtype = 'd'
           LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
          WHERE p.oid IS NOT NULL OR t.oid IS NOT NULL ORDER BY 1"
    ),
    timeout_ms: 10_000,
};

/// Tables that have any such expression: what is asked about when the expressions cannot be looked through.
static WITH_EXPRESSIONS: Query = Query {
    name: "guard.with_expressions",
    text: concat!(
        "SELECT n.nspname || '.' || c.relname AS name
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p', 'm') AND c.oid >= ",
        first_own_oid!(),
        "   AND (c.relhassubclass OR c.relchecks > 0 OR c.relkind = 'p'
                OR EXISTS (SELECT FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid)
                OR EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid
                            AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)))
          ORDER BY 1"
    ),
    timeout_ms: 10_000,
};

/// The tables whose planning may run what is not known to only read. `catalog` knows everything else already.
pub(super) async fn tables(session: &mut dyn Session, catalog: &Catalog) -> Result<Vec<CatalogView>, SessionError> {
    let listed = |name: String, functions: Vec<String>| CatalogView { name, functions, ..CatalogView::default() };
    let rows = match session.own(&PLANNED, &[]).await {
        Ok(rows) if rows.truncated.is_none() => rows,
        Ok(_) | Err(SessionError::Server(_) | SessionError::Deadline(_)) => {
            let rows = session.own(&WITH_EXPRESSIONS, &[]).await?;
            let unreadable = |row| listed(rows.text(row, "name"), vec![super::guard::UNREADABLE.to_owned()]);
            return Ok(rows.rows.iter().map(|row| unreadable(row)).collect());
        }
        Err(error) => return Err(error),
    };
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &rows.rows {
        let is = |name: &str| rows.get(row, name) == &Value::Bool(true);
        let used = rows.text(row, "used");
        let runs = if is("is_type") {
            // The checks of a domain are computed wherever it is named.
            !catalog.safe_types.contains(&used)
        } else if is("is_sql") {
            // The planner puts its body in the place of the call, whatever its arguments are.
            DIALECT.classify(&rows.text(row, "body"), Author::Model, catalog).verdict != Verdict::Allow
        } else {
            rows.get(row, "id").int().is_none_or(|id| runs_when_planned(&rows.text(row, "tree"), id))
        };
        let functions = found.entry(rows.text(row, "name")).or_default();
        if runs && !functions.contains(&used) {
            functions.push(used);
        }
    }
    Ok(found.into_iter().filter(|(_, used)| !used.is_empty()).map(|(name, used)| listed(name, used)).collect())
}

/// A node of an expression that is being read.
#[derive(Default)]
struct Node<'a> {
    name: &'a str,
    /// The field whose value is read now, with its colon.
    field: &'a str,
    /// It calls the function that is looked for.
    calls: bool,
    /// One of its arguments is a column as it stands, which no planner can compute.
    rests_on_a_column: bool,
}

/// Whether the planner may run a function of an expression, as the server writes that down, in another language than
/// SQL: unless each call of it has a column as one of its arguments. An argument that only holds a column somewhere does
/// not count, because `false AND x` is a constant. The function of an operator runs with the column's statistics.
fn runs_when_planned(tree: &str, function: i64) -> bool {
    let mut open: Vec<Node<'_>> = Vec::new();
    let mut was_found = false;
    let mut rest = tree;
    while let Some(first) = rest.chars().next() {
        match first {
            '{' => {
                let end = word(&rest[1..]);
                open.push(Node { name: &rest[1..=end], ..Node::default() });
                rest = &rest[end + 1..];
                continue;
            }
            '}' => {
                let Some(node) = open.pop() else { return true };
                if node.calls && !node.rests_on_a_column {
                    return true;
                }
                let is_column = node.name == "VAR"
                    || (matches!(node.name, "RELABELTYPE" | "COLLATEEXPR") && node.rests_on_a_column);
                if let Some(outer) = open.last_mut().filter(|outer| matches!(outer.field, ":args" | ":arg")) {
                    outer.rests_on_a_column |= is_column;
                }
            }
            c if c.is_whitespace() || matches!(c, '(' | ')') => {}
            _ => {
                let end = word(rest).max(first.len_utf8());
                let (this, behind) = rest.split_at(end);
                rest = behind;
                if let Some(node) = open.last_mut() {
                    let names_it = this.parse() == Ok(function);
                    match node.field {
                        ":funcid" if names_it => (node.calls, was_found) = (true, true),
                        ":opfuncid" | ":aggfnoid" | ":winfnoid" | ":hashfuncid" | ":negfuncid" if names_it => {
                            return true;
                        }
                        _ => {}
                    }
                    if this.starts_with(':') {
                        node.field = this;
                    }
                }
                continue;
            }
        }
        rest = &rest[first.len_utf8()..];
    }
    // A form that is not known is no reason to trust it.
    !was_found || !open.is_empty()
}

/// Bytes of the word that a text begins with. A backslash takes its meaning from the character behind it.
fn word(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().find(|&(_, c)| {
        let ends = !escaped && (c.is_whitespace() || matches!(c, '(' | ')' | '{' | '}'));
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::runs_when_planned;

    const COLUMN: &str = "{VAR :varno 1 :varattno 1 :vartype 23 :varnullingrels (b) :varlevelsup 0 :location 21}";
    const CONSTANT: &str = "{CONST :consttype 23 :constisnull false :constvalue 4 [ 99 0 0 0 0 0 0 0 ]}";

    fn call(function: u32, arguments: &str) -> String {
        format!("{{FUNCEXPR :funcid {function} :funcresulttype 23 :funcformat 0 :args ({arguments}) :location 19}}")
    }

    #[test]
    fn a_call_that_rests_on_a_column_waits_for_its_rows() {
        let on_column = call(99, COLUMN);
        assert!(!runs_when_planned(&format!("({on_column})"), 99));
        assert!(!runs_when_planned(&call(99, &format!("{CONSTANT} {COLUMN}")), 99));
        let cast = format!("{{RELABELTYPE :arg {COLUMN} :resulttype 25 :location -1}}");
        assert!(!runs_when_planned(&call(99, &cast), 99));
        assert!(!runs_when_planned(&call(65, &call(99, COLUMN)), 99));
    }

    #[test]
    fn a_call_of_constants_is_computed_by_the_planner() {
        assert!(runs_when_planned(&call(99, CONSTANT), 99));
        assert!(runs_when_planned(&call(99, ""), 99));
        // One good call does not excuse another.
        assert!(runs_when_planned(&format!("({} {})", call(99, COLUMN), call(99, CONSTANT)), 99));
        // A column that is not an argument itself may be reduced away.
        let reduced = format!("{{BOOLEXPR :boolop and :args ({CONSTANT} {COLUMN}) :location 1}}");
        assert!(runs_when_planned(&call(99, &reduced), 99));
        assert!(runs_when_planned(&call(99, &call(65, COLUMN)), 99));
        // An operator's function is run on the most common values.
        let operator = format!("{{OPEXPR :opno 98 :opfuncid 99 :args ({COLUMN} {CONSTANT}) :location 43}}");
        assert!(runs_when_planned(&operator, 99));
    }

    #[test]
    fn what_cannot_be_read_is_not_trusted() {
        assert!(runs_when_planned("", 99));
        assert!(runs_when_planned("{FUNCEXPR :funcid 99 :args ({VAR :varno 1}", 99));
        assert!(runs_when_planned("}", 99));
        assert!(runs_when_planned(&call(98, COLUMN), 99));
    }
}

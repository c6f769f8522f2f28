//! What may be read from: not what holds passwords, and no view or far table that makes foreign code run unseen.

use super::Context;
use super::functions::{self, Known};
use crate::domain::guard::{CatalogView, Class};
use crate::engine::sql::findings::Findings;

const PASSWORDS: &str = "holds passwords";
const KEYS: &str = "tells of encryption keys";

/// Relations of the server that are never read, with their schema.
const SECRETS: &[(&str, &str, &str)] = &[
    ("mysql", "global_priv", PASSWORDS),
    ("mysql", "password_history", PASSWORDS),
    ("mysql", "servers", "holds passwords of other servers"),
    ("mysql", "slave_master_info", "holds the password of replication"),
    ("mysql", "ndb_replication", "holds settings of replication"),
    ("mysql", "spider_tables", "holds passwords of other servers"),
    ("mysql", "spider_link_mon_servers", "holds passwords of other servers"),
    ("performance_schema", "keyring_keys", KEYS),
    ("performance_schema", "keyring_component_status", KEYS),
    ("performance_schema", "user_variables_by_thread", "shows the variables of other sessions"),
    ("information_schema", "user_variables", "shows variables that may hold anything"),
];

/// Columns of `mysql.user` that hold password hashes.
const HASHES: &[&str] = &["authentication_string", "password", "user_attributes", "plugin_auth_string"];

/// Whether the server may take two names for one. It compares without case, and in its tables of letters a few beyond
/// ASCII are forms of `i`, `s` and `k`: `mysql.user` answers to `authentİcation_string` (*measured* on MariaDB 10.11
/// and MySQL 9.7), and `information_schema` of the latter to `tableſ`.
fn same(one: &str, other: &str) -> bool {
    fn plain(letter: char) -> char {
        match letter {
            'İ' | 'ı' => 'i',
            'ſ' => 's',
            '\u{212A}' => 'k',
            other => other.to_ascii_lowercase(),
        }
    }
    one.chars().map(plain).eq(other.chars().map(plain))
}

/// A relation that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relation {
    /// The schema, where one is written.
    pub(super) schema: Option<String>,
    /// The name.
    pub(super) name: String,
}

impl Relation {
    /// From its parts; `None` for what is no name of a relation.
    pub(super) fn of(parts: &[String]) -> Option<Self> {
        match parts {
            [name] => Some(Self { schema: None, name: name.clone() }),
            [schema, name] => Some(Self { schema: Some(schema.clone()), name: name.clone() }),
            _ => None,
        }
    }

    fn is(&self, schema: &str, name: &str) -> bool {
        same(&self.name, name) && self.schema.as_ref().is_none_or(|s| same(s, schema))
    }

    /// Could mean this entry of the catalogue: a bare name on either side may stand for any schema. Case does not
    /// tell relations apart on every server, so it never does here.
    fn may_be(&self, entry: &str) -> bool {
        match (self.schema.as_deref(), entry.rsplit_once('.')) {
            (Some(schema), Some((s, n))) => same(s, schema) && same(n, &self.name),
            (_, None) => same(&self.name, entry),
            (None, Some((_, n))) => same(n, &self.name),
        }
    }

    /// A schema of the server's own, whose views are not in the catalogue.
    fn is_system(&self) -> bool {
        self.schema.as_ref().is_some_and(|schema| {
            ["mysql", "sys", "information_schema", "performance_schema"].iter().any(|s| s.eq_ignore_ascii_case(schema))
        })
    }
}

/// What a statement does with columns, as far as `mysql.user` is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns<'a> {
    /// All names that the statement writes.
    pub(super) names: &'a [String],
    /// It asks for all columns of something, or renames columns by place.
    pub(super) wildcard: bool,
}

/// Refuses what holds secrets.
pub(super) fn check_secret(relation: &Relation, columns: Columns<'_>, findings: &mut Findings) {
    if let Some((_, name, what)) = SECRETS.iter().find(|(schema, name, _)| relation.is(schema, name))
        && (relation.schema.is_some() || matches!(*name, "global_priv" | "password_history" | "slave_master_info"))
    {
        findings.deny(Class::Secret, format!("{name} {what}"));
    }
    let names_a_hash = columns.names.iter().any(|name| HASHES.iter().any(|hash| same(hash, name)));
    if relation.schema.is_some() && relation.is("mysql", "user") {
        if names_a_hash || columns.wildcard {
            findings
                .deny(Class::Secret, "mysql.user holds password hashes; name the columns that you need, without them");
        }
    } else if relation.is("mysql", "user") && columns.names.iter().any(|n| same(n, HASHES[0])) {
        findings.deny(Class::Secret, "the table user with an authentication_string holds password hashes");
    }
}

/// Follows views to everything that they read.
pub(super) fn check_catalog(relation: &Relation, context: Context<'_>, findings: &mut Findings) {
    if !relation.is_system() {
        check_known(relation, context, findings, &mut Vec::new());
    }
}

/// `seen` ends circles.
fn check_known<'a>(
    relation: &Relation,
    context: Context<'a>,
    findings: &mut Findings,
    seen: &mut Vec<&'a CatalogView>,
) {
    if context.catalog.foreign_tables.iter().any(|table| relation.may_be(table)) {
        findings.needs_approval(
            Class::Read,
            format!("{} is a table of another server, which would do the work", relation.name),
        );
    }
    for view in context.catalog.views.iter().filter(|view| relation.may_be(&view.name)) {
        if seen.iter().any(|known| std::ptr::eq(*known, view)) {
            continue;
        }
        seen.push(view);
        for function in &view.functions {
            let parts: Vec<&str> = function.split('.').collect();
            let only_reads = match functions::known(&parts) {
                Known::Reads => true,
                Known::Acts(..) => false,
                Known::Unknown => context.catalog.safe_functions.contains(function),
            };
            if !only_reads {
                findings.needs_approval(
                    Class::Read,
                    format!("the view {} calls {function}, which is not known to only read", view.name),
                );
            }
        }
        for inner in &view.relations {
            let parts: Vec<String> = inner.splitn(2, '.').map(ToOwned::to_owned).collect();
            let Some(inner) = Relation::of(&parts) else { continue };
            // A view may rename the column, so nothing but the table itself counts here.
            check_secret(&inner, Columns { names: &[], wildcard: true }, findings);
            check_known(&inner, context, findings, seen);
        }
    }
}

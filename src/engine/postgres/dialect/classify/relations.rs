//! What may be read from: not what holds secrets or shows files, and no view or foreign table that makes foreign
//! code run unseen.

use super::Context;
use super::functions;
use super::scope::{self, Relation};
use super::words;
use crate::domain::guard::{CatalogView, Class};
use crate::engine::sql::findings::Findings;
use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode};

const PASSWORDS: &str = "holds passwords";
const ANOTHER_SERVER: &str = "holds passwords of other servers";
const RAW: &str = "holds raw data past the rights on its tables";
const CONFIGURATION: &str = "shows the contents of configuration files";

/// Relations of `pg_catalog` that are never read.
const SECRETS: &[(&str, Class, &str)] = &[
    ("pg_authid", Class::Secret, PASSWORDS),
    ("pg_shadow", Class::Secret, PASSWORDS),
    ("pg_user_mapping", Class::Secret, ANOTHER_SERVER),
    ("pg_user_mappings", Class::Secret, ANOTHER_SERVER),
    ("pg_largeobject", Class::Secret, RAW),
    ("pg_statistic", Class::Secret, RAW),
    ("pg_statistic_ext_data", Class::Secret, RAW),
    ("pg_hba_file_rules", Class::File, CONFIGURATION),
    ("pg_ident_file_mappings", Class::File, CONFIGURATION),
    ("pg_file_settings", Class::File, CONFIGURATION),
];

/// Judges every relation that a read names.
pub(super) fn check_read(root: &SyntaxNode, context: Context<'_>, findings: &mut Findings) {
    for relation in scope::relations(root) {
        check_secret(&relation, root, findings);
        if !relation.shadowed {
            check_catalog(&relation, context, findings);
        }
    }
}

/// Judges the relations of a statement that a person will look at anyway: secrets stay secret, and the catalogue is
/// changed by commands only.
pub(super) fn check_write(root: &SyntaxNode, findings: &mut Findings) {
    for relation in scope::relations(root) {
        check_secret(&relation, root, findings);
        let changed = relation.node.ancestors().skip(1).take(3).any(|node| {
            matches!(
                node.kind(),
                SyntaxKind::INSERT
                    | SyntaxKind::UPDATE
                    | SyntaxKind::DELETE
                    | SyntaxKind::MERGE
                    | SyntaxKind::ALTER_TABLE
                    | SyntaxKind::DROP_TABLE
            )
        }) && !relation.node.ancestors().any(|node| {
            matches!(node.kind(), SyntaxKind::FROM_CLAUSE | SyntaxKind::USING_CLAUSE | SyntaxKind::USING_ON_CLAUSE)
        });
        if changed && is_system(&relation) {
            findings.deny(Class::Admin, "a system catalogue is not changed by hand");
        }
    }
}

fn is_system(relation: &Relation) -> bool {
    match (relation.schema(), relation.name()) {
        (Some(schema), _) => matches!(schema, "pg_catalog" | "information_schema" | "pg_toast"),
        (None, Some(name)) => name.starts_with("pg_") && !name.starts_with("pg_temp"),
        (None, None) => false,
    }
}

/// A WITH query of the same name is no excuse here: nobody needs to call one `pg_authid`.
fn check_secret(relation: &Relation, root: &SyntaxNode, findings: &mut Findings) {
    let Some(name) = relation.name() else {
        findings.deny(Class::Unparsed, "the name of a relation cannot be decoded");
        return;
    };
    if relation.words.iter().any(|word| word.name.is_none()) {
        findings.deny(Class::Unparsed, "the name of a relation cannot be decoded");
        return;
    }
    match relation.schema() {
        None | Some("pg_catalog") => {
            if let Some((_, class, what)) = SECRETS.iter().find(|(secret, ..)| *secret == name) {
                findings.deny(*class, format!("{name} {what}"));
            }
            if name == "pg_subscription" && !harmless_subscription(relation, root) {
                findings.deny(
                    Class::Secret,
                    "pg_subscription.subconninfo holds passwords; name the columns that you need, without it",
                );
            }
        }
        Some("information_schema") if matches!(name, "user_mapping_options" | "_pg_user_mappings") => {
            findings.deny(Class::Secret, format!("{name} {ANOTHER_SERVER}"));
        }
        Some("pg_toast") => findings.deny(Class::Secret, format!("pg_toast.{name} {RAW}")),
        Some(_) => {}
    }
}

/// True when a statement reads only named columns of `pg_subscription`, and not the connection string: no `*` beside
/// it, no whole row under its name or alias, no renamed columns.
fn harmless_subscription(relation: &Relation, root: &SyntaxNode) -> bool {
    let Some(item) = relation.node.parent().filter(|item| item.kind() == SyntaxKind::RELATION_FROM_ITEM) else {
        return false;
    };
    let mut row_names = vec!["pg_subscription".to_owned()];
    if let Some(alias) = item.children().find(|child| child.kind() == SyntaxKind::FROM_ALIAS) {
        for part in alias.children() {
            if part.kind() != SyntaxKind::TABLE_ALIAS {
                return false;
            }
            row_names.extend(words::parts(&part).into_iter().filter_map(|word| word.name));
        }
    }
    let query = enclosing_query(&relation.node);
    // `(pg_subscription JOIN t) x` gives the whole row another name.
    let in_brackets = |node: &SyntaxNode| node.kind() == SyntaxKind::PAREN_FROM_ITEM;
    if item.ancestors().take_while(|node| Some(node) != query.as_ref()).any(|node| in_brackets(&node)) {
        return false;
    }
    root.descendants().all(|node| match node.kind() {
        SyntaxKind::TARGET if has_star(&node) => enclosing_query(&node) != query,
        SyntaxKind::FIELD_EXPR if has_star(&node) => !node
            .first_child()
            .and_then(|base| words::dotted(&base))
            .is_none_or(|base| base.last().is_none_or(|name| row_names.contains(name))),
        SyntaxKind::NAME_REF | SyntaxKind::COLUMN_NAME_REF | SyntaxKind::COLUMN_NAME => {
            words::parts(&node).iter().all(|word| {
                let Some(name) = &word.name else { return false };
                let qualifies = node.parent().is_some_and(|parent| {
                    parent.kind() == SyntaxKind::FIELD_EXPR && parent.first_child().as_ref() == Some(&node)
                });
                name != "subconninfo" && (qualifies || !row_names.contains(name))
            })
        }
        _ => true,
    })
}

fn has_star(node: &SyntaxNode) -> bool {
    node.children_with_tokens().filter_map(SyntaxElement::into_token).any(|token| token.kind() == SyntaxKind::STAR)
}

fn enclosing_query(node: &SyntaxNode) -> Option<SyntaxNode> {
    node.ancestors().find(|ancestor| ancestor.kind() == SyntaxKind::SELECT)
}

fn check_catalog(relation: &Relation, context: Context<'_>, findings: &mut Findings) {
    let Some(name) = relation.name() else { return };
    let schema = relation.schema();
    if matches!(schema, Some("pg_catalog" | "information_schema")) {
        return;
    }
    check_known(&Name { schema, name }, context, findings, &mut Vec::new());
}

/// A name as a statement or a view writes it.
struct Name<'a> {
    schema: Option<&'a str>,
    name: &'a str,
}

impl Name<'_> {
    /// Could mean this entry of the catalogue: a bare name on either side may stand for any schema.
    fn may_be(&self, entry: &str) -> bool {
        match (self.schema, entry.rsplit_once('.')) {
            (Some(schema), Some((entry_schema, entry_name))) => schema == entry_schema && self.name == entry_name,
            (_, None) => self.name == entry,
            (None, Some((_, entry_name))) => self.name == entry_name,
        }
    }
}

/// Follows views to everything that they read. `seen` ends circles.
fn check_known<'a>(name: &Name<'_>, context: Context<'a>, findings: &mut Findings, seen: &mut Vec<&'a CatalogView>) {
    let catalog = context.catalog;
    if catalog.foreign_tables.iter().any(|table| name.may_be(table)) {
        findings
            .needs_approval(Class::Read, format!("{} is a foreign table: another server would do the work", name.name));
    }
    for view in catalog.views.iter().filter(|view| name.may_be(&view.name)) {
        if seen.iter().any(|known| std::ptr::eq(*known, view)) {
            continue;
        }
        seen.push(view);
        for function in &view.functions {
            let parts: Vec<&str> = function.split('.').collect();
            let only_reads = match functions::known(&parts) {
                functions::Known::Reads => true,
                functions::Known::Acts(..) => false,
                functions::Known::Unknown => catalog.safe_functions.contains(function),
            };
            if !only_reads {
                findings.needs_approval(
                    Class::Read,
                    format!("reading or planning {} runs {function}, which is not known to only read", view.name),
                );
            }
        }
        for inner in &view.relations {
            let (schema, inner_name) = inner.rsplit_once('.').map_or((None, inner.as_str()), |(s, n)| (Some(s), n));
            if matches!(schema, None | Some("pg_catalog"))
                && let Some((_, class, what)) = SECRETS.iter().find(|(secret, ..)| *secret == inner_name)
            {
                findings.deny(*class, format!("the view {} reads {inner_name}, which {what}", view.name));
            }
            check_known(&Name { schema, name: inner_name }, context, findings, seen);
        }
    }
}

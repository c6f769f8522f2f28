//! Walks every node of a query. A node of a kind that is not on the list below is refused, whatever it holds.

use super::Context;
use super::functions::{self, Position};
use super::kinds::{is_readable, is_special_function};
use super::{operators, relations, types, words};
use crate::domain::guard::Class;
use crate::engine::sql::findings::Findings;
use crate::engine::sql::literal::unquote;
use squawk_syntax::SyntaxKind as K;
use squawk_syntax::{SyntaxElement, SyntaxNode};

/// Judges a query, which must do nothing but read.
pub(super) fn check_read(query: &SyntaxNode, context: Context<'_>, findings: &mut Findings) {
    for node in query.descendants() {
        match node.kind() {
            K::LOCKING_CLAUSE => findings.deny(Class::Lock, "a read takes no row locks (FOR UPDATE, FOR SHARE)"),
            K::INSERT | K::UPDATE | K::DELETE | K::MERGE => {
                findings.deny(Class::Dml, "a WITH query changes rows");
            }
            K::SELECT_INTO | K::INTO_CLAUSE => findings.deny(Class::Ddl, "SELECT INTO creates a table"),
            kind if is_readable(kind) => check_node(&node, Position::Call, context, findings),
            kind => findings.deny(Class::Unparsed, format!("{kind:?} is not a part of a read that is known")),
        }
    }
    relations::check_read(query, context, findings);
}

/// Judges the expressions and queries inside a statement that a person will look at: only what must never run
/// counts, be it approved or not.
pub(super) fn check_aside(statement: &SyntaxNode, context: Context<'_>, findings: &mut Findings) {
    for node in statement.descendants() {
        match node.kind() {
            K::LOCKING_CLAUSE => findings.deny(Class::Lock, "row locks inside another statement"),
            K::INSERT | K::UPDATE | K::DELETE | K::MERGE
                if node.parent().is_some_and(|parent| parent.kind() == K::WITH_TABLE) =>
            {
                findings.deny(Class::Dml, "a WITH query changes rows beside the statement itself");
            }
            K::CALL_EXPR | K::FIELD_EXPR => check_node(&node, Position::Aside, context, findings),
            _ => {}
        }
    }
    relations::check_write(statement, findings);
}

/// A condition that looks at no column holds for every row or for none.
pub(super) fn looks_at_a_column(condition: &SyntaxNode) -> bool {
    condition.descendants().any(|node| {
        node.kind() == K::NAME_REF
            && !is_callee(&node)
            && words::parts(&node).iter().any(|word| word.token.kind() == K::IDENT || !is_constant(word.token.text()))
    })
}

/// A part of the name of a called function.
fn is_callee(name: &SyntaxNode) -> bool {
    let mut path = name.clone();
    while let Some(parent) = path.parent() {
        match parent.kind() {
            K::FIELD_EXPR => path = parent,
            K::CALL_EXPR => return parent.first_child().as_ref() == Some(&path),
            _ => return false,
        }
    }
    false
}

fn is_constant(keyword: &str) -> bool {
    let keyword = keyword.to_ascii_lowercase();
    keyword.starts_with("current_")
        || matches!(keyword.as_str(), "session_user" | "system_user" | "user" | "localtime" | "localtimestamp")
}

fn check_node(node: &SyntaxNode, position: Position, context: Context<'_>, findings: &mut Findings) {
    match node.kind() {
        K::CALL_EXPR => check_call(node, position, context, findings),
        K::FIELD_EXPR => check_field(node, position, context, findings),
        K::PATH_TYPE => types::check(node, context, findings),
        // Inside OPERATOR(...) the schema stands beside the symbol, and both are judged together.
        K::CUSTOM_OP if node.parent().is_some_and(|parent| parent.kind() == K::OP) => {}
        K::CUSTOM_OP => operators::check_custom(node, context, findings),
        K::OPERATOR_CALL if node.children().any(|child| child.kind() == K::OP) => {}
        K::OP | K::OPERATOR_CALL => operators::check_named(node, context, findings),
        K::TABLESAMPLE_CLAUSE => check_sample(node, findings),
        _ => {}
    }
}

/// A call: either the grammar's own form (`EXTRACT(... FROM ...)`) or a name with arguments.
fn check_call(call: &SyntaxNode, position: Position, context: Context<'_>, findings: &mut Findings) {
    let Some(callee) = call.first_child() else {
        findings.deny(Class::Unparsed, "a call without a name");
        return;
    };
    match callee.kind() {
        K::NAME_REF | K::FIELD_EXPR if is_plain_path(&callee) => {}
        // What stands inside is walked like everything else.
        kind if is_special_function(kind) => return,
        _ => {
            findings.deny(Class::Unparsed, "a call of something that is not a name");
            return;
        }
    }
    if call.parent().is_some_and(|parent| parent.kind() == K::TABLESAMPLE_CLAUSE) {
        return;
    }
    let Some(parts) = words::dotted(&callee) else {
        findings.deny(Class::Unparsed, "the name of a function cannot be decoded");
        return;
    };
    if is_pure_rewrite(&parts, call) {
        return;
    }
    functions::check(&parts, position, context, findings);
    if parts.last().is_some_and(|name| name == "current_setting") {
        check_setting(call, findings);
    }
}

/// `ts_rewrite(query, query, query)` replaces one search by another and computes. With two arguments the second is SQL in
/// a text.
fn is_pure_rewrite(parts: &[String], call: &SyntaxNode) -> bool {
    let of_the_server = match parts {
        [name] => name == "ts_rewrite",
        [schema, name] => schema == "pg_catalog" && name == "ts_rewrite",
        _ => false,
    };
    let arguments = || call.children().find(|child| child.kind() == K::ARG_LIST);
    of_the_server && arguments().is_some_and(|list| list.children().count() == 3)
}

/// `current_setting('primary_conninfo')`.
fn check_setting(call: &SyntaxNode, findings: &mut Findings) {
    let argument = call.descendants().find(|node| node.kind() == K::LITERAL);
    let name = argument.and_then(|literal| unquote(&literal.text().to_string(), '\''));
    if name.is_some_and(|name| is_secret_setting(&name)) {
        findings.deny(Class::Secret, "this setting can hold a password");
    }
}

/// Settings whose value can hold a password.
pub(super) fn is_secret_setting(name: &str) -> bool {
    ["primary_conninfo", "ssl_passphrase_command"].iter().any(|secret| secret.eq_ignore_ascii_case(name))
}

/// `a.b` and `(x).b`: a column, or the function `b` in disguise. `('PG_VERSION'::text).pg_read_file` reads a file.
fn check_field(field: &SyntaxNode, position: Position, context: Context<'_>, findings: &mut Findings) {
    if field
        .parent()
        .is_some_and(|parent| parent.kind() == K::CALL_EXPR && parent.first_child().as_ref() == Some(field))
    {
        return; // The name of a function, judged with its call.
    }
    let mut children = field.children();
    let (Some(base), Some(attribute)) = (children.next(), children.next()) else {
        return; // `t.*`
    };
    let Some(name) = words::dotted(&attribute).and_then(|mut parts| parts.pop()) else {
        findings.deny(Class::Unparsed, "the name of a column cannot be decoded");
        return;
    };
    let certainly_a_call = position == Position::Call && !may_have_columns(&base);
    let position = match position {
        Position::Aside => Position::Aside,
        _ if certainly_a_call => Position::Call,
        _ => Position::Attribute,
    };
    functions::check(&[name], position, context, findings);
}

/// False where a value is certainly no row, so that an attribute of it can only be a function.
fn may_have_columns(base: &SyntaxNode) -> bool {
    match base.kind() {
        K::PAREN_EXPR => base.first_child().is_some_and(|inner| may_have_columns(&inner)),
        K::CALL_EXPR => base.first_child().and_then(|callee| words::dotted(&callee)).is_some_and(|parts| {
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            functions::returns_row(&parts) || matches!(parts.as_slice(), ["information_schema", "_pg_expandarray"])
        }),
        K::LITERAL | K::BIN_EXPR | K::PREFIX_EXPR | K::POSTFIX_EXPR | K::BETWEEN_EXPR | K::ARRAY_EXPR | K::COLLATE => {
            false
        }
        // A cast to a built-in type is no row; a cast to any other is judged as such.
        K::CAST_EXPR => false,
        _ => true,
    }
}

fn check_sample(clause: &SyntaxNode, findings: &mut Findings) {
    let method = clause
        .children()
        .find(|child| child.kind() == K::CALL_EXPR)
        .and_then(|call| call.first_child())
        .and_then(|callee| words::dotted(&callee))
        .unwrap_or_default();
    let method: Vec<&str> = method.iter().map(String::as_str).collect();
    if !matches!(method.as_slice(), ["system" | "bernoulli"] | ["pg_catalog", "system" | "bernoulli"]) {
        findings.deny(Class::Unparsed, "a sampling method other than SYSTEM and BERNOULLI runs code of its own");
    }
}

fn is_plain_path(node: &SyntaxNode) -> bool {
    node.kind() == K::NAME_REF
        || (node.kind() == K::FIELD_EXPR
            && node.children().all(|child| is_plain_path(&child))
            && !node.children_with_tokens().filter_map(SyntaxElement::into_token).any(|token| token.kind() == K::STAR))
}

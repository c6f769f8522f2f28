//! The operators of `pg_catalog`. An operator is a function with another spelling, so an unknown one is unknown code.

use super::Context;
use super::words::{self, Word};
use crate::domain::guard::Class;
use crate::engine::sql::findings::Findings;
use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode};

/// `select distinct oprname from pg_operator`, with the spellings that the grammar itself turns into one of them.
const BUILT_IN: &[&str] = &[
    "!!", "!=", "!~", "!~*", "!~~", "!~~*", "#", "##", "#-", "#>", "#>>", "%", "&", "&&", "&<", "&<|", "&>", "*", "*<",
    "*<=", "*<>", "*=", "*>", "*>=", "+", "-", "->", "->>", "-|-", "/", "<", "<->", "<<", "<<=", "<<|", "<=", "<>",
    "<@", "<^", "=", ">", ">=", ">>", ">>=", ">^", "?", "?#", "?&", "?-", "?-|", "?|", "?||", "@", "@-@", "@>", "@?",
    "@@", "@@@", "^", "^@", "|", "|&>", "|/", "|>>", "||", "||/", "~", "~*", "~<=~", "~<~", "~=", "~>=~", "~>~", "~~",
    "~~*",
];

/// An operator that the grammar knows no name for.
pub(super) fn check_custom(node: &SyntaxNode, context: Context<'_>, findings: &mut Findings) {
    let symbol = symbol(node);
    if !BUILT_IN.contains(&symbol.as_str()) {
        unknown(&symbol, context, findings);
    }
}

/// `OPERATOR(schema.symbol)`.
pub(super) fn check_named(node: &SyntaxNode, context: Context<'_>, findings: &mut Findings) {
    let mut schema = Vec::new();
    for path in node.descendants().filter(|n| n.kind() == SyntaxKind::PATH_SEGMENT_REF) {
        schema.extend(words::parts(&path));
    }
    let symbol = symbol(node);
    match schema.as_slice() {
        [] if BUILT_IN.contains(&symbol.as_str()) => {}
        [] => unknown(&symbol, context, findings),
        [only] if only.name.as_deref() == Some("pg_catalog") && BUILT_IN.contains(&symbol.as_str()) => {}
        [only] if is_safe(only, &symbol, context) => {}
        _ => findings.deny(
            Class::Unparsed,
            "an operator of another schema than pg_catalog calls a function that is not known to only read",
        ),
    }
}

/// `OPERATOR(schema.symbol)` runs functions that only read.
fn is_safe(schema: &Word, symbol: &str, context: Context<'_>) -> bool {
    schema.name.as_ref().is_some_and(|schema| context.catalog.safe_operators.contains(&format!("{schema}.{symbol}")))
}

fn unknown(symbol: &str, context: Context<'_>, findings: &mut Findings) {
    // The schema holds no dot in these lists, while a symbol never does.
    let listed = |name: &String| name.rsplit('.').next() == Some(symbol);
    let (all, safe) = (&context.catalog.operators, &context.catalog.safe_operators);
    if safe.iter().any(listed) && !all.iter().any(|name| listed(name) && !safe.contains(name)) {
        return;
    }
    let known = all.iter().any(listed);
    let what = if known { "user-defined" } else { "unknown" };
    findings.needs_approval(Class::Read, format!("the {what} operator {symbol} may do anything"));
}

/// The characters of an operator, without words, dots, brackets and blanks.
fn symbol(node: &SyntaxNode) -> String {
    node.descendants_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .filter(|t| t.text().bytes().all(|b| b"+-*/<>=~!@#%^&|`?".contains(&b)))
        .map(|t| t.text().to_owned())
        .collect()
}

//! Names: quoting, literals, resolving, and telling a statement from a question.

use crate::domain::schema::Schema;

pub(super) fn looks_like_statement(_text: &str) -> bool {
    false
}

pub(super) fn resolve(statement: &str, _schema: &Schema) -> String {
    statement.to_owned()
}

pub(super) fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

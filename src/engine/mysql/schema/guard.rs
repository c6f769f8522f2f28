//! What the guard should know: stored functions, tables whose rows are elsewhere, and what views run and read when
//! somebody reads them.
//!
//! The servers print a view's definition in one canonical form: every name in backquotes, every function followed by
//! its parenthesis at once. So its tokens tell the names. A definition that we may not see is listed with a function
//! that nobody knows: then a person is asked.

use super::queries;
use crate::domain::error_event::SessionError;
use crate::domain::guard::{Catalog, CatalogView};
use crate::engine::{Param, Query, Session};
use std::collections::BTreeSet;

/// Views looked through at once.
const PAGE: i64 = 500;
/// Views looked through at all.
const MOST_VIEWS: usize = 20_000;
/// Stands for what could not be looked through; no list of safe functions holds it.
const UNREADABLE: &str = "(its definition could not be read)";
/// Words that stand before a parenthesis and are no functions.
const NOT_FUNCTIONS: &[&str] = &[
    "select",
    "from",
    "where",
    "and",
    "or",
    "xor",
    "not",
    "in",
    "on",
    "using",
    "join",
    "exists",
    "any",
    "all",
    "some",
    "as",
    "by",
    "over",
    "partition",
    "when",
    "then",
    "else",
    "case",
    "between",
    "like",
    "is",
    "union",
    "except",
    "intersect",
    "values",
    "having",
    "limit",
    "with",
    "distinct",
    "div",
    "mod",
    "interval",
    "decimal",
    "char",
    "varchar",
    "binary",
    "signed",
    "unsigned",
    "time",
    "datetime",
    "double",
    "float",
    "left",
    "inner",
    "cross",
    "outer",
    "lateral",
    "recursive",
    "within",
    "filter",
    "nvarchar",
];

/// Reads it all.
pub(in crate::engine::mysql) async fn catalog(session: &mut dyn Session) -> Result<Catalog, SessionError> {
    let mut catalog = Catalog {
        functions: names(session, &queries::FUNCTIONS).await?,
        foreign_tables: names(session, &queries::FOREIGN_TABLES).await?,
        ..Catalog::default()
    };
    let (mut schema, mut name) = (String::new(), String::new());
    loop {
        let after = [schema.clone(), schema.clone(), name.clone()].map(Param::Text);
        let params = [&after[..], &[Param::Int(PAGE)]].concat();
        let page = session.own(&queries::VIEWS, &params).await?;
        let Some(last) = page.rows.last() else { break };
        (schema, name) = (page.text(last, "db"), page.text(last, "name"));
        for row in &page.rows {
            let own_schema = page.text(row, "db");
            let uses = uses(&page.text(row, "definition"), &own_schema);
            catalog.views.push(CatalogView {
                name: format!("{own_schema}.{}", page.text(row, "name")),
                functions: uses.functions.into_iter().collect(),
                relations: uses.relations.into_iter().collect(),
            });
        }
        if catalog.views.len() >= MOST_VIEWS {
            break;
        }
    }
    Ok(catalog)
}

async fn names(session: &mut dyn Session, query: &'static Query) -> Result<Vec<String>, SessionError> {
    let rows = session.own(query, &[]).await?;
    Ok(rows.rows.iter().map(|row| rows.text(row, "name")).collect())
}

/// What a definition names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Uses {
    functions: BTreeSet<String>,
    relations: BTreeSet<String>,
}

/// A token of a definition.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A name in backquotes.
    Quoted(String),
    /// A bare word.
    Word(String),
    Dot,
    Open,
    /// Anything else.
    Other,
}

/// Functions called and relations named. Two names with a dot between may be a table's or a column's: both are
/// listed, because a column is in no list of views and foreign tables, and then does no harm.
fn uses(definition: &str, own_schema: &str) -> Uses {
    let mut uses = Uses::default();
    let Some(tokens) = tokens(definition).filter(|tokens| !tokens.is_empty()) else {
        uses.functions.insert(UNREADABLE.into());
        return uses;
    };
    for (i, token) in tokens.iter().enumerate() {
        let at = |offset: usize| tokens.get(i + offset);
        let after_dot = i > 0 && tokens[i - 1] == Token::Dot;
        match token {
            Token::Quoted(first) if !after_dot => match (at(1), at(2), at(3)) {
                (Some(Token::Dot), Some(Token::Quoted(second)), Some(Token::Open)) => {
                    uses.functions.insert(format!("{first}.{second}"));
                }
                (Some(Token::Dot), Some(Token::Quoted(second)), _) => {
                    uses.relations.insert(format!("{first}.{second}"));
                }
                (Some(Token::Open), ..) => {
                    uses.functions.insert(format!("{own_schema}.{first}"));
                }
                _ => {}
            },
            Token::Word(word)
                if at(1) == Some(&Token::Open)
                    && !after_dot
                    && !NOT_FUNCTIONS.contains(&word.to_ascii_lowercase().as_str()) =>
            {
                uses.functions.insert(word.clone());
            }
            _ => {}
        }
    }
    uses
}

/// Splits a definition; `None` when a quote does not end.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '`' => {
                let mut name = String::new();
                loop {
                    match rest.next()? {
                        '`' if rest.peek() == Some(&'`') => {
                            rest.next();
                            name.push('`');
                        }
                        '`' => break,
                        c => name.push(c),
                    }
                }
                out.push(Token::Quoted(name));
            }
            '\'' | '"' => {
                loop {
                    match rest.next()? {
                        '\\' => {
                            rest.next()?;
                        }
                        end if end == c => break,
                        _ => {}
                    }
                }
                out.push(Token::Other);
            }
            '.' => out.push(Token::Dot),
            '(' => out.push(Token::Open),
            c if c.is_whitespace() => {}
            c if c.is_alphabetic() || c == '_' => {
                let mut word = String::from(c);
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) {
                    word.push(c);
                }
                out.push(Token::Word(word));
            }
            // A digit may be the end of a number or the start of a name, neither of which calls anything.
            _ => out.push(Token::Other),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(definition: &str) -> (Vec<String>, Vec<String>) {
        let uses = uses(definition, "shop");
        (uses.functions.into_iter().collect(), uses.relations.into_iter().collect())
    }

    #[test]
    fn functions_and_relations_are_found_wherever_they_stand() {
        let definition = "select `o`.`id` AS `id`,count(0) AS `n`,`shop`.`evil`(`o`.`id`) AS `x`,sleep(5) AS `s`,\
                          'load_file(1)' AS `t` from (`shop`.`orders` `o` join `other`.`v`) where (`o`.`a``b` in (1,2)) \
                          and cast(`o`.`p` as decimal(10,2)) > 0";
        let (functions, relations) = found(definition);
        assert_eq!(functions, ["cast", "count", "shop.evil", "sleep"]);
        for name in ["shop.orders", "other.v"] {
            assert!(relations.contains(&name.to_owned()), "{relations:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_function_that_nobody_knows() {
        assert_eq!(found("").0, [UNREADABLE]);
        assert_eq!(found("select 'no end").0, [UNREADABLE]);
        assert_eq!(found("select `no end").0, [UNREADABLE]);
    }
}

//! Statements that were seen running: their shape, their verb, and the tables that they name.

use crate::engine::mysql::dialect::classify;
use crate::engine::mysql::dialect::forms;
use crate::engine::mysql::fix::named;
use crate::engine::sql::lexer::{self, Kind, Lexis};

/// Characters of a shape that are compared.
const COMPARED: usize = 600;

/// A statement without its values: literals become `?`, lists of them one `?`, blanks one blank, keywords small. Two
/// runs of one statement of an application have the same shape.
pub(in crate::engine::mysql) fn shape(statement: &str) -> String {
    let mut out = String::with_capacity(statement.len().min(COMPARED));
    for token in lexer::meaningful(statement, Lexis::Mysql) {
        if out.len() > COMPARED {
            break;
        }
        let piece = &statement[token.range.clone()];
        let piece = match token.kind {
            Kind::Text | Kind::Number | Kind::Parameter => "?",
            Kind::Broken => "…",
            _ => piece,
        };
        // `IN (?, ?, ?)` and `VALUES (?, ?), (?, ?)` have as many values as there happen to be.
        if piece == "?" && out.ends_with("?, ") {
            out.truncate(out.len() - 2);
            continue;
        }
        match piece {
            "," | ")" | "." => {
                while out.ends_with(' ') {
                    out.pop();
                }
                out.push_str(piece);
                if piece != "." {
                    out.push(' ');
                }
            }
            "(" => out.push('('),
            _ if token.kind == Kind::Word => {
                out.push_str(&piece.to_lowercase());
                out.push(' ');
            }
            _ => {
                out.push_str(piece);
                out.push(' ');
            }
        }
    }
    let mut out = out.trim_end().to_owned();
    for (many, one) in [("? ,", "?,"), ("(? )", "(?)")] {
        out = out.replace(many, one);
    }
    while out.contains("(?), (?)") {
        out = out.replace("(?), (?)", "(?)");
    }
    out
}

/// The first word, in small letters.
pub(in crate::engine::mysql) fn verb(statement: &str) -> String {
    let tokens = lexer::meaningful(statement, Lexis::Mysql);
    let first = tokens.iter().find(|t| t.kind == Kind::Word);
    first.map_or_else(String::new, |t| statement[t.range.clone()].to_ascii_lowercase())
}

/// An INSERT of many rows up to the end of its first one: the same table and columns, and whole even where the end of the
/// statement was cut away. None for what is no such INSERT.
pub(in crate::engine::mysql) fn first_row(statement: &str) -> Option<&str> {
    let tokens = lexer::meaningful(statement, Lexis::Mysql);
    let mut words = tokens.iter().map(|token| (&statement[token.range.clone()], token));
    words.next().filter(|(verb, _)| ["insert", "replace"].iter().any(|word| verb.eq_ignore_ascii_case(word)))?;
    words.find(|(word, token)| {
        token.kind == Kind::Word && ["values", "value"].iter().any(|known| word.eq_ignore_ascii_case(known))
    })?;
    let mut open = 0_usize;
    for (piece, token) in words {
        match piece {
            "(" => open += 1,
            ")" if open == 1 => return statement.get(..token.range.end),
            ")" => open = open.checked_sub(1)?,
            // Rows stand right behind the word.
            _ if open == 0 => return None,
            _ => {}
        }
    }
    None
}

/// It changes a table's definition, or wants a table for itself.
pub(in crate::engine::mysql) fn wants_the_table(statement: &str) -> bool {
    matches!(
        verb(statement).as_str(),
        "alter" | "drop" | "truncate" | "rename" | "create" | "optimize" | "repair" | "lock" | "flush" | "analyze"
    )
}

/// Tables that a statement names, with the database that holds for bare names, in small letters. Empty for what is not
/// understood.
pub(in crate::engine::mysql) fn tables(statement: &str, database: &str) -> Vec<(String, String)> {
    let found = match forms::read(statement) {
        Ok(form) => named(&form, statement, database).unwrap_or_default(),
        Err(_) => classify::relations(statement)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|parts| match parts.as_slice() {
                [name] => Some((database.to_owned(), name.clone())),
                [space, name] => Some((space.clone(), name.clone())),
                _ => None,
            })
            .collect(),
    };
    found.into_iter().map(|(space, name)| (space.to_lowercase(), name.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_statement_have_one_shape() {
        let one = shape("SELECT * FROM t WHERE a IN (1, 2,3) AND b = 'x'  -- hint");
        assert_eq!(one, shape("select  * from t where a in (7) and b = \"it's\""));
        assert!(!one.contains('7') && one.contains("in (?)"), "{one}");
        assert_eq!(shape("INSERT INTO t VALUES (1, 'a'), (2, 'b')"), shape("insert into t values (3, 'c')"));
        assert_ne!(shape("SELECT a FROM t"), shape("SELECT b FROM t"));
    }

    #[test]
    fn an_insert_that_was_cut_still_names_its_table() {
        let cut = "INSERT INTO `a b`.t (x, y) VALUES (1, CONCAT('a)', 'b')), (2, 'it was cu";
        let first = first_row(cut).unwrap_or_default();
        assert_eq!(first, "INSERT INTO `a b`.t (x, y) VALUES (1, CONCAT('a)', 'b'))");
        assert_eq!(tables(first, "d"), [("a b".to_owned(), "t".to_owned())]);
        for other in
            ["INSERT INTO t (x) VALUES (1", "INSERT INTO t SELECT 1", "SELECT 1", "", "INSERT INTO t VALUES x (1)"]
        {
            assert_eq!(first_row(other), None, "{other}");
        }
    }

    #[test]
    fn tables_are_found_in_queries_changes_and_definitions() {
        let of = |text: &str| tables(text, "Shop").into_iter().map(|(d, t)| format!("{d}.{t}")).collect::<Vec<_>>();
        assert_eq!(of("SELECT 1 FROM Orders o JOIN x.y ON y.a = o.b"), ["shop.orders", "x.y"]);
        assert_eq!(of("ALTER TABLE orders ADD c int"), ["shop.orders"]);
        assert_eq!(of("UPDATE orders SET a = 1 WHERE id = 2"), ["shop.orders"]);
        assert!(of("nonsense").is_empty());
        assert!(wants_the_table("/* x */ alter table t add c int") && !wants_the_table("select 1"));
    }
}

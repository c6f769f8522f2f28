//! Calls whose arguments are not a plain list: casts, words between arguments, full-text search, JSON as a table.

use super::{Translator, UNITS};
use crate::engine::sql::lexer::Kind;
use sqlparser::tokenizer::Token;

/// Words of which types are made.
const TYPES: &str = "array bigint binary bit blob bool boolean char character charset date datetime dec decimal double fixed float \
    geometry geometrycollection inet4 inet6 int integer json linestring long longblob longtext mediumblob mediumint \
    mediumtext multilinestring multipoint multipolygon nchar national number numeric nvarchar point polygon \
    precision real set signed smallint text time timestamp tinyblob tinyint tinytext unsigned uuid varbinary \
    varchar vector year zerofill ascii unicode";

impl Translator<'_> {
    /// Calls whose arguments are not a plain list.
    pub(super) fn call(&mut self, index: usize, lower: &str) -> Result<Option<usize>, String> {
        let words = self.words;
        let open = index + 1;
        let close = self.after(open);
        if words.at(close - 1) != ")" {
            return Ok(None);
        }
        let inside = (open + 1, close - 1);
        match lower {
            "cast" => {
                let Some(&at) = self.within(open, |i| words.is(i, &["as"])).last() else { return Ok(None) };
                self.typed(inside, at)
            }
            "convert" => {
                let using = self.within(open, |i| words.is(i, &["using"]));
                let comma = self.within(open, |i| words.at(i) == ",");
                let Some(&at) = using.last().or(comma.last()) else { return Ok(None) };
                if using.is_empty() {
                    return self.typed(inside, at);
                }
                let charset = at + 2 == inside.1
                    && matches!(words.kind(at + 1), Some(Kind::Word | Kind::QuotedName | Kind::Text));
                if !charset {
                    return Ok(None);
                }
                self.bracketed(inside.0, at)?;
                Ok(Some(close))
            }
            "char" | "weight_string" | "json_value" | "json_query" | "column_get" => {
                let tail = self
                    .within(open, |i| {
                        words.is(i, &["using", "returning", "default"])
                            || (words.is(i, &["as"]) && matches!(lower, "weight_string" | "column_get"))
                            || (words.is(i, &["null", "error", "empty"]) && words.is(i + 1, &["on"]))
                            || (words.is(i, &["with", "without"]) && lower == "json_query")
                    })
                    .first()
                    .copied();
                let Some(tail) = tail.filter(|&at| self.is_inert(at, inside.1)) else { return Ok(None) };
                self.name(index)?;
                self.bracketed(inside.0, tail)?;
                Ok(Some(close))
            }
            "extract" if words.is_one_of(open + 1, UNITS) && words.is(open + 2, &["from"]) => {
                self.name(index)?;
                self.bracketed(open + 3, inside.1)?;
                Ok(Some(close))
            }
            "trim" | "substring" | "substr" | "mid" | "position" => {
                self.name(index)?;
                self.put(Token::LParen);
                let separators = self.within(open, |i| words.is(i, &["from", "for", "in"]));
                let mut at = open + 1;
                at += usize::from(lower == "trim" && words.is(at, &["both", "leading", "trailing"]));
                for separator in separators {
                    if separator > at {
                        self.range(at, separator)?;
                        self.put(Token::Comma);
                    }
                    at = separator + 1;
                }
                self.range(at, inside.1)?;
                self.put(Token::RParen);
                Ok(Some(close))
            }
            "match" => self.full_text(open, close),
            "json_table" => self.json_table(open, close),
            _ => Ok(None),
        }
    }

    /// `(expression AS type)` and `(expression, type)`: the expression alone, when a type follows `at`.
    fn typed(&mut self, inside: (usize, usize), at: usize) -> Result<Option<usize>, String> {
        if !self.is_inert(at + 1, inside.1) || at + 1 == inside.1 {
            return Ok(None);
        }
        // `CAST(x AT TIME ZONE 'UTC' AS DATETIME)`
        let zone = at >= inside.0 + 4
            && self.words.kind(at - 1) == Some(Kind::Text)
            && self.words.is(at - 2, &["zone", "interval"]);
        let from = if zone { self.within(inside.0 - 1, |i| self.words.is(i, &["at"])).last().copied() } else { None };
        self.bracketed(inside.0, from.unwrap_or(at))?;
        Ok(Some(inside.1 + 1))
    }

    /// Only words of types and of clauses about missing values, names of charsets, numbers and literals.
    fn is_inert(&self, start: usize, end: usize) -> bool {
        let words = self.words;
        (start..end).all(|i| match words.kind(i) {
            Some(Kind::Word) => words.at(i + 1) != "(" || words.is_one_of(i, TYPES),
            Some(Kind::Number | Kind::Text) => true,
            _ => matches!(words.at(i), "(" | ")" | "," | "-"),
        }) && !(start..end).any(|i| words.is(i, &["select", "with", "table"]))
            && !(start..end).any(|i| words.at(i) == "(" && !words.is_one_of(i - 1, TYPES))
            || self.is_wrapper(start, end)
    }

    /// `WITH ARRAY WRAPPER`, of `JSON_QUERY`.
    fn is_wrapper(&self, start: usize, end: usize) -> bool {
        self.words.is(end - 1, &["wrapper"]) && (start..end).all(|i| self.words.kind(i) == Some(Kind::Word))
    }

    /// `MATCH (a, b) AGAINST (text IN BOOLEAN MODE)` is written as a call with the columns and the text.
    fn full_text(&mut self, open: usize, close: usize) -> Result<Option<usize>, String> {
        let words = self.words;
        if !words.is(close, &["against"]) || words.at(close + 1) != "(" {
            return Ok(None);
        }
        let end = self.after(close + 1);
        let mode = self.within(close + 1, |i| words.is(i, &["in", "with"])).first().copied().unwrap_or(end - 1);
        let plain = (mode..end - 1)
            .all(|i| words.is(i, &["in", "with", "natural", "language", "boolean", "mode", "query", "expansion"]));
        if !plain || words.at(end - 1) != ")" {
            return Ok(None);
        }
        self.put(Token::make_word("concat", Some('`')));
        self.put(Token::LParen);
        self.range(open + 1, close - 1)?;
        self.put(Token::Comma);
        self.bracketed(close + 2, mode)?;
        self.put(Token::RParen);
        Ok(Some(end))
    }

    /// `JSON_TABLE(document, 'path' COLUMNS (...))` is written as a subquery that selects the document: what stands
    /// in COLUMNS are names, types, paths and literals.
    fn json_table(&mut self, open: usize, close: usize) -> Result<Option<usize>, String> {
        let words = self.words;
        let columns = self.within(open, |i| words.is(i, &["columns"]) && words.at(i + 1) == "(").first().copied();
        let Some(columns) = columns.filter(|&at| at >= open + 4 && words.at(at - 2) == ",") else { return Ok(None) };
        let inert = self.after(columns + 1) == close - 1
            && words.kind(columns - 1) == Some(Kind::Text)
            && (columns + 2..close - 1).all(|i| match words.at(i) {
                "(" => words.is_one_of(i - 1, TYPES) || words.is(i - 1, &["columns"]),
                ")" | "," | "-" => true,
                _ => words.kind(i) != Some(Kind::Symbol) && !words.is(i, &["select", "with", "table"]),
            });
        if !inert {
            return Ok(None);
        }
        self.keyword("LATERAL");
        self.put(Token::LParen);
        self.keyword("SELECT");
        self.range(open + 1, columns - 2)?;
        self.put(Token::RParen);
        Ok(Some(close))
    }
}

//! Statements in colour: words of the language, texts, numbers and comments, and the lines that they take.

use crate::ui::theme::{Role, Theme};
use crate::ui::wrap;
use ratatui::text::{Line, Span};

/// Words of SQL that stand out. Not a grammar: what is missing is merely plain.
const KEYWORDS: &str = "\
    add all alter analyze and any as asc between both by call case cast check collate column commit constraint \
    create cross current database default delete desc distinct do drop else end escape except exists explain false \
    fetch filter first following for foreign from full function glob grant group having if ilike in index inner \
    insert intersect interval into is isnull join key last lateral left like limit lock materialized natural not \
    notnull null nulls of offset on only or order outer over partition pragma preceding primary range recursive \
    references returning right rollback row rows schema select set share show similar skip some table then to \
    trigger true truncate unbounded union unique update using vacuum values view when where window with";

/// What the text was in the middle of at the end of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Inside {
    Code,
    /// A text or a quoted name, until this ends it.
    Quoted(String, Role),
    /// A comment over several lines.
    Comment,
}

/// An untrusted statement as escaped, coloured lines that are not wrapped yet.
pub(crate) fn lines(statement: &str, theme: &Theme) -> Vec<Vec<Span<'static>>> {
    let mut inside = Inside::Code;
    wrap::escaped_lines(statement).iter().map(|line| spans(line, &mut inside, theme)).collect()
}

/// The same, wrapped to a width.
pub(crate) fn wrapped(statement: &str, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    lines(statement, theme).iter().flat_map(|spans| wrap::styled(spans, width)).collect()
}

fn spans(line: &str, inside: &mut Inside, theme: &Theme) -> Vec<Span<'static>> {
    let mut out = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (length, role) = token(rest, inside);
        let (head, tail) = rest.split_at(length);
        out.push(Span::styled(head.to_owned(), theme.style(role)));
        rest = tail;
    }
    out
}

/// Length in bytes (never 0) and role of what `text` begins with.
fn token(text: &str, inside: &mut Inside) -> (usize, Role) {
    match inside {
        Inside::Quoted(end, role) => {
            let (end, role) = (end.clone(), *role);
            let length = text.find(&end).map(|at| at + end.len());
            if length.is_some() {
                *inside = Inside::Code;
            }
            return (length.unwrap_or(text.len()), role);
        }
        Inside::Comment => {
            let length = text.find("*/").map(|at| at + 2);
            if length.is_some() {
                *inside = Inside::Code;
            }
            return (length.unwrap_or(text.len()), Role::Comment);
        }
        Inside::Code => {}
    }
    let first = text.chars().next().unwrap_or(' ');
    if text.starts_with("--") {
        return (text.len(), Role::Comment);
    }
    if text.starts_with("/*") {
        *inside = Inside::Comment;
        return (2, Role::Comment);
    }
    match first {
        '\'' => opened(inside, "'", Role::Literal),
        '"' => opened(inside, "\"", Role::Text),
        '`' => opened(inside, "`", Role::Text),
        '$' => match dollar_quote(text) {
            Some(quote) => opened(inside, quote, Role::Literal),
            None => (1 + prefix_length(&text[1..], |c| c.is_ascii_digit()), Role::Number),
        },
        c if c.is_ascii_digit() => (prefix_length(text, |c| c.is_ascii_alphanumeric() || c == '.'), Role::Number),
        c if c.is_alphabetic() || c == '_' => {
            let length = prefix_length(text, |c| c.is_alphanumeric() || c == '_' || c == '$');
            let word = text[..length].to_ascii_lowercase();
            let role = if KEYWORDS.split(' ').any(|k| k == word) { Role::Keyword } else { Role::Text };
            (length, role)
        }
        _ => {
            let plain = |c: char| !(c.is_alphanumeric() || "_'\"`$-/".contains(c));
            (prefix_length(text, plain).max(first.len_utf8()), Role::Text)
        }
    }
}

fn opened(inside: &mut Inside, quote: &str, role: Role) -> (usize, Role) {
    *inside = Inside::Quoted(quote.to_owned(), role);
    (quote.len(), role)
}

/// `$$` or `$tag$` at the beginning.
fn dollar_quote(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 2;
    let tag = &text[1..end - 1];
    let named = tag.chars().all(|c| c.is_alphanumeric() || c == '_') && !tag.starts_with(|c: char| c.is_ascii_digit());
    named.then(|| &text[..end])
}

fn prefix_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ui::theme::ColorDepth;

    /// The pieces of a statement that have a role.
    fn in_role(statement: &str, role: Role) -> Vec<String> {
        // The dark theme gives each of these roles a style of its own.
        let theme = Theme::load("dark", ColorDepth::TrueColor).unwrap();
        let mut found: Vec<String> = Vec::new();
        for spans in lines(statement, &theme) {
            let mut before = false;
            for span in spans {
                let here = span.style == theme.style(role);
                match found.last_mut() {
                    Some(last) if here && before => last.push_str(&span.content),
                    _ if here => found.push(span.content.into_owned()),
                    _ => {}
                }
                before = here;
            }
        }
        found
    }

    #[test]
    fn words_texts_numbers_and_comments_are_told_apart() {
        let sql = "SELECT a1, 'it''s from', \"from\" FROM t -- where 1\nWHERE x = 10.5 AND y = $1 /* or\nor */ or z";
        assert_eq!(in_role(sql, Role::Keyword), ["SELECT", "FROM", "WHERE", "AND", "or"]);
        assert_eq!(in_role(sql, Role::Literal), ["'it''s from'"]);
        assert_eq!(in_role(sql, Role::Number), ["10.5", "$1"]);
        assert_eq!(in_role(sql, Role::Comment), ["-- where 1", "/* or", "or */"]);
    }

    #[test]
    fn a_text_over_several_lines_stays_one() {
        assert_eq!(in_role("select 'a\nselect b' from t", Role::Keyword), ["select", "from"]);
        assert_eq!(in_role("do $f$ select\n$$ end $f$ from t", Role::Keyword), ["do", "from"]);
    }

    #[test]
    fn no_text_is_lost() {
        let theme = Theme::load("mono", ColorDepth::None).unwrap();
        for sql in ["a-b/c", "'open", "\"open", "$", "$tag", "/* open", "漢字 := 1;;  ", "1e5 $$ x", "-", "ß-ß/ß"]
        {
            let text: String = lines(sql, &theme).iter().flatten().map(|s| s.content.to_string()).collect();
            assert_eq!(text, sql);
        }
    }
}

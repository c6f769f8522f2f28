//! Writes MySQL's tokens as tokens of sqlparser.
//!
//! MySQL's operators cannot be redefined, its types and charsets are closed lists, hints and partitions only choose
//! where rows are looked for: all of these are written in their simplest form or left out. What may hold an
//! expression is never left out: a rule that drops tokens drops names, numbers, literals and keywords only, and a
//! clause that does not look like that stays as it is, for the parser to refuse.
//!
//! Here are the walk along the words and what is known of the words around one; `clauses` has what begins with a word
//! of its own, `calls` the functions whose arguments are not a plain list.

mod calls;
mod clauses;

use crate::engine::sql::lexer::Kind;
use crate::engine::sql::list::holds;
use crate::engine::sql::words::Words;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Word};

/// Words that are keywords wherever they stand bare. Every other word is handed over as a quoted name.
const KEYWORDS: &str = "all and as asc between by case cross default desc distinct delete duplicate else except exists false from \
    group groups having in inner insert intersect into is join key lateral left like limit natural not null on or \
    order outer over partition range recursive returning right rows select set table then true union update using \
    values when where window with";

/// Words that are keywords unless a bracket follows: then they are functions.
const FUNCTIONS_TOO: &str = "default insert left right";

/// Functions that are written without brackets.
const CONSTANTS: &str = "current_date current_role current_time current_timestamp current_user localtime localtimestamp utc_date \
    utc_time utc_timestamp";

/// What may stand between SELECT and its list.
const SELECT_MODIFIERS: &str = "all high_priority sql_big_result sql_buffer_result sql_cache sql_calc_found_rows sql_no_cache \
    sql_small_result straight_join";

/// Units of an interval.
pub(super) const UNITS: &str = "day day_hour day_microsecond day_minute day_second hour hour_microsecond hour_minute hour_second microsecond \
    minute minute_microsecond minute_second month quarter second second_microsecond week year year_month";

/// Turns the words of one statement into the parser's tokens.
pub(super) struct Translator<'a> {
    words: Words<'a>,
    out: Vec<TokenWithSpan>,
    /// CASE expressions that are open: only inside one is END a keyword.
    cases: usize,
    /// Inside a query the words of a change mean nothing.
    changes: bool,
}

impl<'a> Translator<'a> {
    /// For these words.
    pub(super) fn new(words: Words<'a>) -> Self {
        let changes = words.is(0, &["insert", "replace", "update", "delete", "with"]);
        Self { words, out: Vec::with_capacity(words.len() + 8), cases: 0, changes }
    }

    /// The parser's tokens. Those that stand for a name know where it stands.
    ///
    /// # Errors
    /// One sentence when a token has no meaning in MySQL.
    pub(super) fn translate(mut self) -> Result<Vec<TokenWithSpan>, String> {
        self.range(0, self.words.len())?;
        Ok(self.out)
    }

    fn range(&mut self, start: usize, end: usize) -> Result<(), String> {
        let mut index = start;
        while index < end {
            index = self.one(index, end)?;
        }
        Ok(())
    }

    fn put(&mut self, token: Token) {
        self.out.push(TokenWithSpan::new(token, Span::empty()));
    }

    fn keyword(&mut self, keyword: &str) {
        self.put(Token::make_keyword(keyword));
    }

    /// A name, quoted, so that the parser finds no keyword in it.
    fn name(&mut self, index: usize) -> Result<(), String> {
        let value = self.words.identifier(index).ok_or("a name that cannot be read")?;
        let range = &self.words.tokens[index].range;
        let at = |byte: usize| Location::new(1, byte as u64 + 1);
        let word = Word { value, quote_style: Some('`'), keyword: Keyword::NoKeyword };
        self.out.push(TokenWithSpan::new(Token::Word(word), Span::new(at(range.start), at(range.end))));
        Ok(())
    }

    /// The token after the bracket that closes the one at `open`, no further than the end of the statement.
    fn after(&self, open: usize) -> usize {
        self.words.after_bracket(open)
    }

    /// Writes the token at `index`, or the clause that begins there; returns the index after it.
    fn one(&mut self, index: usize, end: usize) -> Result<usize, String> {
        let words = self.words;
        let next = index + 1;
        match words.kind(index) {
            Some(Kind::Text) => {
                self.put(Token::SingleQuotedString("x".into()));
                // Literals beside each other are one.
                let mut after = next;
                while after < end && words.kind(after) == Some(Kind::Text) {
                    after += 1;
                }
                Ok(after)
            }
            Some(Kind::Number) => {
                self.put(Token::Number(words.at(index).to_owned(), false));
                Ok(next)
            }
            Some(Kind::Parameter) if words.at(index) == "?" => Err("a placeholder has no value here".to_owned()),
            Some(Kind::Parameter) => {
                self.put(Token::Number("0".into(), false));
                Ok(next)
            }
            Some(Kind::QuotedName) => {
                self.name(index)?;
                Ok(next)
            }
            Some(Kind::Symbol) => self.symbol(index, end),
            Some(Kind::Word) if index > 0 && words.at(index - 1) == "." => {
                self.name(index)?;
                Ok(next)
            }
            Some(Kind::Word) => self.word(index, end),
            _ => Err("a token that has no meaning".to_owned()),
        }
    }

    fn symbol(&mut self, index: usize, end: usize) -> Result<usize, String> {
        let words = self.words;
        let mut length = 1;
        let touches = |at: usize| {
            at < end
                && words.tokens[at].range.start == words.tokens[at - 1].range.end
                && words.kind(at) == Some(Kind::Symbol)
        };
        let mut operator = words.at(index).to_owned();
        for candidate in ["->>", "<=>", "->", "<=", ">=", "<>", "!=", "<<", ">>", "||", "&&"] {
            let fits = (1..candidate.len()).all(|i| touches(index + i))
                && (0..candidate.len()).all(|i| words.at(index + i) == &candidate[i..=i]);
            if fits {
                candidate.clone_into(&mut operator);
                length = candidate.len();
                break;
            }
        }
        let token = match operator.as_str() {
            "(" if self.is_list_of_tables(index) => return self.tables(index),
            // `((SELECT ...) UNION ...)`: the parser takes a bracket after a bracket for a value.
            "(" if self.is_part_of_union(index) => {
                self.keyword("SELECT");
                self.put(Token::Mul);
                self.keyword("FROM");
                Token::LParen
            }
            "(" => Token::LParen,
            ")" => Token::RParen,
            "," => Token::Comma,
            "." => Token::Period,
            "+" => Token::Plus,
            "-" | "~" => Token::Minus,
            "*" => Token::Mul,
            "/" => Token::Div,
            "%" | "^" | "|" | "&" | "<<" | ">>" | "->" | "->>" => Token::Div,
            "=" | "<=>" => Token::Eq,
            "<>" | "!=" => Token::Neq,
            "<" => Token::Lt,
            "<=" => Token::LtEq,
            ">" => Token::Gt,
            ">=" => Token::GtEq,
            "!" => Token::make_keyword("NOT"),
            "||" => Token::make_keyword("OR"),
            "&&" => Token::make_keyword("AND"),
            // `{fn now()}`, `{d '2024-01-01'}`: a word and an expression.
            "{" if words.kind(index + 1) == Some(Kind::Word) => {
                self.put(Token::LParen);
                return Ok(index + 2);
            }
            "}" => Token::RParen,
            other => return Err(format!("{} has no meaning here", other.escape_default())),
        };
        self.put(token);
        Ok(index + length)
    }

    /// `FROM (a, b)`, `JOIN (a, b)`.
    fn is_list_of_tables(&self, open: usize) -> bool {
        open > 0
            && self.words.is(open - 1, &["from", "join", "straight_join"])
            && matches!(self.words.kind(open + 1), Some(Kind::Word | Kind::QuotedName))
            && !self.words.is(open + 1, &["select", "with", "values", "table"])
    }

    /// A query in brackets inside brackets, to which another one is added.
    fn is_part_of_union(&self, open: usize) -> bool {
        open > 0
            && self.words.at(open - 1) == "("
            && self.words.is(open + 1, &["select", "with", "values", "table"])
            && self.words.is(self.after(open), &["union", "except", "intersect"])
    }

    /// Tables in brackets, where a comma is a join.
    fn tables(&mut self, open: usize) -> Result<usize, String> {
        let close = self.after(open);
        self.put(Token::LParen);
        let mut index = open + 1;
        let mut depth = 0_usize;
        while index + 1 < close {
            match self.words.at(index) {
                "," if depth == 0 => {
                    self.keyword("JOIN");
                    index += 1;
                    continue;
                }
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            index = self.one(index, close - 1)?;
        }
        self.put(Token::RParen);
        Ok(close)
    }

    fn word(&mut self, index: usize, end: usize) -> Result<usize, String> {
        let words = self.words;
        let next = index + 1;
        let lower = words.at(index).to_ascii_lowercase();
        let before_bracket = words.at(next) == "(";
        if let Some(after) = self.clause(index, &lower, end)? {
            return Ok(after);
        }
        if before_bracket && let Some(after) = self.call(index, &lower)? {
            return Ok(after);
        }
        match lower.as_str() {
            "case" => self.cases += 1,
            // `SELECT start, end` inside a CASE names a column.
            "end" if self.cases > 0 && self.after_value(index) => {
                self.cases -= 1;
                self.keyword("END");
                return Ok(next);
            }
            _ => {}
        }
        let keyword = holds(KEYWORDS, &lower) && !(before_bracket && holds(FUNCTIONS_TOO, &lower));
        if lower == "values" && before_bracket && self.is_value_of_insert(index) {
            self.name(index)?;
        } else if keyword {
            // `VALUES ROW(1, 2), ROW(3, 4)` is written as a SELECT of the rows, which may stand wherever a query may.
            let selects = lower == "values" && !words.is(0, &["insert", "replace"]);
            let upper = lower.to_ascii_uppercase();
            self.keyword(if selects { "SELECT" } else { &upper });
        } else if holds(CONSTANTS, &lower) && !before_bracket {
            self.put(Token::Number("0".into(), false));
        } else {
            self.name(index)?;
        }
        Ok(next)
    }

    /// `VALUES(column)` after ON DUPLICATE KEY UPDATE.
    fn is_value_of_insert(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else { return false };
        let call = self.words.at(before) == "("
            && before.checked_sub(1).is_some_and(|name| {
                self.words.kind(name) == Some(Kind::Word) && !holds(KEYWORDS, &self.words.at(name).to_ascii_lowercase())
            });
        matches!(self.words.at(before), "=" | "+" | "-" | "*" | "/") || call
    }

    fn operator(&mut self, token: Token, after: usize) -> usize {
        self.put(token);
        after
    }

    fn bracketed(&mut self, start: usize, end: usize) -> Result<(), String> {
        self.put(Token::LParen);
        self.range(start, end)?;
        self.put(Token::RParen);
        Ok(())
    }

    /// A value ends before `index`.
    fn after_value(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else { return false };
        match self.words.kind(before) {
            Some(Kind::Number | Kind::Text | Kind::QuotedName | Kind::Parameter) => true,
            Some(Kind::Word) => {
                let word = self.words.at(before).to_ascii_lowercase();
                (before > 0 && self.words.at(before - 1) == ".")
                    || !(holds(KEYWORDS, &word)
                        || holds(SELECT_MODIFIERS, &word)
                        || matches!(word.as_str(), "xor" | "div" | "mod"))
                    || matches!(word.as_str(), "null" | "true" | "false")
            }
            _ => self.words.at(before) == ")",
        }
    }

    fn begins_value(&self, index: usize) -> bool {
        match self.words.kind(index) {
            Some(Kind::Number | Kind::Text | Kind::QuotedName | Kind::Parameter) => true,
            Some(Kind::Word) => {
                !holds(KEYWORDS, &self.words.at(index).to_ascii_lowercase())
                    || self.words.is(index, &["case", "null", "true", "false"])
            }
            _ => self.words.at(index) == "(",
        }
    }

    /// Nothing but names and commas stands in these brackets.
    fn only_names(&self, open: usize) -> bool {
        (open + 1..self.after(open).saturating_sub(1))
            .all(|i| matches!(self.words.kind(i), Some(Kind::Word | Kind::QuotedName)) || self.words.at(i) == ",")
    }

    /// The index of something at the outermost level of the brackets that begin at `open`.
    fn within(&self, open: usize, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut depth = 0_usize;
        let mut found = Vec::new();
        for at in open + 1..self.after(open).saturating_sub(1) {
            match self.words.at(at) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ if depth == 0 && wanted(at) => found.push(at),
                _ => {}
            }
        }
        found
    }
}

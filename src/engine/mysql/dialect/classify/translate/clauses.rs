//! Clauses and operators that begin with a word.

use super::super::show::after_name;
use super::{SELECT_MODIFIERS, Translator, UNITS};
use crate::engine::sql::lexer::Kind;
use sqlparser::tokenizer::Token;

/// What may stand between INSERT, UPDATE or DELETE and its table.
const CHANGE_MODIFIERS: &str = "delayed high_priority ignore low_priority quick";

impl Translator<'_> {
    /// Clauses and operators of words. `None` when none begins here.
    pub(super) fn clause(&mut self, index: usize, lower: &str, end: usize) -> Result<Option<usize>, String> {
        let words = self.words;
        let next = index + 1;
        let is = |at: usize, list: &[&str]| words.is(at, list);
        Ok(Some(match lower {
            "select" => {
                self.keyword("SELECT");
                let mut after = next;
                while words.is_one_of(after, SELECT_MODIFIERS) || is(after, &["distinctrow"]) {
                    if is(after, &["distinctrow"]) {
                        self.keyword("DISTINCT");
                    }
                    after += 1;
                }
                // DISTINCT may stand among them.
                if is(after, &["distinct"]) && words.is_one_of(after + 1, SELECT_MODIFIERS) {
                    self.keyword("DISTINCT");
                    after += 1;
                    while words.is_one_of(after, SELECT_MODIFIERS) {
                        after += 1;
                    }
                }
                after
            }
            "insert" | "update" | "delete" | "replace" if self.changes && words.at(next) != "(" => {
                self.keyword(if lower == "replace" { "INSERT" } else { lower }.to_ascii_uppercase().as_str());
                let mut after = next;
                while words.is_one_of(after, CHANGE_MODIFIERS) {
                    after += 1;
                }
                after
            }
            "table" if matches!(words.kind(next), Some(Kind::Word | Kind::QuotedName)) => {
                self.keyword("SELECT");
                self.put(Token::Mul);
                self.keyword("FROM");
                next
            }
            "straight_join" => {
                self.keyword("JOIN");
                next
            }
            "div" => self.operator(Token::Div, next),
            "mod" if words.at(next) != "(" || self.after_value(index) => self.operator(Token::Div, next),
            "xor" => self.operator(Token::make_keyword("OR"), next),
            "regexp" | "rlike" => self.operator(Token::make_keyword("LIKE"), next),
            "sounds" if is(next, &["like"]) => self.operator(Token::make_keyword("LIKE"), next + 1),
            "member" if is(next, &["of"]) && words.at(next + 1) == "(" => self.operator(Token::Eq, next + 1),
            "unknown" if index > 0 && is(index - 1, &["is", "not"]) => self.operator(Token::make_keyword("NULL"), next),
            "collate" if matches!(words.kind(next), Some(Kind::Word | Kind::QuotedName | Kind::Text)) => next + 1,
            "escape" if words.kind(next) == Some(Kind::Text) => next + 1,
            "binary" if self.begins_value(next) => next,
            "interval" => return self.interval(index, end),
            "date" | "time" | "timestamp" if words.kind(next) == Some(Kind::Text) => next,
            _ if lower.starts_with('_') && words.kind(next) == Some(Kind::Text) => next,
            _ if lower.starts_with('_')
                && words.kind(next) == Some(Kind::Number)
                && words.at(next).starts_with('0') =>
            {
                next
            }
            "any" | "some" if words.at(next) == "(" && self.after_comparison(index) => {
                self.keyword("ANY");
                next
            }
            "offset" if words.kind(next) == Some(Kind::Number) && self.after_value(index) => {
                next + 1 + usize::from(is(next + 1, &["row", "rows"]))
            }
            "limit"
                if is(next, &["rows"]) && is(next + 1, &["examined"]) && words.kind(next + 2) == Some(Kind::Number) =>
            {
                next + 3
            }
            "rows" if is(next, &["examined"]) && words.kind(next + 1) == Some(Kind::Number) => next + 2,
            "fetch" if is(next, &["first", "next"]) => match self.fetch(next + 1) {
                Some(after) => after,
                None => return Ok(None),
            },
            "with" if is(next, &["rollup"]) => next + 1,
            "asc" | "desc" if self.in_group_by(index) => next,
            "within" if is(next, &["group"]) && words.at(next + 1) == "(" => {
                self.operator(Token::make_keyword("WITHIN"), next)
            }
            // The last value of a sequence: the name of the sequence says nothing more.
            "previous" if is(next, &["value"]) && is(next + 1, &["for"]) => match after_name(words, next + 2) {
                Some(after) => self.operator(Token::Number("0".into(), false), after),
                None => return Ok(None),
            },
            "row" if words.at(next) == "(" => next,
            "row" if index > 0 && is(index - 1, &["current"]) => self.operator(Token::make_keyword("ROW"), next),
            "current" if is(next, &["row"]) => self.operator(Token::make_keyword("CURRENT"), next),
            "unbounded" if is(next, &["preceding", "following"]) => {
                self.operator(Token::make_keyword("UNBOUNDED"), next)
            }
            "preceding" | "following"
                if self.after_value(index)
                    || is(index.saturating_sub(1), &["unbounded"])
                    || words.is_one_of(index.saturating_sub(1), UNITS) =>
            {
                self.operator(Token::make_keyword(&lower.to_ascii_uppercase()), next)
            }
            "separator" if words.kind(next) == Some(Kind::Text) => {
                self.operator(Token::make_keyword("SEPARATOR"), next)
            }
            "respect" | "ignore" if is(next, &["nulls"]) => next + 1,
            "from" if is(next, &["first", "last"]) && words.is_one_of(next + 1, "over respect ignore") => next + 1,
            "use" | "force" | "ignore" if is(next, &["index", "key"]) => match self.index_hint(next + 1) {
                Some(after) => after,
                None => return Ok(None),
            },
            "partition" if words.at(next) == "(" && self.only_names(next) => self.after(next),
            "for" if is(next, &["system_time"]) => match self.system_time(next + 1) {
                Some(after) => after,
                None => return Ok(None),
            },
            _ => return Ok(None),
        }))
    }

    /// The order of a GROUP BY, which only groups.
    fn in_group_by(&self, index: usize) -> bool {
        let words = self.words;
        let mut depth = 0_usize;
        for at in (0..index).rev() {
            match words.at(at) {
                ")" => depth += 1,
                "(" if depth == 0 => return false,
                "(" => depth -= 1,
                _ if depth > 0 => {}
                _ if words.is(at, &["by"]) => return at > 0 && words.is(at - 1, &["group"]),
                _ if words.is(at, &["select", "having", "where", "from"]) => return false,
                _ => {}
            }
        }
        false
    }

    fn after_comparison(&self, index: usize) -> bool {
        index > 0 && matches!(self.words.at(index - 1), "=" | "<" | ">")
    }

    /// `INTERVAL value UNIT` is written as the value alone; `INTERVAL(a, b, c)` is a function.
    fn interval(&mut self, index: usize, end: usize) -> Result<Option<usize>, String> {
        let words = self.words;
        let mut at = index + 1;
        while at < end {
            match words.at(at) {
                "(" => at = self.after(at),
                ")" | "," => break,
                _ if at > index + 1
                    && words.is_one_of(at, UNITS)
                    && words.at(at + 1) != "("
                    && words.at(at - 1) != "." =>
                {
                    self.put(Token::LParen);
                    self.range(index + 1, at)?;
                    self.put(Token::RParen);
                    return Ok(Some(at + 1));
                }
                _ => at += 1,
            }
        }
        self.name(index)?;
        Ok(Some(index + 1))
    }

    /// `FETCH FIRST 5 ROWS ONLY`, from after FIRST.
    fn fetch(&self, mut at: usize) -> Option<usize> {
        at += usize::from(self.words.kind(at) == Some(Kind::Number));
        if !self.words.is(at, &["row", "rows"]) {
            return None;
        }
        match (self.words.is(at + 1, &["only"]), self.words.is(at + 1, &["with"]) && self.words.is(at + 2, &["ties"])) {
            (true, _) => Some(at + 2),
            (_, true) => Some(at + 3),
            _ => None,
        }
    }

    /// `[FOR JOIN | FOR ORDER BY | FOR GROUP BY] (names)`.
    fn index_hint(&self, mut at: usize) -> Option<usize> {
        if self.words.is(at, &["for"]) {
            at += if self.words.is(at + 1, &["join"]) { 2 } else { 3 };
        }
        (self.words.at(at) == "(" && self.only_names(at)).then(|| self.after(at))
    }

    /// `ALL`, `AS OF 'time'`, `BETWEEN 'time' AND 'time'`, `FROM 'time' TO 'time'` with literals only.
    fn system_time(&self, at: usize) -> Option<usize> {
        let words = self.words;
        let literal = |at: usize| {
            let at = at + usize::from(words.is(at, &["timestamp", "transaction", "date"]));
            matches!(words.kind(at), Some(Kind::Text | Kind::Number)).then_some(at + 1)
        };
        if words.is(at, &["all"]) {
            return Some(at + 1);
        }
        if words.is(at, &["as"]) && words.is(at + 1, &["of"]) {
            return literal(at + 2);
        }
        let joiner = if words.is(at, &["between"]) { "and" } else { "to" };
        if !words.is(at, &["between", "from"]) {
            return None;
        }
        let middle = literal(at + 1)?;
        if words.is(middle, &[joiner]) { literal(middle + 1) } else { None }
    }
}

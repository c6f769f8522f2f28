//! Writes MySQL's tokens as tokens of sqlparser.
//!
//! MySQL's operators cannot be redefined, its types and charsets are closed lists, hints and partitions only choose
//! where rows are looked for: all of these are written in their simplest form or left out. What may hold an
//! expression is never left out: a rule that drops tokens drops names, numbers, literals and keywords only, and a
//! clause that does not look like that stays as it is, for the parser to refuse.

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

/// What may stand between INSERT, UPDATE or DELETE and its table.
const CHANGE_MODIFIERS: &str = "delayed high_priority ignore low_priority quick";

/// Units of an interval.
pub(super) const UNITS: &str = "day day_hour day_microsecond day_minute day_second hour hour_microsecond hour_minute hour_second microsecond \
    minute minute_microsecond minute_second month quarter second second_microsecond week year year_month";

/// Words of which types are made.
const TYPES: &str = "array bigint binary bit blob bool boolean char character charset date datetime dec decimal double fixed float \
    geometry geometrycollection inet4 inet6 int integer json linestring long longblob longtext mediumblob mediumint \
    mediumtext multilinestring multipoint multipolygon nchar national number numeric nvarchar point polygon \
    precision real set signed smallint text time timestamp tinyblob tinyint tinytext unsigned uuid varbinary \
    varchar vector year zerofill ascii unicode";

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

    /// Clauses and operators of words. `None` when none begins here.
    fn clause(&mut self, index: usize, lower: &str, end: usize) -> Result<Option<usize>, String> {
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
            "rows" if is(next, &["examined"]) && words.kind(next + 1) == Some(Kind::Number) => next + 2,
            "fetch" if is(next, &["first", "next"]) => match self.fetch(next + 1) {
                Some(after) => after,
                None => return Ok(None),
            },
            "with" if is(next, &["rollup"]) => next + 1,
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

    fn operator(&mut self, token: Token, after: usize) -> usize {
        self.put(token);
        after
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

    fn after_comparison(&self, index: usize) -> bool {
        index > 0 && matches!(self.words.at(index - 1), "=" | "<" | ">")
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

    /// Calls whose arguments are not a plain list.
    fn call(&mut self, index: usize, lower: &str) -> Result<Option<usize>, String> {
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
            "char" | "weight_string" | "json_value" | "json_query" => {
                let tail = self
                    .within(open, |i| {
                        words.is(i, &["using", "returning", "default"])
                            || (words.is(i, &["as"]) && lower == "weight_string")
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

    fn bracketed(&mut self, start: usize, end: usize) -> Result<(), String> {
        self.put(Token::LParen);
        self.range(start, end)?;
        self.put(Token::RParen);
        Ok(())
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

//! Tells a statement from a question in words.
//!
//! `show server_version` and `show me all tables` begin alike, and so do `select 1` and `select the best index for
//! me`. A first word alone decides nothing: the shape after it does. A statement with a mistake in it is still a
//! statement, so a text that does not parse counts as one when it holds what only statements hold.

use super::lexer::{self, Kind, Lexis, Token};
use super::list::holds;
use super::size;

/// What an engine adds to the rules.
pub(crate) struct Grammar<'a> {
    /// Lexical rules.
    pub(crate) lexis: Lexis,
    /// Whether the engine's parser takes a whole text without a complaint. Only asked for texts of bearable size.
    pub(crate) parses: &'a dyn Fn(&str) -> bool,
    /// Whether a bare word names a setting that SHOW shows. Empty for engines without SHOW.
    pub(crate) is_setting: &'a dyn Fn(&str) -> bool,
    /// First words of statements that have no rule of their own: they are statements when they parse.
    pub(crate) plain_verbs: &'a [&'a str],
}

/// Words that follow a verb in questions and reports, where a statement would have a name.
const SUBJECTS: &str = "activity bloat cache columns connection connections contention count counts data database databases everything \
    fragmentation graph health history indexes indices info issues lag list load locks memory names needed notes performance \
    problems progress queries queue rates ratio relations replicas replication rows schema server sessions \
    settings size sizes space state statistics stats status structure tables tree trends usage users views wait \
    waits workload";

/// Words of plain English that no statement has right after its verb.
const ENGLISH: &str = "a about an each every how i it me most my our some that the their these this those us what when where which \
    who why you your";

/// Verbs that are worth recognising with one letter wrong.
const MISSPELT: &[&str] = &["select", "insert", "update", "delete", "explain", "create", "alter", "truncate", "vacuum"];

/// Names of values that need no table.
const VALUES: &str = "current_catalog current_date current_role current_schema current_time current_timestamp current_user false \
    localtime localtimestamp null session_user system_user true user";

/// First options of EXPLAIN in brackets.
const EXPLAIN_OPTIONS: &str =
    "analyze analyse verbose costs settings buffers wal timing summary format memory serialize generic_plan";

/// Kinds of object after CREATE, ALTER and DROP.
const OBJECTS: &str = "access aggregate cast collation column conversion database default domain event extension foreign function \
    global group index language large local materialized operator or owned policy procedural procedure \
    publication recursive role routine rule schema sequence server statistics subscription system table \
    tablespace temp temporary text transform trigger trusted type unique unlogged user view virtual";

/// One letter wrong, missing, too many, or two exchanged. Words of other lengths are told apart without looking: what is
/// pasted may be one word of a megabyte.
fn is_a_slip_of(word: &str, right: &str) -> bool {
    word.len().abs_diff(right.len()) <= char::MAX_LEN_UTF8 && strsim::damerau_levenshtein(word, right) == 1
}

/// True when a text is meant as a statement.
pub(crate) fn is_statement(text: &str, grammar: &Grammar<'_>) -> bool {
    let tokens = lexer::meaningful(text, grammar.lexis);
    Reader { text, tokens: &tokens, grammar }.is_statement()
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    grammar: &'a Grammar<'a>,
}

impl<'a> Reader<'a> {
    fn at(self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| &self.text[token.range.clone()])
    }

    fn word(self, index: usize) -> Option<String> {
        let token = self.tokens.get(index)?;
        (token.kind == Kind::Word).then(|| self.at(index).to_ascii_lowercase())
    }

    fn is(self, index: usize, words: &[&str]) -> bool {
        self.word(index).is_some_and(|word| words.contains(&word.as_str()))
    }

    fn is_one_of(self, index: usize, list: &str) -> bool {
        self.word(index).is_some_and(|word| holds(list, &word))
    }

    fn has_word(self, wanted: &str) -> bool {
        (1..self.tokens.len()).any(|index| self.is(index, &[wanted]))
    }

    fn skip(self, count: usize) -> Self {
        Self { tokens: &self.tokens[count.min(self.tokens.len())..], ..self }
    }

    /// The engine's parser takes what is left of the text.
    fn parses(self) -> bool {
        let Some(first) = self.tokens.first() else { return false };
        size::check(self.text, self.tokens).is_none() && (self.grammar.parses)(&self.text[first.range.start..])
    }

    /// A word of plain English. A table may be called `a` or `i`; then no other bare word follows.
    fn is_english(self, index: usize) -> bool {
        let short_name = self.is(index, &["a", "i"])
            && (self.word(index + 1).is_none()
                || self.is(index + 1, &["add", "as", "from", "on", "set", "using", "where"]));
        self.is_one_of(index, ENGLISH) && !short_name
    }

    /// A name after the verb that is neither plain English nor the subject of a report.
    fn names_something(self, index: usize) -> bool {
        let is_name = self.tokens.get(index).is_some_and(|t| matches!(t.kind, Kind::Word | Kind::QuotedName));
        is_name && !self.is_english(index) && !self.is_one_of(index, SUBJECTS)
    }

    fn is_statement(self) -> bool {
        let Some(first) = self.tokens.first() else { return false };
        if self.at(0) == "(" {
            return self.skip(1).is_statement();
        }
        if first.kind != Kind::Word {
            return false;
        }
        let verb = self.at(0).to_ascii_lowercase();
        // What ends like a statement was meant as one.
        let ended = self.at(self.tokens.len() - 1) == ";";
        let known = self.has_rule(&verb) || self.grammar.plain_verbs.contains(&verb.as_str());
        if known && ended && !self.is_english(1) {
            return true;
        }
        if known { self.follows_rule(&verb) } else { self.follows_rule_misspelt(&verb) }
    }

    fn has_rule(self, verb: &str) -> bool {
        let common = matches!(
            verb,
            "select"
                | "with"
                | "values"
                | "insert"
                | "update"
                | "delete"
                | "explain"
                | "create"
                | "alter"
                | "drop"
                | "analyze"
        );
        let own = match self.grammar.lexis {
            Lexis::Postgres => {
                matches!(verb, "show" | "table" | "analyse" | "vacuum" | "lock" | "fetch" | "move" | "close")
            }
            Lexis::Sqlite => matches!(verb, "pragma" | "replace" | "vacuum"),
            Lexis::Mysql => matches!(verb, "show" | "table" | "replace" | "describe" | "desc"),
        };
        common || own
    }

    fn follows_rule(self, verb: &str) -> bool {
        match verb {
            "select" => self.selects(),
            "values" => self.at(1) == "(" || (self.is(1, &["row"]) && self.at(2) == "("),
            "with" => {
                let name = if self.is(1, &["recursive"]) { 2 } else { 1 };
                !self.is_english(name) && (self.at(name + 1) == "(" || self.is(name + 1, &["as"]))
            }
            "table" => self.names_something(1) && self.parses(),
            "show" if self.grammar.lexis == Lexis::Mysql => !self.is_english(1) && self.parses(),
            "show" => self.shows(),
            "explain" | "describe" | "desc" | "analyze" if self.grammar.lexis == Lexis::Mysql => {
                self.explains_by_name()
            }
            "explain" => self.explains(),
            "insert" | "replace" => self.is(1, &["into", "or"]) || self.holds_syntax(),
            "update" => !self.is_english(1) && (self.has_word("set") || self.holds_syntax()),
            "delete" => self.is(1, &["from"]) && !self.is_english(2) || self.holds_syntax(),
            "create" | "alter" | "drop" => self.is_one_of(1, OBJECTS) && !self.is_english(2),
            "pragma" => self.tokens.len() > 1,
            "lock" if self.grammar.lexis == Lexis::Postgres => {
                (self.is(1, &["table"]) || self.has_word("mode")) && self.parses()
            }
            "fetch" | "move" => {
                (self.has_word("from") || self.has_word("in")) && self.tokens.len() <= 5 && self.parses()
            }
            "close" => self.tokens.len() == 2 && self.names_something(1),
            _ => self.acts_on_an_object(),
        }
    }

    /// VACUUM, ANALYZE, and every other verb: alone, or followed by something that parses.
    fn acts_on_an_object(self) -> bool {
        // MySQL flushes, locks and checks `TABLES`, so there the shape alone decides.
        let report = self.grammar.lexis != Lexis::Mysql && self.is_one_of(1, SUBJECTS);
        !self.is_english(1) && !report && self.parses()
    }

    fn selects(self) -> bool {
        if self.holds_syntax() {
            return true;
        }
        let starts_well = self.at(1) == "*"
            || self.tokens.get(1).is_some_and(|t| matches!(t.kind, Kind::Number | Kind::Text))
            || (self.grammar.lexis == Lexis::Mysql && self.tokens.get(1).is_some_and(|t| t.kind == Kind::Parameter))
            || (self.names_something(1) && matches!(self.at(2), "," | "."));
        if starts_well {
            return true;
        }
        // One letter wrong in FROM, or a clause left open, is a mistake in a statement and not English.
        let nearly_from = |index| self.word(index).is_some_and(|word| is_a_slip_of(&word, "from"));
        let last = self.tokens.len() - 1;
        let left_open = self.is(last, &["from", "where", "by", "having", "limit", "join", "on", "and", "or"]);
        if !self.is_english(1) && !self.is(1, &["all"]) && (nearly_from(2) || (last > 1 && left_open)) {
            return true;
        }
        // Bare words need a table to be columns of; "select best index" parses, but means nothing. And who writes
        // "select all customers from Oslo" writes English: ALL is the default that nobody types.
        let has_source = self.has_word("from") || (1..self.tokens.len()).any(|index| self.is_one_of(index, VALUES));
        has_source && !self.is_english(1) && !self.is(1, &["all"]) && self.parses()
    }

    fn shows(self) -> bool {
        if self.is(1, &["all"]) {
            return self.tokens.len() == 2;
        }
        let several = matches!(
            (self.word(1).as_deref(), self.word(2).as_deref()),
            (Some("time"), Some("zone"))
                | (Some("transaction"), Some("isolation"))
                | (Some("session"), Some("authorization"))
        );
        if several {
            return self.parses();
        }
        match self.tokens.len() {
            2 => self.word(1).is_some_and(|word| (self.grammar.is_setting)(&word)),
            4 => self.at(2) == "." && self.parses(),
            _ => false,
        }
    }

    fn explains(self) -> bool {
        let mut at = 1;
        if self.at(at) == "(" && self.is_one_of(at + 1, EXPLAIN_OPTIONS) {
            while at < self.tokens.len() && self.at(at) != ")" {
                at += 1;
            }
            at += 1;
        } else if self.is(at, &["query"]) && self.is(at + 1, &["plan"]) {
            at += 2;
        } else {
            while self.is(at, &["analyze", "analyse", "verbose"]) {
                at += 1;
            }
        }
        let inner = self.skip(at);
        let query = inner.at(0) == "("
            || inner.is(
                0,
                &[
                    "select", "with", "values", "table", "insert", "update", "delete", "merge", "replace", "create",
                    "execute", "declare",
                ],
            );
        query && inner.is_statement()
    }

    /// MySQL's EXPLAIN and its other names: of a statement, not of a table, which a question describes better.
    fn explains_by_name(self) -> bool {
        let query = (1..6).any(|index| {
            self.is(
                index,
                &["select", "with", "values", "insert", "update", "delete", "replace", "connection", "table"],
            ) && !self.is(index + 1, &["the"])
                || self.at(index) == "("
        });
        query && !self.is_english(1) && self.parses()
    }

    /// Holds what only statements hold: a star or a comparison, a call, a cast, a semicolon.
    fn holds_syntax(self) -> bool {
        (1..self.tokens.len()).any(|index| {
            let token = &self.tokens[index];
            let touches = self.tokens[index - 1].range.end == token.range.start;
            let after_word = matches!(self.tokens[index - 1].kind, Kind::Word | Kind::QuotedName);
            match self.at(index) {
                "=" | ";" => true,
                "*" => index == 1 || self.at(index - 1) == "(" || self.at(index - 1) == ".",
                "(" => (touches && after_word) || index == 1 || self.is(index - 1, &["in", "exists", "values", "from"]),
                "<" | ">" => self.tokens.get(index + 1).is_some(),
                ":" => self.at(index + 1) == ":",
                "|" => self.at(index + 1) == "|",
                _ => false,
            }
        })
    }

    /// One letter wrong, missing, too many or swapped in the verb, and otherwise a statement.
    fn follows_rule_misspelt(self, verb: &str) -> bool {
        MISSPELT.iter().any(|right| {
            is_a_slip_of(verb, right) && {
                let rest = self.tokens.first().map_or(0, |first| first.range.end);
                let corrected = format!("{right}{}", &self.text[rest..]);
                let tokens = lexer::meaningful(&corrected, self.grammar.lexis);
                Reader { text: &corrected, tokens: &tokens, grammar: self.grammar }.follows_rule(right)
            }
        })
    }
}

//! SHOW: a reader of its own, because the grammar has many small forms and no parser knows them all. What is not
//! exactly one of the forms below is refused.

use super::{Context, Words, statement};
use crate::domain::guard::{Class, Judgement};
use crate::engine::sql::lexer::Kind;

/// What may follow one of the forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// Nothing.
    Nothing,
    /// `[LIKE 'pattern' | WHERE condition]`.
    Filter,
    /// `[FROM database] [LIKE 'pattern' | WHERE condition]`.
    InDatabase,
    /// `FROM table [FROM database] [LIKE 'pattern' | WHERE condition]`.
    OfTable,
    /// `[LIMIT [offset,] count]`.
    Limit,
    /// The name of one object.
    Name,
    /// `[FOR QUERY n] [LIMIT ...]`.
    Profile,
    /// `[FOR CHANNEL 'name']`, or nothing; MariaDB also names the connection before.
    Channel,
    /// `[FOR CURRENT_USER]`.
    OwnUser,
}

/// The words after SHOW, and what may follow them.
const FORMS: &[(&str, Tail)] = &[
    ("tables", Tail::InDatabase),
    ("full tables", Tail::InDatabase),
    ("extended tables", Tail::InDatabase),
    ("extended full tables", Tail::InDatabase),
    ("table status", Tail::InDatabase),
    ("open tables", Tail::InDatabase),
    ("triggers", Tail::InDatabase),
    ("full triggers", Tail::InDatabase),
    ("events", Tail::InDatabase),
    ("columns", Tail::OfTable),
    ("fields", Tail::OfTable),
    ("full columns", Tail::OfTable),
    ("full fields", Tail::OfTable),
    ("extended columns", Tail::OfTable),
    ("extended fields", Tail::OfTable),
    ("extended full columns", Tail::OfTable),
    ("index", Tail::OfTable),
    ("indexes", Tail::OfTable),
    ("keys", Tail::OfTable),
    ("extended index", Tail::OfTable),
    ("extended indexes", Tail::OfTable),
    ("extended keys", Tail::OfTable),
    ("databases", Tail::Filter),
    ("schemas", Tail::Filter),
    ("status", Tail::Filter),
    ("global status", Tail::Filter),
    ("session status", Tail::Filter),
    ("local status", Tail::Filter),
    ("variables", Tail::Filter),
    ("global variables", Tail::Filter),
    ("session variables", Tail::Filter),
    ("local variables", Tail::Filter),
    ("character set", Tail::Filter),
    ("charset", Tail::Filter),
    ("collation", Tail::Filter),
    ("function status", Tail::Filter),
    ("procedure status", Tail::Filter),
    ("package status", Tail::Filter),
    ("package body status", Tail::Filter),
    ("plugins", Tail::Nothing),
    ("plugins soname", Tail::Name),
    ("engines", Tail::Nothing),
    ("storage engines", Tail::Nothing),
    ("privileges", Tail::Nothing),
    ("processlist", Tail::Nothing),
    ("full processlist", Tail::Nothing),
    ("profiles", Tail::Nothing),
    ("profile", Tail::Profile),
    ("warnings", Tail::Limit),
    ("errors", Tail::Limit),
    ("grants", Tail::OwnUser),
    ("binary logs", Tail::Nothing),
    ("master logs", Tail::Nothing),
    ("master status", Tail::Nothing),
    ("binlog status", Tail::Nothing),
    ("binary log status", Tail::Nothing),
    ("replica status", Tail::Channel),
    ("slave status", Tail::Channel),
    ("all replicas status", Tail::Nothing),
    ("all slaves status", Tail::Nothing),
    ("replicas", Tail::Nothing),
    ("replica hosts", Tail::Nothing),
    ("slave hosts", Tail::Nothing),
    ("create table", Tail::Name),
    ("create view", Tail::Name),
    ("create database", Tail::Name),
    ("create schema", Tail::Name),
    ("create procedure", Tail::Name),
    ("create function", Tail::Name),
    ("create trigger", Tail::Name),
    ("create event", Tail::Name),
    ("create sequence", Tail::Name),
    ("create package", Tail::Name),
    ("create package body", Tail::Name),
    ("authors", Tail::Nothing),
    ("contributors", Tail::Nothing),
    ("locales", Tail::Filter),
    ("client_statistics", Tail::Nothing),
    ("index_statistics", Tail::Nothing),
    ("table_statistics", Tail::Nothing),
    ("user_statistics", Tail::Nothing),
    ("wsrep_membership", Tail::Nothing),
    ("wsrep_status", Tail::Nothing),
];

/// Storage engines whose state can be shown.
const ENGINES: &str = "innodb performance_schema aria rocksdb ndb ndbcluster tokudb all";

/// Judges a statement that begins with SHOW.
pub(super) fn judge(words: Words<'_>, context: Context<'_>) -> Judgement {
    let rest = words.skip(1);
    if rest.starts_with(&["create", "user"]) {
        return Judgement::deny(Class::Secret, "SHOW CREATE USER shows the hash of a password");
    }
    if rest.starts_with(&["binlog", "events"]) || rest.starts_with(&["relaylog", "events"]) {
        return Judgement::deny(Class::Admin, "reads the rows of every database from the binary log");
    }
    if rest.starts_with(&["grants", "for"]) && !is_own_user(rest.skip(2)) {
        return Judgement::needs_approval(
            Class::Secret,
            "SHOW GRANTS for another user shows its password hash on MariaDB",
        );
    }
    if rest.is(0, &["engine"])
        && rest.is_one_of(1, ENGINES)
        && rest.is(2, &["status", "mutex", "logs"])
        && rest.len() == 3
    {
        return Judgement::allow(Class::Read, "shows the state of a storage engine");
    }
    if of_another_session(rest) {
        return Judgement::allow(Class::Explain, "shows the plan of another session");
    }
    // MariaDB names one of several sources before what it wants to know.
    if rest.is(0, &["slave", "replica"])
        && rest.kind(1) == Some(Kind::Text)
        && rest.is(2, &["status"])
        && rest.len() == 3
    {
        return Judgement::allow(Class::Read, "shows the state of replication");
    }
    if rest.starts_with(&["count"]) && is_count(rest) {
        return Judgement::allow(Class::Read, "counts warnings");
    }
    for (form, tail) in FORMS {
        let form: Vec<&str> = form.split(' ').collect();
        if !rest.starts_with(&form) {
            continue;
        }
        match follows(*tail, rest.skip(form.len())) {
            Some(Fit::Plainly) => return Judgement::allow(Class::Read, "shows what the server knows"),
            Some(Fit::With(condition)) => return statement::judge_condition(condition, context),
            None => {}
        }
    }
    Judgement::deny(Class::Unparsed, "not a form of SHOW that is known here")
}

/// `EXPLAIN [FORMAT=JSON] FOR 5`, `ANALYZE FOR 5`: what is known of a statement that runs already.
fn of_another_session(rest: Words<'_>) -> bool {
    let format = rest.is(1, &["format"]) && rest.at(2) == "=" && rest.is(3, &["json", "traditional"]);
    let at = if format { 4 } else { 1 };
    rest.is(0, &["explain", "analyze"])
        && rest.is(at, &["for"])
        && rest.kind(at + 1) == Some(Kind::Number)
        && rest.len() == at + 2
}

/// `COUNT(*) WARNINGS`.
fn is_count(rest: Words<'_>) -> bool {
    rest.at(1) == "("
        && rest.at(2) == "*"
        && rest.at(3) == ")"
        && rest.is(4, &["warnings", "errors"])
        && rest.len() == 5
}

/// `CURRENT_USER`, `CURRENT_USER()`.
fn is_own_user(rest: Words<'_>) -> bool {
    let brackets = rest.len() == 3 && rest.at(1) == "(" && rest.at(2) == ")";
    rest.is(0, &["current_user"]) && (rest.len() == 1 || brackets)
}

/// How words are the tail of a form.
enum Fit<'a> {
    /// They say nothing that has to be judged.
    Plainly,
    /// With a condition that has to be judged.
    With(Words<'a>),
}

/// How these words are a tail of this kind, if they are.
fn follows(tail: Tail, rest: Words<'_>) -> Option<Fit<'_>> {
    match tail {
        Tail::Nothing => (rest.len() == 0).then_some(Fit::Plainly),
        Tail::Filter => filter(rest),
        Tail::InDatabase => {
            let skipped = if rest.is(0, &["from", "in"]) && rest.identifier(1).is_some() { 2 } else { 0 };
            filter(rest.skip(skipped))
        }
        Tail::OfTable => {
            if !rest.is(0, &["from", "in"]) {
                return None;
            }
            let mut at = after_name(rest, 1)?;
            if rest.is(at, &["from", "in"]) && rest.identifier(at + 1).is_some() {
                at += 2;
            }
            filter(rest.skip(at))
        }
        Tail::Limit => limit(rest).then_some(Fit::Plainly),
        Tail::Name => {
            let start = if rest.starts_with(&["if", "not", "exists"]) { 3 } else { 0 };
            let literal = rest.kind(start) == Some(Kind::Text) && rest.len() == start + 1;
            (literal || after_name(rest, start) == Some(rest.len())).then_some(Fit::Plainly)
        }
        Tail::Profile => {
            const PARTS: &str = "all block io context switches cpu ipc memory page faults source swaps";
            let mut at = 0;
            while rest.is_one_of(at, PARTS) || (at > 0 && rest.at(at) == ",") {
                at += 1;
            }
            if rest.is(at, &["for"]) && rest.is(at + 1, &["query"]) && rest.kind(at + 2) == Some(Kind::Number) {
                at += 3;
            }
            limit(rest.skip(at)).then_some(Fit::Plainly)
        }
        Tail::Channel => {
            let channel = rest.starts_with(&["for", "channel"])
                && rest.len() == 3
                && matches!(rest.kind(2), Some(Kind::Text | Kind::Word | Kind::QuotedName));
            (rest.len() == 0 || channel).then_some(Fit::Plainly)
        }
        Tail::OwnUser => {
            (rest.len() == 0 || (rest.is(0, &["for"]) && is_own_user(rest.skip(1)))).then_some(Fit::Plainly)
        }
    }
}

/// Nothing, `LIKE 'pattern'`, or `WHERE condition`.
fn filter(rest: Words<'_>) -> Option<Fit<'_>> {
    let pattern = rest.len() == 2 && rest.is(0, &["like"]) && rest.kind(1) == Some(Kind::Text);
    if rest.len() == 0 || pattern {
        return Some(Fit::Plainly);
    }
    (rest.is(0, &["where"]) && rest.len() > 1).then(|| Fit::With(rest.skip(1)))
}

/// The index after `name` or `schema.name`.
pub(super) fn after_name(words: Words<'_>, at: usize) -> Option<usize> {
    words.identifier(at)?;
    if words.at(at + 1) == "." {
        words.identifier(at + 2)?;
        return Some(at + 3);
    }
    Some(at + 1)
}

/// Nothing, `LIMIT n`, `LIMIT n, m`, `LIMIT n OFFSET m`.
fn limit(rest: Words<'_>) -> bool {
    let number = |at| rest.kind(at) == Some(Kind::Number);
    match rest.len() {
        0 => true,
        2 => rest.is(0, &["limit"]) && number(1),
        4 => rest.is(0, &["limit"]) && number(1) && (rest.at(2) == "," || rest.is(2, &["offset"])) && number(3),
        _ => false,
    }
}

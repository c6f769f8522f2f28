//! Upkeep that `pg_cron` does by itself: a job of one exact form, which nobody can put other code into, and the
//! statement that takes exactly this job away and no other of its name.

use super::super::names::{literal, quote};
use crate::domain::proposal::kind::{ObjectRef, Upkeep};
use crate::domain::text::risky;
use crate::engine::sql::lexer::{self, Kind, Lexis};
use crate::engine::sql::literal::unquote;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Hours between two runs that the five fields of a cron schedule can say: those that divide a day.
const HOURS: [u32; 8] = [1, 2, 3, 4, 6, 8, 12, 24];
/// Upkeep that may run again and again with nobody looking.
const UPKEEP: [Upkeep; 2] = [Upkeep::Analyze, Upkeep::Vacuum];
/// Bytes of a name, at most (`NAMEDATALEN` - 1). `cron.job` cuts off what is longer in silence.
const LONGEST_NAME: usize = 63;
/// Bytes of a name that is too long that are kept before its digest.
const KEPT: usize = 54;

/// Upkeep of one table, every so many hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::postgres) struct Job {
    /// Its name in `cron.job`.
    pub(in crate::engine::postgres) name: String,
    /// The table.
    pub(in crate::engine::postgres) table: ObjectRef,
    every_hours: u32,
    upkeep: Upkeep,
}

/// A statement about such a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::postgres) enum Form {
    /// Makes it.
    Make(Job),
    /// Takes it away, if it is still as it was made.
    Take(Job),
}

impl Job {
    /// The job of a typed kind. Jobs have no schema, so theirs is a part of the name.
    ///
    /// # Errors
    /// One sentence when a parameter cannot be one, or when the upkeep is none that may run by itself.
    pub(in crate::engine::postgres) fn new(
        name: &ObjectRef,
        every_hours: u32,
        upkeep: Upkeep,
        table: &ObjectRef,
    ) -> Result<Self, String> {
        if table.space.is_none() {
            return Err(format!("say in which schema {} is", table.name));
        }
        Self::named(fitting(&name.words()), every_hours, upkeep, table)
    }

    fn named(name: String, every_hours: u32, upkeep: Upkeep, table: &ObjectRef) -> Result<Self, String> {
        if !UPKEEP.contains(&upkeep) {
            return Err(format!("to {} a table is nothing that should run by itself", upkeep.words()));
        }
        if !HOURS.contains(&every_hours) {
            return Err("pg_cron counts the hours of a day: every 1, 2, 3, 4, 6, 8, 12 or 24 hours".into());
        }
        for part in table.space.iter().chain([&table.name, &name]) {
            if !(1..=LONGEST_NAME).contains(&part.len()) || part.chars().any(|c| c.is_control() || risky(c)) {
                return Err(format!("a name has 1 to {LONGEST_NAME} bytes of plain characters"));
            }
        }
        Ok(Self { name, table: table.clone(), every_hours, upkeep })
    }

    /// When it runs, as cron writes it. The minute comes from the name, so that jobs made alike do not all begin at once.
    pub(in crate::engine::postgres) fn schedule(&self) -> String {
        let minute = self.name.bytes().fold(0, |minute, byte| (minute * 31 + u32::from(byte)) % 60);
        match self.every_hours {
            1 => format!("{minute} * * * *"),
            24 => format!("{minute} 0 * * *"),
            hours => format!("{minute} */{hours} * * *"),
        }
    }

    /// What it runs.
    pub(in crate::engine::postgres) fn command(&self) -> String {
        let space = self.table.space.as_deref().unwrap_or_default();
        format!("{} {}.{}", verb(self.upkeep), quote(space), quote(&self.table.name))
    }

    /// The statement that makes it.
    pub(in crate::engine::postgres) fn create(&self) -> String {
        format!(
            "SELECT cron.schedule({}, {}, {})",
            literal(&self.name),
            literal(&self.schedule()),
            literal(&self.command())
        )
    }

    /// The statement that takes it away. What has another schedule, command, owner or database, or is paused, is not it
    /// any more: then nothing is taken.
    pub(in crate::engine::postgres) fn take(&self) -> String {
        format!(
            "SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = {} AND username = current_user AND database = \
             current_database() AND schedule = {} AND command = {} AND active",
            literal(&self.name),
            literal(&self.schedule()),
            literal(&self.command())
        )
    }
}

impl Form {
    /// The job.
    pub(in crate::engine::postgres) fn job(&self) -> &Job {
        match self {
            Self::Make(job) | Self::Take(job) => job,
        }
    }
}

/// The statement of a kind of upkeep, up to the table.
fn verb(upkeep: Upkeep) -> &'static str {
    if upkeep == Upkeep::Vacuum { "VACUUM (ANALYZE)" } else { "ANALYZE" }
}

/// A name that `cron.job` keeps whole: of a longer one the beginning, and what tells it from others that begin alike.
fn fitting(name: &str) -> String {
    if name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let end = (0..=KEPT).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    let mut fitting = format!("{}_", &name[..end]);
    for byte in Sha256::digest(name.as_bytes()).iter().take(4) {
        let _ = write!(fitting, "{byte:02x}");
    }
    fitting
}

/// Reads a statement of these forms; none for any other.
pub(in crate::engine::postgres) fn read(text: &str) -> Option<Form> {
    let tokens = lexer::meaningful(text, Lexis::Postgres);
    let literals: Option<Vec<String>> =
        tokens.iter().filter(|token| token.kind == Kind::Text).map(|token| plain(&text[token.range.clone()])).collect();
    let literals = literals?;
    let [name, schedule, command] = literals.as_slice() else { return None };
    let job = job(name, schedule, command)?;
    // Exactly this, so that nothing is overlooked.
    if job.create() == text {
        Some(Form::Make(job))
    } else if job.take() == text {
        Some(Form::Take(job))
    } else {
        None
    }
}

/// The job of ours that a row of `cron.job` is; none for anybody else's.
pub(in crate::engine::postgres) fn job(name: &str, schedule: &str, command: &str) -> Option<Job> {
    let (upkeep, table) = UPKEEP.iter().find_map(|upkeep| Some((*upkeep, command.strip_prefix(verb(*upkeep))?)))?;
    let tokens = lexer::meaningful(table, Lexis::Postgres);
    let [space, _, name_of_table] = tokens.as_slice() else { return None };
    let part = |token: &lexer::Token| {
        let text = &table[token.range.clone()];
        if token.kind == Kind::QuotedName { unquote(text, '"') } else { Some(text.to_owned()) }
    };
    let table = ObjectRef { space: Some(part(space)?), name: part(name_of_table)? };
    HOURS
        .into_iter()
        .filter_map(|hours| Job::named(name.to_owned(), hours, upkeep, &table).ok())
        .find(|job| job.schedule() == schedule && job.command() == command)
}

/// What a literal stands for, in the two forms that we write.
fn plain(literal: &str) -> Option<String> {
    match literal.strip_prefix('E') {
        Some(escaped) => Some(unquote(escaped, '\'')?.replace("\\\\", "\\")),
        None => unquote(literal, '\''),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::guard::{Author, Catalog, Verdict};
    use crate::engine::postgres::dialect::DIALECT;

    fn made(space: &str, table: &str, hours: u32, upkeep: Upkeep) -> Job {
        let name = ObjectRef::new(space, &format!("dba_gpt_upkeep_{table}"));
        Job::new(&name, hours, upkeep, &ObjectRef::new(space, table)).unwrap()
    }

    #[test]
    fn it_has_one_exact_form_and_its_way_back() {
        let job = made("app", "orders", 6, Upkeep::Analyze);
        assert_eq!(
            job.create(),
            "SELECT cron.schedule('app.dba_gpt_upkeep_orders', '3 */6 * * *', 'ANALYZE app.orders')"
        );
        assert_eq!(
            job.take(),
            "SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = 'app.dba_gpt_upkeep_orders' AND username = \
             current_user AND database = current_database() AND schedule = '3 */6 * * *' AND command = \
             'ANALYZE app.orders' AND active"
        );
        for (space, table) in
            [("app", "orders"), ("My App", "it's"), ("a\"b", "c.d"), ("x", "back\\slash"), ("é", "ü;--")]
        {
            for hours in HOURS {
                for upkeep in UPKEEP {
                    let job = made(space, table, hours, upkeep);
                    assert_eq!(read(&job.create()), Some(Form::Make(job.clone())));
                    assert_eq!(read(&job.take()), Some(Form::Take(job.clone())));
                    for statement in [job.create(), job.take()] {
                        let judged = DIALECT.classify(&statement, Author::Person, &Catalog::default());
                        assert_eq!(judged.verdict, Verdict::NeedsApproval, "{statement}: {}", judged.reason);
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_else_is_taken_for_one() {
        let (make, take) = (made("a", "t", 6, Upkeep::Vacuum).create(), made("a", "t", 6, Upkeep::Vacuum).take());
        for other in [
            make.replace("VACUUM (ANALYZE) a.t", "VACUUM (ANALYZE) a.t; DROP TABLE a.t"),
            make.replace("VACUUM (ANALYZE)", "VACUUM FULL"),
            make.replace("VACUUM (ANALYZE) a.t", "DELETE FROM a.t"),
            make.replace("a.t'", "t'"),
            make.replace("*/6", "*/5"),
            make.replace("cron.schedule", "cron.schedule_in_database"),
            make.replace("cron.", "evil."),
            format!("{make}, pg_reload_conf()"),
            take.replace(" AND active", ""),
            take.replace("username = current_user", "username = 'postgres'"),
            take.replace("unschedule(jobid)", "unschedule(1)"),
            take.to_lowercase(),
        ] {
            assert_eq!(read(&other), None, "{other}");
        }
    }

    #[test]
    fn names_that_are_too_long_stay_apart() {
        let of = |table: String| made("warehouse", &table, 24, Upkeep::Vacuum);
        let (one, other) = (of(format!("{}1", "é".repeat(31))), of(format!("{}2", "é".repeat(31))));
        assert!(one.name.len() <= LONGEST_NAME && one.name.starts_with("warehouse.dba_gpt_upkeep_é"), "{}", one.name);
        assert_ne!(one.name, other.name);
        assert_eq!(read(&one.create()), Some(Form::Make(one)));
    }

    #[test]
    fn what_cannot_be_one_says_why() {
        let (name, table) = (ObjectRef::new("a", "e"), ObjectRef::new("a", "t"));
        let refused = |hours, upkeep, table: &ObjectRef| Job::new(&name, hours, upkeep, table).unwrap_err();
        assert!(refused(5, Upkeep::Analyze, &table).contains("every 1, 2, 3"));
        assert!(refused(0, Upkeep::Analyze, &table).contains("hours of a day"));
        assert!(refused(24, Upkeep::Freeze, &table).contains("run by itself"));
        assert!(refused(24, Upkeep::Compact, &table).contains("run by itself"));
        assert!(refused(24, Upkeep::Analyze, &ObjectRef::new("", "t")).contains("which schema"));
        assert!(refused(24, Upkeep::Analyze, &ObjectRef::new("a", "t\n")).contains("plain characters"));
        assert!(refused(24, Upkeep::Analyze, &ObjectRef::new("a", &"x".repeat(64))).contains("63 bytes"));
    }
}

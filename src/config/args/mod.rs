//! The command line: what is typed. Help texts, completions and the man page are all made from these types.

mod approvals;
mod healing;
mod incidents;
mod rules;
mod setup;

pub use approvals::{ApprovalsAction, AuditAction};
pub use healing::{Diagnose, FixesAction};
pub use incidents::{IncidentsAction, ListIncidents};
pub use rules::{AddRule, RulesAction};
pub use setup::{ConfigAction, ConfigCheck, TargetsAction, VaultAction};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A terminal for database administrators: watch, ask and understand PostgreSQL, MySQL and MariaDB, MongoDB, Redis and
/// Valkey, and SQLite.
///
/// Without a command it opens the terminal app on the configured targets. With no configuration and no --target it
/// opens an embedded demo database, and says so. Everything that it sends to a server only reads.
// Usage errors end the program with exit code 2, as clap does by itself.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "dba-gpt",
    version,
    after_help = "Exit codes: 0 fine; 1 findings, an unhealthy target, a server's error or no answer; 2 wrong usage \
        or configuration; 3 target unreachable; 4 refused by the guard; 5 our own fault.",
    disable_help_subcommand = true
)]
pub struct Args {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do; the terminal app when absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command takes, before or after its name.
#[derive(Debug, Clone, Default, ClapArgs)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// Use this target: a name from the configuration, a URL, or the path of a database file. Repeatable.
    ///
    /// URLs begin with `postgres://`, `mysql://`, `mariadb://`, `mongodb://`, `mongodb+srv://`, `redis://`, `rediss://`,
    /// `valkey://`, `valkeys://`, `unix://` (a Redis socket) or `sqlite:`; paths end in `.db`, `.sqlite` or `.sqlite3`. A
    /// password in a URL can be seen by every user of this machine: prefer the engine's own password file or
    /// `password_command`.
    #[arg(long = "target", short = 't', value_name = "T", global = true)]
    pub targets: Vec<String>,
    /// Read this file instead of config.toml and conf.d.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Use the embedded demo database, whatever the configuration says. Its target is called `demo`.
    #[arg(long, global = true)]
    pub demo: bool,
    /// Ask for the password of each target before connecting; it wins over every other source.
    #[arg(long = "password", short = 'W', global = true)]
    pub ask_password: bool,
    /// Use no language model. This version has none, so it changes nothing; scripts may give it already.
    #[arg(long, global = true, hide = true)]
    pub no_llm: bool,
    /// Work line by line, without drawing: for dumb terminals and screen readers.
    #[arg(long, global = true)]
    pub plain: bool,
}

/// The headless commands: stdout is data, stderr is talk.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Answer one question about a database, showing the statement that was run.
    Ask(Ask),
    /// Run one statement that only reads, behind the guard.
    Sql(Sql),
    /// Judge statements from standard input without any database.
    Guard(Guard),
    /// Say what an error is: code, kind, object, signature, whether trying again helps. No database is needed.
    Errors {
        /// What to do with it.
        #[command(subcommand)]
        action: ErrorsAction,
    },
    /// Read server logs: what went wrong, how often, and since when.
    Logs {
        /// What to do with them.
        #[command(subcommand)]
        action: LogsAction,
    },
    /// Try the guard on the attacks that ship with it, and the gates behind it on a server of your own.
    Selftest(Selftest),
    /// Provoke a real error on the demo or on a target that is not production, to see what becomes of it.
    Simulate(Simulate),
    /// Sample every target once and say how it is.
    Health(Health),
    /// Watch a server for some seconds and say what is wrong with it, why, and what would help.
    Diagnose(Diagnose),
    /// Say what works here and what is missing: terminal, files, targets, rights.
    Doctor(Doctor),
    /// Show, check and find the configuration.
    Config {
        /// What to do with it.
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// List the targets, or try to connect to them.
    Targets {
        /// What to do with them.
        #[command(subcommand)]
        action: TargetsAction,
    },
    /// Keep passwords in a sealed file of our own, for `password = "${vault:NAME}"`.
    ///
    /// The vault opens with a passphrase, which is asked for, or with a key file (`key_file` below `[vault]`).
    Vault {
        /// What to do with it.
        #[command(subcommand)]
        action: VaultAction,
    },
    /// Show what waits for a person's decision, what became of the rest, and say no.
    Approvals {
        /// What to do with it.
        #[command(subcommand)]
        action: ApprovalsAction,
    },
    /// Show everything that was ever changed, each with what undoes it, and propose an undo.
    Fixes {
        /// What to do with it.
        #[command(subcommand)]
        action: FixesAction,
    },
    /// Keep watch rules of your own: tell me when a metric is above or below a number for a while.
    Rules {
        /// What to do with them.
        #[command(subcommand)]
        action: RulesAction,
    },
    /// Watch the targets without a screen: the same detection of errors as in the app, beside it on the same store, so that
    /// it goes on when nobody is logged in. A line for each incident that opens, escalates or ends, for what is found out
    /// about its cause, and for each fix that waits for your approval.
    Watch(Watch),
    /// Show what went wrong, everything about one incident, or the handover of a shift.
    Incidents {
        /// What to do with them.
        #[command(subcommand)]
        action: IncidentsAction,
    },
    /// Check or print the tamper-evident log of every decision and act.
    Audit {
        /// What to do with it.
        #[command(subcommand)]
        action: AuditAction,
    },
    /// Print the completion script of a shell.
    Completions {
        /// The shell to write it for.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, in roff.
    Man,
}

/// `ask`: one chat turn without the screen.
#[derive(Debug, Clone, ClapArgs)]
pub struct Ask {
    /// The question, or a statement; quotes around it are optional.
    #[arg(required = true, value_name = "QUESTION")]
    pub words: Vec<String>,
    /// Print one JSON object: answer, statements, columns, rows, truncated, source.
    #[arg(long)]
    pub json: bool,
}

impl Ask {
    /// The question as one line of text.
    pub fn question(&self) -> String {
        self.words.join(" ")
    }
}

/// `sql`: one guarded, read-only run.
#[derive(Debug, Clone, ClapArgs)]
pub struct Sql {
    /// The statement, or `-` to read it from standard input.
    #[arg(value_name = "STATEMENT|-", allow_hyphen_values = true)]
    pub statement: String,
    /// How to print the rows.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Print one JSON object: answer, statements, columns, rows, truncated, source.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Print at most this many rows; the default is `limits.rows` of the configuration.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub limit: Option<usize>,
    /// File a statement that changes something as a proposal, for a person to approve. Nothing is changed by this.
    #[arg(long, conflicts_with_all = ["format", "limit"])]
    pub propose: bool,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns for people.
    Table,
    /// One JSON object a line.
    Json,
    /// Comma-separated values with a header line.
    Csv,
    /// A Markdown table.
    Md,
}

/// `guard`: verdicts for statements, one a line: `verdict<TAB>class<TAB>reason`.
#[derive(Debug, Clone, ClapArgs)]
pub struct Guard {
    /// Whose grammar to read them by: `postgres`, `mysql`, `mongodb`, `redis` or `sqlite`.
    #[arg(long, value_name = "E")]
    pub engine: String,
    /// Who wrote the statements; a model is allowed less than a person.
    #[arg(long, value_enum, default_value_t = Author::Model)]
    pub author: Author,
    /// A JSON file that names views, functions and operators; without it, relations count as plain tables.
    #[arg(long, value_name = "FILE.json")]
    pub catalog: Option<PathBuf>,
    /// Take every input line as one statement, with the escapes \\ \n \r \t \u{hex}; one output line for each.
    #[arg(long)]
    pub lines: bool,
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// What to do with an error.
#[derive(Debug, Clone, Subcommand)]
pub enum ErrorsAction {
    /// Name the error on standard input, from its text alone; one JSON object a line.
    Classify(Classify),
}

/// `errors classify`: one message, or one a line.
#[derive(Debug, Clone, ClapArgs)]
pub struct Classify {
    /// Whose errors they are: `postgres`, `mysql`, `mongodb`, `redis`, `sqlite` or `oracle`.
    #[arg(long, value_name = "E")]
    pub engine: String,
    /// Take every input line as one message, with the escapes \\ \n \r \t \u{hex}; one output line for each.
    #[arg(long)]
    pub lines: bool,
    /// Print one JSON object a line, which it always does; for scripts that give it everywhere.
    #[arg(long)]
    pub json: bool,
}

/// `watch`: the headless monitor.
#[derive(Debug, Clone, ClapArgs)]
pub struct Watch {
    /// Look at every target and its logs once, say what is open, and end: exit code 1 when something is.
    #[arg(long)]
    pub once: bool,
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// What to do with logs.
#[derive(Debug, Clone, Subcommand)]
pub enum LogsAction {
    /// Read log files into the error history of a target, and say what is in them.
    ///
    /// Files may be compressed with gzip, and are read in the order of their first events. How far each was read is
    /// kept, so that reading it again, renamed or compressed meanwhile, adds only what is new in it.
    Ingest(Ingest),
}

/// `logs ingest`: server logs -> events -> incidents, and a summary by signature.
#[derive(Debug, Clone, ClapArgs)]
pub struct Ingest {
    /// The files, or `-` for standard input, of which no place is kept.
    #[arg(required = true, value_name = "FILE|-")]
    pub files: Vec<PathBuf>,
    /// Whose logs they are: `postgres`, `mysql`, `mongodb` or `redis`. The default is the engine of the target.
    #[arg(long, value_name = "E")]
    pub engine: Option<String>,
    /// Their format: `auto`, `stderr`, `csv`, `json`, `syslog`, `slow`, `error`, `mongo` or `redis`; each engine has its
    /// own of these.
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub format: String,
    /// The server's `log_line_prefix`; without it, it is worked out from the lines.
    #[arg(long, value_name = "LOG_LINE_PREFIX", allow_hyphen_values = true)]
    pub prefix: Option<String>,
    /// Keep nothing: only say what is in the files. No target is needed.
    #[arg(long)]
    pub dry_run: bool,
    /// Print every event as one JSON object a line instead of the summary.
    #[arg(long)]
    pub json: bool,
}

/// `selftest`: the case list against this build; with `--target`, the gates of that server too.
///
/// With a target only harmless statements are sent, and what the guard refuses is not. Use a staging server: a target
/// that is marked as production is not taken.
#[derive(Debug, Clone, ClapArgs)]
pub struct Selftest {
    /// Run the attacks of the case list.
    #[arg(long, required = true)]
    pub attacks: bool,
    /// Print one JSON object a line: the cases, the gates, the numbers.
    #[arg(long)]
    pub json: bool,
}

/// `simulate`: a real error on purpose; without a name, the list of what the target can be made to give.
///
/// The configuration of the target has to say environment = "dev" or "stage". What is sent are constants of the program;
/// what it makes on the server is named `dba_gpt_simulation_...` and is removed again.
#[derive(Debug, Clone, ClapArgs)]
pub struct Simulate {
    /// Which one, as the list names it.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Do not ask. Needed where standard input is no terminal, but for the demo.
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON object a line: what can be provoked, or the errors that the server gave.
    #[arg(long)]
    pub json: bool,
}

/// Who wrote a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Author {
    /// A language model.
    Model,
    /// A person.
    Person,
}

/// `health`: one sample of every target, or a stream of them.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Health {
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
    /// Go on at the refresh rate of each target, until interrupted.
    #[arg(long)]
    pub watch: bool,
}

/// `doctor`: what works here.
#[derive(Debug, Clone, ClapArgs)]
pub struct Doctor {
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "it must be a whole number of at least 1".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn targets_repeat_on_either_side_of_the_command() {
        let before = Args::try_parse_from(["dba-gpt", "--target", "a", "-t", "b", "health", "--json"]).unwrap();
        assert_eq!(before.common.targets, ["a", "b"]);
        let after = Args::try_parse_from(["dba-gpt", "health", "--target", "a", "-t", "b"]).unwrap();
        assert_eq!(after.common.targets, ["a", "b"]);
    }

    #[test]
    fn a_question_needs_no_quotes() {
        let args = Args::try_parse_from(["dba-gpt", "ask", "how", "many", "orders?", "--json"]).unwrap();
        let Some(Command::Ask(ask)) = args.command else { panic!("{args:?}") };
        assert_eq!((ask.question().as_str(), ask.json), ("how many orders?", true));
    }

    #[test]
    fn a_statement_may_begin_with_a_comment_or_be_read_from_a_pipe() {
        for statement in ["-- why\nselect 1", "-"] {
            let args = Args::try_parse_from(["dba-gpt", "sql", statement, "--format", "csv"]).unwrap();
            let Some(Command::Sql(sql)) = args.command else { panic!("{args:?}") };
            assert_eq!((sql.statement.as_str(), sql.format), (statement, Format::Csv));
        }
    }

    #[test]
    fn a_proposal_is_named_with_or_without_its_sign() {
        for id in ["58", "#58"] {
            let args = Args::try_parse_from(["dba-gpt", "approvals", "show", id]).unwrap();
            let Some(Command::Approvals { action: ApprovalsAction::Show { id, .. } }) = args.command else { panic!() };
            assert_eq!(id, 58);
        }
    }

    #[test]
    fn wrong_usage_is_exit_code_2() {
        for wrong in [
            &["dba-gpt", "--nonsense"][..],
            &["dba-gpt", "ask"],
            &["dba-gpt", "sql", "select 1", "--limit", "0"],
            &["dba-gpt", "guard"],
            &["dba-gpt", "config"],
            &["dba-gpt", "completions", "dos"],
            &["dba-gpt", "audit"],
            &["dba-gpt", "approvals", "show", "0"],
            &["dba-gpt", "diagnose", "--seconds", "0"],
            &["dba-gpt", "diagnose", "--focus", "gremlins"],
            &["dba-gpt", "fixes"],
            &["dba-gpt", "fixes", "undo", "0"],
            &["dba-gpt", "approvals", "deny", "the", "last"],
        ] {
            let error = Args::try_parse_from(wrong).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }
}

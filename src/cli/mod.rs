//! The headless twin of the screens, one file per command: stdout is data, stderr is talk.
//!
//! ```text
//! ask  sql           one turn of a chat: plan, guard, read, print     answer   the printed forms of it
//! health             the state machine of `app`, driven by rounds     rounds   collections of many targets at once
//! selftest           the case list against this build and a server
//! simulate           a real error on purpose
//! approvals  approve what waits for a person, and the one way to say yes
//! audit              the log of every decision and act
//! diagnose           what is wrong with a server now, why, and what would help
//! rules              what the person wants to hear of in time
//! fixes              what was ever changed, and how it is undone
//! incidents          what went wrong, and the handover of a shift
//! logs               files of servers -> events -> the error history
//! guard  config  targets  vault  doctor  completions                  host     what the runtime does for a command
//! ```
//!
//! A command gets its connections, its clock and its streams handed in, so every one of them runs in a test.

mod answer;
mod approvals;
mod approve;
mod ask;
mod audit;
mod completions;
mod config;
mod config_check;
mod diagnose;
mod doctor;
mod errors;
mod fixes;
mod guard;
mod health;
mod host;
mod incidents;
mod logs;
mod print;
mod rounds;
mod rules;
mod selftest;
mod simulate;
mod sql;
mod targets;
mod turn;
mod vault;

pub use approvals::{Proposals, UnreadRow};
pub use audit::{AuditCheck, AuditEntry, AuditTrouble};
pub use host::{Headless, HeadlessTarget, Host, Terminal};
pub use turn::library;
pub use vault::{VaultAnswer, VaultOrder, VaultTrouble};

use crate::config::args::{ApprovalsAction, Command, ErrorsAction, FixesAction, LogsAction, TargetsAction};
use crate::config::{Config, Demo, Mistakes};
use std::io;

/// How a command ends. These numbers are an interface: scripts depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Fine.
    Fine,
    /// Findings, an unhealthy target, a server's error, or no answer.
    Findings,
    /// Wrong usage or configuration.
    Usage,
    /// A target cannot be reached.
    Unreachable,
    /// Refused by the guard.
    Refused,
    /// Our own fault.
    Fault,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Refused => 4,
            Self::Fault => 5,
        }
    }
}

/// Why a command ended before its end.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Nobody reads our output any more (`| head`): no failure, and nothing to say.
    Unread,
    /// With this code and these words.
    With(Exit, String),
}

impl Ended {
    fn with(exit: Exit, words: impl Into<String>) -> Self {
        Self::With(exit, words.into())
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::With(Exit::Fault, format!("the output could not be written: {error}")),
        }
    }
}

type Outcome = Result<Exit, Ended>;

/// Runs one command to its end and gives the exit code. Everything there is to say has been said on its streams.
///
/// A broken configuration is handed in as it is: some commands need none, and `config check` wants to see it.
pub async fn run(command: Command, configuration: Result<Config, Mistakes>, io: &mut Headless<'_>) -> u8 {
    let outcome = dispatch(command, &configuration, io).await;
    let flushed = io.stdout.flush().map_err(Ended::from);
    let exit = match outcome.and_then(|exit| flushed.map(|()| exit)) {
        Ok(exit) => exit,
        Err(Ended::Unread) => Exit::Fine,
        Err(Ended::With(exit, words)) => {
            io.say(&format!("dba-gpt: {words}"));
            exit
        }
    };
    exit.code()
}

async fn dispatch(command: Command, configuration: &Result<Config, Mistakes>, io: &mut Headless<'_>) -> Outcome {
    match &command {
        Command::Guard(args) => return guard::run(args, io),
        Command::Errors { action: ErrorsAction::Classify(args) } => return errors::run(args, io),
        Command::Logs { action: LogsAction::Ingest(args) } if args.dry_run => return logs::run(args, io).await,
        Command::Completions { shell } => return completions::script(*shell, io),
        Command::Man => return completions::man(io),
        Command::Selftest(args) if !io.targets_were_named() && !io.common.demo => return selftest::run(args, io).await,
        Command::Config { action } => return config::run(*action, configuration, io).await,
        Command::Doctor(args) => {
            make_ready(configuration, io).await?;
            return doctor::run(args, configuration, io).await;
        }
        _ => {}
    }
    let config = match configuration {
        Ok(config) => config,
        Err(mistakes) => return Err(Ended::with(Exit::Usage, mistakes.to_string())),
    };
    for warning in &config.warnings {
        io.say(&format!("warning: {warning}"));
    }
    match &command {
        Command::Vault { action } => return vault::run(action, io).await,
        // What is kept is looked at without connecting to anything; who approves needs the way to its target.
        Command::Approvals { action: ApprovalsAction::Approve { .. } } => make_ready(configuration, io).await?,
        Command::Approvals { action } => return approvals::run(action, io).await,
        Command::Audit { action } => return audit::run(action, io).await,
        Command::Fixes { action: FixesAction::List { json } } => return fixes::list(*json, io).await,
        Command::Incidents { action } => return incidents::run(action, io).await,
        Command::Rules { action } => {
            forget_unwanted_demo(configuration, io);
            return rules::run(action, config, io).await;
        }
        // Files are read and the store is written: nobody is connected to.
        Command::Logs { action: LogsAction::Ingest(args) } => {
            forget_unwanted_demo(configuration, io);
            return logs::run(args, io).await;
        }
        // A list connects to nothing, so nobody is asked for a password.
        Command::Targets { action: TargetsAction::List { .. } } => forget_unwanted_demo(configuration, io),
        Command::Simulate(args) => {
            forget_unwanted_demo(configuration, io);
            return simulate::run(args, io).await;
        }
        _ => make_ready(configuration, io).await?,
    }
    match command {
        Command::Ask(args) => ask::run(&args, config, io).await,
        Command::Sql(args) => sql::run(&args, config, io).await,
        Command::Health(args) => health::run(&args, io).await,
        Command::Diagnose(args) => diagnose::run(&args, config, io).await,
        Command::Fixes { action: FixesAction::Undo { id, json } } => fixes::undo(id, json, io).await,
        Command::Targets { action } => targets::run(&action, config, io).await,
        Command::Selftest(args) => selftest::run(&args, io).await,
        Command::Approvals { action } => approvals::run(&action, io).await,
        Command::Guard(_)
        | Command::Watch(_)
        | Command::Errors { .. }
        | Command::Logs { .. }
        | Command::Completions { .. }
        | Command::Man
        | Command::Config { .. }
        | Command::Vault { .. }
        | Command::Audit { .. }
        | Command::Fixes { action: FixesAction::List { .. } }
        | Command::Simulate(_)
        | Command::Incidents { .. }
        | Command::Rules { .. }
        | Command::Doctor(_) => Ok(Exit::Fine),
    }
}

/// The terminal app opens the demo by itself when there is no target, and
/// says so on the screen; a script must not take a shop that does not exist for the database that it was meant for.
fn forget_unwanted_demo(configuration: &Result<Config, Mistakes>, io: &mut Headless<'_>) {
    if configuration.as_ref().is_ok_and(|config| config.demo == Demo::NothingConfigured) {
        io.targets.clear();
    }
}

/// Makes the targets ready to be connected to.
async fn make_ready(configuration: &Result<Config, Mistakes>, io: &mut Headless<'_>) -> Result<(), Ended> {
    forget_unwanted_demo(configuration, io);
    prepare(io).await
}

/// Passwords that only the person knows, and the demo's database.
async fn prepare(io: &Headless<'_>) -> Result<(), Ended> {
    if io.targets.is_empty() {
        return Ok(());
    }
    io.host.prepare().await.map_err(|words| Ended::with(Exit::Fault, words))
}

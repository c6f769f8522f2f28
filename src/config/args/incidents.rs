//! The command line of `incidents`.

use crate::config::units::parse_duration;
use crate::domain::error::kind::{ErrorKind, Severity};
use clap::{Args as ClapArgs, Subcommand};
use std::time::Duration;

/// What `incidents` does. Nothing is connected to: what is kept is looked at.
#[derive(Debug, Clone, Subcommand)]
pub enum IncidentsAction {
    /// List those that are open first, the worst on top, then the latest others.
    List(ListIncidents),
    /// Print everything about one: its facts, its last message and statement, its pattern and its timeline.
    Show {
        /// Its number, with or without `INC-`.
        #[arg(value_name = "ID", value_parser = incident_number)]
        id: u64,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print the handover of a shift as Markdown: what is open, what was resolved, what comes again, what is silenced,
    /// what was changed, and the numbers.
    Export {
        /// The length of the shift: `12h`, `90m`, `7d`.
        #[arg(long, value_name = "TIME", default_value = "12h", value_parser = time)]
        since: Duration,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// `incidents list`: which ones. With `--target`, those of the named targets.
#[derive(Debug, Clone, ClapArgs)]
pub struct ListIncidents {
    /// At least this bad: `info`, `warning`, `error`, `critical`.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub severity: Option<Severity>,
    /// Of this kind: `DISK_FULL`, `DEADLOCK`, ...
    #[arg(long, value_name = "KIND", value_parser = error_kind)]
    pub kind: Option<ErrorKind>,
    /// Also list every one that was resolved.
    #[arg(long)]
    pub all: bool,
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

pub(super) fn incident_number(text: &str) -> Result<u64, String> {
    let upper = text.to_ascii_uppercase();
    let digits = upper.strip_prefix("INC-").unwrap_or(&upper);
    digits.parse().ok().filter(|n| *n > 0).ok_or_else(|| "it must be a number as `incidents list` shows it".to_owned())
}

pub(super) fn severity(text: &str) -> Result<Severity, String> {
    let words = || Severity::ALL.map(Severity::word).join(", ");
    Severity::from_word(&text.to_ascii_lowercase()).ok_or_else(|| format!("it must be one of {}", words()))
}

fn error_kind(text: &str) -> Result<ErrorKind, String> {
    let words = || ErrorKind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    ErrorKind::from_word(&text.to_ascii_uppercase()).ok_or_else(|| format!("it must be one of {}", words()))
}

fn time(text: &str) -> Result<Duration, String> {
    let wanted = "it must be a time as a number and a unit: \"90m\", \"12h\", \"7d\"";
    parse_duration(text).filter(|time| !time.is_zero()).ok_or_else(|| wanted.to_owned())
}

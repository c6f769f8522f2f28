//! The command lines of `diagnose` and `fixes`.

use super::approvals::proposal_number;
use super::incidents::incident_number;
use crate::domain::diagnosis::{Cause, MOST_SECONDS};
use clap::{Args as ClapArgs, Subcommand, value_parser};

/// `diagnose`: watches, then prints possible causes, the likeliest first.
///
/// Nothing is changed. Exit code 0 when no cause is supported, 1 when one is, 3 when the target cannot be reached.
#[derive(Debug, Clone, ClapArgs)]
pub struct Diagnose {
    /// For how many seconds; the default is `diagnosis.seconds` of the configuration.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=i64::from(MOST_SECONDS)))]
    pub seconds: Option<u32>,
    /// Look at this cause above all: `lock_wait_chain`, `missing_index`, ...
    #[arg(long, value_name = "CAUSE", value_parser = cause)]
    pub focus: Option<Cause>,
    /// Ask about this incident: its object and its statement are looked at as well.
    #[arg(long, value_name = "ID", value_parser = incident_number)]
    pub incident: Option<u64>,
    /// Print one JSON object a line: rank, cause, verdict, confidence, evidence, fix, `consequence_of`, target, about.
    #[arg(long)]
    pub json: bool,
}

/// What `fixes` does. Nothing is connected to for the list.
#[derive(Debug, Clone, Subcommand)]
pub enum FixesAction {
    /// List what was changed, the newest first, and whether it can be undone.
    List {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Propose what undoes a change, for a person to approve. Nothing is changed by this.
    Undo {
        /// The number of the change, with or without `#`.
        #[arg(value_name = "ID", value_parser = proposal_number)]
        id: u64,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

fn cause(text: &str) -> Result<Cause, String> {
    let words = || Cause::ALL.iter().map(|cause| cause.word()).collect::<Vec<_>>().join(", ");
    Cause::from_word(&text.to_ascii_lowercase()).ok_or_else(|| format!("it must be one of {}", words()))
}

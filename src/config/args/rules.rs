//! The command line of `rules`.

use super::approvals::proposal_number;
use super::incidents::{incident_number, severity};
use crate::config::units::parse_duration;
use crate::domain::error::kind::Severity;
use clap::{Args as ClapArgs, Subcommand};
use std::time::Duration;

/// What `rules` does. Nothing is connected to: the app and `watch` hold the rules against what they measure.
#[derive(Debug, Clone, Subcommand)]
pub enum RulesAction {
    /// List the rules, and which of them are told of now.
    List {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Keep a rule: `rules add connections above 80% for 60s`.
    Add(AddRule),
    /// Delete a rule; what it told of is over.
    Delete {
        /// Its number.
        #[arg(value_name = "ID", value_parser = proposal_number)]
        id: u64,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// List the metrics that a rule can be about.
    Metrics {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

/// `rules add`: what is told of, and why.
#[derive(Debug, Clone, ClapArgs)]
pub struct AddRule {
    /// `METRIC above|below NUMBER for TIME`, `check NAME above NUMBER`, `dead_rows of SCHEMA.TABLE above 10%`.
    #[arg(value_name = "CONDITION", required = true, num_args = 1..)]
    pub condition: Vec<String>,
    /// Why.
    #[arg(long, value_name = "WORDS", default_value = "you wanted it")]
    pub reason: String,
    /// How bad it is: `info`, `warning`, `error`, `critical`.
    #[arg(long, value_name = "SEVERITY", value_parser = severity, default_value = "warning")]
    pub severity: Severity,
    /// The incident that it shall keep from coming again; the rule sleeps while that one is open.
    #[arg(long, value_name = "ID", value_parser = incident_number)]
    pub incident: Option<u64>,
    /// For how long it is kept: `30d`, `12h`. Without it, until somebody deletes it.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub keep: Option<Duration>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

fn time(text: &str) -> Result<Duration, String> {
    let wanted = "it must be a time as a number and a unit: \"12h\", \"30d\"";
    parse_duration(text).filter(|time| !time.is_zero()).ok_or_else(|| wanted.to_owned())
}

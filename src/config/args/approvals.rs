//! The command lines of `approvals` and `audit`.

use clap::Subcommand;

/// What `approvals` does. An act is approved on a terminal and nowhere else.
#[derive(Debug, Clone, Subcommand)]
pub enum ApprovalsAction {
    /// List what waits first, then the latest others.
    List {
        /// List everything that was ever decided.
        #[arg(long)]
        all: bool,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Print everything about one: the exact statement with invisible characters made visible, what it would do, how
    /// it is undone, and what happened to it.
    Show {
        /// Its number, with or without `#`.
        #[arg(value_name = "ID", value_parser = proposal_number)]
        id: u64,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Read one that waits to its end, on a terminal, and carry it out. Nothing is approved by a pipe or a script.
    Approve {
        /// Its number, with or without `#`.
        #[arg(value_name = "ID", value_parser = proposal_number)]
        id: u64,
    },
    /// Say whether one that ran did help, and why: it counts with its fix the next time.
    Rate {
        /// Its number, with or without `#`.
        #[arg(value_name = "ID", value_parser = proposal_number)]
        id: u64,
        /// Whether it helped.
        #[arg(value_name = "up|down", value_parser = ["up", "down"])]
        thumb: String,
        /// Why, in words.
        #[arg(value_name = "COMMENT")]
        comment: Vec<String>,
    },
    /// Say no to one that waits. Who said it, and why, is written to the audit log.
    Deny {
        /// Its number, with or without `#`.
        #[arg(value_name = "ID", value_parser = proposal_number)]
        id: u64,
        /// Why.
        #[arg(long, value_name = "WORDS")]
        reason: Option<String>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// What `audit` does. Nothing is ever deleted from the log.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditAction {
    /// Check every record against its keyed link, its place and the anchor outside the log. Exit code 1 names what
    /// was tampered with.
    Verify {
        /// Print one JSON object: exists, whole, file, anchors, records, head, tampering.
        #[arg(long)]
        json: bool,
    },
    /// Print every record, oldest first.
    Export {
        /// Print one JSON object a line: number, at, `at_ms`, kind, act, body.
        #[arg(long)]
        json: bool,
    },
    /// Put a log that is not whole aside, with its key and anchor, and begin another, whose first record says so.
    ///
    /// Until then nothing is changed on any server. A log that is whole is not put aside.
    Restart {
        /// What was found out about the old one.
        #[arg(long, value_name = "WORDS", required = true)]
        reason: String,
    },
}

pub(super) fn proposal_number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits.parse().ok().filter(|n| *n > 0).ok_or_else(|| "it must be a number as `approvals list` shows it".to_owned())
}

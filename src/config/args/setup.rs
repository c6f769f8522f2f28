//! The command lines of what is set up: `vault`, `config` and `targets`.

use clap::{Args as ClapArgs, Subcommand};

/// What `vault` does. No password is ever an argument: every user of a machine can read those.
#[derive(Debug, Clone, Subcommand)]
pub enum VaultAction {
    /// List the names, and when each was last set. Passwords are never printed.
    List {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Set a password: asked for twice, or the first line of standard input. Makes the vault where there is none.
    Set {
        /// The entry: letters, digits, `-`, `_`, `.`, `/` and `@`.
        name: String,
    },
    /// Remove a password.
    Remove {
        /// The entry.
        name: String,
    },
    /// Open the vault with another passphrase from now on, or with the key file.
    Rekey {
        /// Open it with the configured key file from now on, and with no passphrase.
        #[arg(long)]
        key_file: bool,
    },
}

/// What `config` does.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ConfigAction {
    /// Print every value with where it came from.
    Show {
        /// Print one JSON object a line: key, value, source.
        #[arg(long)]
        json: bool,
    },
    /// Report every mistake of the configuration, with its line, and how safe each target's connection is.
    ///
    /// Each target gets a score from 0 to 100, with the points of each reason and how to mend it. Exit code 2 if there
    /// is a mistake, 1 if a reason costs 15 points or more.
    Check(ConfigCheck),
    /// Print the folders and files that are used.
    Path,
    /// Print an example file that documents every key and holds the defaults.
    Example,
}

/// `config check`: mistakes, and the safety of connections.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct ConfigCheck {
    /// Log in to every target as well, to see what its login may do. Without it nothing is connected to.
    #[arg(long)]
    pub connect: bool,
    /// Print one JSON object a line: mistakes, warnings, then target, score, complete, reasons, others.
    #[arg(long)]
    pub json: bool,
}

/// What `targets` does.
#[derive(Debug, Clone, Subcommand)]
pub enum TargetsAction {
    /// Print the targets: name, engine, environment, address, and how the last attempt to connect went.
    List {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Connect to each target and say who answered, or why nobody did and which setting would mend it.
    ///
    /// A diagnosis makes at most three connections of a second each, to the target's own host. Corrected URLs are
    /// printed without their password, ready to be written into the configuration.
    Test {
        /// Only these targets.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

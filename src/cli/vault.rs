//! `vault`: the passwords that we keep ourselves. Names are data; a password is only ever read, from a terminal or
//! from standard input, and never printed or taken from an argument.

use super::host::object;
use super::{Ended, Exit, Headless, Outcome};
use crate::config::args::VaultAction;
use crate::config::{VAULT_NAME, is_vault_name};
use crate::domain::target::Timestamp;
use crate::domain::text::escape;
use crate::export::table::{Cell, TextTable};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use std::io::{BufRead as _, Read as _};

/// What the host is to do with the vault. It asks the person for what opens it, and for a password that is missing.
pub enum VaultOrder {
    /// Names and times of all entries.
    List,
    /// Set an entry, making the vault where there is none. Without a value the person is asked for it.
    Set(String, Option<SecretString>),
    /// Remove an entry.
    Remove(String),
    /// Seal the vault anew, with another passphrase or the key file of the configuration.
    Rekey {
        /// The key file, not a passphrase, opens it from now on.
        to_key_file: bool,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultAnswer {
    /// Names, each with when it was last set.
    Entries(Vec<(String, Timestamp)>),
    /// It is done, in words.
    Done(String),
}

/// What did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultTrouble {
    /// The passphrase is wrong, the entry is not there, somebody else writes: to be tried in another way.
    Refused(String),
    /// Files, permissions, no terminal: to be put right first.
    Settings(String),
}

/// A password longer than this is something else.
const LONGEST: u64 = 4096;

/// Does what was asked for.
pub(super) async fn run(action: &VaultAction, io: &mut Headless<'_>) -> Outcome {
    let order = match action {
        VaultAction::List { .. } => VaultOrder::List,
        VaultAction::Set { name } => VaultOrder::Set(known(name)?, value(io)?),
        VaultAction::Remove { name } => VaultOrder::Remove(known(name)?),
        VaultAction::Rekey { key_file } => VaultOrder::Rekey { to_key_file: *key_file },
    };
    match io.host.vault(order).await {
        Ok(VaultAnswer::Entries(entries)) => list(&entries, matches!(action, VaultAction::List { json: true }), io),
        Ok(VaultAnswer::Done(words)) => {
            io.say(&words);
            Ok(Exit::Fine)
        }
        Err(VaultTrouble::Refused(words)) => Err(Ended::with(Exit::Findings, words)),
        Err(VaultTrouble::Settings(words)) => Err(Ended::with(Exit::Usage, words)),
    }
}

fn known(name: &str) -> Result<String, Ended> {
    if is_vault_name(name) {
        Ok(name.to_owned())
    } else {
        Err(Ended::with(Exit::Usage, format!("`{}` cannot be an entry's name: it is {VAULT_NAME}", escape(name))))
    }
}

/// The first line of standard input; none where that is a terminal, because there the person is asked.
fn value(io: &mut Headless<'_>) -> Result<Option<SecretString>, Ended> {
    if io.terminal.input_is_terminal {
        return Ok(None);
    }
    let wrong = |words: &str| Ended::with(Exit::Usage, words);
    let mut line = Zeroizing::new(Vec::with_capacity(usize::try_from(LONGEST).unwrap_or_default() + 1));
    io.stdin.take(LONGEST + 1).read_until(b'\n', &mut line)?;
    let text = std::str::from_utf8(&line).map_err(|_| wrong("the password on standard input is not UTF-8 text"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    match text.len() as u64 {
        0 => Err(wrong("standard input has no password on its first line")),
        1..=LONGEST => Ok(Some(SecretString::from(text))),
        _ => Err(wrong("the first line of standard input is too long for a password")),
    }
}

fn list(entries: &[(String, Timestamp)], json: bool, io: &mut Headless<'_>) -> Outcome {
    if json {
        for (name, changed) in entries {
            let mut line = object();
            line.insert("name".into(), name.as_str().into());
            line.insert("changed".into(), changed.date_time(0).into());
            io.object(line)?;
        }
        return Ok(Exit::Fine);
    }
    let mut table = TextTable::new(&[("NAME", false), ("LAST SET", false)]);
    for (name, changed) in entries {
        table.push(vec![Cell::new(name), Cell::new(&changed.date_time(io.offset_minutes))]);
    }
    io.table(&table)?;
    Ok(Exit::Fine)
}

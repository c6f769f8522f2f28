//! Our own vault: one sealed file of passwords, opened by a passphrase or a key file.
//!
//! ```text
//! format   the bytes and what may be wrong with them     seal   keys, sealing, opening     file   on disk
//! ```
//!
//! Opening costs about 100 MB and a fifth of a second on purpose; callers open once and keep what they need.

mod file;
mod format;
mod seal;

pub use format::{Cost, OpenerKind};
pub use seal::Opener;

use super::private_file::Refused;
use file::VaultFile;
use seal::SealingKey;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zeroize::{Zeroize as _, Zeroizing};

/// What is wrong with a vault, or with an attempt to use it. Nothing is ever lost by an error: the file stays as it
/// was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is no vault yet.
    #[error("there is no vault yet: `dba-gpt vault set NAME` makes one")]
    Missing,
    /// The file is not a vault.
    #[error("this file is not a vault of dba-gpt")]
    NotAVault,
    /// The file ends too early.
    #[error("the vault is truncated: the end of the file is missing. Bring back a copy from a backup")]
    Truncated,
    /// Bytes have changed.
    #[error("the vault is damaged: its checksum is wrong. Bring back a copy from a backup")]
    Damaged,
    /// The key is right and the seal is not.
    #[error("the vault was changed by something that does not know its key: bring back a copy that you trust")]
    Tampered,
    /// A newer program wrote it.
    #[error("the vault has version {0}, which this program does not know: a newer dba-gpt wrote it")]
    Newer(u16),
    /// It asks for more memory or time than is sound.
    #[error("the vault asks for an unsound amount of memory or time to be opened: it was not made by dba-gpt")]
    Unbearable,
    /// The passphrase or key file is not the right one.
    #[error("{}", .0.wrong())]
    WrongOpener(OpenerKind),
    /// It is opened in the other way.
    #[error("{}", .0.wanted())]
    OtherOpener(OpenerKind),
    /// The key file cannot be used.
    #[error("the key file {} cannot be used: {why}", .path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The vault's own file or folder cannot be used.
    #[error("{} cannot be used: {why}", .path.display())]
    Refused {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        why: Refused,
    },
    /// The vault's folder is open to others.
    #[error("others may enter {} (mode {mode:04o}), where the vault is: run `chmod 700` on it", .path.display())]
    OpenFolder {
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// There is no such entry.
    #[error("the vault has no entry {0}: `dba-gpt vault list` shows what it has")]
    NoEntry(String),
    /// Somebody else writes.
    #[error("another dba-gpt is changing the vault: try again when it is done")]
    Busy,
    /// It would be too large.
    #[error("the vault is full")]
    Full,
    /// It could not be written.
    #[error("the vault could not be written and is as it was: {0}")]
    NotWritten(String),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

impl OpenerKind {
    fn wrong(self) -> &'static str {
        match self {
            Self::Passphrase => "this is not the vault's passphrase",
            Self::KeyFile => "this is not the vault's key file",
        }
    }
    fn wanted(self) -> &'static str {
        match self {
            Self::Passphrase => {
                "the vault opens with a passphrase: remove `key_file` below [vault], or `dba-gpt vault rekey`"
            }
            Self::KeyFile => "the vault opens with a key file: name it as `key_file` below [vault]",
        }
    }
}

/// One password.
#[derive(Clone)]
pub struct Entry {
    /// The password.
    pub value: SecretString,
    /// When it was last set, milliseconds since 1970.
    pub changed_ms: i64,
}

/// What a vault holds, by name.
pub type Entries = BTreeMap<String, Entry>;

/// The vault of a data folder, there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vault {
    file: VaultFile,
    cost: Cost,
}

impl Vault {
    /// The vault in this folder.
    pub fn of(data: &Path) -> Self {
        Self { file: VaultFile::of(data), cost: Cost::NEW }
    }

    /// The same with another cost for what is newly sealed; for tests that are not about the cost.
    #[must_use]
    pub fn with_cost(self, cost: Cost) -> Self {
        Self { cost, ..self }
    }

    /// Its file.
    pub fn path(&self) -> PathBuf {
        self.file.path()
    }

    /// How it is opened; none when there is no vault yet. Cheap: nothing is opened.
    pub fn kind(&self) -> Result<Option<OpenerKind>, VaultError> {
        let bytes = self.file.read()?;
        bytes.map(|bytes| format::take_apart(&bytes).map(|(header, _)| header.opener)).transpose()
    }

    /// Opens it and gives what it holds.
    pub fn open(&self, opener: &Opener) -> Result<Entries, VaultError> {
        let bytes = self.file.read()?.ok_or(VaultError::Missing)?;
        let (text, _) = seal::open(&bytes, opener)?;
        entries(&text)
    }

    /// Changes it. Where there is no vault yet, one is made that opens with `opener`.
    pub fn change<T>(
        &self,
        opener: &Opener,
        edit: impl FnOnce(&mut Entries) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let lock = self.file.lock()?;
        let (mut held, key) = match self.file.read()? {
            Some(bytes) => {
                let (text, key) = seal::open(&bytes, opener)?;
                (entries(&text)?, key)
            }
            None => (Entries::new(), SealingKey::new(opener, self.cost)?),
        };
        let answer = edit(&mut held)?;
        self.file.replace(&key.seal(&text(&held)?)?, &lock)?;
        Ok(answer)
    }

    /// Seals it anew, to be opened in another way from now on.
    pub fn rekey(&self, old: &Opener, new: &Opener) -> Result<(), VaultError> {
        let lock = self.file.lock()?;
        let bytes = self.file.read()?.ok_or(VaultError::Missing)?;
        let (text, _) = seal::open(&bytes, old)?;
        self.file.replace(&SealingKey::new(new, self.cost)?.seal(&text)?, &lock)
    }
}

/// What is sealed, as it is read.
#[derive(Deserialize)]
struct Stored {
    entries: BTreeMap<String, StoredEntry>,
}

#[derive(Deserialize)]
struct StoredEntry {
    value: String,
    changed: i64,
}

/// And as it is written.
#[derive(Serialize)]
struct Storing<'a> {
    entries: BTreeMap<&'a str, StoringEntry<'a>>,
}

#[derive(Serialize)]
struct StoringEntry<'a> {
    value: &'a str,
    changed: i64,
}

fn entries(text: &[u8]) -> Result<Entries, VaultError> {
    // Sealed by us and opened with the right key: what does not parse was not written by us.
    let stored: Stored = serde_json::from_slice(text).map_err(|_| VaultError::Tampered)?;
    let taken = stored.entries.into_iter().map(|(name, StoredEntry { mut value, changed })| {
        let entry = Entry { value: SecretString::from(value.as_str()), changed_ms: changed };
        value.zeroize();
        (name, entry)
    });
    Ok(taken.collect())
}

fn text(entries: &Entries) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let stored = entries.iter().map(|(name, entry)| {
        let stored = StoringEntry { value: entry.value.expose_secret(), changed: entry.changed_ms };
        (name.as_str(), stored)
    });
    // Room for all of it at once, escapes included, so that no copy is left behind by growing.
    let room: usize = entries.iter().map(|(name, entry)| 64 + name.len() + 6 * entry.value.expose_secret().len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(64 + room));
    serde_json::to_writer(&mut *out, &Storing { entries: stored.collect() }).map_err(|_| VaultError::Full)?;
    Ok(out)
}

#[cfg(test)]
mod tests;

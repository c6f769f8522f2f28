//! The vault while the program runs: opened once, at the first need, by its key file or by asking for the passphrase.

use super::ask::Asker;
use crate::secrets::vault::{Entries, Opener, OpenerKind, Vault, VaultError};
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// So often a wrong passphrase may be corrected.
const TRIES: usize = 3;

/// The vault and what opens it. Its clones are one: the passphrase is asked for once in a run.
#[derive(Clone)]
pub(super) struct VaultKeeper {
    inner: Arc<Inner>,
}

struct Inner {
    vault: Vault,
    key_file: Option<PathBuf>,
    asker: Asker,
    /// A failure is kept too: nobody is asked again and again.
    opened: OnceCell<Result<Entries, String>>,
}

impl VaultKeeper {
    /// The vault of a data folder.
    pub(super) fn new(data: &Path, key_file: Option<PathBuf>, asker: Asker) -> Self {
        Self { inner: Arc::new(Inner { vault: Vault::of(data), key_file, asker, opened: OnceCell::new() }) }
    }

    /// The password of that name. The error is words for the person.
    pub(super) async fn password(&self, name: &str) -> Result<SecretString, String> {
        match self.inner.opened.get_or_init(|| self.open()).await {
            Ok(entries) => match entries.get(name) {
                Some(entry) => Ok(entry.value.clone()),
                None => Err(VaultError::NoEntry(name.to_owned()).to_string()),
            },
            Err(words) => Err(words.clone()),
        }
    }

    async fn open(&self) -> Result<Entries, String> {
        let words = |error: VaultError| error.to_string();
        let vault = &self.inner.vault;
        let kind = vault.kind().map_err(words)?.ok_or_else(|| VaultError::Missing.to_string())?;
        for tries_left in (0..TRIES).rev() {
            let opener = self.opener(kind, "Passphrase of the vault: ").await?;
            let vault = vault.clone();
            match blocking(move || vault.open(&opener)).await {
                Err(VaultError::WrongOpener(OpenerKind::Passphrase)) if tries_left > 0 => {}
                opened => return opened.map_err(words),
            }
        }
        Err(VaultError::WrongOpener(OpenerKind::Passphrase).to_string())
    }

    /// What opens a vault of that kind.
    pub(super) async fn opener(&self, kind: OpenerKind, question: &str) -> Result<Opener, String> {
        match (&self.inner.key_file, kind) {
            (Some(path), OpenerKind::KeyFile) => Opener::key_file(path).map_err(|e| e.to_string()),
            (None, OpenerKind::KeyFile) => Err(VaultError::OtherOpener(kind).to_string()),
            (_, OpenerKind::Passphrase) => {
                let typed = self.inner.asker.ask(question).await;
                typed.map(|typed| Opener::passphrase(&typed)).ok_or_else(|| {
                    "the vault's passphrase is asked for on a terminal, and there is none: use a key file (`key_file` \
                     below [vault])"
                        .to_owned()
                })
            }
        }
    }

    /// The vault itself, for the commands that change it.
    pub(super) fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// The key file that is configured.
    pub(super) fn key_file(&self) -> Option<&Path> {
        self.inner.key_file.as_deref()
    }

    /// Who asks.
    pub(super) fn asker(&self) -> &Asker {
        &self.inner.asker
    }
}

/// Opening takes a fifth of a second of one core: it must not hold up the loop's threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(VaultError::NotWritten("an internal fault".into())))
}

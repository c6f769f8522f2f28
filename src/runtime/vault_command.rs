//! `dba-gpt vault`: what the command orders, done with the person's passphrase or the key file.

use super::clock;
use super::vault::{VaultKeeper, blocking};
use crate::cli::{VaultAnswer, VaultOrder, VaultTrouble};
use crate::domain::target::Timestamp;
use crate::secrets::vault::{Entry, Opener, OpenerKind, VaultError};
use secrecy::{ExposeSecret as _, SecretString};

/// A passphrase of fewer characters falls to patience, however dear a guess is.
const SHORTEST_PASSPHRASE: usize = 10;

/// Performs an order.
pub(super) async fn perform(keeper: &VaultKeeper, order: VaultOrder) -> Result<VaultAnswer, VaultTrouble> {
    let kind = keeper.vault().kind().map_err(|e| trouble(&e))?;
    match order {
        VaultOrder::List => {
            let opener = existing(keeper, kind).await?;
            let vault = keeper.vault().clone();
            let entries = blocking(move || vault.open(&opener)).await.map_err(|e| trouble(&e))?;
            let listed = entries.into_iter().map(|(name, entry)| (name, Timestamp(entry.changed_ms)));
            Ok(VaultAnswer::Entries(listed.collect()))
        }
        VaultOrder::Set(name, value) => {
            let opener = match kind {
                Some(_) => existing(keeper, kind).await?,
                None => new_opener(keeper, keeper.key_file().is_some()).await?,
            };
            let value = match value {
                Some(value) => value,
                None => twice(keeper, &format!("Password for {name}")).await?,
            };
            let (vault, now, entry) = (keeper.vault().clone(), clock::now(), name.clone());
            blocking(move || {
                vault.change(&opener, |entries| {
                    entries.insert(entry, Entry { value, changed_ms: now.0 });
                    Ok(())
                })
            })
            .await
            .map_err(|e| trouble(&e))?;
            Ok(VaultAnswer::Done(format!("{name} is in the vault: use it as password = \"${{vault:{name}}}\"")))
        }
        VaultOrder::Remove(name) => {
            let opener = existing(keeper, kind).await?;
            let (vault, entry) = (keeper.vault().clone(), name.clone());
            blocking(move || {
                vault.change(&opener, |entries| {
                    let removed = entries.remove(&entry);
                    removed.map(drop).ok_or(VaultError::NoEntry(entry))
                })
            })
            .await
            .map_err(|e| trouble(&e))?;
            Ok(VaultAnswer::Done(format!("{name} is removed from the vault")))
        }
        VaultOrder::Rekey { to_key_file } => {
            let old = existing(keeper, kind).await?;
            let new = new_opener(keeper, to_key_file).await?;
            let vault = keeper.vault().clone();
            blocking(move || vault.rekey(&old, &new)).await.map_err(|e| trouble(&e))?;
            let by = if to_key_file { "the key file" } else { "the new passphrase" };
            Ok(VaultAnswer::Done(format!("the vault opens with {by} from now on")))
        }
    }
}

/// What opens the vault that there is.
async fn existing(keeper: &VaultKeeper, kind: Option<OpenerKind>) -> Result<Opener, VaultTrouble> {
    let kind = kind.ok_or_else(|| trouble(&VaultError::Missing))?;
    keeper.opener(kind, "Passphrase of the vault: ").await.map_err(VaultTrouble::Settings)
}

/// What shall open it from now on.
async fn new_opener(keeper: &VaultKeeper, key_file: bool) -> Result<Opener, VaultTrouble> {
    if key_file {
        let path = keeper.key_file().ok_or_else(|| {
            VaultTrouble::Settings("name the key file first: `key_file` below [vault] in the configuration".to_owned())
        })?;
        return Opener::key_file(path).map_err(|e| trouble(&e));
    }
    let passphrase = twice(keeper, "New passphrase of the vault").await?;
    if passphrase.expose_secret().chars().count() < SHORTEST_PASSPHRASE {
        let words = format!("a passphrase has at least {SHORTEST_PASSPHRASE} characters; several words are good");
        return Err(VaultTrouble::Settings(words));
    }
    Ok(Opener::passphrase(&passphrase))
}

/// What a person types without seeing it, typed twice.
async fn twice(keeper: &VaultKeeper, what: &str) -> Result<SecretString, VaultTrouble> {
    let ask = async |question: String| {
        let typed = keeper.asker().ask(&question).await;
        typed.ok_or_else(|| VaultTrouble::Settings("this is asked for on a terminal, and there is none".to_owned()))
    };
    let typed = ask(format!("{what}: ")).await?;
    if typed.expose_secret().is_empty() {
        return Err(VaultTrouble::Settings("nothing was typed: nothing is changed".to_owned()));
    }
    let again = ask(format!("{what}, once more: ")).await?;
    if typed.expose_secret() == again.expose_secret() {
        Ok(typed)
    } else {
        Err(VaultTrouble::Refused("the two do not agree: nothing is changed".to_owned()))
    }
}

fn trouble(error: &VaultError) -> VaultTrouble {
    let words = error.to_string();
    match error {
        VaultError::Missing | VaultError::WrongOpener(_) | VaultError::NoEntry(_) | VaultError::Busy => {
            VaultTrouble::Refused(words)
        }
        _ => VaultTrouble::Settings(words),
    }
}

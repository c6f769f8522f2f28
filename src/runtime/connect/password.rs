//! A target's password, fetched when a login needs it. The order of sources, in full:
//!
//! 1. what the person types, when asked (`-W`, or `password = "prompt"`), once in a run;
//! 2. what the target's table says: `password_command`, `${env:…}`, `${credential:…}`, `${vault:…}`, `${keyring:…}`;
//! 3. what the engine finds by itself: the URL, its variables, its client files.
//!
//! Only what a command prints is kept, and only for a burst of logins: tokens of clouds live for minutes.

use crate::config::PasswordSource;
use crate::runtime::ask::Asker;
use crate::runtime::vault::VaultKeeper;
use crate::secrets;
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, OnceCell};

/// Where a password comes from and what is remembered of it.
pub(super) struct Password {
    pub(super) source: Option<PasswordSource>,
    /// For how long what a command printed serves further logins.
    pub(super) ttl: Duration,
    /// `Password for orders (db1:5432/orders): `.
    pub(super) question: String,
    pub(super) asker: Asker,
    /// None where no source can be the vault.
    pub(super) vault: Option<VaultKeeper>,
    typed: OnceCell<SecretString>,
    printed: Mutex<Option<Printed>>,
}

/// What a command printed, and when.
struct Printed {
    secret: SecretString,
    at: Instant,
}

/// A password for one login.
pub(super) struct Given {
    pub(super) secret: SecretString,
    /// It served a login before: if the server refuses it now, a new one may be accepted.
    pub(super) used: bool,
}

impl Password {
    /// Nothing is fetched yet.
    pub(super) fn new(
        source: Option<PasswordSource>,
        ttl: Duration,
        question: String,
        asker: Asker,
        vault: Option<VaultKeeper>,
    ) -> Self {
        Self { source, ttl, question, asker, vault, typed: OnceCell::new(), printed: Mutex::new(None) }
    }

    /// Fetches what needs the person: done before the screen is drawn, and before a command's deadlines begin. What
    /// goes wrong is told by the first login.
    pub(super) async fn ask(&self) {
        match &self.source {
            Some(PasswordSource::Prompt) => drop(self.ask_person().await),
            Some(PasswordSource::Vault(name)) => drop(self.read_vault(name).await),
            _ => {}
        }
    }

    /// The password for a login; none when the engine shall look by itself. The error is words for the person.
    pub(super) async fn fetch(&self, variables: &BTreeMap<String, String>) -> Result<Option<Given>, String> {
        let Some(source) = &self.source else { return Ok(None) };
        let secret = match source {
            PasswordSource::Prompt => self.ask_person().await?,
            PasswordSource::Command(words) => return self.run_command(words, variables).await.map(Some),
            PasswordSource::Variable(name) => secrets::from_variable(name, variables).map_err(|e| e.to_string())?,
            PasswordSource::Credential(name) => secrets::from_credential(name, variables).map_err(|e| e.to_string())?,
            PasswordSource::Vault(name) => self.read_vault(name).await?,
            PasswordSource::Keyring(name) => from_keyring(name, variables).await?,
        };
        Ok(Some(Given { secret, used: false }))
    }

    /// After the server refused a password: forgets it, and gives a newer one where the command prints another.
    pub(super) async fn replace(&self, refused: &Given, variables: &BTreeMap<String, String>) -> Option<SecretString> {
        let Some(PasswordSource::Command(words)) = &self.source else { return None };
        {
            let mut printed = self.printed.lock().await;
            let same = |p: &Printed| p.secret.expose_secret() == refused.secret.expose_secret();
            if printed.as_ref().is_some_and(same) {
                *printed = None;
            }
        }
        if !refused.used {
            return None;
        }
        let newer = self.run_command(words, variables).await.ok()?.secret;
        (newer.expose_secret() != refused.secret.expose_secret()).then_some(newer)
    }

    /// The longest that fetching takes without the person.
    pub(super) fn patience(&self) -> Duration {
        if matches!(self.source, Some(PasswordSource::Command(_))) { secrets::COMMAND_TIMEOUT } else { Duration::ZERO }
    }

    async fn ask_person(&self) -> Result<SecretString, String> {
        let ask = || async { self.asker.ask(&self.question).await.ok_or(()) };
        self.typed.get_or_try_init(ask).await.cloned().map_err(|()| {
            "its password is asked for on a terminal, and there is none: use `password_command` or another source"
                .to_owned()
        })
    }

    async fn read_vault(&self, name: &str) -> Result<SecretString, String> {
        match &self.vault {
            Some(vault) => vault.password(name).await,
            None => Err("there is no vault here".to_owned()),
        }
    }

    /// One login after the other, so that a burst of them runs the command once.
    async fn run_command(&self, words: &[String], variables: &BTreeMap<String, String>) -> Result<Given, String> {
        let mut printed = self.printed.lock().await;
        if let Some(before) = printed.as_ref().filter(|before| before.at.elapsed() < self.ttl) {
            return Ok(Given { secret: before.secret.clone(), used: true });
        }
        let give_up = tokio::time::sleep(secrets::COMMAND_TIMEOUT);
        let secret = secrets::from_command(words, variables, give_up).await.map_err(|e| e.to_string())?;
        *printed = (!self.ttl.is_zero()).then(|| Printed { secret: secret.clone(), at: Instant::now() });
        Ok(Given { secret, used: false })
    }
}

#[cfg(feature = "keyring")]
async fn from_keyring(name: &str, variables: &BTreeMap<String, String>) -> Result<SecretString, String> {
    secrets::keyring::may_be_asked(variables).map_err(|e| e.to_string())?;
    let name = name.to_owned();
    let found = tokio::task::spawn_blocking(move || secrets::keyring::password(&name)).await;
    found.map_err(|_| "an internal fault".to_owned())?.map_err(|e| e.to_string())
}

#[cfg(not(feature = "keyring"))]
#[expect(clippy::unused_async, reason = "with the feature it waits for the keyring")]
async fn from_keyring(_name: &str, _variables: &BTreeMap<String, String>) -> Result<SecretString, String> {
    Err("this program was built without the keyring".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A command that prints another number each time.
    fn counting(folder: &std::path::Path, ttl: Duration) -> Password {
        let file = folder.join("count");
        let script = "n=$(cat \"$0\" 2>/dev/null || echo 0); n=$((n+1)); echo $n >\"$0\"; echo token-$n";
        let words = ["sh", "-c", script, file.to_str().unwrap()].map(str::to_owned).to_vec();
        Password::new(Some(PasswordSource::Command(words)), ttl, String::new(), Asker::default(), None)
    }

    fn variables() -> BTreeMap<String, String> {
        [("PATH".to_owned(), std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned()))].into()
    }

    async fn fetched(password: &Password) -> (String, bool) {
        let given = password.fetch(&variables()).await.unwrap().unwrap();
        (given.secret.expose_secret().to_owned(), given.used)
    }

    #[tokio::test]
    async fn a_burst_of_logins_runs_the_command_once() {
        let folder = tempfile::tempdir().unwrap();
        let password = counting(folder.path(), Duration::from_hours(1));
        let (one, two) = tokio::join!(fetched(&password), fetched(&password));
        assert_eq!((one.0.as_str(), two.0.as_str()), ("token-1", "token-1"));
        assert_ne!(one.1, two.1, "one fetched it, the other used it");
    }

    #[tokio::test]
    async fn without_a_time_to_live_every_login_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let password = counting(folder.path(), Duration::ZERO);
        assert_eq!(fetched(&password).await, ("token-1".to_owned(), false));
        assert_eq!(fetched(&password).await, ("token-2".to_owned(), false));
    }

    #[tokio::test]
    async fn a_used_token_that_is_refused_is_replaced_and_a_fresh_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let password = counting(folder.path(), Duration::from_hours(1));
        let fresh = password.fetch(&variables()).await.unwrap().unwrap();
        assert!(password.replace(&fresh, &variables()).await.is_none(), "a wrong password is never tried again");
        // It was forgotten all the same: the next login has a new one, and the one after uses that.
        assert_eq!(fetched(&password).await, ("token-2".to_owned(), false));
        let used = password.fetch(&variables()).await.unwrap().unwrap();
        assert!(used.used);
        let newer = password.replace(&used, &variables()).await.unwrap();
        assert_eq!(newer.expose_secret(), "token-3");
        assert_eq!(fetched(&password).await, ("token-3".to_owned(), true));
    }
}

//! How a task gets its session: the tunnel, the secret fetched when it is needed, the URL, and the surroundings.

mod password;

use super::ask::Asker;
use super::refused::Refused;
use super::tunnel::{self, Tunnel};
use super::vault::VaultKeeper;
use crate::config::PasswordSource;
use crate::domain::connection::{Change, UrlParts};
use crate::domain::error_event::{ConnectError, ConnectKind, NOT_SENT};
use crate::domain::schedule::Recovery;
use crate::engine::simulation::Provoked;
use crate::engine::{self, ConnectSettings, EngineSpec, Session, Surroundings, Task};
use password::{Given, Password};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use std::time::Duration;

/// Time for one login where nothing else is said.
const LOGIN: Duration = Duration::from_millis(4_500);

/// A target's way in. Its clones are one: they share the tunnel and what was fetched.
#[derive(Clone)]
pub(super) struct Door {
    inner: Arc<Inner>,
}

struct Inner {
    url: SecretString,
    password: Arc<Password>,
    tunnel: Option<Arc<Tunnel>>,
    timeout: Duration,
    surroundings: Surroundings,
    refused: Refused,
    /// The changed setting in use, in words; empty when there is none.
    change: String,
}

/// What a way in is made of.
pub(super) struct Plan {
    /// URL or path.
    pub(super) url: SecretString,
    /// Where the password comes from, when somebody said so.
    pub(super) password: Option<PasswordSource>,
    /// For how long what a password command printed is used again.
    pub(super) password_ttl: Duration,
    /// What is asked, where the password comes from the person.
    pub(super) question: String,
    /// What has to run before connecting.
    pub(super) tunnel: Option<Tunnel>,
    /// Time for one login.
    pub(super) timeout: Duration,
}

/// Who helps every way in of one run: the person, the vault, and what the program inherited.
#[derive(Clone)]
pub(super) struct Helpers {
    /// Asks the person.
    pub(super) asker: Asker,
    /// The vault.
    pub(super) vault: VaultKeeper,
    /// Environment, home, user.
    pub(super) surroundings: Surroundings,
}

impl Door {
    /// A way in that nobody has tried yet.
    pub(super) fn new(plan: Plan, helpers: &Helpers) -> Self {
        let Plan { url, password, password_ttl, question, tunnel, timeout } = plan;
        let Helpers { asker, vault, surroundings } = helpers.clone();
        let password = Password::new(password, password_ttl, question, asker, Some(vault));
        let (password, tunnel) = (Arc::new(password), tunnel.map(Arc::new));
        let (refused, change) = (Refused::default(), String::new());
        Self { inner: Arc::new(Inner { url, password, tunnel, timeout, surroundings, refused, change }) }
    }

    /// A way in with nothing before it, on which nobody is asked anything.
    pub(super) fn plain(url: SecretString, surroundings: Surroundings) -> Self {
        let password = Password::new(None, Duration::ZERO, String::new(), Asker::default(), None);
        let (password, refused, change) = (Arc::new(password), Refused::default(), String::new());
        Self { inner: Arc::new(Inner { url, password, tunnel: None, timeout: LOGIN, surroundings, refused, change }) }
    }

    /// What is known about whoever runs the server, by its address: services with what they do not allow, poolers.
    pub(super) fn hosting(&self, spec: &'static EngineSpec) -> Vec<String> {
        let destination = (spec.destination)(&self.inner.url, &self.inner.surroundings).unwrap_or_default();
        destination.servers.iter().flat_map(|(host, port)| spec.hosting.words(host, *port)).collect()
    }

    /// Asks the person for what only they know. To be called while the terminal is not ours.
    pub(super) async fn ask(&self) {
        self.inner.password.ask().await;
    }

    /// The longest that [`Door::open`] takes when nobody is asked, and a little more.
    pub(super) fn patience(&self) -> Duration {
        let tunnel = if self.inner.tunnel.is_some() { tunnel::READY } else { Duration::ZERO };
        // A token that has run out costs a second round.
        let password = self.inner.password.patience() * 2;
        let logins = if password.is_zero() { self.inner.timeout } else { self.inner.timeout * 2 };
        tunnel + password + logins + Duration::from_millis(500)
    }

    /// Connects: to another database of the server where one is named, under the name `dba-gpt PURPOSE`.
    pub(super) async fn open(
        &self,
        spec: &'static EngineSpec,
        database: Option<&str>,
        purpose: &str,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let inner = &*self.inner;
        let (mut settings, given) = self.settings(spec, database, purpose).await?;
        let mut result = inner.log_in(spec, &settings).await;
        if let (Err(error), Some(given)) = (&result, &given)
            && spec.dialect.recovery(error.kind, &error.code) == Recovery::ByNewSecret
            && let Some(newer) = inner.password.replace(given, &inner.surroundings.variables).await
        {
            settings.password = Some(newer);
            result = inner.log_in(spec, &settings).await;
        }
        match (&inner.tunnel, result) {
            (Some(tunnel), Err(error)) => Err(tunnel.explain(error)),
            (_, result) => result,
        }
    }

    /// Lets an engine provoke an error over connections of its own. One ordinary login comes first: what keeps us out is
    /// told as always, and a password that is wrong is sent once.
    pub(super) async fn simulate(
        &self,
        spec: &'static EngineSpec,
        run: for<'a> fn(&'a ConnectSettings) -> Task<'a, Provoked>,
        purpose: &str,
    ) -> Provoked {
        self.open(spec, None, purpose).await?.close().await;
        let (settings, _) = self.settings(spec, None, purpose).await?;
        run(&settings).await
    }

    /// Everything that a login needs, the secret and the near end of the tunnel included.
    async fn settings(
        &self,
        spec: &'static EngineSpec,
        database: Option<&str>,
        purpose: &str,
    ) -> Result<(ConnectSettings, Option<Given>), ConnectError> {
        let inner = &*self.inner;
        let wrong = |words: String| ConnectError::new(ConnectKind::Settings, words);
        let url = match database {
            None => inner.url.clone(),
            Some(name) => (spec.with_database)(&inner.url, name)
                .ok_or_else(|| wrong(format!("{} has no other databases to change to", spec.name)))?,
        };
        let given = inner.password.fetch(&inner.surroundings.variables).await.map_err(wrong)?;
        let dial = match &inner.tunnel {
            Some(tunnel) => Some(tunnel.near_end().await?),
            None => None,
        };
        let settings = ConnectSettings {
            url,
            password: given.as_ref().map(|given| given.secret.clone()),
            dial,
            application: format!("dba-gpt {purpose}"),
            timeout: inner.timeout,
            surroundings: inner.surroundings.clone(),
        };
        Ok((settings, given))
    }

    /// The same way in for another login, with a secret of its own that nothing else shares. The error is words for the
    /// person.
    pub(super) fn with_login(
        &self,
        spec: &'static EngineSpec,
        user: &str,
        source: Option<PasswordSource>,
        helpers: &Helpers,
    ) -> Result<Self, String> {
        let inner = &*self.inner;
        let url = (spec.fixing.with_login)(&inner.url, user)
            .ok_or_else(|| format!("{} is not reached by a URL in which another login can be named", spec.name))?;
        let question = format!("Password of the fix login {user}: ");
        let password =
            Password::new(source, Duration::ZERO, question, helpers.asker.clone(), Some(helpers.vault.clone()));
        let inner = Inner {
            url,
            password: Arc::new(password),
            tunnel: inner.tunnel.clone(),
            timeout: inner.timeout,
            surroundings: inner.surroundings.clone(),
            refused: Refused::default(),
            change: inner.change.clone(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The same way in with a changed setting; with the new printable address, and the URL for people. The error is
    /// words for the person.
    pub(super) fn changed(&self, spec: &'static EngineSpec, change: &Change) -> Result<(Self, String, String), String> {
        let inner = &*self.inner;
        let cannot = |why: &str| format!("{} cannot be tried here: {why}", change.words());
        if inner.tunnel.is_some() && matches!(change, Change::Port(_) | Change::Host(_)) {
            return Err(cannot("the target goes through a tunnel; change it where that is written"));
        }
        let url = change.apply(inner.url.expose_secret());
        let url =
            url.ok_or_else(|| cannot("the address is not said in the URL alone; change it where it is written"))?;
        let shown = UrlParts::split(&url).map(|parts| parts.shown()).unwrap_or_default();
        if engine::by_url(&url).is_none_or(|other| other.id != spec.id) {
            let words = format!("the target becomes one of another engine; write it down as url = \"{shown}\"");
            return Err(cannot(&words));
        }
        let url = SecretString::from(url);
        let address = (spec.address)(&url, &inner.surroundings).map_err(|e| e.message)?;
        let inner = Inner {
            url,
            password: Arc::clone(&inner.password),
            tunnel: inner.tunnel.clone(),
            timeout: inner.timeout,
            surroundings: inner.surroundings.clone(),
            refused: Refused::default(),
            change: change.words(),
        };
        Ok((Self { inner: Arc::new(inner) }, address, shown))
    }

    /// The URL with a changed setting, without its password; none when it cannot carry the change.
    pub(super) fn corrected(&self, change: &Change) -> Option<String> {
        let url = change.apply(self.inner.url.expose_secret())?;
        UrlParts::split(&url).map(|parts| parts.shown())
    }

    /// The changed setting in use, in words; empty when there is none.
    pub(super) fn change_words(&self) -> String {
        self.inner.change.clone()
    }

    /// The server is reached from the far end of a tunnel: nothing that is dialled here leads to it.
    pub(super) fn has_tunnel(&self) -> bool {
        self.inner.tunnel.is_some()
    }

    /// What the program inherited.
    pub(super) fn surroundings(&self) -> &Surroundings {
        &self.inner.surroundings
    }

    /// Lets a refused password be sent once more: a person asked for it.
    pub(super) fn forget_refusal(&self) {
        self.inner.refused.set(None);
    }
}

impl Inner {
    /// One login, unless its password was refused before.
    async fn log_in(
        &self,
        spec: &'static EngineSpec,
        settings: &ConnectSettings,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let mark = self.refused.mark(settings.password.as_ref(), spec.dialect, &self.surroundings);
        if self.refused.holds(mark) {
            let words = "this password was refused before and is not sent again by itself, since servers lock \
                         accounts: change it where it comes from, or ask for an attempt (`r`, `:reconnect`)";
            return Err(ConnectError::new(ConnectKind::Authentication, words).with_code(NOT_SENT));
        }
        let opened = (spec.connect)(settings).await;
        match &opened {
            Ok(_) => self.refused.set(None),
            Err(error) if spec.dialect.recovery(error.kind, &error.code) == Recovery::ByNewSecret => {
                self.refused.set(Some(mark));
            }
            Err(_) => {}
        }
        opened
    }
}

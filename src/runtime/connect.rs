//! How a task gets its session: the URL, the secret fetched when it is needed, and the surroundings.

use super::refused::Refused;
use crate::config::PasswordSource;
use crate::domain::error_event::{ConnectError, ConnectKind, NOT_SENT};
use crate::domain::schedule::Recovery;
use crate::engine::{ConnectSettings, EngineSpec, Session, Surroundings};
use crate::secrets::{self, SecretError};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;

/// Time for the whole way in.
const CONNECT: Duration = Duration::from_millis(4_500);

/// A target's way in. Cloning it clones no secret: they are shared.
#[derive(Clone)]
pub(super) struct Door {
    inner: Arc<Inner>,
    /// A password that the person typed; wins over every other source.
    typed: Option<SecretString>,
}

struct Inner {
    url: SecretString,
    password: Option<PasswordSource>,
    surroundings: Surroundings,
    refused: Refused,
}

impl Door {
    /// A way in to this URL.
    pub(super) fn new(url: SecretString, password: Option<PasswordSource>, surroundings: Surroundings) -> Self {
        Self { inner: Arc::new(Inner { url, password, surroundings, refused: Refused::default() }), typed: None }
    }

    /// The same way in, with a password that the person typed.
    #[must_use]
    pub(super) fn with_typed(mut self, password: SecretString) -> Self {
        self.typed = Some(password);
        self
    }

    /// Connects: to another database of the server where one is named, under the name `dba-gpt PURPOSE`.
    pub(super) async fn open(
        &self,
        spec: &'static EngineSpec,
        database: Option<&str>,
        purpose: &str,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let url = match database {
            None => self.inner.url.clone(),
            Some(name) => (spec.with_database)(&self.inner.url, name).ok_or_else(|| {
                ConnectError::new(ConnectKind::Settings, format!("{} has no other databases to change to", spec.name))
            })?,
        };
        let password = match &self.typed {
            Some(typed) => Some(typed.clone()),
            None => self.fetch().await.map_err(|e| ConnectError::new(ConnectKind::Settings, e.to_string()))?,
        };
        let mark = self.inner.refused.mark(password.as_ref(), spec.dialect, &self.inner.surroundings);
        if self.inner.refused.holds(mark) {
            let words = "this password was refused before and is not sent again by itself, since servers lock \
                         accounts: change it where it comes from, or ask for an attempt (`r`, `:reconnect`)";
            return Err(ConnectError::new(ConnectKind::Authentication, words).with_code(NOT_SENT));
        }
        let settings = ConnectSettings {
            url,
            password,
            dial: None,
            application: format!("dba-gpt {purpose}"),
            timeout: CONNECT,
            surroundings: self.inner.surroundings.clone(),
        };
        let opened = (spec.connect)(&settings).await;
        match &opened {
            Ok(_) => self.inner.refused.set(None),
            Err(error) if spec.dialect.recovery(error.kind, &error.code) == Recovery::ByNewSecret => {
                self.inner.refused.set(Some(mark));
            }
            Err(_) => {}
        }
        opened
    }

    /// Lets a refused password be sent once more: a person asked for it.
    pub(super) fn forget_refusal(&self) {
        self.inner.refused.set(None);
    }

    /// The password from where the configuration says it is; none when it says nothing.
    async fn fetch(&self) -> Result<Option<SecretString>, SecretError> {
        let variables = &self.inner.surroundings.variables;
        match &self.inner.password {
            None => Ok(None),
            Some(PasswordSource::Variable(name)) => secrets::from_variable(name, variables).map(Some),
            Some(PasswordSource::Command(words)) => {
                secrets::from_command(words, variables, tokio::time::sleep(secrets::COMMAND_TIMEOUT)).await.map(Some)
            }
        }
    }
}

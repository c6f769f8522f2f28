//! Proving who we are: which login plugins are spoken, and over which connection each may be.
//!
//! Most plugins prove that we know the password without telling it. Those that tell it do so only where nobody else
//! can listen: to a server whose certificate was verified, over a socket file, or on this machine itself.

use mysql_common::auth::plugins::{AuthProc, ChallengeResponsePlugin as _, Context, Response};
use mysql_common::packets::AuthPlugin;
use secrecy::{ExposeSecret as _, SecretString};

/// The protection of a connection, as far as a password is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    /// Anybody may listen, or be at the other end.
    Open,
    /// TLS, but nobody knows with whom.
    UnverifiedTls,
    /// TLS to a verified server, or to one on this machine.
    Tls,
    /// A socket file.
    Socket,
    /// Not encrypted, but it does not leave this machine.
    Loopback,
}

/// Why no proof was given.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// The server wants a plugin that this program does not speak.
    Unknown(String),
    /// The plugin would tell the password to whoever listens.
    Exposed(String),
    /// The plugin wants a password and none is known.
    NoPassword,
    /// What the server sent does not belong to the plugin.
    Nonsense,
}

/// `caching_sha2_password` says that a proof is not enough this time.
const FULL_LOGIN: &[u8] = &[4];

/// One login's conversation.
pub(super) struct Proof<'a> {
    password: Option<&'a SecretString>,
    channel: Channel,
    /// The server's public key, where the person has given its file.
    key: Option<&'a [u8]>,
    nonce: Vec<u8>,
    name: String,
    plugin: Option<AuthProc>,
}

impl<'a> Proof<'a> {
    pub(super) fn new(
        password: Option<&'a SecretString>,
        channel: Channel,
        key: Option<&'a [u8]>,
        nonce: Vec<u8>,
    ) -> Self {
        Self { password, channel, key, nonce, name: String::new(), plugin: None }
    }

    /// Begins with the plugin that the server named in its greeting, or with one that gives nothing away when that
    /// plugin is not for this connection: the server then names the account's own.
    pub(super) fn first(&mut self, preferred: &str) -> (AuthPlugin<'static>, Vec<u8>) {
        const HARMLESS: [&str; 2] = ["caching_sha2_password", "mysql_native_password"];
        let name = HARMLESS.into_iter().find(|name| *name == preferred).unwrap_or(HARMLESS[1]);
        let nonce = self.nonce.clone();
        let answer = self.switch(name, &nonce).unwrap_or_default().unwrap_or_default();
        (AuthPlugin::from_bytes(name.as_bytes()).into_owned(), answer)
    }

    /// Begins again with a plugin. `None` when there is nothing to send.
    pub(super) fn switch(&mut self, name: &str, challenge: &[u8]) -> Result<Option<Vec<u8>>, Hindrance> {
        let spoken = matches!(
            name,
            "mysql_native_password"
                | "caching_sha2_password"
                | "sha256_password"
                | "client_ed25519"
                | "parsec"
                | "mysql_clear_password"
        );
        let plugin = AuthProc::init(&AuthPlugin::from_bytes(name.as_bytes())).ok().filter(|_| spoken);
        let Some(plugin) = plugin else { return Err(Hindrance::Unknown(name.to_owned())) };
        name.clone_into(&mut self.name);
        self.plugin = Some(plugin);
        if !challenge.is_empty() {
            self.nonce = challenge.to_vec();
        }
        match name {
            "mysql_clear_password" if !matches!(self.channel, Channel::Tls | Channel::Socket) => {
                Err(Hindrance::Exposed(self.name.clone()))
            }
            "sha256_password" if !self.may_tell() && !self.password().is_empty() => {
                Err(Hindrance::Exposed(self.name.clone()))
            }
            "mysql_clear_password" | "sha256_password" | "parsec" | "client_ed25519" if self.password.is_none() => {
                Err(Hindrance::NoPassword)
            }
            _ => self.run(challenge),
        }
    }

    /// Goes on with the plugin's conversation.
    pub(super) fn go_on(&mut self, challenge: &[u8]) -> Result<Option<Vec<u8>>, Hindrance> {
        if self.name == "caching_sha2_password" && challenge == FULL_LOGIN && !self.may_tell() {
            return Err(Hindrance::Exposed(self.name.clone()));
        }
        self.run(challenge)
    }

    /// The password may be told: in clear inside what protects it, or encrypted for a key that we can trust.
    fn may_tell(&self) -> bool {
        match self.channel {
            Channel::Tls | Channel::Socket | Channel::Loopback => true,
            Channel::Open => self.key.is_some(),
            // Within TLS the server wants the password as it is.
            Channel::UnverifiedTls => false,
        }
    }

    fn run(&mut self, challenge: &[u8]) -> Result<Option<Vec<u8>>, Hindrance> {
        let Some(mut plugin) = self.plugin.take() else { return Err(Hindrance::Nonsense) };
        let answer = plugin.run(&*self, challenge).map_err(|_| Hindrance::Nonsense)?;
        self.plugin = Some(plugin);
        Ok(match answer {
            Response::Next { packet } | Response::Last { packet } => packet,
        })
    }

    fn password(&self) -> &'a str {
        self.password.map(SecretString::expose_secret).unwrap_or_default()
    }
}

impl Context for &Proof<'_> {
    fn pass(&self) -> &[u8] {
        self.password().as_bytes()
    }
    fn is_ipc_transport(&self) -> bool {
        self.channel == Channel::Socket
    }
    fn is_tls_transport(&self) -> bool {
        self.channel == Channel::Tls
    }
    fn scramble(&self) -> &[u8] {
        &self.nonce
    }
    fn server_key_pem(&self) -> Option<&[u8]> {
        self.key
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NONCE: [u8; 20] = *b"abcdefghijklmnopqrst";

    fn holds(packet: Option<&[u8]>, canary: &str) -> bool {
        packet.is_some_and(|p| p.windows(canary.len()).any(|w| w == canary.as_bytes()))
    }

    #[test]
    fn the_password_itself_is_told_only_where_nobody_can_listen() {
        let password = SecretString::from("canary");
        for channel in [Channel::Open, Channel::UnverifiedTls, Channel::Tls, Channel::Socket, Channel::Loopback] {
            let safe = matches!(channel, Channel::Tls | Channel::Socket);
            let proof = || Proof::new(Some(&password), channel, None, NONCE.to_vec());

            let clear = proof().switch("mysql_clear_password", &[]);
            assert_eq!(clear.is_ok_and(|packet| holds(packet.as_deref(), "canary")), safe, "{channel:?}");

            let mut caching = proof();
            assert!(!holds(caching.switch("caching_sha2_password", &NONCE).unwrap().as_deref(), "canary"));
            let full = caching.go_on(FULL_LOGIN);
            match channel {
                Channel::Tls | Channel::Socket => assert!(holds(full.unwrap().as_deref(), "canary")),
                // The server's key is asked for over a way that does not leave the machine.
                Channel::Loopback => assert_eq!(full.unwrap(), Some(vec![2])),
                _ => assert_eq!(full.unwrap_err(), Hindrance::Exposed("caching_sha2_password".into())),
            }

            let sha256 = proof().switch("sha256_password", &NONCE);
            match channel {
                Channel::Tls => assert!(holds(sha256.unwrap().as_deref(), "canary")),
                Channel::Socket | Channel::Loopback => assert!(!holds(sha256.unwrap().as_deref(), "canary")),
                _ => assert!(sha256.is_err()),
            }
        }
    }

    #[test]
    fn a_greeting_never_makes_us_begin_with_the_password() {
        let password = SecretString::from("canary");
        for plugin in ["mysql_clear_password", "sha256_password", "parsec", "dialog", "", "mysql_old_password"] {
            let mut proof = Proof::new(Some(&password), Channel::Open, None, NONCE.to_vec());
            let (name, answer) = proof.first(plugin);
            assert_eq!(name, AuthPlugin::MysqlNativePassword);
            assert!(answer.len() == 20 && !holds(Some(&answer), "canary"));
        }
    }

    #[test]
    fn strange_plugins_and_challenges_are_refused() {
        let password = SecretString::from("x");
        let mut proof = Proof::new(Some(&password), Channel::Tls, None, NONCE.to_vec());
        assert_eq!(proof.switch("dialog", &[]), Err(Hindrance::Unknown("dialog".into())));
        assert_eq!(proof.switch("mysql_old_password", &NONCE), Err(Hindrance::Unknown("mysql_old_password".into())));
        assert_eq!(proof.switch("client_ed25519", b"short"), Err(Hindrance::Nonsense));
        assert_eq!(proof.switch("parsec", b"short"), Err(Hindrance::Nonsense));
        assert_eq!(proof.go_on(b"again"), Err(Hindrance::Nonsense));
    }
}

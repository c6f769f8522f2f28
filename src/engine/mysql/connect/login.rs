//! The conversation before the first statement: greeting, TLS, proof of the password, and the words of each refusal.

use super::WORDS;
use super::plan::{Password, ssl_word};
use super::proof::{Channel, Hindrance, Proof};
use crate::domain::error_event::{ConnectError, ConnectKind, MUTE, ServerMessage, tls_code};
use crate::engine::mysql::wire::{Greeting, LoginStep, Wire, WireError};
use crate::engine::net::{self, Endpoint, Peer, Socket, TlsMode, TlsPlan, Transport};
use mysql_common::constants::CapabilityFlags as Can;
use mysql_common::packets::{HandshakeResponse, SslRequest};
use mysql_common::proto::MySerialize as _;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// `utf8mb4_general_ci`, which every server has.
const UTF8MB4: u8 = 45;
/// The longest packet that we say we take: a cell is cut while it arrives, whatever its size.
const LONGEST_PACKET: u32 = 1 << 30;

/// A connection that may be asked.
pub(crate) struct Opened {
    pub(crate) wire: Wire,
    pub(crate) greeting: Greeting,
    pub(crate) encrypted: bool,
}

/// One way in: an address, and who we are there. The second connection of a cancel goes the same way.
pub(crate) struct Door {
    pub(super) endpoint: Endpoint,
    pub(super) peer: Peer,
    pub(super) user: String,
    pub(super) database: Option<String>,
    pub(super) password: Password,
    pub(super) application: String,
    pub(super) mode: TlsMode,
    /// Set where the mode may use TLS.
    pub(super) tls: Option<Arc<TlsPlan>>,
    /// The server's public key in PEM form, where its file was named.
    pub(super) server_key: Option<Vec<u8>>,
}

/// Why a door stayed shut.
pub(crate) enum Failure {
    /// Without TLS it may open, and nobody could listen.
    TryPlain(ConnectError),
    Final(ConnectError),
}

impl Failure {
    /// The words.
    pub(crate) fn error(self) -> ConnectError {
        match self {
            Self::TryPlain(error) | Self::Final(error) => error,
        }
    }
}

impl Door {
    /// Connects and logs in.
    pub(crate) async fn open(&self, database: Option<&str>, deadline: Instant) -> Result<Opened, Failure> {
        match self.open_once(database, self.tls.as_ref(), deadline).await {
            // On this machine TLS protects nothing, so that its failure need not keep us out.
            Err(Failure::TryPlain(_)) => self.open_once(database, None, deadline).await,
            other => other,
        }
    }

    async fn open_once(
        &self,
        database: Option<&str>,
        tls: Option<&Arc<TlsPlan>>,
        deadline: Instant,
    ) -> Result<Opened, Failure> {
        let socket = net::connect(&self.endpoint, &self.peer, deadline, &WORDS).await.map_err(Failure::Final)?;
        let (transport, is_socket): (Box<dyn Transport>, bool) = match socket {
            Socket::Tcp(stream) => (Box::new(stream), false),
            Socket::Unix(stream) => (Box::new(stream), true),
        };
        let talk = self.talk(Wire::new(transport), database, tls, is_socket);
        timeout_at(deadline, talk).await.map_err(|_| Failure::Final(self.mute()))?
    }

    async fn talk(
        &self,
        mut wire: Wire,
        database: Option<&str>,
        tls: Option<&Arc<TlsPlan>>,
        is_socket: bool,
    ) -> Result<Opened, Failure> {
        let first = wire.login_packet().await.map_err(|e| self.broken(&e))?;
        let is_x_protocol = first.starts_with(&[0x0b, 0x08, 0x05]);
        let greeting = match Greeting::parse(first) {
            Ok(Ok(greeting)) => greeting,
            Ok(Err(refusal)) => return Err(Failure::Final(self.refused(&refusal, false))),
            Err(_) if is_x_protocol => {
                let words = format!("{} is the X protocol's port: use the classic one, 3306", self.endpoint.words());
                return Err(Failure::Final(ConnectError::new(ConnectKind::Other, words)));
            }
            Err(_) => return Err(Failure::Final(self.not_mysql())),
        };
        let mut can = Can::CLIENT_LONG_FLAG
            | Can::CLIENT_CONNECT_WITH_DB
            | Can::CLIENT_PROTOCOL_41
            | Can::CLIENT_TRANSACTIONS
            | Can::CLIENT_SECURE_CONNECTION
            | Can::CLIENT_PLUGIN_AUTH
            | Can::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
            | Can::CLIENT_CONNECT_ATTRS
            // An UPDATE tells the rows that it matched: those are what an approval counts.
            | Can::CLIENT_FOUND_ROWS
            | Can::CLIENT_DEPRECATE_EOF;
        // What the request for TLS says counts: a server that was told there to expect a database finds the login cut.
        can.set(Can::CLIENT_CONNECT_WITH_DB, database.is_some());
        can &= greeting.capabilities;
        // MariaDB reads its absence as "speaks MariaDB's own extensions".
        can |= Can::CLIENT_LONG_PASSWORD;
        if !can.contains(Can::CLIENT_PROTOCOL_41 | Can::CLIENT_SECURE_CONNECTION) {
            return Err(Failure::Final(self.other("speaks only the protocol of before MySQL 4.1")));
        }
        let offered = greeting.capabilities.contains(Can::CLIENT_SSL);
        let encrypted = match tls {
            Some(plan) if offered => {
                can |= Can::CLIENT_SSL;
                wire = self.encrypt(wire, can, plan).await?;
                true
            }
            Some(_) if self.mode > TlsMode::Prefer => {
                let mode = format!("ssl-mode={}", ssl_word(self.mode));
                return Err(Failure::Final(net::not_offered(&self.endpoint, &mode, &WORDS)));
            }
            _ => false,
        };
        self.log_in(&mut wire, &greeting, can, database, self.channel(encrypted, is_socket)).await?;
        wire.logged_in(!can.contains(Can::CLIENT_DEPRECATE_EOF));
        Ok(Opened { wire, greeting, encrypted })
    }

    async fn encrypt(&self, mut wire: Wire, can: Can, plan: &TlsPlan) -> Result<Wire, Failure> {
        let mut request = Vec::new();
        SslRequest::new(can, LONGEST_PACKET, UTF8MB4).serialize(&mut request);
        wire.queue_login(&request);
        wire.send().await.map_err(|e| self.broken(&e))?;
        let (transport, sequence) = wire.into_transport().map_err(|e| self.broken(&e))?;
        let encrypted = net::handshake(transport, plan).await.map_err(|e| {
            let error = net::explain(&e, &self.endpoint, &WORDS);
            let soft = self.mode <= TlsMode::Prefer && self.endpoint.is_local();
            if soft { Failure::TryPlain(error) } else { Failure::Final(error) }
        })?;
        Ok(Wire::resume(Box::new(encrypted), sequence))
    }

    fn channel(&self, encrypted: bool, is_socket: bool) -> Channel {
        match (encrypted, self.endpoint.is_local()) {
            _ if is_socket => Channel::Socket,
            (true, true) => Channel::Tls,
            (true, false) if self.mode >= TlsMode::VerifyCa => Channel::Tls,
            (true, false) => Channel::UnverifiedTls,
            (false, true) => Channel::Loopback,
            (false, false) => Channel::Open,
        }
    }

    async fn log_in(
        &self,
        wire: &mut Wire,
        greeting: &Greeting,
        can: Can,
        database: Option<&str>,
        channel: Channel,
    ) -> Result<(), Failure> {
        let key = self.server_key.as_deref();
        let mut proof = Proof::new(self.password.secret.as_ref(), channel, key, greeting.nonce.clone());
        let (plugin, answer) = proof.first(&greeting.plugin);
        let attributes = HashMap::from([
            ("program_name".to_owned(), self.application.clone()),
            ("_client_name".to_owned(), "dba-gpt".to_owned()),
            ("_pid".to_owned(), std::process::id().to_string()),
        ]);
        let mut response = Vec::new();
        HandshakeResponse::new(
            Some(answer),
            (8, 0, 0),
            Some(self.user.as_bytes()),
            database.map(str::as_bytes),
            can.contains(Can::CLIENT_PLUGIN_AUTH).then_some(plugin),
            can,
            can.contains(Can::CLIENT_CONNECT_ATTRS).then_some(attributes),
            LONGEST_PACKET,
        )
        .serialize(&mut response);
        wire.queue_login(&response);
        let encrypted = matches!(channel, Channel::Tls | Channel::UnverifiedTls);
        loop {
            let packet = wire.login_packet().await.map_err(|e| self.broken(&e))?;
            let answer = match LoginStep::parse(packet) {
                Ok(LoginStep::Done) => return Ok(()),
                Ok(LoginStep::Refused(message)) => return Err(Failure::Final(self.refused(&message, encrypted))),
                Ok(LoginStep::Switch { plugin, challenge }) => proof.switch(&plugin, &challenge),
                Ok(LoginStep::More(challenge)) => proof.go_on(&challenge),
                Err(_) => return Err(Failure::Final(self.not_mysql())),
            };
            match answer {
                Ok(Some(packet)) => wire.queue_login(&packet),
                Ok(None) => {}
                Err(hindrance) => return Err(Failure::Final(self.hindered(&hindrance, channel))),
            }
        }
    }

    fn hindered(&self, hindrance: &Hindrance, channel: Channel) -> ConnectError {
        let (host, user) = (self.endpoint.words(), &self.user);
        match hindrance {
            Hindrance::Unknown(name) => ConnectError::new(
                ConnectKind::UnsupportedLogin,
                format!(
                    "{host} wants the login plugin {name} for user {user}, which this program does not speak: use an \
                     account with caching_sha2_password, ed25519 or mysql_native_password"
                ),
            ),
            Hindrance::Exposed(name) => {
                let instead = match channel {
                    Channel::Open => {
                        "use ssl-mode=VERIFY_IDENTITY, or name the server's public key file with server-public-key-path"
                    }
                    _ => "use ssl-mode=VERIFY_IDENTITY with ssl-ca=FILE",
                };
                let words = format!(
                    "{host} wants the password itself ({name}) over a connection that is not verified: it was not \
                     sent; {instead}"
                );
                ConnectError::new(ConnectKind::UnsupportedLogin, words)
            }
            Hindrance::NoPassword => self.password_wanted(),
            Hindrance::Nonsense => self.not_mysql(),
        }
    }

    /// The server's refusal, in words that say what to do.
    fn refused(&self, message: &ServerMessage, encrypted: bool) -> ConnectError {
        let refused = self.refused_words(message, encrypted);
        let code = if refused.kind == ConnectKind::Tls { tls_code::REQUIRED } else { &message.code };
        refused.with_code(code).with_said(&message.message)
    }

    fn refused_words(&self, message: &ServerMessage, encrypted: bool) -> ConnectError {
        let (user, host, said) = (&self.user, self.endpoint.words(), &message.message);
        let database = self.database.as_deref().unwrap_or_default();
        let error = |kind, words: String| ConnectError::new(kind, words);
        match message.code.as_str() {
            "1045" | "1698" if self.password.secret.is_none() => self.password_wanted(),
            "1045" => error(
                ConnectKind::Authentication,
                format!("{host} refused the password {} for user {user}{}", self.password.source, self.hint_words()),
            ),
            "1698" => error(
                ConnectKind::Authentication,
                format!("{host} lets user {user} in by the system's own account alone, not with a password: {said}"),
            ),
            // Also said of a database that is not there, to a user without rights on all of them.
            "1044" => error(
                ConnectKind::NoSuchDatabase,
                format!(
                    "{host}: user {user} may not use database {database}: GRANT SELECT ON that database to {user}, \
                     or name another one in the URL"
                ),
            ),
            "1049" => error(
                ConnectKind::NoSuchDatabase,
                format!("{host} has no database {database}: name one in the URL (mysql://.../DATABASE)"),
            ),
            "1130" => error(
                ConnectKind::Authentication,
                format!("{host} lets nobody in from this machine's address: {said}. Make an account for it"),
            ),
            "1129" => error(
                ConnectKind::Other,
                format!(
                    "{host} has blocked this machine after failed connections: run FLUSH HOSTS (TRUNCATE performance_schema.host_cache) there"
                ),
            ),
            "1040" => error(
                ConnectKind::TooManyConnections,
                format!(
                    "{host} is full: {said}. End idle sessions or raise max_connections; admin-port=PORT (extra-port \
                     on MariaDB) in the URL is a way in all the same"
                ),
            ),
            "1203" | "1226" => error(
                ConnectKind::TooManyConnections,
                format!("{host}: {said}. End sessions of {user}, or raise the account's limit"),
            ),
            "1053" | "1077" | "3168" | "1927" => error(ConnectKind::NotReady, format!("{host} is not ready: {said}")),
            "3159" if !encrypted => {
                error(ConnectKind::Tls, format!("{host} lets nobody in without TLS: leave ssl-mode=DISABLED out"))
            }
            "1820" | "1862" => error(
                ConnectKind::Authentication,
                format!("the password of user {user} has expired: change it with ALTER USER"),
            ),
            "3118" | "4151" => error(
                ConnectKind::Authentication,
                format!("the account of user {user} is locked: ALTER USER ... ACCOUNT UNLOCK"),
            ),
            "1251" | "1524" | "2059" => error(ConnectKind::UnsupportedLogin, format!("{host}: {said}")),
            code => error(ConnectKind::Other, format!("{host}: {said} ({code})")),
        }
    }

    fn password_wanted(&self) -> ConnectError {
        let words = format!(
            "{} wants a password for user {} and none is known: put it into ~/.my.cnf, group [client] (chmod 600), or \
             a login path{}",
            self.endpoint.words(),
            self.user,
            self.hint_words()
        );
        ConnectError::new(ConnectKind::Authentication, words)
    }

    fn hint_words(&self) -> String {
        self.password.hints.first().map_or_else(String::new, |hint| format!(" ({hint})"))
    }

    /// What to know about a connection that is less than verified.
    pub(super) fn hints(&self, encrypted: bool) -> Vec<String> {
        let mut hints = self.password.hints.clone();
        if !self.endpoint.is_local() {
            let word = ssl_word(self.mode);
            match (encrypted, self.mode) {
                (false, _) => hints.push(format!("plaintext: nothing is encrypted (ssl-mode={word})")),
                (true, TlsMode::VerifyFull) => {}
                (true, TlsMode::VerifyCa) => {
                    hints.push(format!("the host name in the certificate is not checked (ssl-mode={word})"));
                }
                (true, _) => hints.push(format!("TLS is not verified (ssl-mode={word})")),
            }
        }
        hints
    }

    fn broken(&self, error: &WireError) -> Failure {
        Failure::Final(match error {
            WireError::Malformed(_) => self.not_mysql(),
            WireError::Ended(message) => self.refused(message, false),
            WireError::Io(e) if e.kind() != std::io::ErrorKind::UnexpectedEof => {
                self.other(&format!("broke the connection ({e})"))
            }
            WireError::Io(_) | WireError::Closed | WireError::Late => {
                self.other("closed the connection without a word")
            }
        })
    }
    fn other(&self, words: &str) -> ConnectError {
        let host = self.endpoint.words();
        ConnectError::new(ConnectKind::Other, format!("{host} {words}: is this MySQL? Its log may say more"))
    }
    fn not_mysql(&self) -> ConnectError {
        ConnectError::new(ConnectKind::Other, format!("{} is not a MySQL or MariaDB server", self.endpoint.words()))
    }
    /// It took the connection and then said nothing.
    fn mute(&self) -> ConnectError {
        let host = self.endpoint.words();
        ConnectError::new(
            ConnectKind::Unreachable,
            format!(
                "{host} took the connection but did not answer in time: it may hang, or not be MySQL, whose servers \
                 speak first"
            ),
        )
        .with_code(MUTE)
    }
}

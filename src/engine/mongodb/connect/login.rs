//! One server: socket, TLS, greeting, proof of who we are. Each step has its own way to fail and its own words.

use super::WORDS;
use super::hello::{Hello, greeting};
use super::plan::{Login, Mechanism, Plan};
use crate::domain::error_event::{ConnectError, ConnectKind, MUTE, tls_code};
use crate::engine::mongodb::wire::scram::{self, Exchange, ScramError};
use crate::engine::mongodb::wire::{Fields as _, Refusal, Wire, WireError};
use crate::engine::net::{self, Endpoint, Peer, Socket, TlsMode, TlsSettings, Transport};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bson::spec::BinarySubtype;
use bson::{Binary, Document, RawBsonRef, RawDocument, doc};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// The oldest protocol that knows the messages which we send: MongoDB 3.6.
const OLDEST_WIRE: i64 = 6;

/// A server that was reached, and how to reach it again.
#[derive(Clone)]
pub(crate) struct Route {
    pub(super) plan: Arc<Plan>,
    pub(super) endpoint: Endpoint,
    pub(super) peer: Peer,
    /// The name under which the server sees us.
    pub(super) application: Arc<str>,
}

impl Route {
    /// Connects and greets; nothing is proved yet.
    pub(super) async fn greet(&self, deadline: Instant) -> Result<(Wire, Hello), ConnectError> {
        if self.plan.tls == TlsMode::Off && !self.plan.plain_on_purpose && crosses_a_network(&self.peer) {
            return Err(ConnectError::new(
                ConnectKind::Tls,
                format!(
                    "mongodb:// sends all data to {} in plain text: add tls=true to the URL, use a tunnel, or add \
                     tls=false if the network between is trusted",
                    self.endpoint.words()
                ),
            )
            .with_code(tls_code::PLAIN));
        }
        let socket = net::connect(&self.endpoint, &self.peer, deadline, &WORDS).await?;
        let transport: Box<dyn Transport> = match socket {
            Socket::Unix(stream) => Box::new(stream),
            Socket::Tcp(stream) if self.plan.tls == TlsMode::Off => Box::new(stream),
            Socket::Tcp(stream) => {
                let settings = TlsSettings {
                    mode: self.plan.tls,
                    authorities: self.plan.authorities.as_deref(),
                    client_certificate: self.plan.client_certificate.as_ref(),
                    only_tls13: false,
                    alpn: None,
                };
                let tls = net::prepare(&settings, &self.endpoint, &WORDS)?;
                match timeout_at(deadline, net::handshake(stream, &tls)).await {
                    Err(_) => return Err(self.mute()),
                    Ok(Err(error)) => return Err(self.explain_tls(&error)),
                    Ok(Ok(stream)) => Box::new(stream),
                }
            }
        };
        let mut wire = Wire::new(transport);
        let hello = timeout_at(deadline, self.hello(&mut wire)).await.map_err(|_| self.mute())??;
        if hello.wire_version < OLDEST_WIRE {
            return Err(self.other(&format!(
                "is older than MongoDB 3.6 (it speaks protocol {}): it cannot be watched",
                hello.wire_version
            )));
        }
        Ok((wire, hello))
    }

    async fn hello(&self, wire: &mut Wire) -> Result<Hello, ConnectError> {
        let negotiates = |login: &&Login| login.mechanism == Mechanism::Negotiated;
        let user = self.plan.login.as_ref().filter(negotiates).map(|login| format!("{}.{}", login.source, login.user));
        let ask = |command| greeting(command, &self.application, user.as_deref(), self.plan.load_balanced);
        let mut answer = wire.ask("admin", ask("hello")).await;
        // Services that imitate an older server know only the word that came before.
        if matches!(&answer, Err(WireError::Refused(refusal)) if refusal.code == 59) {
            answer = wire.ask("admin", ask("isMaster")).await;
        }
        match answer {
            Ok(reply) => Ok(Hello::of(&reply)),
            Err(WireError::Refused(refusal)) => Err(self.refused("the greeting", &refusal)),
            Err(WireError::Malformed | WireError::Unwritable) => Err(self.other("is not a MongoDB server")),
            Err(WireError::Closed) => Err(self.closed_at_once()),
            Err(WireError::Io(e)) if e.kind() == std::io::ErrorKind::ConnectionReset => Err(self.closed_at_once()),
            Err(WireError::Io(e)) => Err(self.other(&format!("broke the connection ({e})"))),
        }
    }

    /// Proves who we are, where the URL names a user.
    pub(super) async fn prove(&self, wire: &mut Wire, hello: &Hello, deadline: Instant) -> Result<(), ConnectError> {
        let Some(login) = &self.plan.login else { return Ok(()) };
        let proof = async {
            match login.mechanism {
                Mechanism::X509 => self.x509(wire, login).await,
                Mechanism::Plain => self.plain(wire, login).await,
                Mechanism::Scram(digest) => self.scram(wire, login, digest).await,
                Mechanism::Negotiated => {
                    let strong = hello.mechanisms.iter().any(|m| m == scram::Mechanism::Sha256.name());
                    let digest = if strong { scram::Mechanism::Sha256 } else { scram::Mechanism::Sha1 };
                    self.scram(wire, login, digest).await
                }
            }
        };
        timeout_at(deadline, proof).await.map_err(|_| self.mute())?
    }

    /// Connects again and proves who we are: for the short second connection that stops a statement.
    pub(crate) async fn again(&self, deadline: Instant) -> Result<Wire, ConnectError> {
        let (mut wire, hello) = self.greet(deadline).await?;
        self.prove(&mut wire, &hello, deadline).await?;
        Ok(wire)
    }

    async fn scram(&self, wire: &mut Wire, login: &Login, digest: scram::Mechanism) -> Result<(), ConnectError> {
        let password = self.password(login)?;
        let mut exchange = Exchange::new(digest, &login.user, &self.nonce()?);
        let broken = |error: ScramError| self.scram_failed(login, error);
        let start = doc! {
            "saslStart": 1,
            "mechanism": digest.name(),
            "payload": payload(exchange.first().as_bytes()),
            "options": { "skipEmptyExchange": true },
        };
        let first = self.step(wire, login, start).await?;
        let said = payload_of(&first).ok_or(ScramError::Malformed).map_err(broken)?;
        let proof = exchange.proof(&said, &login.user, password.expose_secret()).map_err(broken)?;
        let last = self.step(wire, login, next(&first, proof.as_bytes())).await?;
        let said = payload_of(&last).ok_or(ScramError::Malformed).map_err(broken)?;
        exchange.verify(&said).map_err(broken)?;
        if !last.flag("done") {
            let end = self.step(wire, login, next(&last, &[])).await?;
            if !end.flag("done") {
                return Err(broken(ScramError::Malformed));
            }
        }
        Ok(())
    }

    async fn plain(&self, wire: &mut Wire, login: &Login) -> Result<(), ConnectError> {
        if !self.plan.is_verified(&self.endpoint) {
            return Err(ConnectError::new(
                ConnectKind::UnsupportedLogin,
                "authMechanism=PLAIN sends the password itself, and the connection is not verified: it was not sent. \
                 Use tls=true",
            ));
        }
        let password = self.password(login)?;
        let said = format!("\0{}\0{}", login.user, password.expose_secret());
        let start = doc! { "saslStart": 1, "mechanism": "PLAIN", "payload": payload(said.as_bytes()) };
        self.step(wire, login, start).await.map(drop)
    }

    async fn x509(&self, wire: &mut Wire, login: &Login) -> Result<(), ConnectError> {
        if self.plan.tls == TlsMode::Off || self.plan.client_certificate.is_none() {
            return Err(ConnectError::new(
                ConnectKind::Settings,
                "authMechanism=MONGODB-X509 needs tls=true and tlsCertificateKeyFile=FILE",
            ));
        }
        let mut command = doc! { "authenticate": 1, "mechanism": "MONGODB-X509" };
        if !login.user.is_empty() {
            command.insert("user", &login.user);
        }
        self.step(wire, login, command).await.map(drop)
    }

    async fn step(
        &self,
        wire: &mut Wire,
        login: &Login,
        command: Document,
    ) -> Result<bson::RawDocumentBuf, ConnectError> {
        match wire.ask(&login.source, command).await {
            Ok(reply) => Ok(reply),
            Err(WireError::Refused(refusal)) => Err(self.login_refused(login, &refusal)),
            Err(error) => Err(self.other(&format!("broke off the login: {}", error.words()))),
        }
    }

    fn password<'a>(&self, login: &'a Login) -> Result<&'a SecretString, ConnectError> {
        login.password.as_ref().ok_or_else(|| {
            let (host, user) = (self.endpoint.words(), &login.user);
            ConnectError::new(
                ConnectKind::Authentication,
                format!("{host} wants a password for user {user}: none is known"),
            )
        })
    }

    fn nonce(&self) -> Result<String, ConnectError> {
        let mut bytes = [0; 24];
        getrandom::fill(&mut bytes)
            .map_err(|e| self.other(&format!("cannot be logged in to: no random numbers ({e})")))?;
        Ok(BASE64.encode(bytes))
    }

    fn login_refused(&self, login: &Login, refusal: &Refusal) -> ConnectError {
        let (host, user, source) = (self.endpoint.words(), &login.user, &login.source);
        let way = login.mechanism.name();
        match refusal.code {
            // AuthenticationFailed, and Atlas's own number for it.
            18 | 8000 => ConnectError::new(
                ConnectKind::Authentication,
                format!(
                    "{host} refused the login of user {user} by {way} with authSource={source}: wrong password, or the \
                     user lives in another database"
                ),
            ),
            // MechanismUnavailable, and BadValue as older servers say it.
            334 | 2 => ConnectError::new(
                ConnectKind::UnsupportedLogin,
                format!("{host} does not offer {way}: name another authMechanism ({})", refusal.message),
            ),
            _ => self.refused("the login", refusal),
        }
    }

    fn scram_failed(&self, login: &Login, error: ScramError) -> ConnectError {
        let host = self.endpoint.words();
        match error {
            ScramError::Malformed => self.other("answered the login with what is not SCRAM"),
            ScramError::Rounds(rounds) => {
                self.other(&format!("asks for {rounds} rounds of hashing in the login, which no honest server does"))
            }
            ScramError::Password => ConnectError::new(
                ConnectKind::Authentication,
                format!("the password of user {} holds characters that SCRAM-SHA-256 does not allow", login.user),
            ),
            ScramError::Impostor => ConnectError::new(
                ConnectKind::Authentication,
                format!("{host} could not show that it knows the password itself: it is not the server it says it is"),
            ),
        }
    }

    /// A refusal before we are in.
    fn refused(&self, what: &str, refusal: &Refusal) -> ConnectError {
        let kind = match refusal.code {
            13 | 18 => ConnectKind::Authentication,
            // Shutting down, no primary or secondary yet.
            91 | 11_600 | 13_436 | 10_107 | 189 => ConnectKind::NotReady,
            _ => ConnectKind::Other,
        };
        let host = self.endpoint.words();
        ConnectError::new(kind, format!("{host} refused {what}: {} ({})", refusal.message, refusal.code))
            .with_code(&refusal.code.to_string())
    }

    fn explain_tls(&self, error: &std::io::Error) -> ConnectError {
        let explained = net::explain(error, &self.endpoint, &WORDS);
        let plain = matches!(error.kind(), std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset);
        if plain {
            let said = explained.message;
            return ConnectError::new(ConnectKind::Tls, format!("{said}: it may have no TLS (tls=false)"));
        }
        explained
    }

    fn closed_at_once(&self) -> ConnectError {
        if self.plan.tls == TlsMode::Off {
            self.other(
                "closed the connection at the first word: it may want TLS (tls=true), be full, or not be MongoDB",
            )
        } else {
            self.other("closed the connection at the first word: it may be full, or not be MongoDB")
        }
    }

    pub(super) fn other(&self, words: &str) -> ConnectError {
        ConnectError::new(ConnectKind::Other, format!("{} {words}", self.endpoint.words()))
    }

    /// It took the connection and then said nothing.
    pub(super) fn mute(&self) -> ConnectError {
        ConnectError::new(
            ConnectKind::Unreachable,
            format!(
                "{} took the connection but did not answer in time: it may hang, or not be MongoDB",
                self.endpoint.words()
            ),
        )
        .with_code(MUTE)
    }
}

/// Other machines see what is sent. The near end of a tunnel is on this one.
fn crosses_a_network(peer: &Peer) -> bool {
    matches!(peer, Peer::Tcp(address) if !address.ip().to_canonical().is_loopback())
}

fn payload(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

fn payload_of(reply: &RawDocument) -> Option<String> {
    match reply.at("payload")? {
        RawBsonRef::Binary(binary) => String::from_utf8(binary.bytes.to_vec()).ok(),
        RawBsonRef::String(text) => Some(text.to_owned()),
        _ => None,
    }
}

/// The next step of a conversation.
fn next(previous: &RawDocument, said: &[u8]) -> Document {
    doc! {
        "saslContinue": 1,
        "conversationId": previous.int("conversationId").and_then(|id| i32::try_from(id).ok()).unwrap_or(1),
        "payload": payload(said),
    }
}

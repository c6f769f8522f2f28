//! The conversation before the first statement: TLS request, startup, proof of the password.

use super::WORDS;
use super::plan::{Password, Plan, Wish, ssl_word};
use crate::domain::error_event::{ConnectError, ConnectKind, MUTE, ServerMessage, tls_code};
use crate::engine::net::{self, Endpoint, Peer, Socket, TlsMode, TlsPlan, TlsSettings, Transport};
use crate::engine::postgres::wire::{Authentication, Incoming, Message, Route, Wire, WireError};
use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256};
use postgres_protocol::message::frontend;
use secrecy::{ExposeSecret as _, SecretString};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

/// A connection that may be asked.
pub(crate) struct Opened {
    pub(crate) wire: Wire,
    pub(crate) route: Route,
    /// What the person should know about how it was made.
    pub(crate) hints: Vec<String>,
}

/// Everything about one attempt.
pub(super) struct Attempt<'a> {
    pub(super) plan: &'a Plan,
    pub(super) endpoint: &'a Endpoint,
    pub(super) password: &'a Password,
    pub(super) application: &'a str,
    pub(super) deadline: Instant,
}

/// The protection of a connection.
struct Secured {
    transport: Box<dyn Transport>,
    tls: Option<Arc<TlsPlan>>,
    end_point: Option<Vec<u8>>,
}

/// One way of trying, of the one or two that a mode allows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain,
    Tls,
}

/// Why a way led nowhere.
enum Failure {
    /// The next way may help: no TLS here, or the server lets in only the other kind.
    TryOther(ConnectError),
    Final(ConnectError),
}

impl Attempt<'_> {
    /// Connects and logs in at one address, in the ways that the mode allows.
    pub(super) async fn open(&self, peer: &Peer) -> Result<Opened, ConnectError> {
        let mode = self.plan.ssl_mode(self.endpoint);
        let ways: &[Way] = match mode {
            TlsMode::Off => &[Way::Plain],
            TlsMode::Allow => &[Way::Plain, Way::Tls],
            TlsMode::Prefer => &[Way::Tls, Way::Plain],
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => &[Way::Tls],
        };
        let mut first = None;
        for &way in ways {
            match self.open_one_way(peer, mode, way).await {
                Ok(opened) => return Ok(opened),
                Err(Failure::Final(error)) => return Err(error),
                // The first refusal is the one that the person can act on.
                Err(Failure::TryOther(error)) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| net::silent(self.endpoint)))
    }

    async fn open_one_way(&self, peer: &Peer, mode: TlsMode, way: Way) -> Result<Opened, Failure> {
        let socket = net::connect(self.endpoint, peer, self.deadline, &WORDS).await.map_err(Failure::Final)?;
        let secured = match (way, socket) {
            (Way::Tls, Socket::Tcp(stream)) => self.encrypt(stream, mode).await?,
            (_, Socket::Tcp(stream)) => Secured { transport: Box::new(stream), tls: None, end_point: None },
            (_, Socket::Unix(stream)) => Secured { transport: Box::new(stream), tls: None, end_point: None },
        };
        let hints = self.hints(mode, secured.tls.is_some());
        let tls = secured.tls.clone();
        let login = timeout_at(self.deadline, self.login(secured, mode)).await;
        match login {
            Err(_) => Err(Failure::Final(self.mute())),
            Ok(Ok((wire, (pid, secret)))) => {
                Ok(Opened { wire, route: Route { peer: peer.clone(), tls, pid, secret }, hints })
            }
            Ok(Err(error)) => Err(error),
        }
    }

    async fn encrypt(&self, mut stream: tokio::net::TcpStream, mode: TlsMode) -> Result<Secured, Failure> {
        let settings = TlsSettings {
            mode,
            authorities: self.plan.root_certificates.as_deref(),
            client_certificate: self.plan.client_certificate.as_ref(),
            only_tls13: self.plan.only_tls13,
            alpn: self.plan.direct_tls.then_some(b"postgresql"),
        };
        let plan = Arc::new(net::prepare(&settings, self.endpoint, &WORDS).map_err(Failure::Final)?);
        let soft = |error| if mode <= TlsMode::Prefer { Failure::TryOther(error) } else { Failure::Final(error) };
        let shake = async {
            if plan.alpn().is_none() {
                match ask_for_tls(&mut stream).await {
                    Ok(b'S') => {}
                    Ok(b'N') => {
                        let mode = format!("sslmode={}", ssl_word(mode));
                        return Err(soft(net::not_offered(self.endpoint, &mode, &WORDS)));
                    }
                    // What follows an E was written by somebody who may be anybody: it is not shown.
                    Ok(b'E') => return Err(soft(self.other("answered the TLS request with an error"))),
                    Ok(_) => return Err(Failure::Final(self.not_postgres())),
                    Err(e) => return Err(Failure::Final(self.hung_up(&e))),
                }
            }
            net::handshake(stream, &plan).await.map_err(|e| soft(net::explain(&e, self.endpoint, &WORDS)))
        };
        let stream = timeout_at(self.deadline, shake).await.map_err(|_| Failure::Final(self.mute()))??;
        let end_point = net::end_point(&stream);
        Ok(Secured { transport: Box::new(stream), tls: Some(plan), end_point })
    }

    async fn login(&self, secured: Secured, mode: TlsMode) -> Result<(Wire, (i32, i32)), Failure> {
        let encrypted = secured.tls.is_some();
        let verified = (encrypted && mode >= TlsMode::VerifyCa) || self.endpoint.is_local();
        let mut wire = Wire::new(secured.transport);
        let mut startup = vec![
            ("user", self.plan.user.as_str()),
            ("database", self.plan.database.as_str()),
            ("application_name", self.application),
            ("client_encoding", "UTF8"),
        ];
        if let Some(options) = &self.plan.options {
            startup.push(("options", options));
        }
        wire.queue_startup(&startup).map_err(|_| Failure::Final(self.settings("a name holds a zero byte")))?;
        let mut proof = Proof { attempt: self, verified, end_point: secured.end_point, scram: None, method: "none" };
        let mut key = (0, 0);
        loop {
            let received = match wire.send().await {
                Ok(()) => wire.receive().await,
                Err(e) => Err(e),
            };
            match received {
                Ok(Incoming::Message(Message::Authentication(step))) => {
                    proof.answer(&step, &mut wire).map_err(Failure::Final)?;
                }
                Ok(Incoming::Message(Message::Key { pid, secret })) => key = (pid, secret),
                Ok(Incoming::Message(Message::Ready(_))) => return Ok((wire, key)),
                Ok(Incoming::Message(Message::Error(report))) => return Err(self.refused(&report.message, encrypted)),
                Err(WireError::Ended(message)) => return Err(self.refused(&message, encrypted)),
                Ok(_) => {}
                Err(WireError::Malformed(_)) => return Err(Failure::Final(self.not_postgres())),
                Err(WireError::Closed | WireError::Late) => {
                    return Err(Failure::Final(self.other("closed the connection without a word")));
                }
                Err(WireError::Io(e)) => return Err(Failure::Final(self.hung_up(&e))),
            }
        }
    }

    /// The server's refusal, in words that say what to do.
    fn refused(&self, message: &ServerMessage, encrypted: bool) -> Failure {
        let (user, database, host) = (&self.plan.user, &self.plan.database, self.endpoint.words());
        let said = &message.message;
        let error = |kind, words: String| {
            Failure::Final(ConnectError::new(kind, words).with_code(&message.code).with_said(said))
        };
        match message.code.as_str() {
            "28P01" => error(
                ConnectKind::Authentication,
                format!(
                    "{host} refused the password {} for user {user}{}",
                    self.password.source,
                    self.passfile_words()
                ),
            ),
            // Invalid authorization: mostly no line in pg_hba.conf, which may exist for the other kind of connection.
            "28000" => {
                let kind = if encrypted { "with TLS" } else { "without TLS" };
                let words = format!(
                    "{host} does not let user {user} into database {database} {kind}: {said}. Add a line to \
                     pg_hba.conf, or use a user that exists and may log in"
                );
                // The server says "no encryption" of a connection that some line might let in with it.
                let wants_tls = !encrypted && said.contains("no encryption");
                let code = if wants_tls { tls_code::REQUIRED } else { message.code.as_str() };
                let error = ConnectError::new(ConnectKind::Authentication, words).with_code(code).with_said(said);
                if said.contains("pg_hba") { Failure::TryOther(error) } else { Failure::Final(error) }
            }
            "3D000" => error(
                ConnectKind::NoSuchDatabase,
                format!("{host} has no database {database}: name one in the URL (postgres://.../DATABASE)"),
            ),
            "42501" => error(ConnectKind::Authentication, format!("{host}: {said}: grant CONNECT to {user}")),
            "53300" => error(
                ConnectKind::TooManyConnections,
                format!("{host} is full: {said}. End idle sessions or raise max_connections"),
            ),
            "57P03" => error(ConnectKind::NotReady, format!("{host} is not ready: {said}")),
            "57P01" | "57P02" => error(ConnectKind::NotReady, format!("{host} is shutting down: {said}")),
            "55000" => error(ConnectKind::NoSuchDatabase, format!("{host}: {said}")),
            code => error(ConnectKind::Other, format!("{host}: {said} ({code})")),
        }
    }

    fn passfile_words(&self) -> String {
        self.password.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"))
    }
    /// What to know about a connection that is less than verified.
    fn hints(&self, mode: TlsMode, encrypted: bool) -> Vec<String> {
        let mut hints: Vec<String> = self.password.hint.iter().cloned().collect();
        if !self.endpoint.is_local() {
            let word = ssl_word(mode);
            match (encrypted, mode) {
                (false, _) => hints.push(format!("plaintext: nothing is encrypted (sslmode={word})")),
                (true, TlsMode::VerifyFull) => {}
                (true, TlsMode::VerifyCa) => {
                    hints.push(format!("the host name in the certificate is not checked (sslmode={word})"));
                }
                (true, _) => hints.push(format!("TLS is not verified (sslmode={word})")),
            }
        }
        hints
    }

    fn settings(&self, words: &str) -> ConnectError {
        ConnectError::new(ConnectKind::Settings, format!("{}: {words}", self.endpoint.words()))
    }
    fn other(&self, words: &str) -> ConnectError {
        let host = self.endpoint.words();
        ConnectError::new(ConnectKind::Other, format!("{host} {words}: is this PostgreSQL? Its log may say more"))
    }
    fn not_postgres(&self) -> ConnectError {
        ConnectError::new(ConnectKind::Other, format!("{} is not a PostgreSQL server", self.endpoint.words()))
    }
    fn hung_up(&self, error: &io::Error) -> ConnectError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.other("closed the connection without a word"),
            _ => self.other(&format!("broke the connection ({error})")),
        }
    }
    /// It took the connection and then said nothing.
    fn mute(&self) -> ConnectError {
        let host = self.endpoint.words();
        ConnectError::new(
            ConnectKind::Unreachable,
            format!("{host} took the connection but did not answer in time: it may hang, or not be PostgreSQL"),
        )
        .with_code(MUTE)
    }
}

/// Asks for TLS and gives the answer's one byte. No more is read: what a man in the middle put behind it must reach
/// the TLS layer and fail there.
async fn ask_for_tls(stream: &mut tokio::net::TcpStream) -> io::Result<u8> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write_all(&request).await?;
    stream.read_u8().await
}

/// The second connection of a cancel request, encrypted as the first was.
pub(crate) async fn encrypt_for_cancel(
    mut stream: tokio::net::TcpStream,
    plan: &TlsPlan,
) -> io::Result<impl Transport + use<>> {
    if plan.alpn().is_none() && ask_for_tls(&mut stream).await? != b'S' {
        return Err(io::Error::other("the server does not take an encrypted cancel request"));
    }
    net::handshake(stream, plan).await
}

/// Answers the server's login requests, within what the plan allows.
struct Proof<'a> {
    attempt: &'a Attempt<'a>,
    /// The password itself may be sent: to a verified server, or where nobody can listen.
    verified: bool,
    end_point: Option<Vec<u8>>,
    scram: Option<ScramSha256>,
    method: &'static str,
}

impl<'a> Proof<'a> {
    fn answer(&mut self, step: &Authentication, wire: &mut Wire) -> Result<(), ConnectError> {
        let plan = self.attempt.plan;
        let io = |e: io::Error| self.attempt.settings(&e.to_string());
        match step {
            Authentication::Ok => {
                self.permit(self.method)?;
                if plan.channel_binding == Wish::Always && self.method != SCRAM_SHA_256_PLUS {
                    return Err(self.unsupported("channel_binding=require, but the login did not use it"));
                }
                Ok(())
            }
            Authentication::Cleartext => {
                self.permit("password")?;
                if !self.verified {
                    return Err(self.unsupported(
                        "the server wants the password in clear text over a connection that is not verified: it was \
                         not sent. Use sslmode=verify-full, or scram-sha-256 in pg_hba.conf",
                    ));
                }
                let password = self.password()?;
                self.method = "password";
                wire.queue_login(|out| frontend::password_message(password.as_bytes(), out)).map_err(io)
            }
            Authentication::Md5(salt) => {
                self.permit("md5")?;
                let hash = md5_hash(plan.user.as_bytes(), self.password()?.as_bytes(), *salt);
                self.method = "md5";
                wire.queue_login(|out| frontend::password_message(hash.as_bytes(), out)).map_err(io)
            }
            Authentication::Sasl(mechanisms) => {
                self.permit("scram-sha-256")?;
                let (mechanism, binding) = self.mechanism(mechanisms)?;
                let scram = ScramSha256::new(self.password()?.as_bytes(), binding);
                self.method = mechanism;
                wire.queue_login(|out| frontend::sasl_initial_response(mechanism, scram.message(), out)).map_err(io)?;
                self.scram = Some(scram);
                Ok(())
            }
            Authentication::SaslContinue(data) => {
                let scram = self.scram.as_mut().ok_or_else(|| self.attempt.not_postgres())?;
                scram.update(data).map_err(io)?;
                wire.queue_login(|out| frontend::sasl_response(scram.message(), out)).map_err(io)
            }
            Authentication::SaslFinal(data) => {
                let scram = self.scram.as_mut().ok_or_else(|| self.attempt.not_postgres())?;
                scram.finish(data).map_err(|_| {
                    let words = format!(
                        "{} does not know the password itself: it may be an impostor",
                        self.attempt.endpoint.words()
                    );
                    ConnectError::new(ConnectKind::Authentication, words)
                })
            }
            Authentication::Other(name) => Err(self.unsupported(&format!(
                "the server wants {name}, which this program does not speak: allow scram-sha-256 for this user in \
                 pg_hba.conf"
            ))),
        }
    }

    fn mechanism(&self, offered: &[String]) -> Result<(&'static str, ChannelBinding), ConnectError> {
        let offers = |name: &str| offered.iter().any(|m| m == name);
        let wish = self.attempt.plan.channel_binding;
        match &self.end_point {
            Some(hash) if wish != Wish::Never && offers(SCRAM_SHA_256_PLUS) => {
                Ok((SCRAM_SHA_256_PLUS, ChannelBinding::tls_server_end_point(hash.clone())))
            }
            _ if wish == Wish::Always => {
                Err(self.unsupported("channel_binding=require, but this connection cannot be bound"))
            }
            // "Could, but you did not offer": an attacker who took the offer away is found out.
            Some(_) if wish != Wish::Never && offers(SCRAM_SHA_256) => {
                Ok((SCRAM_SHA_256, ChannelBinding::unrequested()))
            }
            _ if offers(SCRAM_SHA_256) => Ok((SCRAM_SHA_256, ChannelBinding::unsupported())),
            _ => Err(self.unsupported(&format!(
                "the server offers only login mechanisms that this program does not speak: {}",
                offered.join(", ")
            ))),
        }
    }

    fn password(&self) -> Result<&'a str, ConnectError> {
        let attempt = self.attempt;
        attempt.password.secret.as_ref().map(SecretString::expose_secret).ok_or_else(|| {
            let words = format!(
                "{} wants a password for user {} and none is known: put it into ~/.pgpass (chmod 600){}",
                attempt.endpoint.words(),
                attempt.plan.user,
                attempt.passfile_words()
            );
            ConnectError::new(ConnectKind::Authentication, words)
        })
    }
    fn permit(&self, method: &str) -> Result<(), ConnectError> {
        let allowed = &self.attempt.plan.methods;
        let method = if method == SCRAM_SHA_256 || method == SCRAM_SHA_256_PLUS { "scram-sha-256" } else { method };
        if allowed.is_empty() || allowed.iter().any(|m| m == method) {
            return Ok(());
        }
        Err(self.unsupported(&format!("the server wants method {method}, which require_auth does not allow")))
    }
    fn unsupported(&self, words: &str) -> ConnectError {
        let host = self.attempt.endpoint.words();
        ConnectError::new(ConnectKind::UnsupportedLogin, format!("{host}: {words}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::engine::Surroundings;

    /// What a server gets to hear that asks for the password in a way.
    fn answer(url: &str, verified: bool, step: &Authentication) -> (Result<(), ConnectError>, bool) {
        let around = Surroundings::default();
        let plan = Plan::make(&SecretString::from(url), &around).unwrap();
        let endpoint = &plan.endpoints[0];
        let password = plan.password(endpoint, None, &around);
        let deadline = Instant::now();
        let attempt = Attempt { plan: &plan, endpoint, password: &password, application: "test", deadline };
        let mut wire = Wire::new(Box::new(tokio::io::duplex(64).0));
        let mut proof = Proof { attempt: &attempt, verified, end_point: None, scram: None, method: "none" };
        let result = proof.answer(step, &mut wire);
        (result, !wire.is_settled())
    }

    #[tokio::test]
    async fn the_password_itself_is_sent_only_where_nobody_else_can_read_it() {
        let url = "postgres://u:canary@db.example/d?sslmode=disable";
        let (result, sent) = answer(url, false, &Authentication::Cleartext);
        let error = result.unwrap_err();
        assert!(error.kind == ConnectKind::UnsupportedLogin && !error.message.contains("canary"), "{error}");
        assert!(!sent);
        let (result, sent) = answer(url, true, &Authentication::Cleartext);
        assert!(result.is_ok() && sent);
    }

    #[tokio::test]
    async fn a_wanted_binding_is_not_given_up_silently() {
        let both = Authentication::Sasl(vec![SCRAM_SHA_256_PLUS.into(), SCRAM_SHA_256.into()]);
        let (result, sent) = answer("postgres://u:p@h/d?channel_binding=require", true, &both);
        assert!(result.unwrap_err().message.contains("channel_binding") && !sent);
        let (result, sent) = answer("postgres://u:p@h/d", true, &both);
        assert!(result.is_ok() && sent);
        let (result, _) = answer("postgres://u:p@h/d", true, &Authentication::Sasl(vec!["OAUTHBEARER".into()]));
        assert_eq!(result.unwrap_err().kind, ConnectKind::UnsupportedLogin);
        // A server that lets anybody in is not what `require_auth` asks for.
        let (result, _) = answer("postgres://u:p@h/d?require_auth=scram-sha-256", true, &Authentication::Ok);
        assert!(result.is_err());
    }
}

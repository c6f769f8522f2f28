//! The conversation before the first statement: TLS, the version of the protocol, the proof of the password, the
//! database, and the frame in which everything else of ours runs.

use super::plan::{Password, Plan, WORDS};
use super::refused;
use crate::domain::error_event::{ConnectError, ConnectKind, tls_code};
use crate::engine::net::{self, Peer, Socket, TlsMode, TlsSettings, Transport};
use crate::engine::redis::hosting::HOSTING;
use crate::engine::redis::wire::{Pulse, Reply, Wire};
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, timeout_at};

/// A connection that may be asked.
pub(crate) struct Opened {
    pub(crate) wire: Wire,
    /// What the person should know about how it was made.
    pub(crate) hints: Vec<String>,
    /// Whoever sends no password is let in as `default`: then no ACL holds a client that sends RESET.
    pub(crate) open_default: bool,
}

/// Everything about one attempt.
pub(super) struct Attempt<'a> {
    pub(super) plan: &'a Plan,
    pub(super) password: &'a Password,
    pub(super) application: &'a str,
    /// The socket leads into a tunnel, which encrypts by itself.
    pub(super) tunnelled: bool,
    pub(super) deadline: Instant,
}

impl Attempt<'_> {
    /// Connects and logs in at one address.
    pub(super) async fn open(&self, peer: &Peer) -> Result<Opened, ConnectError> {
        let plan = self.plan;
        let plain_over_network = plan.tls == TlsMode::Off && !plan.endpoint.is_local() && !self.tunnelled;
        if plain_over_network && !plan.plain_on_purpose {
            return Err(ConnectError::new(
                ConnectKind::Tls,
                format!(
                    "redis:// sends the password and all data to {} in plain text: use rediss://, a tunnel, or add tls=off to \
                     the URL if the network between is trusted",
                    plan.endpoint.words()
                ),
            )
            .with_code(tls_code::PLAIN));
        }
        let socket = net::connect(&plan.endpoint, peer, self.deadline, &WORDS).await?;
        let transport = self.encrypt(socket).await?;
        let mut hints = Vec::new();
        if plain_over_network {
            hints.push("plaintext: nothing is encrypted (tls=off)".to_owned());
        }
        if plan.tls == TlsMode::VerifyCa {
            hints.push("the host name in the certificate is not checked (tls=verify-ca)".to_owned());
        }
        hints.extend(HOSTING.words(&plan.endpoint.host, plan.endpoint.port));
        let mut wire = Wire::new(transport);
        wire.feel(Pulse::of(&plan.endpoint.words()));
        match timeout_at(self.deadline, self.login(wire)).await {
            Err(_) => Err(refused::mute(plan)),
            Ok(Err(error)) => Err(error),
            Ok(Ok((wire, open_default))) => Ok(Opened { wire, hints, open_default }),
        }
    }

    async fn encrypt(&self, socket: Socket) -> Result<Box<dyn Transport>, ConnectError> {
        let plan = self.plan;
        match socket {
            Socket::Unix(stream) => Ok(Box::new(stream)),
            Socket::Tcp(stream) if plan.tls == TlsMode::Off => Ok(Box::new(stream)),
            Socket::Tcp(stream) => {
                let settings = TlsSettings {
                    mode: plan.tls,
                    authorities: plan.authorities.as_deref(),
                    client_certificate: plan.client_certificate.as_ref(),
                    only_tls13: false,
                    alpn: None,
                };
                let tls = net::prepare(&settings, &plan.endpoint, &WORDS)?;
                match timeout_at(self.deadline, net::handshake(stream, &tls)).await {
                    Err(_) => Err(ConnectError::new(
                        ConnectKind::Tls,
                        format!(
                            "{} did not answer the TLS handshake: it may speak none on this port (redis://)",
                            plan.endpoint.words()
                        ),
                    )),
                    Ok(Err(error)) => Err(self.no_tls(&error)),
                    Ok(Ok(stream)) => Ok(Box::new(stream)),
                }
            }
        }
    }

    /// A server without TLS answers the handshake with a line of text, or closes.
    fn no_tls(&self, error: &std::io::Error) -> ConnectError {
        let mut explained = net::explain(error, &self.plan.endpoint, &WORDS);
        let about_certificates = explained.message.contains("certificate");
        if !about_certificates {
            explained.message.push_str(". It may speak no TLS on this port: then use redis://, or its tls-port");
        }
        explained
    }

    async fn login(&self, mut wire: Wire) -> Result<(Wire, bool), ConnectError> {
        let open_default = self.default_is_open(&mut wire).await?;
        self.prove(&mut wire).await?;
        self.frame(&mut wire).await?;
        Ok((wire, open_default))
    }

    /// Asks for something harmless before any password is sent: whoever is answered is `default`.
    async fn default_is_open(&self, wire: &mut Wire) -> Result<bool, ConnectError> {
        let reply = self.ask(wire, &["PING"]).await?;
        match reply.code() {
            "" => Ok(true),
            // It takes somebody in, who may just not do this now. A server whose snapshot failed refuses PING with the
            // writes, and is looked at most of all then.
            "LOADING" | "NOPERM" | "MASTERDOWN" | "BUSY" | "MISCONF" => Ok(reply.code() != "NOPERM"),
            "NOAUTH" => Ok(false),
            _ if reply.text().to_ascii_lowercase().contains("operation not permitted") => Ok(false),
            _ => Err(refused::explain(self.plan, self.password, &reply.text())),
        }
    }

    /// HELLO with the password in it, else AUTH in the older protocol.
    async fn prove(&self, wire: &mut Wire) -> Result<(), ConnectError> {
        let user = self.plan.user.as_deref().unwrap_or("default");
        let secret = self.password.secret.as_ref().map(|s| s.expose_secret().to_owned());
        let mut hello = vec!["HELLO", "3"];
        if let Some(secret) = &secret {
            hello.extend(["AUTH", user, secret]);
        } else if self.plan.user.is_some() {
            // A user without a password is a user with `nopass`.
            hello.extend(["AUTH", user, ""]);
        }
        let reply = self.ask(wire, &hello).await?;
        if reply.code().is_empty() {
            return Ok(());
        }
        let words = reply.text().to_ascii_lowercase();
        let no_hello = reply.code() == "NOPROTO" || words.contains("unknown command") || words.contains("syntax error");
        if !no_hello {
            return Err(refused::explain(self.plan, self.password, &reply.text()));
        }
        let Some(secret) = secret else { return Ok(()) };
        let login: Vec<&str> = match &self.plan.user {
            Some(user) => vec!["AUTH", user, &secret],
            None => vec!["AUTH", &secret],
        };
        let reply = self.ask(wire, &login).await?;
        if reply.code().is_empty() { Ok(()) } else { Err(refused::explain(self.plan, self.password, &reply.text())) }
    }

    /// The database, our name in the list of clients, and that our reads neither keep keys young nor get us thrown out
    /// first. Servers that do not have the latter refuse them, which changes nothing.
    async fn frame(&self, wire: &mut Wire) -> Result<(), ConnectError> {
        if self.plan.database != 0 {
            let reply = self.ask(wire, &["SELECT", &self.plan.database.to_string()]).await?;
            if !reply.code().is_empty() {
                return Err(refused::database(self.plan, &reply.text()));
            }
        }
        let name: String = self.application.chars().map(|c| if c.is_ascii_graphic() { c } else { '-' }).collect();
        let frame: Vec<Vec<&str>> = vec![
            vec!["CLIENT", "SETNAME", &name],
            vec!["CLIENT", "SETINFO", "LIB-NAME", "dba-gpt"],
            vec!["CLIENT", "SETINFO", "LIB-VER", env!("CARGO_PKG_VERSION")],
            vec!["CLIENT", "NO-EVICT", "ON"],
            vec!["CLIENT", "NO-TOUCH", "ON"],
        ];
        wire.ask_all(&frame).await.map_err(|e| refused::broken(self.plan, &e))?;
        Ok(())
    }

    async fn ask(&self, wire: &mut Wire, command: &[&str]) -> Result<Reply, ConnectError> {
        wire.ask(command).await.map_err(|e| refused::broken(self.plan, &e))
    }
}

//! Looking round on a target's own host after a failure: a few connections of a second each, which log in nowhere but
//! to read the list of databases where the login itself was good.

use super::clock;
use super::connect::Door;
use crate::app::event::Event;
use crate::domain::attempt::Purpose;
use crate::domain::connection::{
    Answer, FamilyAnswer, Found, Language, MOST_PROBES, PROBE_MS, Probe, UrlParts, address_parts,
};
use crate::domain::guard::{self, Author, Catalog};
use crate::domain::question::{Answer as Planned, Intent, Scope, Topic};
use crate::domain::rows::Limits;
use crate::domain::schema::Schema;
use crate::domain::target::TargetId;
use crate::engine::{Collector, ENGINES, EngineSpec, Surroundings};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Time for one connection.
const EACH: Duration = Duration::from_millis(PROBE_MS);
/// A server that greets does so within this time.
const GREETING: Duration = Duration::from_millis(300);
/// Bytes of a first answer that are looked at.
const FIRST_BYTES: usize = 512;
/// Databases that are listed at most.
const MOST_DATABASES: usize = 500;

/// One target to look round at.
pub(super) struct Surveyor {
    /// Its name.
    pub(super) id: TargetId,
    /// Its engine.
    pub(super) spec: &'static EngineSpec,
    /// The way in.
    pub(super) door: Door,
    /// Where it is.
    pub(super) address: String,
}

impl Surveyor {
    /// Makes the looks one after the other and tells what they found.
    pub(super) async fn run(self, probes: Vec<Probe>, out: mpsc::Sender<Event>) {
        let found = self.look(&probes).await;
        let _ = out.send(Event::LookedRound(self.id, found)).await;
    }

    /// The looks, one after the other.
    pub(super) async fn look(&self, probes: &[Probe]) -> Vec<Found> {
        let (host, port, _) = address_parts(&self.address, 0);
        let mut found = Vec::new();
        for probe in probes {
            match probe {
                // Nothing that is dialled from here leads to the far end of a tunnel.
                Probe::Port(_) | Probe::Mute(_) | Probe::Families(_) | Probe::Sockets if self.door.has_tunnel() => {}
                Probe::Port(port) => found.push(Found::Port(*port, who_speaks(host, *port, self.hello(*port)).await)),
                Probe::Mute(port) => found.push(Found::Port(*port, self.who_waits(host, *port).await)),
                Probe::Families(port) => found.push(Found::Families(families(host, *port).await)),
                Probe::Databases => found.extend(self.databases().await.map(Found::Databases)),
                Probe::Sockets => found.push(Found::Sockets(sockets(self.spec, self.door.surroundings(), port))),
            }
        }
        found
    }

    /// Greets in other languages until somebody answers.
    async fn who_waits(&self, host: &str, port: u16) -> Answer {
        let own = self.spec.dialect.approach().hello;
        let others =
            ENGINES.iter().map(|e| e.dialect.approach().hello).filter(|hello| !hello.is_empty() && *hello != own);
        for hello in others.take(MOST_PROBES) {
            if let known @ Answer::Speaks(Some(_)) = who_speaks(host, port, hello).await {
                return known;
            }
        }
        Answer::Speaks(None)
    }

    /// What to say on a port where nobody greets: the words of the engine whose own port it is, else of the target's.
    fn hello(&self, port: u16) -> &'static [u8] {
        let own = self.spec.dialect.approach();
        let owner =
            ENGINES.iter().map(|e| e.dialect.approach()).find(|a| a.ports.first().is_some_and(|p| p.number == port));
        if own.who_at(port).is_some() { own.hello } else { owner.unwrap_or(own).hello }
    }

    /// Names of the databases, from one that is nearly always there.
    async fn databases(&self) -> Option<Vec<String>> {
        let approach = self.spec.dialect.approach();
        let from = approach.default_databases.first()?;
        let databases = Intent::Topic(Topic::Databases, Scope::default());
        let planned = self.spec.dialect.answer(&databases, &Schema::default(), clock::now()).ok()?;
        let Planned { statements, .. } = planned;
        let statement = statements.into_iter().next()?.statement;
        let allowed = guard::allow(self.spec.dialect, Author::Person, &Catalog::default(), &statement).ok()?;
        let work = async {
            let mut session = self.door.open(self.spec, Some(from), Purpose::Test.word()).await.ok()?;
            let limits = Limits { rows: MOST_DATABASES, ..Limits::default() };
            let mut rows = Collector::new(limits);
            let read = session.read(allowed, &limits, &CancellationToken::new(), &mut rows).await;
            session.close().await;
            read.ok()?;
            let rows = rows.into_rows().rows;
            Some(
                rows.into_iter()
                    .filter_map(|row| row.first().and_then(super::super::domain::rows::Value::plain))
                    .collect(),
            )
        };
        // A login takes longer than a look; still no longer than three of them.
        timeout(EACH * 3, work).await.ok().flatten()
    }
}

async fn who_speaks(host: &str, port: u16, hello: &[u8]) -> Answer {
    let work = async {
        match TcpStream::connect((host, port)).await {
            Ok(stream) => first_words(stream, hello).await,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Answer::Refused,
            Err(_) => Answer::Silent,
        }
    };
    timeout(EACH, work).await.unwrap_or(Answer::Silent)
}

/// Listens for a greeting, else asks, and tells by the first bytes who is there.
async fn first_words(mut stream: TcpStream, hello: &[u8]) -> Answer {
    let mut said = [0_u8; FIRST_BYTES];
    let heard = match timeout(GREETING, stream.read(&mut said)).await {
        Ok(Ok(n)) => n,
        Ok(Err(_)) => 0,
        Err(_) => {
            if stream.write_all(hello).await.is_err() {
                return Answer::Speaks(None);
            }
            stream.read(&mut said).await.unwrap_or(0)
        }
    };
    let said = &said[..heard];
    let speaker = ENGINES.iter().map(|e| e.dialect.approach()).find(|a| (a.recognises)(said));
    Answer::Speaks(speaker.map(|a| Language { name: a.name, scheme: a.scheme }))
}

/// The first address of each family, and whether it takes a connection.
async fn families(host: &str, port: u16) -> Vec<FamilyAnswer> {
    let resolved = timeout(EACH, tokio::net::lookup_host((host, port))).await;
    let addresses: Vec<SocketAddr> = resolved.ok().and_then(Result::ok).into_iter().flatten().collect();
    let first = |six: bool| addresses.iter().copied().find(|a| a.is_ipv6() == six);
    let mut answers = Vec::new();
    for address in [first(true), first(false)].into_iter().flatten() {
        let answers_here = matches!(timeout(EACH, TcpStream::connect(address)).await, Ok(Ok(_)));
        answers.push(FamilyAnswer { address: address.ip().to_string(), six: address.is_ipv6(), answers: answers_here });
    }
    answers
}

/// Folders of the engine's sockets on this machine, for this port.
fn sockets(spec: &EngineSpec, surroundings: &Surroundings, port: u16) -> Vec<String> {
    let own = spec.dialect.approach().ports.first().map(|p| p.number);
    let of_url = |url: String| {
        let parts = UrlParts::split(&url)?;
        let said = parts.parameter("host")?;
        let of_port = parts.parameter("port").map_or(own, |p| p.parse().ok());
        if of_port != Some(port) {
            return None;
        }
        let folder = percent_decoded(said);
        folder.starts_with('/').then_some(folder)
    };
    (spec.discover)(surroundings).into_iter().filter_map(|found| of_url(found.url)).collect()
}

fn percent_decoded(text: &str) -> String {
    text.replace("%2F", "/").replace("%2f", "/")
}

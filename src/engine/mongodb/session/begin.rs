//! The first questions of a session: which product and version, who we are, which database, and what is not visible.

use super::frame::Frame;
use super::powers::Powers;
use super::{Facts, MongoSession};
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::domain::target::{Identity, Timestamp};
use crate::domain::text::hex;
use crate::engine::mongodb::connect::{Hello, Opened, Role, Route};
use crate::engine::mongodb::sample::Memory;
use crate::engine::mongodb::wire::{Fields as _, Refusal, Wire, WireError};
use bson::{Document, RawDocument, RawDocumentBuf, doc};

/// Time for each of the first questions, milliseconds.
const TIME_MS: u64 = 2_000;
/// Databases of the server's own.
const SYSTEM: [&str; 3] = ["admin", "config", "local"];
/// The database that every tool of MongoDB takes when none is named.
const DEFAULT: &str = "test";

impl MongoSession {
    /// Takes over a connection that was let in.
    pub(in crate::engine::mongodb) async fn begin(opened: Opened) -> Result<Self, ConnectError> {
        let Opened { mut wire, hello, route } = opened;
        let mut first = Questions { wire: &mut wire, route: &route, wire_version: hello.wire_version };

        let build = first.must(doc! { "buildInfo": 1 }).await?;
        let names = first.ask(doc! { "listDatabases": 1, "nameOnly": true, "authorizedDatabases": true }).await?;
        let powers = match first.ask(doc! { "connectionStatus": 1, "showPrivileges": true }).await? {
            Ok(status) => Powers::of(&status),
            // A service that does not know the command; what cannot be seen is told by each question that fails.
            Err(_) => Powers::unknown(),
        };
        if let Err(refusal) = &names
            && refusal.is_forbidden()
            && powers.is_nobody()
        {
            return Err(first.nobody(refusal));
        }
        let names: Vec<String> = names
            .map(|reply| {
                reply.documents("databases").iter().filter_map(|d| d.text("name")).map(str::to_owned).collect()
            })
            .unwrap_or_default();
        let status = first.ask(status_of_process()).await?;
        if hello.role == Role::Arbiter && route.user().is_some() {
            return Err(
                first.error(ConnectKind::UnsupportedLogin, "is an arbiter: it holds no users; leave out the login")
            );
        }

        let mut hints: Vec<String> = route.tls_hint().into_iter().collect();
        let database = database(&route, &names, &mut hints);
        product(&build, &mut hints);
        let open = powers.is_nobody() && hello.role != Role::Arbiter;
        let sees_all = open || powers.may_see_operations();
        if let Err(refusal) = &status
            && refusal.is_forbidden()
        {
            hints.push(format!("counters of the server are hidden: {}", grant(&powers)));
        } else if !sees_all {
            hints.push(format!("operations of other users are hidden: {}", grant(&powers)));
        }
        let version = build.text("version").unwrap_or("of unknown version").to_owned();
        let number = version_number(&version);
        let mut excess_powers = powers.excess();
        if open {
            excess_powers
                .insert(0, "everything: the server asks for no login (security.authorization is off)".to_owned());
        }
        let identity = Identity {
            password_expires: None,
            version: format!("MongoDB {version}"),
            version_number: number,
            kind: format!(
                "mongo{}",
                if number == 0 { String::new() } else { format!("{}{}", number / 10_000, number / 100 % 100) }
            ),
            role: hello.role.word().to_owned(),
            database: database.clone(),
            user: powers.user().unwrap_or_default().to_owned(),
            started_at: status.as_ref().ok().and_then(|status| started_at(status)),
            excess_powers,
            hints,
            system_id: Some(system_id(&hello, &route)),
        };
        let facts = Facts {
            database,
            role: hello.role,
            wire_version: hello.wire_version,
            sees_all,
            read_preference: route.read_preference(hello.role),
        };
        let tag = tag(&route)?;
        Ok(Self { wire: Some(wire), route, identity, facts, tag, count: 0, memory: Memory::default() })
    }
}

/// The first questions, all to `admin`.
struct Questions<'a> {
    wire: &'a mut Wire,
    route: &'a Route,
    wire_version: i64,
}

impl Questions<'_> {
    async fn ask(&mut self, command: Document) -> Result<Result<RawDocumentBuf, Refusal>, ConnectError> {
        let frame = Frame { comment: "begin", read_preference: "primaryPreferred", wire_version: self.wire_version };
        match self.wire.ask("admin", frame.around(command, TIME_MS)).await {
            Ok(reply) => Ok(Ok(reply)),
            Err(WireError::Refused(refusal)) => Ok(Err(refusal)),
            Err(error) => {
                Err(self
                    .error(ConnectKind::Other, &format!("broke the connection at a first question: {}", error.words())))
            }
        }
    }

    async fn must(&mut self, command: Document) -> Result<RawDocumentBuf, ConnectError> {
        match self.ask(command).await? {
            Ok(reply) => Ok(reply),
            Err(refusal) if refusal.is_forbidden() => Err(self.nobody(&refusal)),
            Err(refusal) => {
                let words = format!("let us in but refused the first question: {} ({})", refusal.message, refusal.code);
                Err(self.error(ConnectKind::Other, &words))
            }
        }
    }

    /// The server wants a login and has none from us.
    fn nobody(&self, refusal: &Refusal) -> ConnectError {
        let host = self.route.words();
        let words = if self.route.user().is_some() {
            format!("{host} let us in but allows nothing: {} ({})", refusal.message, refusal.code)
        } else {
            format!("{host} wants a login: name a user, mongodb://USER@{host}/?authSource=admin")
        };
        ConnectError::new(ConnectKind::Authentication, words)
    }

    fn error(&self, kind: ConnectKind, words: &str) -> ConnectError {
        ConnectError::new(kind, format!("{} {words}", self.route.words()))
    }
}

/// `serverStatus` without its large sections.
fn status_of_process() -> Document {
    let mut command = doc! { "serverStatus": 1 };
    for section in crate::engine::mongodb::sample::LARGE_SECTIONS.iter().chain(&["wiredTiger", "metrics"]) {
        command.insert(*section, 0);
    }
    command
}

fn started_at(status: &RawDocument) -> Option<Timestamp> {
    let now = status.moment("localTime")?;
    let up = status.int("uptimeMillis").or_else(|| status.int("uptime").map(|seconds| seconds * 1000))?;
    Some(Timestamp(now - up))
}

/// The database of the URL; without one, the only one there is, else the one that every tool takes.
fn database(route: &Route, names: &[String], hints: &mut Vec<String>) -> String {
    if let Some(named) = route.database() {
        return named.to_owned();
    }
    let own: Vec<&String> = names.iter().filter(|name| !SYSTEM.contains(&name.as_str())).collect();
    match own.as_slice() {
        [one] => (*one).clone(),
        [] => DEFAULT.to_owned(),
        several => {
            let few: Vec<&str> = several.iter().take(8).map(|name| name.as_str()).collect();
            hints.push(format!("the URL names no database, so {DEFAULT} is used: there are {}", few.join(", ")));
            DEFAULT.to_owned()
        }
    }
}

/// Products that speak the protocol and are something else.
fn product(build: &RawDocument, hints: &mut Vec<String>) {
    let engines = build.texts("storageEngines");
    if build.document("ferretdb").is_some() {
        hints
            .push("this is FerretDB: counters, operations and replica sets are not MongoDB's, most are missing".into());
    } else if engines.contains(&"documentdb") {
        hints.push(
            "this is DocumentDB, on PostgreSQL: counters and operations are not MongoDB's, many are missing".into(),
        );
    }
    let version = version_number(build.text("version").unwrap_or_default());
    if version > 0 && version < 40_400 {
        hints.push("MongoDB older than 4.4: some readings and views are missing".into());
    }
}

/// What to grant to a login that sees too little.
fn grant(powers: &Powers) -> String {
    let (user, home) = (powers.user().unwrap_or("USER"), powers.home().unwrap_or("admin"));
    format!(
        "db.getSiblingDB({}).grantRolesToUser({}, [{{ role: \"clusterMonitor\", db: \"admin\" }}])",
        quoted(home),
        quoted(user)
    )
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// `7.0.14` as 70014.
fn version_number(version: &str) -> u32 {
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0).min(99));
    let mut next = || parts.next().unwrap_or(0);
    next() * 10_000 + next() * 100 + next()
}

/// The member's name in its set, else the address.
fn system_id(hello: &Hello, route: &Route) -> String {
    match (&hello.set, &hello.me) {
        (Some(set), Some(me)) => format!("{set}/{me}"),
        (Some(set), None) => format!("{set}/{}", route.words()),
        _ => route.words(),
    }
}

/// Random text that tells our commands from everybody's.
fn tag(route: &Route) -> Result<String, ConnectError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|e| ConnectError::new(ConnectKind::Other, format!("{}: no random numbers ({e})", route.words())))?;
    Ok(format!("dba-gpt {}", hex(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::version_number;

    #[test]
    fn versions_become_numbers_that_order() {
        for (words, number) in
            [("7.0.14", 70_014), ("4.4.0-rc1", 40_400), ("8.2.1", 80_201), ("nonsense", 0), ("", 0), ("5", 50_000)]
        {
            assert_eq!(version_number(words), number, "{words}");
        }
    }
}

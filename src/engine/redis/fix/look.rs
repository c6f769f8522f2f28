//! What the server says about what an act touches, asked over one connection so that a watch on the keys holds from
//! the first look to the act.

use super::deed::KeyChange;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::TouchedObject;
use crate::domain::proposal::survey::Place;
use crate::engine::redis::dialect::line;
use crate::engine::redis::session::{Info, refusal};
use crate::engine::redis::wire::{Bounds, Reply, Wire};

/// One question, as words.
pub(super) type Question = Vec<Vec<u8>>;

/// Words of a question.
pub(super) fn question(words: &[&[u8]]) -> Question {
    words.iter().map(|word| word.to_vec()).collect()
}

/// Asks, and gives every answer, refusals among them.
pub(super) async fn ask(wire: &mut Wire, questions: &[Question]) -> Result<Vec<Reply>, SessionError> {
    wire.set_bounds(Bounds::default());
    wire.ask_all(questions).await.map_err(|error| SessionError::Lost(error.words()))
}

/// Asks one question; a refusal is an error.
pub(super) async fn ask_one(wire: &mut Wire, words: &[&[u8]]) -> Result<Reply, SessionError> {
    match ask(wire, &[question(words)]).await?.pop() {
        Some(Reply::Error(words)) => Err(SessionError::Server(refusal(&words))),
        Some(reply) => Ok(reply),
        None => Err(SessionError::Lost("no answer".into())),
    }
}

/// The server as it is now.
pub(super) struct Server {
    pub(super) place: Place,
    /// It takes no writes.
    pub(super) is_replica: bool,
    pub(super) replicas: u64,
    /// `host:port` of the primary, on a replica.
    pub(super) primary: String,
    /// A script holds it up: it answers BUSY to everything but the end of that script. Which of the hold-ups that this
    /// program has seen it is.
    pub(super) hold_up: Option<u64>,
}

impl Server {
    /// One that says nothing about itself, because a script holds it up.
    fn held_up(database: &str, hold_up: u64) -> Self {
        let role = "held up by a script".to_owned();
        Self {
            place: Place { database: database.to_owned(), role, ..Place::default() },
            is_replica: false,
            replicas: 0,
            primary: String::new(),
            hold_up: Some(hold_up),
        }
    }
}

/// Asks where we are: a replica may have been promoted under an open connection.
pub(super) async fn server(wire: &mut Wire, database: &str) -> Result<Server, SessionError> {
    let info = match ask_one(wire, &[b"INFO"]).await {
        Err(SessionError::Server(message)) if message.code == "BUSY" => {
            return Ok(Server::held_up(database, wire.hold_up()));
        }
        answer => Info::parse(&answer?.text()),
    };
    let role = match (info.text("redis_mode"), info.text("role")) {
        ("sentinel", _) => "sentinel",
        (_, "slave") => "replica",
        _ => "primary",
    };
    let cluster = info.text("cluster_enabled") == "1";
    Ok(Server {
        place: Place {
            database: database.to_owned(),
            role: if cluster { format!("{role} (cluster)") } else { role.to_owned() },
            server: info.get("run_id").map(str::to_owned),
            // A restart gives another run id; the time of the start is known to the second only.
            started_at: None,
            epoch: info.get("master_replid").map(str::to_owned),
        },
        is_replica: role == "replica",
        replicas: info.get("connected_slaves").and_then(|n| n.parse().ok()).unwrap_or(0),
        primary: format!("{}:{}", info.text("master_host"), info.text("master_port")),
        hold_up: None,
    })
}

/// Refuses a command that this server has under this name for something else, or whose nature it does not tell.
pub(super) async fn is_itself(wire: &mut Wire, name: &str, writes: bool) -> Result<(), SessionError> {
    if let Some(why) = wire.fence().why_silent() {
        return Err(SessionError::Unsupported(format!(
            "this server does not say whether its commands are what their names say ({why}): let this login ask for it \
             with +command|info"
        )));
    }
    let reply = ask_one(wire, &[b"COMMAND", b"INFO", name.as_bytes()]).await?;
    let [entry] = reply.items() else {
        return Err(SessionError::Unsupported(format!("this server does not describe {name}")));
    };
    let [found, _, flags, ..] = entry.items() else {
        return Err(SessionError::Unsupported(format!("this server has no command {name}, or it was renamed")));
    };
    let says_write = |flags: &Reply| flags.items().iter().any(|flag| flag.text().eq_ignore_ascii_case("write"));
    // A command of several others, such as XGROUP, has their flags with them and none of its own.
    let inner = entry.items().get(9).map_or(&[][..], Reply::items);
    let flagged = says_write(flags) || inner.iter().any(|one| one.items().get(2).is_some_and(says_write));
    if found.text().eq_ignore_ascii_case(name) && (flagged || !writes) {
        Ok(())
    } else {
        Err(SessionError::Unsupported(format!("this server has something else under the name {name}")))
    }
}

/// A key as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyState {
    pub(super) key: Vec<u8>,
    /// `none` when it is not there.
    pub(super) kind: String,
    pub(super) encoding: String,
    /// Milliseconds that it has left; none when it stays.
    pub(super) left_ms: Option<i64>,
    /// Bytes in memory, where the server told.
    pub(super) bytes: Option<u64>,
}

impl KeyState {
    pub(super) fn exists(&self) -> bool {
        self.kind != "none"
    }
    /// `hash listpack, 1204 bytes, expires in 60 s`.
    pub(super) fn words(&self) -> String {
        if !self.exists() {
            return "is not there".to_owned();
        }
        let bytes = self.bytes.map_or_else(|| "size unknown".to_owned(), |bytes| format!("{bytes} bytes"));
        let life = self.left_ms.map_or_else(|| "stays".to_owned(), |ms| format!("expires in {} s", ms / 1000));
        format!("{} {}, {bytes}, {life}", self.kind, self.encoding)
    }
}

/// Looks at keys.
pub(super) async fn keys(wire: &mut Wire, change: &KeyChange) -> Result<Vec<KeyState>, SessionError> {
    let questions: Vec<Question> = change
        .keys
        .iter()
        .flat_map(|key| {
            [
                question(&[b"TYPE", key]),
                question(&[b"OBJECT", b"ENCODING", key]),
                question(&[b"PTTL", key]),
                question(&[b"MEMORY", b"USAGE", key]),
            ]
        })
        .collect();
    let replies = ask(wire, &questions).await?;
    change
        .keys
        .iter()
        .zip(replies.chunks_exact(4))
        .map(|(key, replies)| {
            let [kind, encoding, left, bytes] = replies else {
                return Err(SessionError::Lost("answers are missing".into()));
            };
            if let Reply::Error(words) = kind {
                return Err(SessionError::Server(refusal(words)));
            }
            Ok(KeyState {
                key: key.clone(),
                kind: kind.text(),
                encoding: if matches!(encoding, Reply::Error(_)) { String::new() } else { encoding.text() },
                left_ms: left.int().filter(|ms| *ms >= 0),
                bytes: bytes.int().and_then(|bytes| u64::try_from(bytes).ok()),
            })
        })
        .collect()
}

/// Keys as touched objects. The server numbers none: another key of the same name is told by what kind it is, and
/// whether it expires; how long it has left moves all the time.
pub(super) fn objects(states: &[KeyState], database: &str) -> Vec<TouchedObject> {
    let object = |state: &KeyState| TouchedObject {
        name: line::quote(&state.key),
        id: format!("key of {database}"),
        definition: match (state.exists(), state.left_ms) {
            (false, _) => "is not there".to_owned(),
            (true, None) => format!("{} {}, stays", state.kind, state.encoding),
            (true, Some(_)) => format!("{} {}, expires", state.kind, state.encoding),
        },
    };
    states.iter().map(object).collect()
}

/// A connection of another client, as the server lists it.
#[derive(Debug, Clone)]
pub(super) struct Client {
    fields: Vec<(String, String)>,
}

impl Client {
    fn parse(line: &str) -> Self {
        let fields = line.split(' ').filter_map(|field| field.split_once('='));
        Self { fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() }
    }
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }
    /// What tells it from a later connection: numbers are never given twice while the server runs.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        ["addr", "laddr", "user"].iter().map(|name| ((*name).to_owned(), self.field(name).to_owned())).collect()
    }
    /// `app_rw worker-3 10.0.0.7:51234, idle 12 s, last command get`.
    pub(super) fn about(&self) -> String {
        let words = [self.field("user"), self.field("name"), self.field("addr")];
        let who: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let command = self.field("cmd").replace('|', " ");
        format!("{}, idle {} s, last command {command}", who.join(" "), self.field("idle"))
    }
    /// Why it is not idle although it says nothing: it waits on purpose.
    pub(super) fn waits(&self) -> Option<&'static str> {
        let is = |flag: char| self.field("flags").contains(flag);
        match () {
            () if is('x') => Some("waits inside MULTI: what it queued is lost with it"),
            () if is('b') => Some("waits for a key or for replicas"),
            () if is('P') => Some("waits for messages of its channels"),
            () if is('O') => Some("watches every command (MONITOR)"),
            () if is('S') || is('M') => Some("belongs to the replication"),
            () => None,
        }
    }
    /// Why it is not to be ended from here.
    pub(super) fn untouchable(&self, us: Option<i64>) -> Option<&'static str> {
        let is = |flag: char| self.field("flags").contains(flag);
        if self.field("id").parse().ok() == us || self.field("name").starts_with("dba-gpt") {
            Some("that connection is this program's own")
        } else if is('S') || is('M') {
            Some("that connection is the replication between a primary and its replica")
        } else {
            None
        }
    }
}

/// One connection; none when it is gone.
pub(super) async fn client(wire: &mut Wire, id: i64) -> Result<Option<Client>, SessionError> {
    let number = id.to_string();
    let one = ask_one(wire, &[b"CLIENT", b"LIST", b"ID", number.as_bytes()]).await;
    let list = match one {
        // Servers before 6.2 list all or none.
        Err(SessionError::Server(_)) => ask_one(wire, &[b"CLIENT", b"LIST"]).await?,
        other => other?,
    };
    Ok(list.text().lines().map(Client::parse).find(|client| client.field("id") == number))
}

/// The value of a setting; none when the server has no such setting.
pub(super) async fn setting(wire: &mut Wire, name: &str) -> Result<Option<String>, SessionError> {
    let reply = ask_one(wire, &[b"CONFIG", b"GET", name.as_bytes()]).await?;
    Ok(reply.get(name).map(Reply::text))
}

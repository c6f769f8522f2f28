//! A scripted MongoDB server: speaks `OP_MSG` on loopback and answers from JSON files shaped after the documented
//! replies. It has cursors, logins, operations that hang until they are killed, and counts what is asked of it. What
//! it answers is written by us: it proves what we send and how we read, not what a real server would say.

mod json;
mod scram;

pub use json::document;

use bson::{Bson, Document, RawDocumentBuf, doc};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a command does instead of giving its reply.
#[derive(Debug, Clone)]
pub enum Reaction {
    /// This reply.
    Reply(Document),
    /// This reply, and from then on this other answer to another command.
    Turn(Document, &'static str, Vec<Bson>),
    /// A refusal.
    Fail(i32, &'static str, &'static str),
    /// Nothing until it is killed; then the refusal of a killed command.
    Hang,
    /// The same, but it cannot be killed.
    Deaf,
    /// The connection is closed.
    Drop,
    /// Bytes of another protocol.
    Garbage,
}

/// A login that the server knows.
#[derive(Debug, Clone)]
struct Login {
    user: String,
    password: String,
    mechanisms: Vec<&'static str>,
}

#[derive(Debug, Default)]
struct State {
    /// Replies by signature: `serverStatus`, `find orders`, `aggregate $currentOp`.
    script: HashMap<String, Bson>,
    reactions: HashMap<String, Reaction>,
    requests: Vec<Document>,
    login: Option<Login>,
    cursors: HashMap<i64, Vec<Bson>>,
    /// Commands that hang: number and comment.
    running: HashMap<i32, String>,
    killed: Vec<i32>,
    last_number: i32,
    open: usize,
    most_open: usize,
    accepted: usize,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    tls: Option<Arc<ServerConfig>>,
}

/// A running server. Its threads end with the test.
pub struct Mongo {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// A stream with or without TLS.
trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl Mongo {
    /// A server that answers from `tests/it/data/mongodb/NAME.json`, on top of what every server says.
    pub fn start(name: &str) -> Self {
        Self::with_tls(name, None)
    }

    /// The same over TLS.
    pub fn with_tls(name: &str, tls: Option<Arc<ServerConfig>>) -> Self {
        let mut script = HashMap::new();
        for file in ["common", name] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/data/mongodb/{file}.json"));
            script.extend(document(&std::fs::read_to_string(&path).unwrap()));
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { script, ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), tls });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&served);
                std::thread::spawn(move || Connection::serve(&shared, stream));
            }
        });
        Self { address, shared }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
    /// `mongodb://127.0.0.1:PORT/` and more.
    pub fn url(&self, more: &str) -> String {
        format!("mongodb://127.0.0.1:{}/{more}", self.port())
    }
    /// Changes a reply.
    pub fn answer(&self, signature: &str, reply: impl Into<Bson>) {
        self.state().script.insert(signature.to_owned(), reply.into());
    }
    /// A reply as the script has it.
    pub fn reply(&self, signature: &str) -> Document {
        self.state().script[signature].as_document().unwrap().clone()
    }
    /// The documents of a reply with a cursor, as the script has them.
    pub fn reply_list(&self, signature: &str) -> Vec<Bson> {
        self.state().script[signature].as_array().unwrap().clone()
    }
    /// Makes a command react, until told otherwise.
    pub fn react(&self, signature: &str, reaction: Reaction) {
        self.state().reactions.insert(signature.to_owned(), reaction);
    }
    /// Makes a command behave again.
    pub fn calm(&self, signature: &str) {
        self.state().reactions.remove(signature);
    }
    /// Asks for a login from now on.
    pub fn require(&self, user: &str, password: &str, mechanisms: &[&'static str]) {
        let login = Login { user: user.into(), password: password.into(), mechanisms: mechanisms.to_vec() };
        self.state().login = Some(login);
    }
    /// Every command that came, oldest first.
    pub fn requests(&self) -> Vec<Document> {
        self.state().requests.clone()
    }
    /// The commands of a name.
    pub fn requests_of(&self, name: &str) -> Vec<Document> {
        self.requests().into_iter().filter(|r| r.keys().next().is_some_and(|key| key == name)).collect()
    }
    /// Connections open now, the most that were open at once, and all that ever were.
    pub fn connections(&self) -> (usize, usize, usize) {
        let state = self.state();
        (state.open, state.most_open, state.accepted)
    }
    /// Cursors that are open.
    pub fn open_cursors(&self) -> usize {
        self.state().cursors.len()
    }
    /// Commands that hang now.
    pub fn running(&self) -> usize {
        self.state().running.len()
    }
    /// Waits until something is so; panics after a while.
    pub fn until(&self, what: &str, wanted: impl Fn(&Self) -> bool) {
        let until = std::time::Instant::now() + Duration::from_secs(20);
        while !wanted(self) {
            assert!(std::time::Instant::now() < until, "{what}: not in time");
            let state = self.state();
            drop(self.shared.changed.wait_timeout(state, Duration::from_millis(20)).unwrap());
        }
    }
}

/// One connection.
struct Connection<'a> {
    shared: &'a Shared,
    stream: Box<dyn Stream>,
    /// Who is logged in.
    user: Option<String>,
    exchange: Option<scram::Exchange>,
}

impl Connection<'_> {
    fn serve(shared: &Shared, stream: TcpStream) {
        {
            let mut state = shared.state.lock().unwrap();
            state.open += 1;
            state.accepted += 1;
            state.most_open = state.most_open.max(state.open);
        }
        let _ = stream.set_nodelay(true);
        let stream: Box<dyn Stream> = match &shared.tls {
            None => Box::new(stream),
            Some(config) => {
                let tls = ServerConnection::new(Arc::clone(config)).unwrap();
                Box::new(StreamOwned::new(tls, stream))
            }
        };
        let mut connection = Connection { shared, stream, user: None, exchange: None };
        while connection.one().is_some() {}
        shared.state.lock().unwrap().open -= 1;
        shared.changed.notify_all();
    }

    /// Answers one command; nothing when the connection is over.
    fn one(&mut self) -> Option<()> {
        let mut header = [0; 16];
        self.stream.read_exact(&mut header).ok()?;
        let field = |at: usize| i32::from_le_bytes(header[at..at + 4].try_into().unwrap());
        let (length, number, kind) = (usize::try_from(field(0)).ok()?, field(4), field(12));
        if kind != 2013 || !(21..=48_000_000).contains(&length) {
            return None;
        }
        let mut body = vec![0; length - 16];
        self.stream.read_exact(&mut body).ok()?;
        let raw = RawDocumentBuf::from_bytes(body[5..].to_vec()).ok()?;
        let command = Document::try_from(&*raw).ok()?;
        let reply = self.reply(&command)?;
        let body = reply.to_vec().unwrap();
        let mut out = Vec::new();
        for field in [i32::try_from(21 + body.len()).unwrap(), 1, number, 2013, 0] {
            out.extend(field.to_le_bytes());
        }
        out.push(0);
        out.extend(body);
        self.stream.write_all(&out).ok()?;
        self.stream.flush().ok()
    }

    fn reply(&mut self, command: &Document) -> Option<Document> {
        let name = command.keys().next()?.clone();
        let signatures = signatures(command);
        let reaction = {
            let mut state = self.shared.state.lock().unwrap();
            state.requests.push(command.clone());
            self.shared.changed.notify_all();
            signatures.iter().find_map(|s| state.reactions.get(s).cloned())
        };
        match reaction {
            None => {}
            Some(Reaction::Reply(reply)) => return Some(fine(reply)),
            Some(Reaction::Turn(reply, other, answer)) => {
                self.shared.state.lock().unwrap().script.insert(other.to_owned(), answer.into());
                return Some(fine(reply));
            }
            Some(Reaction::Fail(code, name, message)) => return Some(refusal(code, name, message)),
            Some(Reaction::Drop) => return None,
            Some(Reaction::Garbage) => {
                let _ = self.stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                return None;
            }
            Some(Reaction::Hang) => return Some(self.hang(command, true)),
            Some(Reaction::Deaf) => return Some(self.hang(command, false)),
        }
        match name.as_str() {
            "hello" | "isMaster" => return Some(self.hello(command)),
            "saslStart" | "saslContinue" => return Some(self.prove(command)),
            _ => {}
        }
        let mut state = self.shared.state.lock().unwrap();
        if state.login.is_some() && self.user.is_none() && name != "buildInfo" && name != "connectionStatus" {
            return Some(refusal(13, "Unauthorized", &format!("Command {name} requires authentication")));
        }
        let batch = usize::try_from(number(command, "batchSize")).ok().filter(|n| *n > 0).unwrap_or(101);
        match name.as_str() {
            "killOp" => {
                let id = i32::try_from(number(command, "op")).unwrap();
                state.killed.push(id);
                self.shared.changed.notify_all();
                return Some(doc! { "info": "attempting to kill op", "ok": 1.0 });
            }
            "killCursors" => {
                for id in command.get_array("cursors").unwrap() {
                    state.cursors.remove(&id.as_i64().unwrap());
                }
                return Some(doc! { "ok": 1.0 });
            }
            "getMore" => {
                let id = number(command, "getMore");
                let Some(rest) = state.cursors.remove(&id) else {
                    return Some(refusal(43, "CursorNotFound", "cursor id not found"));
                };
                let collection = command.get_str("collection").unwrap().to_owned();
                return Some(page(&mut state, command, &collection, rest, batch, "nextBatch"));
            }
            _ => {}
        }
        if signatures[0] == "aggregate $currentOp" && command.to_string().contains("command.comment") {
            let wanted = command.to_string();
            let ours = state.running.iter().filter(|(_, comment)| wanted.contains(&format!("\"{comment}\"")));
            let found: Vec<Bson> = ours.map(|(id, _)| Bson::Document(doc! { "opid": *id })).collect();
            return Some(page(&mut state, command, "$cmd.aggregate", found, batch, "firstBatch"));
        }
        let found = signatures.iter().find_map(|signature| state.script.get(signature).cloned());
        Some(match found {
            Some(Bson::Array(documents)) => {
                let target = command.get_str(&name).unwrap_or("$cmd.aggregate").to_owned();
                let documents = limited(command, documents);
                let batch = command.get_document("cursor").map_or(batch, |cursor| {
                    usize::try_from(number(cursor, "batchSize")).ok().filter(|n| *n > 0).unwrap_or(101)
                });
                page(&mut state, command, &target, documents, batch, "firstBatch")
            }
            Some(Bson::Document(reply)) => fine(reply),
            _ => refusal(59, "CommandNotFound", &format!("no such command: '{name}'")),
        })
    }

    /// Holds the answer back until somebody kills the command, or the server ends.
    fn hang(&self, command: &Document, mortal: bool) -> Document {
        let mut state = self.shared.state.lock().unwrap();
        state.last_number += 1;
        let id = state.last_number;
        state.running.insert(id, command.get_str("comment").unwrap_or_default().to_owned());
        self.shared.changed.notify_all();
        while !(mortal && state.killed.contains(&id)) {
            state = self.shared.changed.wait(state).unwrap();
        }
        state.running.remove(&id);
        self.shared.changed.notify_all();
        refusal(11601, "Interrupted", "operation was interrupted")
    }

    fn hello(&self, command: &Document) -> Document {
        let state = self.shared.state.lock().unwrap();
        let mut reply = fine(state.script["hello"].as_document().unwrap().clone());
        if let (Some(login), true) = (&state.login, command.contains_key("saslSupportedMechs")) {
            reply.insert("saslSupportedMechs", login.mechanisms.clone());
        }
        reply
    }

    /// One step of a login.
    fn prove(&mut self, command: &Document) -> Document {
        let failed = || refusal(18, "AuthenticationFailed", "Authentication failed.");
        let login = self.shared.state.lock().unwrap().login.clone();
        let Some(login) = login else { return failed() };
        let said = command.get_binary_generic("payload").unwrap();
        let said = String::from_utf8(said.clone()).unwrap();
        if let Ok(mechanism) = command.get_str("mechanism") {
            if !login.mechanisms.contains(&mechanism) {
                return refusal(334, "MechanismUnavailable", "that mechanism is not enabled");
            }
            if mechanism == "PLAIN" {
                let right = said == format!("\0{}\0{}", login.user, login.password);
                self.user = right.then(|| login.user.clone());
                return if right {
                    doc! { "conversationId": 1, "done": true, "payload": "", "ok": 1.0 }
                } else {
                    failed()
                };
            }
            self.exchange = scram::Exchange::begin(mechanism == "SCRAM-SHA-256", &login.user, &login.password, &said);
            let Some(exchange) = &self.exchange else { return failed() };
            return step(&exchange.first(), false);
        }
        match self.exchange.take().and_then(|exchange| exchange.finish(&said)) {
            Some(last) => {
                self.user = Some(login.user);
                step(&last, true)
            }
            None => failed(),
        }
    }
}

fn step(said: &str, done: bool) -> Document {
    let payload = bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: said.as_bytes().to_vec() };
    doc! { "conversationId": 1, "done": done, "payload": payload, "ok": 1.0 }
}

/// The names under which a reply may be kept, the most exact first.
fn signatures(command: &Document) -> Vec<String> {
    let (name, target) = command.iter().next().unwrap();
    let target = target.as_str().unwrap_or_default();
    let stage = command
        .get_array("pipeline")
        .ok()
        .and_then(|stages| stages.first()?.as_document()?.keys().next().cloned())
        .unwrap_or_default();
    match name.as_str() {
        "aggregate" if ["$sample", "$limit", "$match", "$sort"].contains(&stage.as_str()) => {
            vec![format!("find {target}")]
        }
        "aggregate" => vec![format!("aggregate {stage}"), format!("find {target}")],
        "find" | "listIndexes" | "count" | "distinct" => vec![format!("{name} {target}"), name.clone()],
        _ => vec![name.clone()],
    }
}

/// As many documents as the command wants.
fn limited(command: &Document, documents: Vec<Bson>) -> Vec<Bson> {
    let mut limits = vec![number(command, "limit")];
    for stage in command.get_array("pipeline").into_iter().flatten().filter_map(Bson::as_document) {
        limits.push(number(stage, "$limit"));
        limits.push(stage.get_document("$sample").map_or(0, |sample| number(sample, "size")));
    }
    let most = limits.into_iter().filter(|n| *n > 0).min().unwrap_or(i64::MAX);
    documents.into_iter().take(usize::try_from(most).unwrap_or(usize::MAX)).collect()
}

fn page(
    state: &mut State,
    command: &Document,
    target: &str,
    mut rest: Vec<Bson>,
    batch: usize,
    field: &str,
) -> Document {
    let later = rest.split_off(rest.len().min(batch));
    let id = if later.is_empty() { 0 } else { i64::from(state.last_number) + 1000 };
    if id != 0 {
        state.last_number += 1;
        state.cursors.insert(id, later);
    }
    let namespace = format!("{}.{target}", command.get_str("$db").unwrap());
    doc! { "cursor": { "id": id, "ns": namespace, field: rest }, "ok": 1.0 }
}

fn fine(mut reply: Document) -> Document {
    if !reply.contains_key("ok") {
        reply.insert("ok", 1.0);
    }
    reply
}

fn refusal(code: i32, name: &str, message: &str) -> Document {
    doc! { "ok": 0.0, "errmsg": message, "code": code, "codeName": name }
}

fn number(document: &Document, field: &str) -> i64 {
    match document.get(field) {
        Some(Bson::Int32(i)) => i64::from(*i),
        Some(Bson::Int64(i)) => *i,
        _ => 0,
    }
}

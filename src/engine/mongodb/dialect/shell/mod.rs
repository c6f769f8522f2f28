//! The shell's forms -> commands: `db.orders.find()`, `rs.status()`, `show dbs`. A closed list: whatever is not on it
//! is JavaScript, which is never run.

mod arguments;
mod collection;
mod cursor;
mod database;
mod server;

use super::syntax::SyntaxError;
use super::syntax::chain::{Link, links};
use super::syntax::scanner::Scanner;
use arguments::Call;
use bson::{Bson, Document, doc};
use std::collections::VecDeque;

/// The database that was named, and the command.
type Placed = (Option<String>, Document);

/// Reads the rest of a text that is no document.
pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<Placed, SyntaxError> {
    let at = scanner.at();
    let word = scanner.word();
    match word {
        "db" => database(Chain::new(links(scanner)?, scanner.at()), None),
        "rs" => server::replica_set(Chain::new(links(scanner)?, scanner.at()).only_call()?),
        "sh" => server::sharding(&Chain::new(links(scanner)?, scanner.at()).only_call()?),
        "show" => {
            scanner.next_token()?;
            let what = (scanner.word().to_owned(), scanner.at());
            scanner.next_token()?;
            let more = scanner.word().to_owned();
            scanner.end()?;
            show(&what.0, what.1, &more)
        }
        "use" => Err(SyntaxError::new(at, "`use` would change the session; write db.getSiblingDB(\"name\")")),
        "it" => Err(SyntaxError::new(at, "there is no cursor to go on with; ask with a larger limit")),
        "" => Err(scanner.unexpected("a command document, or db.collection.find(..)")),
        other => Err(SyntaxError::new(
            at,
            format!("`{other}` begins no command; write a command document, or db.collection.find(..)"),
        )),
    }
}

/// The links of a chain, read from the front.
struct Chain {
    links: VecDeque<Link>,
    /// Where the text ends.
    end: usize,
}

impl Chain {
    fn new(links: Vec<Link>, end: usize) -> Self {
        Self { links: links.into(), end }
    }

    /// The names up to the next call, and that call.
    fn names_and_call(&mut self) -> Result<(Vec<String>, Call), SyntaxError> {
        let mut names: Vec<(String, usize)> = Vec::new();
        loop {
            match (self.links.pop_front(), names.pop()) {
                (Some(Link::Name(name, at)), previous) => {
                    names.extend(previous);
                    names.push((name, at));
                }
                (Some(Link::Arguments(values, _)), Some((name, at))) => {
                    let names = names.into_iter().map(|(name, _)| name).collect();
                    return Ok((names, Call::new(name, at, values)));
                }
                (Some(Link::Arguments(_, at)), None) => {
                    return Err(SyntaxError::new(at, "only a method can be called"));
                }
                (None, Some((name, at))) => {
                    return Err(SyntaxError::new(
                        at,
                        format!("`{name}` is not called; write a method with (..) after it"),
                    ));
                }
                (None, None) => {
                    return Err(SyntaxError::new(self.end, "a method is wanted here, as in db.collection.find(..)"));
                }
            }
        }
    }

    /// The calls up to the end.
    fn calls(&mut self) -> Result<Vec<Call>, SyntaxError> {
        let mut calls = Vec::new();
        while !self.links.is_empty() {
            calls.push(self.call()?);
        }
        Ok(calls)
    }

    fn call(&mut self) -> Result<Call, SyntaxError> {
        let first = match self.links.front() {
            Some(Link::Name(_, at) | Link::Arguments(_, at)) => *at,
            None => self.end,
        };
        match self.names_and_call() {
            Ok((names, call)) if names.is_empty() => Ok(call),
            Ok(_) => Err(SyntaxError::new(first, "what a method gives has no names that can be read here")),
            Err(error) => Err(error),
        }
    }

    /// One call and nothing after it.
    fn only_call(mut self) -> Result<Call, SyntaxError> {
        let call = self.call()?;
        self.nothing_more()?;
        Ok(call)
    }

    fn nothing_more(&self) -> Result<(), SyntaxError> {
        match self.links.front() {
            None => Ok(()),
            Some(Link::Name(_, at) | Link::Arguments(_, at)) => {
                Err(SyntaxError::new(*at, "this method gives the answer itself: nothing can follow it"))
            }
        }
    }
}

/// `db` and what follows it.
fn database(mut chain: Chain, named: Option<String>) -> Result<Placed, SyntaxError> {
    let (mut names, mut call) = chain.names_and_call()?;
    if names.is_empty() && call.name == "getSiblingDB" {
        let name = call.text(0)?;
        call.at_most(1)?;
        return database(chain, Some(name));
    }
    if names.is_empty() && call.name == "getCollection" {
        let name = call.text(0)?;
        call.at_most(1)?;
        (names, call) = chain.names_and_call()?;
        names.insert(0, name);
    }
    if names.is_empty() {
        return database::read(call, &mut chain, named);
    }
    let name = names.join(".");
    let document = collection::read(&name, named.as_deref(), call, &mut chain)?;
    Ok((named, document))
}

/// `show dbs` and its like.
fn show(what: &str, at: usize, more: &str) -> Result<Placed, SyntaxError> {
    let document = match (what, more) {
        ("dbs" | "databases", "") => doc! {"listDatabases": 1},
        ("collections" | "tables", "") => {
            doc! {"listCollections": 1, "nameOnly": true, "authorizedCollections": true, "cursor": {}}
        }
        ("users", "") => doc! {"usersInfo": 1},
        ("roles", "") => doc! {"rolesInfo": 1, "showBuiltinRoles": true},
        ("profile", "") => {
            doc! {"find": "system.profile", "filter": {"millis": {"$gt": 0}}, "sort": {"$natural": -1}, "limit": 5}
        }
        ("logs", "") => doc! {"getLog": "*"},
        ("log", "") => doc! {"getLog": "global"},
        ("log", name) => doc! {"getLog": Bson::String(name.to_owned())},
        _ => {
            return Err(SyntaxError::new(at, "show knows dbs, collections, users, roles, profile, logs and log"));
        }
    };
    Ok((None, document))
}

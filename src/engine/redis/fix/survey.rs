//! What there is to know about an act before it happens, by reading alone.

use super::deed::{self, Command, Deed, KeyChange};
use super::look::{self, KeyState, Server};
use super::{connection, in_time, rights, undo};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Gravity, Precondition, TouchedObject};
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::survey::{Blast, Footprint, Inverse, Rights, Survey, Timeouts};
use crate::engine::redis::dialect::{DIALECT, line};
use crate::engine::redis::wire::Wire;
use crate::engine::{Session, Task};

/// Keys that are told one by one.
const TOLD_KEYS: usize = 100;

/// Looks at an act.
pub(super) fn survey<'a>(
    session: &'a mut dyn Session,
    draft: &'a Draft,
    login: Option<&'a str>,
) -> Task<'a, Result<Survey, SessionError>> {
    Box::pin(async move {
        let command = deed::read(&draft.statement).map_err(SessionError::Unsupported)?;
        let database = session.identity().database.clone();
        let (wire, us) = connection(session).await?;
        in_time(async {
            let server = look::server(wire, &database).await?;
            if command.deed != Deed::Script {
                look::is_itself(wire, &command.name, matches!(command.deed, Deed::Keys(_))).await?;
            }
            let facts = facts(wire, &command, &server).await?;
            may_be_touched(&facts, draft, us)?;
            let rights = rights::of(wire, &command, login).await?;
            Ok(put_together(&command, server, &facts, rights))
        })
        .await
    })
}

/// What a deed touches, as the server has it now.
pub(super) enum Facts {
    Keys(KeyChange, Vec<KeyState>),
    Client(look::Client),
    Setting {
        name: String,
        value: String,
    },
    /// With the number of the hold-up that it makes.
    Script(u64),
    Nothing,
}

/// Looks at what a deed touches.
///
/// # Errors
/// What the server said, or a sentence when it is not there.
pub(super) async fn facts(wire: &mut Wire, command: &Command, server: &Server) -> Result<Facts, SessionError> {
    let unsupported = |words: String| Err(SessionError::Unsupported(words));
    match &command.deed {
        Deed::Keys(change) => {
            if server.is_replica {
                return unsupported(format!(
                    "this is a replica, which takes no writes: propose it on {}",
                    server.primary
                ));
            }
            let states = look::keys(wire, change).await?;
            let missing = |state: &KeyState| !state.exists();
            let nothing_there =
                if change.removes { states.iter().all(missing) } else { states.first().is_some_and(missing) };
            if change.wants_keys && nothing_there {
                let first = states.first().map(|state| line::quote(&state.key)).unwrap_or_default();
                return unsupported(format!("there is no key {first}: {} would do nothing", command.name));
            }
            Ok(Facts::Keys(change.clone(), states))
        }
        Deed::Kill(id) => match look::client(wire, *id).await? {
            Some(client) => Ok(Facts::Client(client)),
            None => unsupported(format!("connection {id} is gone")),
        },
        Deed::Setting { name } => match look::setting(wire, name).await? {
            Some(value) => Ok(Facts::Setting { name: name.clone(), value }),
            None => unsupported(format!("this server has no setting {name}")),
        },
        Deed::Script => match server.hold_up {
            Some(number) => Ok(Facts::Script(number)),
            None => unsupported("no script holds the server up now".to_owned()),
        },
        Deed::Upkeep => Ok(Facts::Nothing),
    }
}

/// A connection must still be the one that was pointed at, and one that may be ended.
fn may_be_touched(facts: &Facts, draft: &Draft, us: Option<i64>) -> Result<(), SessionError> {
    let Facts::Client(client) = facts else { return Ok(()) };
    if let Some(why) = client.untouchable(us) {
        return Err(SessionError::Unsupported(format!("{why}: it is not ended from here")));
    }
    if let Some(FixKind::EndSessions(sessions)) = &draft.kind
        && sessions.iter().any(|session| session.facts != client.facts())
    {
        return Err(SessionError::Unsupported("that is another connection by now: look at it again".into()));
    }
    Ok(())
}

impl Facts {
    /// The touched objects.
    pub(super) fn objects(&self, database: &str) -> Vec<TouchedObject> {
        match self {
            Self::Keys(_, states) => look::objects(states, database),
            Self::Client(client) => vec![TouchedObject {
                name: format!("connection {}", client.field("id")),
                id: client.field("id").to_owned(),
                definition: told(client),
            }],
            Self::Setting { name, .. } => {
                vec![TouchedObject { name: name.clone(), id: "setting".into(), definition: String::new() }]
            }
            // Another number is another script: somebody was served in between.
            Self::Script(number) => vec![TouchedObject {
                name: "the script that runs".into(),
                id: "script".into(),
                definition: format!("hold-up {number} of this server since this program began"),
            }],
            Self::Nothing => Vec::new(),
        }
    }

    /// What must still hold when it runs.
    pub(super) fn preconditions(&self) -> Vec<Precondition> {
        match self {
            Self::Client(client) => {
                vec![Precondition { text: "it is still this connection".into(), found: told(client) }]
            }
            Self::Setting { name, value } => {
                vec![Precondition { text: format!("the value of {name}"), found: value.clone() }]
            }
            // What was approved as something that can be undone does not happen when it no longer can.
            Self::Keys(change, states) => vec![Precondition {
                text: "what the keys hold can be kept for an undo".into(),
                found: if matches!(undo::inverse(change, states), Inverse::None(_)) { "no" } else { "yes" }.into(),
            }],
            Self::Script(_) => {
                vec![Precondition { text: "the server answers BUSY".into(), found: "yes".into() }]
            }
            Self::Nothing => Vec::new(),
        }
    }

    /// Keys that change: those that are there for a removal, else all that are named.
    pub(super) fn keys(&self) -> Option<u64> {
        let Self::Keys(change, states) = self else { return None };
        Some(states.iter().filter(|state| state.exists() || !change.removes).count() as u64)
    }
}

fn told(client: &look::Client) -> String {
    let facts: Vec<String> = client.facts().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    facts.join(" ")
}

fn put_together(command: &Command, server: Server, facts: &Facts, rights: Rights) -> Survey {
    let mut blast = Blast { exact_rows: facts.keys(), ..Blast::default() };
    if server.replicas > 0 && !matches!(*facts, Facts::Client(_) | Facts::Setting { .. } | Facts::Script(_)) {
        blast.replicas = Some(format!("{} replicas do the same a moment later", server.replicas));
    }
    let inverse = match facts {
        Facts::Keys(change, states) => {
            let inverse = undo::inverse(change, states);
            of_keys(change, states, &inverse, &mut blast);
            inverse
        }
        Facts::Client(client) => {
            blast.at_least = Gravity::Medium;
            blast.notes.push(client.about());
            blast.notes.push("Its client sees a broken connection, and what it had queued is lost.".into());
            Inverse::None("a connection that was ended does not come back; its client makes a new one".into())
        }
        Facts::Setting { name, value } => {
            if name.starts_with("maxmemory") {
                blast.at_least = Gravity::Medium;
            }
            blast.notes.push("It holds until the next restart: CONFIG REWRITE would keep it.".into());
            setting_back(name, value)
        }
        Facts::Script(_) => {
            blast.at_least = Gravity::Medium;
            blast.notes.push(
                "It ends the script that runs when it arrives, whichever that is: a server that is held up tells neither \
                 which script it runs nor since when. Its caller gets an error."
                    .into(),
            );
            blast.notes.push(
                "It is not sent when this program has seen the server serve anybody after this look: then another script \
                 holds it up."
                    .into(),
            );
            blast.notes.push("The server refuses it (UNKILLABLE) when the script has written something.".into());
            Inverse::None("a script that was stopped has written nothing; whoever called it may call it again".into())
        }
        Facts::Nothing => {
            if command.name.starts_with("BG") {
                blast.at_least = Gravity::Medium;
                blast.disk =
                    Some("a file as large as the data set is written, and memory is copied while it is".into());
            }
            Inverse::None("it changes no key and no setting: there is nothing to undo".into())
        }
    };
    Survey {
        objects: facts.objects(&server.place.database),
        preconditions: facts.preconditions(),
        place: server.place,
        blast,
        inverse,
        rights,
        timeouts: Timeouts::ROWS,
    }
}

fn of_keys(change: &KeyChange, states: &[KeyState], inverse: &Inverse, blast: &mut Blast) {
    for state in states.iter().take(TOLD_KEYS) {
        blast.notes.push(format!("{}: {}.", line::quote(&state.key), state.words()));
        blast.tables.push(Footprint { name: line::quote(&state.key), rows: None, bytes: state.bytes });
    }
    if states.len() > TOLD_KEYS {
        blast.notes.push(format!("{} more keys.", states.len() - TOLD_KEYS));
    }
    blast.notes.push("It does not happen when one of the keys changes while it is being done.".into());
    if change.removes {
        blast.at_least = if matches!(inverse, Inverse::None(_)) { Gravity::High } else { Gravity::Medium };
    }
}

/// The old value again, where the guard would let a person set it.
fn setting_back(name: &str, value: &str) -> Inverse {
    let back = format!("CONFIG SET {} {}", line::quote(name.as_bytes()), line::quote(value.as_bytes()));
    let judged = DIALECT.classify(&back, Author::Person, &Catalog::default());
    if judged.verdict == Verdict::Deny {
        Inverse::None(format!("the old value ({value}) is one that is not set from here: {}", judged.reason))
    } else {
        Inverse::Statements(vec![back])
    }
}

#[cfg(test)]
mod tests {
    use super::Facts;

    #[test]
    fn a_script_of_another_hold_up_is_another_object() {
        assert_eq!(Facts::Script(1).objects("0"), Facts::Script(1).objects("0"));
        assert_ne!(Facts::Script(1).objects("0"), Facts::Script(2).objects("0"));
    }
}

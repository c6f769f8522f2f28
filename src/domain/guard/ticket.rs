//! The approval of one act. What was on the screen becomes a [`Ticket`]; a ticket, spent once and judged again from
//! fresh facts, becomes an [`Approved`], the value that opens a session's fixing door.
//!
//! ```text
//! Act (as drawn) --digest--+
//! Consent (at the keys) ---+-> grant -> Ticket (10 minutes, this process) --+
//! Act (as it is now) -------------------------------------------------------+-> Desk::redeem -> Approved
//! ```
//!
//! What a target's policy lets run with nobody asked gets its ticket in [`by_policy`], from coded procedures alone.
//!
//! Nothing here can be copied, stored or sent: a ticket dies with the process that granted it. Randomness and time
//! are arguments.

pub mod by_policy;
mod sequel;

pub use sequel::{Back, Rollback, Sequel};

use super::{Class, Judgement, Verdict};
use crate::domain::target::{Environment, TargetId, Timestamp};
use crate::domain::text::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// How long a ticket is good, milliseconds.
pub const TICKET_MS: u64 = 10 * 60 * 1000;
/// Keys pressed within this time after a box came up were meant for something else, milliseconds.
pub const DEAD_MS: u64 = 500;

/// One moment on both clocks: the wall's, which people set, and the machine's, which only runs forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// The wall clock.
    pub wall: Timestamp,
    /// Milliseconds since some moment before the program started.
    pub uptime_ms: u64,
}

/// Which server an act is for, as it was when the act was drawn. After a failover, a restart, a change of login or of
/// address it is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The target's name.
    pub target: TargetId,
    /// Its engine.
    pub engine: String,
    /// Where it is, as shown.
    pub address: String,
    /// The database.
    pub database: String,
    /// The login under which the act will run.
    pub login: String,
    /// Role in its cluster, the engine's word.
    pub role: String,
    /// What tells this server from every other, where it has such a name.
    pub server: Option<String>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// Timeline, term or run id: what changes with a failover.
    pub epoch: Option<String>,
}

/// An object that an act touches, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchedObject {
    /// Its full name, as shown.
    pub name: String,
    /// The server's own number of it, so that another object of the same name is another one.
    pub id: String,
    /// Its definition, or a hash of it.
    pub definition: String,
}

/// Something that was checked before the act was proposed, with what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precondition {
    /// What was checked, as shown.
    pub text: String,
    /// What was found. A fact that moves all the time (a count) is given as the class that matters, not as a number.
    pub found: String,
}

/// How much an act can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Gravity {
    /// Undone with one statement, or harmless.
    Low,
    /// Somebody notices.
    Medium,
    /// Data or service may be lost.
    High,
}

impl Gravity {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
        }
    }
}

/// One act, with everything that the approval is for. Equal acts have equal digests, and a change of any part gives
/// another digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The proposal's number.
    pub id: u64,
    /// The exact bytes that will be sent.
    pub statement: String,
    /// Its parameters, in their text form.
    pub parameters: Vec<String>,
    /// What kind of act it is.
    pub class: Class,
    /// How much it can break.
    pub gravity: Gravity,
    /// Where.
    pub binding: Binding,
    /// How much harm a mistake does there.
    pub environment: Environment,
    /// What it touches.
    pub objects: Vec<TouchedObject>,
    /// On what conditions.
    pub preconditions: Vec<Precondition>,
    /// Rows that it may change; more make it fail and roll back.
    pub most_rows: Option<u64>,
    /// What comes after it; none for what is no step of a plan.
    pub sequel: Option<Sequel>,
}

/// SHA-256 over an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActDigest([u8; 32]);

impl ActDigest {
    /// The first eight hexadecimal digits, for a screen.
    pub fn short(&self) -> String {
        hex(&self.0[..4])
    }
    /// All of it, in hexadecimal digits.
    pub fn full(&self) -> String {
        hex(&self.0)
    }
}

impl Act {
    /// The digest: every part led by its length, so that nothing can move from one part into another.
    pub fn digest(&self) -> ActDigest {
        let Self {
            id,
            statement,
            parameters,
            class,
            gravity,
            binding,
            environment,
            objects,
            preconditions,
            most_rows,
            sequel,
        } = self;
        let Binding { target, engine, address, database, login, role, server, started_at, epoch } = binding;
        let mut parts = Parts(Sha256::new());
        parts.add(b"dba-gpt act 1");
        parts.add(&id.to_be_bytes());
        parts.add(statement.as_bytes());
        parts.list(parameters.iter().map(String::as_bytes));
        parts.add(class.word().as_bytes());
        parts.add(&[*gravity as u8]);
        for part in [target.as_str(), engine, address, database, login, role] {
            parts.add(part.as_bytes());
        }
        parts.optional(server.as_ref().map(String::as_bytes));
        parts.optional(started_at.map(|t| t.0.to_be_bytes()).as_ref().map(<[u8; 8]>::as_slice));
        parts.optional(epoch.as_ref().map(String::as_bytes));
        parts.add(environment.word().as_bytes());
        parts.list(objects.iter().flat_map(|o| [o.name.as_bytes(), o.id.as_bytes(), o.definition.as_bytes()]));
        parts.list(preconditions.iter().flat_map(|p| [p.text.as_bytes(), p.found.as_bytes()]));
        parts.optional(most_rows.map(u64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
        if let Some(sequel) = sequel {
            sequel.add_to(&mut parts);
        }
        ActDigest(parts.0.finalize().into())
    }

    /// The name that must be typed before this act can be approved, where a habit must not be enough.
    pub fn name_to_type(&self) -> Option<&str> {
        let harmless = matches!(self.environment, Environment::Development | Environment::Staging);
        (!harmless || self.gravity == Gravity::High).then(|| self.binding.target.as_str())
    }
}

struct Parts(Sha256);

impl Parts {
    fn add(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
    fn list<'a>(&mut self, items: impl Iterator<Item = &'a [u8]>) {
        let items: Vec<&[u8]> = items.collect();
        self.add(&(items.len() as u64).to_be_bytes());
        for item in items {
            self.add(item);
        }
    }
    fn optional(&mut self, bytes: Option<&[u8]>) {
        self.list(bytes.into_iter());
    }
}

/// What the person did, and in front of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The digest of the act that was drawn, taken when it was drawn.
    pub drawn: ActDigest,
    /// The last line of the statement was on the screen.
    pub read_to_the_end: bool,
    /// The name that was typed.
    pub typed_name: Option<String>,
    /// The keys came from a terminal: not from a paste, a pipe, a script or a model.
    pub from_terminal: bool,
    /// When the box got the keys.
    pub focused: Moment,
    /// When the deciding key was pressed.
    pub decided: Moment,
}

/// Why an approval was not given or is not good any more. Each is written to the audit log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The guard refuses the statement for anybody.
    #[error("the guard refuses this statement: {0}")]
    Denied(String),
    /// The decision did not come from a person at a terminal.
    #[error("an approval is given by a person at a terminal and by nothing else")]
    NotAtTerminal,
    /// The key was pressed before the box could be read.
    #[error("that key was pressed as the box came up: read it, then decide")]
    TooEarly,
    /// The end of the statement was not on the screen.
    #[error("the end of the statement was not on the screen yet: scroll to its last line first")]
    NotReadToTheEnd,
    /// The target's name is to be typed, and it was not or not exactly.
    #[error("type the name of the target, {0}, to approve this")]
    NameNotTyped(String),
    /// What was drawn is not what would be sent.
    #[error("what was on the screen is not what would be sent: look at it again")]
    NotAsDrawn,
    /// Something moved between approval and act.
    #[error("not sent: {0} since it was approved; look at it again")]
    Moved(&'static str),
    /// Too old.
    #[error("the approval is older than {} minutes: look at it again", TICKET_MS / 60_000)]
    Expired,
    /// A clock went backwards.
    #[error("a clock was set back since the approval was given: look at it again")]
    ClockSetBack,
    /// It is a policy's, which is to be asked again.
    #[error("what a policy let run is redeemed by asking the policy again, and by nothing else")]
    PolicyNotAsked,
    /// Used before.
    #[error("this approval was used before")]
    Spent,
    /// The approval covers no rollback, or it ran before.
    #[error("the approval covers no rollback, or it was used before")]
    NotOwed,
    /// More rows changed than were shown.
    #[error("{changed} rows would change, and at most {most} were approved: rolled back")]
    TooManyRows {
        /// Rows that the server reported.
        changed: u64,
        /// The limit that was on the screen.
        most: u64,
    },
}

/// The approval of one act, by a person or by a policy that a person wrote. Not `Clone`, not stored, spent by use.
#[derive(Debug)]
pub struct Ticket {
    digest: ActDigest,
    /// What it was for, to name what moved.
    act: Act,
    nonce: [u8; 32],
    granted: Moment,
    giver: Giver,
}

/// Who gave a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Giver {
    /// A person, who looked at it.
    Person,
    /// A policy, which is asked again when it is redeemed.
    Policy,
}

impl Ticket {
    /// A policy gave it: only [`by_policy::redeem_by_policy`] redeems it.
    pub fn is_by_policy(&self) -> bool {
        self.giver == Giver::Policy
    }

    /// The digest of what was approved.
    pub fn digest(&self) -> ActDigest {
        self.digest
    }
    /// When it was given.
    pub fn granted(&self) -> Moment {
        self.granted
    }
}

/// An act that may be sent now. Only [`Desk::redeem`] makes one, and [`Rollback::approve`] for what takes it back.
#[derive(Debug)]
pub struct Approved {
    act: Act,
    digest: ActDigest,
}

impl Approved {
    /// The exact bytes to send.
    pub fn statement(&self) -> &str {
        &self.act.statement
    }
    /// Their parameters.
    pub fn parameters(&self) -> &[String] {
        &self.act.parameters
    }
    /// The proposal's number.
    pub fn id(&self) -> u64 {
        self.act.id
    }
    /// What it touches, resolved: to be found again, by number, in the act's own transaction.
    pub fn objects(&self) -> &[TouchedObject] {
        &self.act.objects
    }
    /// The digest, for the audit log and for the name under which the server sees us.
    pub fn digest(&self) -> ActDigest {
        self.digest
    }
    /// Judges the number of rows that the statement changed, before it is committed.
    ///
    /// # Errors
    /// [`Refusal::TooManyRows`]: roll back.
    pub fn accepts_rows(&self, changed: u64) -> Result<(), Refusal> {
        match self.act.most_rows {
            Some(most) if changed > most => Err(Refusal::TooManyRows { changed, most }),
            _ => Ok(()),
        }
    }
}

/// Grants a ticket for what was drawn, when the person really decided.
///
/// `judgement` is the guard's on the statement's exact bytes, `nonce` is random and never shown.
pub fn grant(act: &Act, judgement: &Judgement, consent: &Consent, nonce: [u8; 32]) -> Result<Ticket, Refusal> {
    if judgement.verdict == Verdict::Deny {
        return Err(Refusal::Denied(judgement.reason.clone()));
    }
    if !consent.from_terminal {
        return Err(Refusal::NotAtTerminal);
    }
    if consent.decided.uptime_ms < consent.focused.uptime_ms.saturating_add(DEAD_MS) {
        return Err(Refusal::TooEarly);
    }
    if !consent.read_to_the_end {
        return Err(Refusal::NotReadToTheEnd);
    }
    if let Some(name) = act.name_to_type()
        && consent.typed_name.as_deref() != Some(name)
    {
        return Err(Refusal::NameNotTyped(name.to_owned()));
    }
    let digest = act.digest();
    if digest != consent.drawn || judgement.class != act.class {
        return Err(Refusal::NotAsDrawn);
    }
    Ok(Ticket { digest, act: act.clone(), nonce, granted: consent.decided, giver: Giver::Person })
}

/// Where tickets are spent. One a process: it remembers what was spent.
#[derive(Debug, Default)]
pub struct Desk {
    spent: BTreeSet<[u8; 32]>,
    /// Rollbacks that approvals covered and that nobody needed so far.
    owed: BTreeMap<ActDigest, sequel::Owed>,
}

impl Desk {
    /// Turns a ticket into the value that opens the fixing door. `fresh` is the act as it is now: the bytes about to
    /// be sent, and binding, objects and preconditions read again from the server a moment ago. `judgement` is the
    /// guard's on those bytes. The ticket is gone either way.
    pub fn redeem(
        &mut self,
        ticket: Ticket,
        fresh: Act,
        judgement: &Judgement,
        now: Moment,
    ) -> Result<Approved, Refusal> {
        if ticket.is_by_policy() {
            return Err(Refusal::PolicyNotAsked);
        }
        self.spend(ticket, fresh, judgement, now)
    }

    /// The same, whoever gave the ticket.
    #[expect(clippy::needless_pass_by_value, reason = "whoever redeems a ticket has none afterwards")]
    fn spend(&mut self, ticket: Ticket, fresh: Act, judgement: &Judgement, now: Moment) -> Result<Approved, Refusal> {
        if !self.spent.insert(ticket.nonce) {
            return Err(Refusal::Spent);
        }
        let granted = ticket.granted;
        if now.wall < granted.wall || now.uptime_ms < granted.uptime_ms {
            return Err(Refusal::ClockSetBack);
        }
        // Both clocks: one may have been stopped (suspend) or set.
        if now.wall.since(granted.wall) > TICKET_MS || now.uptime_ms - granted.uptime_ms > TICKET_MS {
            return Err(Refusal::Expired);
        }
        if let Some(what) = moved(&ticket.act, &fresh) {
            return Err(Refusal::Moved(what));
        }
        // The digest decides; the comparison above only finds the words.
        if fresh.digest() != ticket.digest {
            return Err(Refusal::Moved("something changed"));
        }
        if judgement.verdict == Verdict::Deny {
            return Err(Refusal::Denied(judgement.reason.clone()));
        }
        if judgement.class != fresh.class {
            return Err(Refusal::Moved("the guard reads the statement in another way"));
        }
        if let Some(owed) = sequel::Owed::of(&fresh) {
            self.owed.insert(ticket.digest, owed);
        }
        Ok(Approved { act: fresh, digest: ticket.digest })
    }
}

/// What is different, in words, the most telling first.
fn moved(then: &Act, now: &Act) -> Option<&'static str> {
    let (was, is) = (&then.binding, &now.binding);
    let differences = [
        (then.statement != now.statement, "the statement changed"),
        (then.parameters != now.parameters, "its parameters changed"),
        (was.target != is.target || was.engine != is.engine, "the target changed"),
        (was.server != is.server, "another server answers at this address"),
        (was.role != is.role, "the server's role in its cluster changed"),
        (was.epoch != is.epoch, "there was a failover"),
        (was.started_at != is.started_at, "the server was restarted"),
        (was.address != is.address, "the address changed"),
        (was.database != is.database, "the database changed"),
        (was.login != is.login, "the login changed"),
        (then.objects != now.objects, "an object that it touches changed"),
        (then.preconditions != now.preconditions, "a condition does not hold any more"),
        (then.most_rows != now.most_rows, "the limit of rows changed"),
        (then.sequel != now.sequel, "what comes after it changed"),
        (then.environment != now.environment, "the target's environment changed"),
    ];
    differences.into_iter().find(|(differs, _)| *differs).map(|(_, words)| words)
}

#[cfg(test)]
mod tests;

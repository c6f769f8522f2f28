//! Errors of one cause become one incident with its followers: a table of what follows from what, and how it is
//! applied.
//!
//! An incident follows from another one when a rule says so, both are about the same target (or machine), and it
//! began while the other one lasted or at most [`Limits::correlation_ms`](super::limits::Limits) before or after. It
//! may have begun before its cause: the first victim often speaks first. One that had gone on for longer is nobody's
//! consequence. Followers hang on the root, never on each other.

use super::Incident;
use super::book::{Book, What};
use super::limits::Terms;
use crate::domain::error::event::Source;
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::target::Timestamp;

/// What an incident has to be.
#[derive(Debug, Clone, Copy)]
enum Is {
    /// Of this kind.
    Kind(ErrorKind),
    /// A condition of ours with this code; see [`super::detect`].
    Code(&'static str),
    /// The server is down, starting or stopping: our own connections fail, or it says so.
    Outage,
    /// An error that the server's log tells of.
    Logged,
    /// Not a single error but a counter of the server: it tells less than a log does.
    Counter,
}

/// How far a cause reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Its own target.
    Target,
    /// All targets of its machine.
    Host,
    /// Its own target, and there the same object. Two unknown objects are not the same one.
    Object,
    /// Its own target, and there errors of the same code.
    SameCode,
}

struct Rule {
    cause: &'static [Is],
    /// A cause is at least this bad ...
    severity: Severity,
    /// ... and has come this often within the correlation time.
    times: u64,
    followers: &'static [Is],
    reach: Reach,
    /// Completes "follows from INC-0001: ".
    reason: &'static str,
}

/// Shorthand for the table.
const fn kind(kind: ErrorKind) -> Is {
    Is::Kind(kind)
}

use ErrorKind as K;

/// The first rule that fits decides.
const RULES: &[Rule] = &[
    Rule {
        cause: &[kind(K::DiskFull)],
        severity: Severity::Error,
        times: 1,
        followers: &[
            kind(K::DiskFull),
            kind(K::InternalError),
            kind(K::ReadOnly),
            kind(K::ReplicationError),
            kind(K::ConnectionError),
            kind(K::ClusterState),
            kind(K::ResourceLimit),
            kind(K::TransactionState),
            kind(K::Timeout),
            Is::Outage,
            Is::Code("HEALTH_SAVE"),
            Is::Code("HEALTH_AOF"),
        ],
        reach: Reach::Host,
        reason: "a full disk makes every write of its machine fail",
    },
    Rule {
        cause: &[Is::Outage],
        severity: Severity::Error,
        times: 1,
        followers: &[Is::Outage],
        reach: Reach::Host,
        reason: "servers of one machine went away together",
    },
    Rule {
        cause: &[Is::Outage],
        severity: Severity::Error,
        times: 1,
        followers: &[
            kind(K::ConnectionError),
            kind(K::Canceled),
            kind(K::Timeout),
            kind(K::TransactionState),
            kind(K::ReplicationError),
            kind(K::ClusterState),
        ],
        reach: Reach::Target,
        reason: "a server that is down, starting or stopping ends sessions and refuses new ones",
    },
    Rule {
        cause: &[kind(K::OutOfMemory)],
        severity: Severity::Error,
        times: 1,
        followers: &[
            kind(K::OutOfMemory),
            kind(K::ConnectionError),
            kind(K::InternalError),
            kind(K::ClusterState),
            kind(K::Canceled),
            Is::Outage,
            Is::Code("HEALTH_MEMORY"),
        ],
        reach: Reach::Target,
        reason: "without memory statements fail and processes are killed",
    },
    Rule {
        cause: &[kind(K::Corruption)],
        severity: Severity::Critical,
        times: 1,
        followers: &[kind(K::InternalError), kind(K::ConnectionError), Is::Outage],
        reach: Reach::Target,
        reason: "reading damaged data ends the session or the server",
    },
    Rule {
        cause: &[kind(K::TooManyConnections)],
        severity: Severity::Error,
        times: 1,
        followers: &[
            kind(K::TooManyConnections),
            kind(K::ConnectionError),
            kind(K::ReplicationError),
            Is::Code("HEALTH_CONNS"),
        ],
        reach: Reach::Target,
        reason: "a full server refuses new connections",
    },
    Rule {
        cause: &[kind(K::ClusterState)],
        severity: Severity::Error,
        times: 1,
        followers: &[kind(K::ReadOnly), kind(K::ClusterState), kind(K::ReplicationError), Is::Code("HEALTH_MEMBER")],
        reach: Reach::Target,
        reason: "without a primary nothing can be written",
    },
    Rule {
        cause: &[kind(K::ReplicationError)],
        severity: Severity::Error,
        times: 1,
        followers: &[Is::Code("HEALTH_LAG"), Is::Code("HEALTH_BROKEN"), Is::Code("HEALTH_LINK")],
        reach: Reach::Target,
        reason: "a replica whose replication failed falls behind",
    },
    Rule {
        // It is critical only while others wait for it.
        cause: &[Is::Code("HEALTH_IDLE_TXN")],
        severity: Severity::Critical,
        times: 1,
        followers: &[kind(K::LockTimeout), Is::Code("HEALTH_BLOCKED")],
        reach: Reach::Target,
        reason: "a session that idles in its transaction keeps its locks",
    },
    Rule {
        cause: &[kind(K::Deadlock)],
        severity: Severity::Warning,
        times: 3,
        followers: &[kind(K::LockTimeout)],
        reach: Reach::Object,
        reason: "sessions that deadlock over an object make others wait for it",
    },
    Rule {
        cause: &[Is::Logged],
        severity: Severity::Info,
        times: 1,
        followers: &[Is::Counter],
        reach: Reach::SameCode,
        reason: "the counter counted the same errors",
    },
];

/// Looks for the cause of an incident that just changed, and where it has none, for what follows from it.
pub(super) fn correlate(book: &mut Book, id: u64, terms: &Terms) {
    let Some(incident) = book.incident(id).filter(|i| i.stage.is_open() && i.cause.is_none()) else { return };
    let others = || book.incidents().filter(|other| other.id != id && other.stage.is_open());
    // Most errors are in few rules or in none, and there may be hundreds of others.
    let following: Vec<&Rule> = RULES.iter().filter(|rule| rule.has_follower(incident, terms)).collect();
    let causing: Vec<&Rule> = RULES.iter().filter(|rule| rule.has_cause(incident, terms)).collect();
    // A pair that could be each other's cause goes by who was first.
    let cause = following.iter().find_map(|rule| {
        let causes = others().filter(|other| rule.joins(other, incident, terms) && comes_first(other, incident, terms));
        let cause = causes.min_by_key(|cause| (cause.began_at(), cause.id))?;
        Some((cause.cause.unwrap_or(cause.id), rule.reason))
    });
    if let Some((cause, reason)) = cause.filter(|(cause, _)| *cause != id) {
        hang(book, id, cause, reason);
        return;
    }
    if causing.is_empty() {
        return;
    }
    let followers: Vec<(u64, &'static str)> = others()
        .filter(|other| other.cause.is_none())
        .filter_map(|other| {
            let rule = causing.iter().find(|rule| rule.joins(incident, other, terms))?;
            comes_first(incident, other, terms).then_some((other.id, rule.reason))
        })
        .collect();
    for (follower, reason) in followers {
        hang(book, follower, id, reason);
    }
}

/// Where each could be the other's cause, only the one that began first is.
fn comes_first(cause: &Incident, other: &Incident, terms: &Terms) -> bool {
    let mutual = RULES.iter().any(|rule| rule.joins(other, cause, terms));
    !mutual || (cause.began_at(), cause.id) < (other.began_at(), other.id)
}

/// Hangs an incident, and what hung on it, on its cause.
fn hang(book: &mut Book, id: u64, cause: u64, reason: &str) {
    let Some(name) = book.incident(cause).map(Incident::name) else { return };
    let mut moved = vec![id];
    if let Some(incident) = book.incident_mut(id) {
        moved.append(&mut incident.followers);
    }
    for follower in &moved {
        let Some(incident) = book.incident_mut(*follower) else { continue };
        incident.cause = Some(cause);
        reason.clone_into(&mut incident.cause_reason);
        let at = incident.last_at;
        incident.tell(at, &format!("follows from {name}: {reason}"), None, None);
        book.note(*follower, What::Follows);
    }
    let names: Vec<String> = moved.iter().filter_map(|id| Some(book.incident(*id)?.name())).collect();
    if let Some(incident) = book.incident_mut(cause) {
        let at = incident.last_at;
        incident.tell(at, &format!("{} follows from it: {reason}", names.join(", ")), None, None);
        incident.followers.extend(moved.iter().filter(|id| !incident.followers.contains(id)).collect::<Vec<_>>());
    }
    book.note(cause, What::Caused);
}

impl Rule {
    fn joins(&self, cause: &Incident, follower: &Incident, terms: &Terms) -> bool {
        let limits = &terms.limits;
        self.has_cause(cause, terms)
            && self.has_follower(follower, terms)
            && self.reaches(cause, follower, terms)
            && lasts_at(cause, follower.began_at(), limits.correlation_ms)
            && (self.times <= 1 || cause.recurrence.within(cause.last_at, limits.correlation_ms) >= self.times)
    }

    /// An incident is bad enough and of the kind to be the cause of something.
    fn has_cause(&self, incident: &Incident, terms: &Terms) -> bool {
        incident.severity >= self.severity && self.cause.iter().any(|is| is.what(incident, terms))
    }

    /// An incident is of the kind to follow from something.
    fn has_follower(&self, incident: &Incident, terms: &Terms) -> bool {
        self.followers.iter().any(|is| is.what(incident, terms))
    }

    fn reaches(&self, cause: &Incident, follower: &Incident, terms: &Terms) -> bool {
        let same_target = cause.target == follower.target;
        match self.reach {
            Reach::Target => same_target,
            Reach::Host => terms.share_host(&cause.target, &follower.target),
            Reach::SameCode => same_target && !cause.code.is_empty() && cause.code == follower.code,
            Reach::Object => {
                let objects = cause.object.as_deref().zip(follower.object.as_deref());
                same_target && objects.is_some_and(|(one, other)| same_object(one, other))
            }
        }
    }
}

impl Is {
    fn what(self, incident: &Incident, terms: &Terms) -> bool {
        match self {
            // Conditions of ours are told by their codes: their kinds are the nearest ones, and too wide here.
            Self::Kind(kind) => incident.kind == kind && incident.source != Source::Sample,
            Self::Code(code) => incident.code == code && incident.source == Source::Sample,
            Self::Outage => {
                (incident.source == Source::Probe && incident.kind == ErrorKind::ConnectionError)
                    || terms.outages.contain(&incident.engine, &incident.code)
            }
            Self::Logged => incident.source == Source::Log,
            Self::Counter => incident.source == Source::Counter,
        }
    }
}

/// A moment lies within an incident, or near enough.
fn lasts_at(incident: &Incident, at: Timestamp, near_ms: u64) -> bool {
    let begins = incident.began_at().since(at) <= near_ms;
    // Nothing is heard of a condition while it holds.
    begins && (incident.is_condition() || at.since(incident.last_at) <= near_ms)
}

/// `"public"."orders"` and `orders` are the same, as far as one can tell.
fn same_object(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.replace(['"', '`', '\'', '[', ']'], "").to_lowercase();
    let (one, other) = (plain(one), plain(other));
    let ends =
        |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !one.is_empty() && !other.is_empty() && (ends(&one, &other) || ends(&other, &one))
}

//! Checks and consequences in words, for boxes, dossiers and the audit log. They may hold untrusted names.

use super::{Check, Comparison, OnFailure, Verification};
use crate::domain::metric;
use crate::domain::own::Bound;
use crate::domain::proposal::kind::SessionRef;

/// Items of a list that are named; the others are counted.
const NAMED: usize = 5;

impl Check {
    /// What has to hold, without a full stop: `session 88123 is gone`.
    pub fn words(&self) -> String {
        match self {
            Self::Reading { metric, is, value } => {
                let is = match is {
                    Comparison::AtMost => "at most",
                    Comparison::AtLeast => "at least",
                };
                let known = metric::metric_by_name(metric);
                let value = known.map_or_else(|| value.to_string(), |m| metric::format(Some(*value), m.unit));
                format!("{} is {is} {value}", known.map_or(metric.as_str(), |m| m.label))
            }
            Self::SessionsGone(sessions) => format!("{} gone", are("session", &ids(sessions))),
            Self::Blocks(session, 1) => format!("session {} still holds a lock that another one waits for", session.id),
            Self::Blocks(session, least) => {
                format!("session {} still holds a lock that at least {least} others wait for", session.id)
            }
            Self::NobodyWaitsFor(sessions) => format!("nobody waits for {}", named("session", &ids(sessions))),
            Self::IdleFor(sessions, seconds) => {
                format!("{} idle for at least {}", are("session", &ids(sessions)), span(*seconds))
            }
            Self::Understands(statement) => format!("the server understands: {statement}"),
            Self::Exists(object) => format!("{} is there", object.words()),
            Self::Absent(object) => format!("{} is not there", object.words()),
            Self::IndexUsable(table, index) => format!("the index {index} of {} is there and whole", table.words()),
            Self::IndexGone(table, index) => format!("nothing is left of the index {index} of {}", table.words()),
            Self::IndexInvalid(table, index) => {
                format!("the index {index} of {} is there and not whole, and nobody builds it", table.words())
            }
            Self::PlanUses { statement, index } => format!("the plan uses the index {index}: {statement}"),
            Self::SettingIs { name, value } => format!("{name} is {value}"),
            Self::InForce(kind) => format!("in force: {}", kind.words()),
            Self::SlotUnused(slot, seconds) => {
                format!("nobody has used the replication slot {slot} for at least {}", span(*seconds))
            }
            Self::SlotGone(slot) => format!("there is no replication slot {slot}"),
            Self::DeadRowsAtMost(table, percent) => {
                format!("at most {percent}% of the rows of {} are dead", table.words())
            }
            Self::AnalyzedWithin(table, seconds) => {
                format!("the statistics of {} are newer than {}", table.words(), span(*seconds))
            }
            Self::ReplicationRuns => "replication runs".to_owned(),
            Self::KeysGone(keys) => format!("{} gone", are("key", keys)),
            Self::WritesWork => "a write works (it is undone again)".to_owned(),
            Self::Intact => "the database is whole, by its own check".to_owned(),
            Self::Read { statement, column, is, value } => {
                let bound = Bound { is: *is, value: *value }.words();
                let what = column.as_deref().unwrap_or("the first number");
                format!("{what} is {bound}: {statement}")
            }
            Self::CauseGone(cause) => format!("a new look does not find any more that {}", cause.title()),
            Self::All(checks) => checks.iter().map(Self::words).collect::<Vec<_>>().join("; "),
        }
    }

    /// Each check that has to hold, a line each.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::All(checks) => checks.iter().flat_map(Self::lines).collect(),
            one => vec![one.words()],
        }
    }
}

impl Verification {
    /// How it is known that an act helped, with its time: `nobody waits for session 88123 within 30s`.
    pub fn in_words(&self) -> String {
        let words = if self.words.is_empty() { self.check.words() } else { self.words.clone() };
        let within = span(self.within_ms.div_ceil(1_000));
        let within = if words.contains("within") { String::new() } else { format!(" within {within}") };
        let hold = match self.hold_ms {
            0 => String::new(),
            ms => format!(", and no such error for {} after it", span(ms.div_ceil(1_000))),
        };
        format!("{words}{within}{hold}")
    }
}

impl OnFailure {
    /// What happens when an act did not help, a sentence. `undone`: there is an inverse.
    pub fn words(self, undone: bool) -> &'static str {
        match (self, undone) {
            (Self::RollBack, true) => "if not: it is rolled back by itself, as the undo says",
            (Self::Ask, true) => "if not: you are asked, and the undo is proposed",
            (_, false) => "if not: you are asked; it cannot be undone",
        }
    }
}

fn ids(sessions: &[SessionRef]) -> Vec<String> {
    sessions.iter().map(|session| session.id.to_string()).collect()
}

/// `session 7`, `sessions 7, 8`.
fn named(noun: &str, names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("{noun}{plural} {}{more}", names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", "))
}

fn are(noun: &str, names: &[String]) -> String {
    format!("{} {}", named(noun, names), if names.len() == 1 { "is" } else { "are" })
}

fn span(seconds: u64) -> String {
    metric::seconds(seconds as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::Cause;
    use crate::domain::proposal::kind::ObjectRef;

    fn session(id: i64) -> SessionRef {
        SessionRef { id, facts: Vec::new(), about: String::new() }
    }

    #[test]
    fn checks_read_as_sentences() {
        let orders = ObjectRef::new("app", "orders");
        let many: Vec<SessionRef> = (1..=7).map(session).collect();
        for (check, words) in [
            (Check::SessionsGone(vec![session(7)]), "session 7 is gone"),
            (Check::SessionsGone(many), "sessions 1, 2, 3, 4, 5 and 2 more are gone"),
            (Check::Blocks(session(7), 1), "session 7 still holds a lock that another one waits for"),
            (Check::NobodyWaitsFor(vec![session(7), session(8)]), "nobody waits for sessions 7, 8"),
            (Check::IdleFor(vec![session(7)], 300), "session 7 is idle for at least 5m 00s"),
            (Check::IndexGone(orders.clone(), "i".into()), "nothing is left of the index i of app.orders"),
            (Check::DeadRowsAtMost(orders, 5), "at most 5% of the rows of app.orders are dead"),
            (
                Check::CauseGone(Cause::Bloat),
                "a new look does not find any more that tables or indexes are mostly empty space",
            ),
        ] {
            assert_eq!(check.words(), words);
        }
        let both = Check::All(vec![Check::ReplicationRuns, Check::All(vec![Check::Intact, Check::WritesWork])]);
        assert_eq!(both.lines().len(), 3);
    }

    #[test]
    fn a_verification_says_its_time_once() {
        let of = |words: &str, hold_ms| Verification {
            check: Check::ReplicationRuns,
            within_ms: 30_000,
            words: words.to_owned(),
            hold_ms,
        };
        assert_eq!(of("", 0).in_words(), "replication runs within 30s");
        assert_eq!(of("blocked = 0 within 30 s", 0).in_words(), "blocked = 0 within 30 s");
        assert_eq!(of("lag is 0", 60_000).in_words(), "lag is 0 within 30s, and no such error for 1m 00s after it");
    }
}

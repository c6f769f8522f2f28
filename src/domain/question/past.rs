//! Questions about past activity: `who blocked at 02:10?`, `what ran yesterday at 14:00`.

use super::intent::Intent;
use super::mentions;
use super::periods;
use super::reading::{Question, Reading};
use super::words::Kind;

/// Words of which one must be there: somebody did or waited for something.
const ACTS: &[&str] =
    &["run", "block", "lock", "wait", "query", "active", "connection", "transaction", "idleintransaction", "slow"];

/// Words that may stand beside them.
const MAY: &[&str] = &[
    "~", "show", "what", "who", "how", "all", "of", "in", "on", "from", "for", "with", "to", "at", "by", "and",
    "database", "server", "each", "or", "between", "last", "time", "when", "idle", "deadlock", "long", "top",
    "howmany", "user",
];

/// The question as one about the past, if it is one.
pub(super) fn read(question: &Question<'_>) -> Option<Reading> {
    let tokens = &question.tokens;
    if !tokens.iter().any(|t| t.one_of(ACTS)) {
        return None;
    }
    // A table of the person's own that is called so: its rows are meant.
    if mentions::all(question).iter().any(|m| m.explicit || m.tokens_mean_nothing(question)) {
        return None;
    }
    let (period, used) = periods::past_moment(tokens, &question.clock)?;
    let (from, to) = (period.from?, period.to?);
    let extra = [
        "since", "until", "after", "before", "around", "about", "am", "pm", "near", "during", "o'clock", "till", "was",
        "were",
    ];
    let explained = tokens.iter().enumerate().all(|(i, t)| {
        used.contains(&i)
            || t.kind == Kind::Symbol
            || (t.kind == Kind::Word && (t.one_of(ACTS) || MAY.contains(&t.canon) || t.is(&extra)))
            || question.is_own_name(t)
    });
    if !explained || from >= to {
        return None;
    }
    let offset = period.offset_minutes;
    let note = format!("time read as {} to {}", from.date_time(offset), to.date_time(offset));
    Some(Reading { intent: Intent::ActivityAt { from, to }, notes: vec![note], topic: None, plain: true })
}

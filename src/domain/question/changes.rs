//! Wishes to change something. A question only reads: such a wish is told apart and refused with that reason.

use super::Cannot;
use super::words::Token;

const VERBS: &[&str] = &[
    "drop",
    "delete",
    "remove",
    "insert",
    "update",
    "alter",
    "truncate",
    "kill",
    "terminate",
    "cancel",
    "grant",
    "revoke",
    "reindex",
    "rename",
    "stop",
    "restart",
    "shutdown",
    "disable",
    "enable",
    "erase",
    "wipe",
    "purge",
    "empty",
    "add",
    "create",
    "set",
    "change",
    "modify",
    "clear",
    "reset",
    "flush",
    "move",
    "copy",
    "import",
    "restore",
    "merge",
    "archive",
    "clean",
    "fix",
    "vacuum",
    "lock",
    "unlock",
    "increase",
    "decrease",
    "raise",
    "make",
    "end",
    "replace",
    "destroy",
    "migrate",
    "load",
];

/// Words before the verb that do not change who acts.
const POLITE: &[&str] = &[
    "please", "pls", "can", "could", "would", "you", "will", "i", "want", "to", "need", "lets", "let", "us", "me",
    "just", "now", "go", "ahead", "and", "hey", "hi", "ok", "okay", "like", "we", "should", "must", "help", "then",
    "kindly", "quickly", "how", "do",
];

/// The refusal, when the sentence is an order to change something.
pub(super) fn refuse(tokens: &[Token]) -> Option<Cannot> {
    let at = tokens.iter().position(|t| !t.is(POLITE))?;
    let verb = &tokens[at];
    let object = &tokens[at + 1..];
    if !verb.is(VERBS) || object.is_empty() {
        return None;
    }
    // `create a diagram`, `make a list of tables`, `lock waits`, `vacuum state` are reads.
    let makes_picture = verb.is(&["create", "make", "add"])
        && object.iter().any(|t| t.one_of(&["diagram", "show", "analyze", "info", "describe", "performance"]));
    let names_topic = verb
        .is(&["lock", "vacuum", "update", "insert", "delete", "empty", "set", "load", "archive", "index"])
        && object.first().is_some_and(|t| {
            t.one_of(&[
                "info",
                "wait",
                "statistics",
                "progress",
                "ratio",
                "lag",
                "tree",
                "count",
                "howmany",
                "run",
                "setting",
                "query",
            ])
        });
    if makes_picture || names_topic {
        return None;
    }
    Some(Cannot {
        reason: format!(
            "\"{}\" is a change; a question only reads, so nothing was done. Type the statement itself to have it judged",
            verb.lower
        ),
        ..Cannot::default()
    })
}

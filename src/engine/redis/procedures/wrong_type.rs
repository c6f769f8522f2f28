//! C14b: a command that took a key for another type. The key is right as it is until a person says otherwise, so this
//! gives advice and no act.

use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::error::kind::ErrorKind;
use crate::domain::procedure::Plan;
use crate::engine::redis::diagnose::picture::Picture;
use crate::engine::redis::diagnose::typed_key;

/// Commands that read and write a type.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("string", "GET, MGET, GETRANGE", "SET, APPEND, INCR"),
    ("hash", "HGET, HMGET, HSCAN", "HSET, HDEL, HINCRBY"),
    ("list", "LRANGE, LINDEX, LLEN", "LPUSH, RPUSH, LPOP, LTRIM"),
    ("set", "SISMEMBER, SSCAN, SCARD", "SADD, SREM"),
    ("zset", "ZRANGE, ZSCORE, ZSCAN", "ZADD, ZREM"),
    ("stream", "XRANGE, XREAD, XLEN", "XADD, XTRIM, XACK"),
];

pub(super) fn plan(case: &Case<'_>, _found: &Diagnosis) -> Vec<Plan> {
    if case.incident.is_none_or(|incident| incident.kind != ErrorKind::WrongType) {
        return Vec::new();
    }
    let picture = Picture::of(case);
    let Some((key, kind)) = typed_key(&picture) else {
        let mut plan = Plan::new("C14b", "look at the type of the key".to_owned(), Cause::WrongType, 45, Vec::new());
        plan.advice.push("The message does not name the key: TYPE KEY, or --key KEY, says what it holds.".to_owned());
        return vec![plan];
    };
    let title = format!("use the commands of a {kind} on {key}");
    let mut plan = Plan::new("C14b", title, Cause::WrongType, 70, vec![format!("{key} holds a {kind}")]);
    if let Some((_, reads, writes)) = COMMANDS.iter().find(|(own, ..)| *own == kind) {
        plan.advice.push(format!("A {kind} is read by {reads} and changed by {writes}."));
    }
    plan.advice.push("Two parts of the application may use the same name for different things: give one of them a prefix of its own.".to_owned());
    plan.advice.push(
        "Removing the key makes the error go away and its content too: only who owns it can say that it may go."
            .to_owned(),
    );
    vec![plan]
}

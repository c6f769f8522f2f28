//! What the arguments of a reading command may be: every width, count and range has a cap, and a switch that is not
//! known here is refused.

use super::{Refusal, settings};
use crate::domain::guard::Class;

/// Judges the arguments behind a command's name; their number is right already.
pub(super) type Check = fn(&[Vec<u8>]) -> Result<(), Refusal>;

/// Elements of one reply, at most.
const WIDEST: i64 = 1000;
/// Bytes of a string looked at in one command.
const WIDEST_BYTES: i64 = 1 << 20;
/// Elements passed over before the first of a reply: the server walks them.
const FARTHEST: i64 = 100_000;

fn resource(reason: impl Into<String>) -> Refusal {
    Refusal::new(Class::Resource, reason)
}
fn unknown(reason: impl Into<String>) -> Refusal {
    Refusal::new(Class::Unparsed, reason)
}

fn integer(bytes: &[u8]) -> Result<i64, Refusal> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    // A sign of its own or blanks the server would refuse; what it would refuse, we need not send.
    let plain = text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or_else(|| unknown("a whole number was expected"))
}

fn is(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}

/// A count from 1 to [`WIDEST`].
fn count(bytes: &[u8]) -> Result<i64, Refusal> {
    let n = integer(bytes)?;
    if (1..=WIDEST).contains(&n) { Ok(n) } else { Err(resource(format!("a count from 1 to {WIDEST} is read at once"))) }
}

/// Two ends of a range of positions: of one sign, so that the width is known, and not wider than `widest`.
fn positions(start: &[u8], end: &[u8], widest: i64) -> Result<(), Refusal> {
    let (start, end) = (integer(start)?, integer(end)?);
    if (start < 0) != (end < 0) {
        return Err(resource(format!(
            "this range has no known width: give both ends from the start (0 {}) or both from the end (-{} -1), or use \
             --show KEY",
            widest.min(WIDEST) - 1,
            widest.min(WIDEST)
        )));
    }
    if end.saturating_sub(start) >= widest {
        return Err(resource(format!("at most {widest} are read at once")));
    }
    Ok(())
}

/// Any value will do: a key, a field, a member.
#[allow(clippy::unnecessary_wraps, reason = "one shape for every check")]
pub(super) fn anything(_arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    Ok(())
}

/// Plain names: of commands, events, categories, nodes.
pub(super) fn names(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'|' | b'.' | b'@' | b'*');
    let all = arguments.iter().all(|word| word.len() <= 80 && word.iter().all(plain));
    if all { Ok(()) } else { Err(unknown("plain names were expected")) }
}

pub(super) fn sections(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    names(arguments)
}

pub(super) fn index(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    integer(arguments.last().map_or(&[][..], Vec::as_slice)).map(drop)
}

pub(super) fn offset(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    integer(&arguments[1]).map(drop)
}

/// `MEMORY USAGE key [SAMPLES n]`; 0 would look at every element.
pub(super) fn memory_usage(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    match &arguments[1..] {
        [] => Ok(()),
        [word, n] if is(word, "SAMPLES") => count(n).map(drop),
        _ => Err(unknown("MEMORY USAGE key [SAMPLES n]")),
    }
}

pub(super) fn scan(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    scan_options(arguments, &["MATCH", "COUNT", "TYPE"])
}

/// `HSCAN`, `SSCAN`, `ZSCAN`: behind the key as `SCAN`.
pub(super) fn scan_in_key(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    scan_options(&arguments[1..], &["MATCH", "COUNT", "NOVALUES"])
}

fn scan_options(arguments: &[Vec<u8>], known: &[&str]) -> Result<(), Refusal> {
    let cursor = std::str::from_utf8(&arguments[0]).unwrap_or_default();
    if cursor.parse::<u64>().is_err() || !cursor.bytes().all(|b| b.is_ascii_digit()) {
        return Err(unknown("the cursor is a number; 0 begins"));
    }
    let mut rest = arguments[1..].iter();
    let mut seen: Vec<&str> = Vec::new();
    while let Some(word) = rest.next() {
        let Some(switch) = known.iter().copied().find(|name| is(word, name)) else {
            return Err(unknown(format!("only {} are known behind the cursor", known.join(", "))));
        };
        if seen.contains(&switch) {
            return Err(unknown(format!("{switch} stands twice")));
        }
        seen.push(switch);
        if switch == "NOVALUES" {
            continue;
        }
        let value = rest.next().ok_or_else(|| unknown(format!("{switch} wants a value")))?;
        if switch == "COUNT" {
            count(value)?;
        }
    }
    Ok(())
}

/// `GETRANGE`, `BITCOUNT`: key start end [BYTE | BIT].
pub(super) fn byte_range(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    if arguments.get(3).is_some_and(|unit| !is(unit, "BYTE") && !is(unit, "BIT")) {
        return Err(unknown("the unit is BYTE or BIT"));
    }
    positions(&arguments[1], &arguments[2], WIDEST_BYTES)
}

/// `BITPOS key bit start end [unit]`.
pub(super) fn bit_position(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    if !matches!(integer(&arguments[1])?, 0 | 1) {
        return Err(unknown("the bit is 0 or 1"));
    }
    if arguments.get(4).is_some_and(|unit| !is(unit, "BYTE") && !is(unit, "BIT")) {
        return Err(unknown("the unit is BYTE or BIT"));
    }
    positions(&arguments[2], &arguments[3], WIDEST_BYTES)
}

/// `BITFIELD_RO key GET type offset ...`.
pub(super) fn bit_fields(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    if arguments[1..].chunks(3).all(|part| part.len() == 3 && is(&part[0], "GET")) {
        Ok(())
    } else {
        Err(unknown("key GET type offset, once or more"))
    }
}

/// `GEOSEARCH key FROM... BY... COUNT n [ANY] [ASC | DESC] [WITHCOORD] [WITHDIST] [WITHHASH]`, in any order: without a
/// count every place of the area comes back.
pub(super) fn places(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    let mut bounded = false;
    let mut rest = arguments[1..].iter();
    while let Some(word) = rest.next() {
        let values = match () {
            () if is(word, "FROMMEMBER") => 1,
            () if is(word, "FROMLONLAT") || is(word, "BYRADIUS") => 2,
            () if is(word, "BYBOX") => 3,
            () if is(word, "COUNT") => {
                count(rest.next().ok_or_else(|| unknown("COUNT wants a number"))?)?;
                bounded = true;
                0
            }
            () if ["ANY", "ASC", "DESC", "WITHCOORD", "WITHDIST", "WITHHASH"].iter().any(|name| is(word, name)) => 0,
            () => return Err(unknown("key FROMMEMBER or FROMLONLAT, BYRADIUS or BYBOX, COUNT n, ASC or DESC")),
        };
        for _ in 0..values {
            rest.next().ok_or_else(|| unknown("a switch without its value"))?;
        }
    }
    if bounded { Ok(()) } else { Err(resource(format!("say COUNT, from 1 to {WIDEST}"))) }
}

/// `HRANDFIELD`, `SRANDMEMBER`, `ZRANDMEMBER`: key [count [WITHVALUES | WITHSCORES]].
pub(super) fn random_elements(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    if let Some(n) = arguments.get(1)
        && integer(n)?.unsigned_abs() > WIDEST.unsigned_abs()
    {
        return Err(resource(format!("at most {WIDEST} are read at once")));
    }
    match arguments.get(2) {
        Some(word) if !is(word, "WITHVALUES") && !is(word, "WITHSCORES") => {
            Err(unknown("only WITHVALUES or WITHSCORES may follow the count"))
        }
        _ => Ok(()),
    }
}

/// `HTTL key FIELDS n field ...`.
pub(super) fn field_list(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    let fits =
        is(&arguments[1], "FIELDS") && integer(&arguments[2])? == i64::try_from(arguments.len()).unwrap_or(0) - 3;
    if fits { Ok(()) } else { Err(unknown("key FIELDS number field ...")) }
}

/// `LRANGE key start stop`.
pub(super) fn range(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    positions(&arguments[1], &arguments[2], WIDEST)
}

/// `LPOS key element MAXLEN n [RANK n] [COUNT n]`: without MAXLEN it looks at the whole list.
pub(super) fn list_position(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    let mut bounded = false;
    for pair in arguments[2..].chunks(2) {
        let [word, n] = pair else { return Err(unknown("a switch without its number")) };
        let n = integer(n)?;
        if is(word, "MAXLEN") {
            bounded = (1..=FARTHEST).contains(&n);
        } else if is(word, "COUNT") {
            if !(1..=WIDEST).contains(&n) {
                return Err(resource(format!("COUNT from 1 to {WIDEST}")));
            }
        } else if !is(word, "RANK") {
            return Err(unknown("only MAXLEN, RANK and COUNT are known here"));
        }
    }
    if bounded { Ok(()) } else { Err(resource(format!("say MAXLEN, from 1 to {FARTHEST}"))) }
}

pub(super) fn rank(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    match arguments.get(2) {
        Some(word) if !is(word, "WITHSCORE") => Err(unknown("only WITHSCORE may follow the member")),
        _ => Ok(()),
    }
}

/// `ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`.
pub(super) fn sorted_range(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    let mut by_value = false;
    let mut limited = false;
    let mut rest = arguments[3..].iter();
    while let Some(word) = rest.next() {
        if is(word, "BYSCORE") || is(word, "BYLEX") {
            by_value = true;
        } else if is(word, "LIMIT") {
            let (offset, n) = (rest.next(), rest.next());
            let (Some(offset), Some(n)) = (offset, n) else { return Err(unknown("LIMIT offset count")) };
            limit(offset, n)?;
            limited = true;
        } else if !is(word, "REV") && !is(word, "WITHSCORES") {
            return Err(unknown("only BYSCORE, BYLEX, REV, LIMIT and WITHSCORES are known behind the range"));
        }
    }
    if by_value {
        if limited { Ok(()) } else { Err(resource(format!("say LIMIT 0 {WIDEST} or less"))) }
    } else if limited {
        Err(unknown("LIMIT goes with BYSCORE or BYLEX"))
    } else {
        positions(&arguments[1], &arguments[2], WIDEST)
    }
}

fn limit(offset: &[u8], n: &[u8]) -> Result<(), Refusal> {
    if !(0..=FARTHEST).contains(&integer(offset)?) {
        return Err(resource(format!("an offset from 0 to {FARTHEST}")));
    }
    count(n).map(drop)
}

pub(super) fn reverse_range(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    match arguments.get(3) {
        Some(word) if !is(word, "WITHSCORES") => Err(unknown("only WITHSCORES may follow the range")),
        _ => positions(&arguments[1], &arguments[2], WIDEST),
    }
}

/// `ZRANGEBYSCORE key min max [WITHSCORES] LIMIT offset count`, the two switches in either order.
pub(super) fn limited_range(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    let switches: Vec<&Vec<u8>> = arguments[3..].iter().filter(|word| !is(word, "WITHSCORES")).collect();
    match switches[..] {
        [word, offset, n] if is(word, "LIMIT") => limit(offset, n),
        _ => Err(resource(format!("say LIMIT 0 {WIDEST} or less"))),
    }
}

/// `XRANGE key start end COUNT n`.
pub(super) fn stream_range(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    if is(&arguments[3], "COUNT") { count(&arguments[4]).map(drop) } else { Err(resource("say COUNT")) }
}

/// `XINFO STREAM key [FULL COUNT n]`; FULL without a count, or with 0, may show every entry.
pub(super) fn stream_info(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    match &arguments[1..] {
        [] => Ok(()),
        [full, word, n] if is(full, "FULL") && is(word, "COUNT") => count(n).map(drop),
        _ => Err(resource("XINFO STREAM key [FULL COUNT n]")),
    }
}

/// `XPENDING key group [[IDLE ms] start end count [consumer]]`.
pub(super) fn pending(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    let mut rest = &arguments[2..];
    if let [word, ms, after @ ..] = rest
        && is(word, "IDLE")
    {
        integer(ms)?;
        rest = after;
        if rest.is_empty() {
            return Err(unknown("IDLE goes with start, end and count"));
        }
    }
    match rest {
        [] => Ok(()),
        [_, _, n] | [_, _, n, _] => count(n).map(drop),
        _ => Err(unknown("XPENDING key group [[IDLE ms] start end count [consumer]]")),
    }
}

/// `CLIENT LIST [TYPE t] [ID id ...]`, and the filters of newer servers.
pub(super) fn client_list(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    match arguments {
        [] => Ok(()),
        [word, kind] if is(word, "TYPE") => {
            let known = ["normal", "master", "primary", "replica", "slave", "pubsub"];
            if known.iter().any(|name| is(kind, name)) { Ok(()) } else { Err(unknown("no such type of client")) }
        }
        [word, ids @ ..] if is(word, "ID") && !ids.is_empty() => ids.iter().try_for_each(|id| integer(id).map(drop)),
        _ => Err(unknown("CLIENT LIST [TYPE normal|replica|pubsub] or [ID id ...]; --clients sorts and groups")),
    }
}

/// Names of settings that hold no secret.
pub(super) fn settings(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    arguments.iter().try_for_each(|name| settings::readable(name))
}

/// An optional number of entries.
pub(super) fn few(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    arguments.iter().try_for_each(|n| count(n).map(drop))
}

/// `COMMANDLOG GET count type`.
pub(super) fn command_log(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    count(&arguments[0])?;
    names(&arguments[1..])
}

pub(super) fn histogram(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    names(arguments)
}

/// `CLUSTER GETKEYSINSLOT slot count`.
pub(super) fn keys_of_slot(arguments: &[Vec<u8>]) -> Result<(), Refusal> {
    integer(&arguments[0])?;
    count(&arguments[1]).map(drop)
}

//! What an approved command does: which keys it names, which connection, which setting.

use crate::engine::redis::dialect::classify::upper;
use crate::engine::redis::dialect::line;

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// Keys change.
    Keys(KeyChange),
    /// One connection is ended.
    Kill(i64),
    /// One setting gets another value.
    Setting { name: String },
    /// A script that holds the server up is stopped.
    Script,
    /// Upkeep that touches nothing by name.
    Upkeep,
}

/// A command that changes keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyChange {
    /// Every key that it names, in its order, each once.
    pub(super) keys: Vec<Vec<u8>>,
    /// It only works on what is there.
    pub(super) wants_keys: bool,
    /// It removes keys as wholes.
    pub(super) removes: bool,
    /// Why what the keys held is not enough to undo it.
    pub(super) beyond: Option<&'static str>,
}

/// A command, cut into words as the guard cut it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The words to send.
    pub(super) words: Vec<Vec<u8>>,
    /// Its name in capitals.
    pub(super) name: String,
    /// What it does.
    pub(super) deed: Deed,
}

/// Where a command's keys stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// The first word.
    First,
    /// The first two.
    FirstTwo,
    /// Every word.
    All,
    /// Every other word.
    Pairs,
    /// All but the first.
    AfterFirst,
    /// Behind a number that counts them.
    Counted,
    /// One, then a number and as many.
    OneThenCounted,
    /// A number, then so many keys with their values.
    CountedPairs,
    /// Behind a subcommand.
    Second,
}

/// Commands whose keys are not just their first word.
const KEYS: &[(Keys, &str)] = &[
    (Keys::All, "DEL UNLINK TOUCH PFMERGE SINTERSTORE SUNIONSTORE SDIFFSTORE"),
    (Keys::Pairs, "MSET MSETNX"),
    (Keys::CountedPairs, "MSETEX"),
    (Keys::FirstTwo, "RENAME RENAMENX COPY SMOVE RPOPLPUSH LMOVE ZRANGESTORE GEOSEARCHSTORE"),
    (Keys::AfterFirst, "BITOP"),
    (Keys::Counted, "LMPOP ZMPOP"),
    (Keys::OneThenCounted, "ZUNIONSTORE ZINTERSTORE ZDIFFSTORE"),
    (Keys::Second, "XGROUP"),
];

/// Commands that make no key: without theirs they do nothing.
const WANT_KEYS: &str = "DEL UNLINK TOUCH EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST RENAME RENAMENX MOVE COPY GETDEL GETEX \
    DELIFEQ DELEX HDEL HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HPERSIST HGETDEL HGETEX LPOP RPOP LPUSHX RPUSHX LREM LSET \
    LINSERT LTRIM RPOPLPUSH LMOVE LMPOP SREM SPOP SMOVE ZREM ZPOPMIN ZPOPMAX ZMPOP ZREMRANGEBYRANK ZREMRANGEBYSCORE \
    ZREMRANGEBYLEX XDEL XTRIM XACK XCLAIM XAUTOCLAIM XSETID XACKDEL XDELEX";
const REMOVE_KEYS: &str = "DEL UNLINK GETDEL DELIFEQ DELEX";
/// Commands without keys.
const UPKEEP: &str = "BGSAVE BGREWRITEAOF MEMORY LATENCY SLOWLOG COMMANDLOG ACL";

fn holds(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == name)
}

/// Reads one line.
///
/// # Errors
/// One sentence when its keys cannot be told.
pub(super) fn read(statement: &str) -> Result<Command, String> {
    let words = line::split(statement).map_err(|why| why.words().to_owned())?;
    let name = words.first().and_then(|word| upper(word)).ok_or("the first word is no name of a command")?;
    let subcommand = words.get(1).and_then(|word| upper(word)).unwrap_or_default();
    let text = |at: usize| words.get(at).map(|word| String::from_utf8_lossy(word).into_owned()).unwrap_or_default();
    let deed = match (name.as_str(), subcommand.as_str()) {
        ("CLIENT", "KILL") => Deed::Kill(text(3).parse().map_err(|_| "CLIENT KILL ID wants a number")?),
        ("CONFIG", "SET") => Deed::Setting { name: text(2).to_ascii_lowercase() },
        ("SCRIPT", "KILL") if words.len() == 2 => Deed::Script,
        _ if name == "CONFIG" || holds(UPKEEP, &name) => Deed::Upkeep,
        _ => Deed::Keys(keys_of(&name, &words)?),
    };
    Ok(Command { words, name, deed })
}

fn keys_of(name: &str, words: &[Vec<u8>]) -> Result<KeyChange, String> {
    let place = KEYS.iter().find(|(_, list)| holds(list, name)).map_or(Keys::First, |(place, _)| *place);
    let behind = &words[1..];
    let counted = |at: usize| -> Result<usize, String> {
        let number = behind.get(at).and_then(|word| std::str::from_utf8(word).ok()?.parse::<usize>().ok());
        number.filter(|n| *n > 0 && *n < words.len()).ok_or_else(|| "the number of keys is no number".to_owned())
    };
    let picked: Vec<&Vec<u8>> = match place {
        Keys::First => behind.iter().take(1).collect(),
        Keys::FirstTwo => behind.iter().take(2).collect(),
        Keys::All => behind.iter().collect(),
        Keys::Pairs => behind.iter().step_by(2).collect(),
        Keys::AfterFirst => behind.iter().skip(1).collect(),
        Keys::Second => behind.iter().skip(1).take(1).collect(),
        Keys::Counted => behind.iter().skip(1).take(counted(0)?).collect(),
        Keys::CountedPairs => behind.iter().skip(1).step_by(2).take(counted(0)?).collect(),
        Keys::OneThenCounted => behind.iter().take(1).chain(behind.iter().skip(2).take(counted(1)?)).collect(),
    };
    let mut keys: Vec<Vec<u8>> = Vec::with_capacity(picked.len());
    for key in picked {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    if keys.is_empty() {
        return Err(format!("{name} names no key"));
    }
    let other_database =
        name == "MOVE" || (name == "COPY" && behind.iter().skip(2).any(|word| word.eq_ignore_ascii_case(b"DB")));
    Ok(KeyChange {
        keys,
        wants_keys: holds(WANT_KEYS, name),
        removes: holds(REMOVE_KEYS, name),
        beyond: other_database.then_some("it writes to another database, which this connection does not see"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::guard::{Author, Catalog, Verdict};
    use crate::engine::redis::dialect::DIALECT;

    #[test]
    fn every_key_of_a_command_is_found() {
        for (line, keys) in [
            ("SET a b EX 10", vec!["a"]),
            ("del a b a", vec!["a", "b"]),
            ("MSET a 1 b 2", vec!["a", "b"]),
            ("MSETEX 2 a 1 b 2 EX 10", vec!["a", "b"]),
            ("RENAME a b", vec!["a", "b"]),
            ("COPY a b REPLACE", vec!["a", "b"]),
            ("BITOP AND d a b", vec!["d", "a", "b"]),
            ("LMPOP 2 a b LEFT COUNT 3", vec!["a", "b"]),
            ("ZUNIONSTORE d 2 a b WEIGHTS 1 2", vec!["d", "a", "b"]),
            ("SDIFFSTORE d a b", vec!["d", "a", "b"]),
            ("ZRANGESTORE d a 0 5", vec!["d", "a"]),
            ("XGROUP CREATE s g $", vec!["s"]),
            ("HSET \"a b\" f v", vec!["a b"]),
        ] {
            let judgement = DIALECT.classify(line, Author::Person, &Catalog::default());
            assert_eq!(judgement.verdict, Verdict::NeedsApproval, "{line}: {}", judgement.reason);
            let Deed::Keys(change) = read(line).unwrap().deed else { panic!("{line}") };
            assert_eq!(change.keys, keys.iter().map(|k| k.as_bytes().to_vec()).collect::<Vec<_>>(), "{line}");
        }
        for line in ["LMPOP 9 a LEFT", "ZUNIONSTORE d x a", "LMPOP 0 a LEFT"] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn what_names_no_key_is_told_apart() {
        assert_eq!(read("CLIENT KILL ID 9").unwrap().deed, Deed::Kill(9));
        assert_eq!(read("config set HZ 20").unwrap().deed, Deed::Setting { name: "hz".into() });
        assert_eq!(read("SCRIPT KILL").unwrap().deed, Deed::Script);
        for line in ["BGSAVE", "MEMORY PURGE", "CONFIG RESETSTAT", "ACL LOG RESET"] {
            assert_eq!(read(line).unwrap().deed, Deed::Upkeep, "{line}");
        }
        let Deed::Keys(moved) = read("COPY a b DB 3").unwrap().deed else { panic!() };
        assert!(moved.beyond.is_some());
    }
}

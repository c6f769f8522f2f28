//! What is known not to be a read: its class, and whether a person's approval could ever let it run. A command that is
//! in neither list is refused as unknown.

use crate::domain::guard::{Author, Class, Judgement};

/// How a command that is no read is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It changes named keys: an approval when a person typed it, refused when a model did.
    Change,
    /// The same, for upkeep that a person may want now.
    Upkeep,
    /// Never as free text.
    Never,
}

use Fate::{Change, Never, Upkeep};

/// Commands by name or `NAME SUBCOMMAND`, each line one treatment.
#[rustfmt::skip]
const OTHERS: &[(Class, Fate, &str, &str)] = &[
    (Class::Dml, Change, "changes keys",
     "SET|SETNX|SETEX|PSETEX|MSET|MSETNX|APPEND|INCR|INCRBY|INCRBYFLOAT|DECR|DECRBY|SETRANGE|SETBIT|BITFIELD|BITOP|GETSET|GETDEL|GETEX|\
      DEL|UNLINK|EXPIRE|PEXPIRE|EXPIREAT|PEXPIREAT|PERSIST|RENAME|RENAMENX|COPY|MOVE|TOUCH|DELIFEQ|DELEX|MSETEX|DIGEST|\
      HSET|HSETNX|HMSET|HDEL|HINCRBY|HINCRBYFLOAT|HEXPIRE|HPEXPIRE|HEXPIREAT|HPEXPIREAT|HPERSIST|HGETDEL|HGETEX|HSETEX|\
      LPUSH|RPUSH|LPUSHX|RPUSHX|LPOP|RPOP|LREM|LSET|LINSERT|LTRIM|RPOPLPUSH|LMOVE|LMPOP|\
      SADD|SREM|SPOP|SMOVE|ZADD|ZREM|ZINCRBY|ZPOPMIN|ZPOPMAX|ZMPOP|ZREMRANGEBYRANK|ZREMRANGEBYSCORE|ZREMRANGEBYLEX|\
      SINTERSTORE|SUNIONSTORE|SDIFFSTORE|ZRANGESTORE|ZUNIONSTORE|ZINTERSTORE|ZDIFFSTORE|GEOADD|GEOSEARCHSTORE|\
      XADD|XDEL|XTRIM|XACK|XCLAIM|XAUTOCLAIM|XGROUP CREATE|XGROUP DESTROY|XGROUP SETID|XGROUP CREATECONSUMER|XGROUP DELCONSUMER|XSETID|\
      XACKDEL|XDELEX|PFADD|PFMERGE|RESTORE"),
    (Class::Dml, Never, "may change keys; places are read with GEOSEARCH ... COUNT n",
     "GEORADIUS|GEORADIUSBYMEMBER|SORT|PFCOUNT|PFDEBUG|PFSELFTEST|RESTORE-ASKING"),
    (Class::Dml, Never, "throws every key away", "FLUSHALL|FLUSHDB|SWAPDB"),
    (Class::Resource, Never, "reads without bound and holds the server up meanwhile: --scan --pattern P lists keys step by step", "KEYS"),
    (Class::Resource, Never, "gives back a whole collection, however large: --show KEY reads it in steps and stops at the limits \
      (or HSCAN, SSCAN, ZSCAN by hand)", "HGETALL|HKEYS|HVALS|SMEMBERS"),
    (Class::Resource, Never, "takes time without bound",
     "SORT_RO|LCS|SINTER|SUNION|SDIFF|SINTERCARD|ZUNION|ZINTER|ZDIFF|ZINTERCARD|GEORADIUS_RO|GEORADIUSBYMEMBER_RO|STRALGO|LOLWUT"),
    (Class::Resource, Never, "waits, and holds our connection up meanwhile",
     "BLPOP|BRPOP|BRPOPLPUSH|BLMOVE|BLMPOP|BZPOPMIN|BZPOPMAX|BZMPOP|XREAD|XREADGROUP|WAIT|WAITAOF"),
    (Class::Session, Never, "changes what our connection is or sees",
     "SELECT|AUTH|HELLO|RESET|QUIT|MONITOR|SUBSCRIBE|PSUBSCRIBE|SSUBSCRIBE|UNSUBSCRIBE|PUNSUBSCRIBE|SUNSUBSCRIBE|READONLY|READWRITE|ASKING|\
      CLIENT REPLY|CLIENT TRACKING|CLIENT CACHING|CLIENT NO-EVICT|CLIENT NO-TOUCH|CLIENT SETNAME|CLIENT SETINFO|CLIENT CAPA|CLIENT IMPORT-SOURCE"),
    (Class::Transaction, Never, "begins or ends a transaction", "MULTI|EXEC|DISCARD|WATCH|UNWATCH"),
    (Class::Admin, Never, "runs a script, which may do anything",
     "EVAL|EVAL_RO|EVALSHA|EVALSHA_RO|SCRIPT|FCALL|FCALL_RO|FUNCTION"),
    (Class::File, Never, "loads code or moves raw data", "MODULE LOAD|MODULE LOADEX|MODULE UNLOAD|MIGRATE|DUMP|DEBUG"),
    (Class::Admin, Never, "copies the whole data set to us", "SYNC|PSYNC|REPLCONF"),
    (Class::Admin, Never, "changes the cluster, the replication or the life of the server",
     "SHUTDOWN|REPLICAOF|SLAVEOF|FAILOVER|CLUSTER|SENTINEL|ACL SETUSER|ACL DELUSER|ACL LOAD|ACL SAVE|ACL GENPASS|ACL DRYRUN|PUBLISH|SPUBLISH|\
      CONFIG REWRITE|CLIENT PAUSE|CLIENT UNPAUSE|CLIENT UNBLOCK|CLIENT KILL"),
    (Class::Secret, Never, "shows password hashes or what others typed", "ACL GETUSER|ACL LIST|ACL LOG"),
    (Class::Maintenance, Never, "holds the server up until it is done: BGSAVE does it beside", "SAVE"),
    (Class::Maintenance, Upkeep, "is upkeep",
     "BGREWRITEAOF|MEMORY PURGE|LATENCY RESET|SLOWLOG RESET|COMMANDLOG RESET|CONFIG RESETSTAT|ACL LOG RESET"),
];

/// Judges a command that is not on the allow-list.
pub(super) fn judge(name: &str, subcommand: &str, words: &[Vec<u8>], author: Author) -> Judgement {
    match (name, subcommand) {
        ("BGSAVE", _) => return snapshot(words),
        ("CLIENT", "KILL") => return kill(words),
        _ => {}
    }
    let both = format!("{name} {subcommand}");
    let found = OTHERS
        .iter()
        .find(|(.., list)| list.split('|').any(|n| n == both))
        .or_else(|| OTHERS.iter().find(|(.., list)| list.split('|').any(|n| n == name)));
    let Some((class, fate, why, _)) = found else {
        return unknown(name, subcommand);
    };
    let reason = format!("{} {why}", if subcommand_matters(name) { both } else { name.to_owned() });
    match (fate, author) {
        // A change names what it changes.
        (Change, Author::Person) if words.len() > 1 => Judgement::needs_approval(*class, reason),
        (Upkeep, Author::Person) => Judgement::needs_approval(*class, reason),
        _ => Judgement::deny(*class, reason),
    }
}

/// Families of which each member is a command of its own.
fn subcommand_matters(name: &str) -> bool {
    matches!(
        name,
        "CLIENT" | "CONFIG" | "ACL" | "MODULE" | "XGROUP" | "MEMORY" | "LATENCY" | "SLOWLOG" | "CLUSTER" | "SENTINEL"
    )
}

fn unknown(name: &str, subcommand: &str) -> Judgement {
    const FAMILIES: &[&str] = &[
        "CLIENT",
        "CONFIG",
        "ACL",
        "MODULE",
        "XGROUP",
        "XINFO",
        "MEMORY",
        "LATENCY",
        "SLOWLOG",
        "COMMANDLOG",
        "CLUSTER",
        "SENTINEL",
        "OBJECT",
        "PUBSUB",
        "COMMAND",
    ];
    if FAMILIES.contains(&name) {
        let reason = if subcommand.is_empty() {
            format!("{name} alone says nothing: it wants a subcommand")
        } else {
            format!("{name} {subcommand} is not among the reading commands")
        };
        return Judgement::deny(Class::Unparsed, reason);
    }
    Judgement::deny(Class::Unparsed, format!("{name} is no command that is known here, so it is not run"))
}

/// `BGSAVE [SCHEDULE]`: writes a snapshot beside the work, at the price of a fork.
fn snapshot(words: &[Vec<u8>]) -> Judgement {
    match &words[1..] {
        [] => Judgement::needs_approval(Class::Maintenance, "BGSAVE forks the server and writes a snapshot"),
        [word] if word.eq_ignore_ascii_case(b"SCHEDULE") => {
            Judgement::needs_approval(Class::Maintenance, "BGSAVE SCHEDULE forks the server and writes a snapshot")
        }
        _ => Judgement::deny(Class::Unparsed, "BGSAVE takes nothing but SCHEDULE"),
    }
}

/// `CLIENT KILL ID n` ends one connection; every other form may end many.
fn kill(words: &[Vec<u8>]) -> Judgement {
    match &words[2..] {
        [word, id]
            if word.eq_ignore_ascii_case(b"ID")
                && std::str::from_utf8(id).is_ok_and(|id| id.parse::<u64>().is_ok_and(|id| id > 0)) =>
        {
            Judgement::needs_approval(Class::Kill, "ends one connection")
        }
        _ => Judgement::deny(Class::Kill, "may end many connections: CLIENT KILL ID n ends one"),
    }
}

/// Every name here, for the test that holds the two lists apart.
#[cfg(test)]
pub(super) fn every_name() -> impl Iterator<Item = &'static str> {
    OTHERS.iter().flat_map(|(.., list)| list.split('|'))
}

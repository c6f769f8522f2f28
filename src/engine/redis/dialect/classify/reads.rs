//! The allow-list: commands that only read and end soon, each with how many arguments it takes and what they may be.

use super::Refusal;
use super::arguments as a;
use crate::domain::guard::Class;

/// A reading command.
#[derive(Debug)]
pub(in crate::engine::redis) struct Read {
    /// Its name.
    pub(in crate::engine::redis) name: &'static str,
    /// Its subcommand; empty for commands without.
    pub(in crate::engine::redis) subcommand: &'static str,
    /// It reads keys: the server itself must flag it as read-only.
    pub(in crate::engine::redis) of_keys: bool,
    /// It shows what only administrators may see: servers count it among their admin or dangerous commands.
    pub(in crate::engine::redis) for_administrators: bool,
    least: usize,
    most: usize,
    check: a::Check,
}

impl Read {
    /// Judges the arguments behind the name.
    pub(super) fn check(&self, arguments: &[Vec<u8>]) -> Result<(), Refusal> {
        if !(self.least..=self.most).contains(&arguments.len()) {
            let (least, most) = (self.least, self.most);
            let wanted = if least == most { format!("{least}") } else { format!("{least} to {most}") };
            return Err(Refusal::new(
                Class::Unparsed,
                format!("{} takes {wanted} arguments here, not {}", self.full_name(), arguments.len()),
            ));
        }
        (self.check)(arguments)
    }
    /// `CONFIG GET`.
    pub(in crate::engine::redis) fn full_name(&self) -> String {
        if self.subcommand.is_empty() { self.name.to_owned() } else { format!("{} {}", self.name, self.subcommand) }
    }
}

/// The entry of a line, and what stands behind the name.
pub(super) fn find<'w>(name: &str, subcommand: &str, words: &'w [Vec<u8>]) -> Option<(&'static Read, &'w [Vec<u8>])> {
    let found = READS.iter().find(|r| r.name == name && (r.subcommand.is_empty() || r.subcommand == subcommand))?;
    let behind = if found.subcommand.is_empty() { 1 } else { 2 };
    Some((found, &words[behind..]))
}

/// Keys or fields named at once, at most.
const MANY: usize = 100;

const fn key(name: &'static str, least: usize, most: usize, check: a::Check) -> Read {
    Read { name, subcommand: "", of_keys: true, for_administrators: false, least, most, check }
}
const fn key_of(name: &'static str, subcommand: &'static str, least: usize, most: usize, check: a::Check) -> Read {
    Read { name, subcommand, of_keys: true, for_administrators: false, least, most, check }
}
const fn server(name: &'static str, least: usize, most: usize, check: a::Check) -> Read {
    Read { name, subcommand: "", of_keys: false, for_administrators: false, least, most, check }
}
const fn of(name: &'static str, subcommand: &'static str, least: usize, most: usize, check: a::Check) -> Read {
    Read { name, subcommand, of_keys: false, for_administrators: false, least, most, check }
}

/// The same for a command that servers keep for their administrators although it only shows.
const fn inner(mut read: Read) -> Read {
    read.for_administrators = true;
    read
}

/// Every reading command. Left out on purpose: `XREAD` (may block), `PFCOUNT` (rewrites its cached count), `TOUCH`
/// (changes what is evicted), `SORT_RO`, `LCS`, `SINTER` and their like (time without bound), `KEYS` and whatever gives
/// back a whole collection.
#[rustfmt::skip]
pub(in crate::engine::redis) static READS: &[Read] = &[
    // Any key.
    key("EXISTS", 1, MANY, a::anything), key("TYPE", 1, 1, a::anything), key("TTL", 1, 1, a::anything),
    key("PTTL", 1, 1, a::anything), key("EXPIRETIME", 1, 1, a::anything), key("PEXPIRETIME", 1, 1, a::anything),
    key_of("OBJECT", "ENCODING", 1, 1, a::anything), key_of("OBJECT", "FREQ", 1, 1, a::anything),
    key_of("OBJECT", "IDLETIME", 1, 1, a::anything), key_of("OBJECT", "REFCOUNT", 1, 1, a::anything),
    key_of("MEMORY", "USAGE", 1, 3, a::memory_usage),
    key("SCAN", 1, 7, a::scan), key("DBSIZE", 0, 0, a::anything), key("RANDOMKEY", 0, 0, a::anything),
    // Strings.
    key("GET", 1, 1, a::anything), key("MGET", 1, MANY, a::anything), key("STRLEN", 1, 1, a::anything),
    key("GETRANGE", 3, 3, a::byte_range), key("SUBSTR", 3, 3, a::byte_range), key("GETBIT", 2, 2, a::offset),
    key("BITCOUNT", 3, 4, a::byte_range), key("BITPOS", 4, 5, a::bit_position),
    key("BITFIELD_RO", 4, MANY, a::bit_fields),
    // Hashes.
    key("HGET", 2, 2, a::anything), key("HMGET", 2, MANY, a::anything), key("HLEN", 1, 1, a::anything),
    key("HEXISTS", 2, 2, a::anything), key("HSTRLEN", 2, 2, a::anything), key("HSCAN", 2, 7, a::scan_in_key),
    key("HRANDFIELD", 1, 3, a::random_elements), key("HTTL", 4, MANY, a::field_list), key("HPTTL", 4, MANY, a::field_list),
    key("HEXPIRETIME", 4, MANY, a::field_list), key("HPEXPIRETIME", 4, MANY, a::field_list),
    // Lists.
    key("LLEN", 1, 1, a::anything), key("LINDEX", 2, 2, a::index), key("LRANGE", 3, 3, a::range),
    key("LPOS", 4, 8, a::list_position),
    // Sets.
    key("SCARD", 1, 1, a::anything), key("SISMEMBER", 2, 2, a::anything), key("SMISMEMBER", 2, MANY, a::anything),
    key("SRANDMEMBER", 1, 2, a::random_elements), key("SSCAN", 2, 6, a::scan_in_key),
    // Sorted sets.
    key("ZCARD", 1, 1, a::anything), key("ZSCORE", 2, 2, a::anything), key("ZMSCORE", 2, MANY, a::anything),
    key("ZRANK", 2, 3, a::rank), key("ZREVRANK", 2, 3, a::rank), key("ZCOUNT", 3, 3, a::anything),
    key("ZLEXCOUNT", 3, 3, a::anything), key("ZRANGE", 3, 9, a::sorted_range), key("ZREVRANGE", 3, 4, a::reverse_range),
    key("ZRANGEBYSCORE", 6, 7, a::limited_range), key("ZREVRANGEBYSCORE", 6, 7, a::limited_range),
    key("ZRANGEBYLEX", 6, 6, a::limited_range), key("ZREVRANGEBYLEX", 6, 6, a::limited_range),
    key("ZRANDMEMBER", 1, 3, a::random_elements), key("ZSCAN", 2, 6, a::scan_in_key),
    // Streams.
    key("XLEN", 1, 1, a::anything), key("XRANGE", 5, 5, a::stream_range), key("XREVRANGE", 5, 5, a::stream_range),
    key_of("XINFO", "STREAM", 1, 4, a::stream_info), key_of("XINFO", "GROUPS", 1, 1, a::anything),
    key_of("XINFO", "CONSUMERS", 2, 2, a::anything), key("XPENDING", 2, 8, a::pending),
    // Places.
    key("GEOPOS", 2, MANY, a::anything), key("GEODIST", 3, 4, a::anything), key("GEOHASH", 2, MANY, a::anything),
    key("GEOSEARCH", 8, 17, a::places),
    // The server.
    server("PING", 0, 1, a::anything), server("ECHO", 1, 1, a::anything), server("TIME", 0, 0, a::anything),
    inner(server("LASTSAVE", 0, 0, a::anything)), inner(server("INFO", 0, 20, a::sections)), inner(server("ROLE", 0, 0, a::anything)),
    of("COMMAND", "COUNT", 0, 0, a::anything), of("COMMAND", "LIST", 0, 3, a::names), of("COMMAND", "INFO", 1, MANY, a::names),
    of("COMMAND", "DOCS", 1, 20, a::names),
    inner(of("CLIENT", "LIST", 0, MANY, a::client_list)), of("CLIENT", "INFO", 0, 0, a::anything), of("CLIENT", "ID", 0, 0, a::anything),
    of("CLIENT", "GETNAME", 0, 0, a::anything), of("CLIENT", "TRACKINGINFO", 0, 0, a::anything),
    of("CLIENT", "GETREDIR", 0, 0, a::anything),
    inner(of("CONFIG", "GET", 1, 50, a::settings)),
    inner(of("SLOWLOG", "GET", 0, 1, a::few)), inner(of("SLOWLOG", "LEN", 0, 0, a::anything)),
    inner(of("COMMANDLOG", "GET", 2, 2, a::command_log)), inner(of("COMMANDLOG", "LEN", 1, 1, a::names)),
    inner(of("LATENCY", "LATEST", 0, 0, a::anything)), inner(of("LATENCY", "HISTORY", 1, 1, a::names)), inner(of("LATENCY", "DOCTOR", 0, 0, a::anything)),
    inner(of("LATENCY", "GRAPH", 1, 1, a::names)), inner(of("LATENCY", "HISTOGRAM", 0, MANY, a::histogram)),
    of("MEMORY", "STATS", 0, 0, a::anything), of("MEMORY", "DOCTOR", 0, 0, a::anything),
    of("MEMORY", "MALLOC-STATS", 0, 0, a::anything),
    of("ACL", "WHOAMI", 0, 0, a::anything), inner(of("ACL", "USERS", 0, 0, a::anything)), of("ACL", "CAT", 0, 1, a::names),
    of("PUBSUB", "CHANNELS", 0, 1, a::anything), of("PUBSUB", "NUMSUB", 0, MANY, a::anything), of("PUBSUB", "NUMPAT", 0, 0, a::anything),
    of("PUBSUB", "SHARDCHANNELS", 0, 1, a::anything), of("PUBSUB", "SHARDNUMSUB", 0, MANY, a::anything),
    inner(of("MODULE", "LIST", 0, 0, a::anything)),
    of("CLUSTER", "INFO", 0, 0, a::anything), of("CLUSTER", "NODES", 0, 0, a::anything), of("CLUSTER", "SLOTS", 0, 0, a::anything),
    of("CLUSTER", "SHARDS", 0, 0, a::anything), of("CLUSTER", "MYID", 0, 0, a::anything), of("CLUSTER", "MYSHARDID", 0, 0, a::anything),
    of("CLUSTER", "LINKS", 0, 0, a::anything), of("CLUSTER", "KEYSLOT", 1, 1, a::anything),
    of("CLUSTER", "COUNTKEYSINSLOT", 1, 1, a::index), of("CLUSTER", "GETKEYSINSLOT", 2, 2, a::keys_of_slot),
    inner(of("CLUSTER", "REPLICAS", 1, 1, a::names)), inner(of("CLUSTER", "COUNT-FAILURE-REPORTS", 1, 1, a::names)),
    inner(of("SENTINEL", "MASTERS", 0, 0, a::anything)), inner(of("SENTINEL", "MASTER", 1, 1, a::anything)),
    inner(of("SENTINEL", "REPLICAS", 1, 1, a::anything)), inner(of("SENTINEL", "SLAVES", 1, 1, a::anything)),
    inner(of("SENTINEL", "SENTINELS", 1, 1, a::anything)), inner(of("SENTINEL", "GET-MASTER-ADDR-BY-NAME", 1, 1, a::anything)),
    inner(of("SENTINEL", "CKQUORUM", 1, 1, a::anything)), inner(of("SENTINEL", "MYID", 0, 0, a::anything)),
];

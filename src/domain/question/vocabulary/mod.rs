//! The words of a DBA's questions: sets of synonyms, each under one meaning, and phrases that count as one word.

mod phrases;

pub(super) use phrases::PHRASES;

/// Meaning and its words. A meaning of `~` says nothing by itself. One line a meaning; words are in lower case.
const WORDS: &[(&str, &str)] = &[
    (
        "~",
        "yet already still a an the this that these those some any my our your its their his her i we you me us it they them here there anybody somebody someone please \
           pls plz kindly thanks thank hi hello hey ok okay so well actually just really do does did is are was were \
           be been being am has have had can could would will should shall may might must let lets got want wants \
           need wish like know look looks also too then anything anyone something everything one ones thing \
           things existing exist exists available defined stored present found called question moment dear quick \
           quickly many possible actual about it's",
    ),
    (
        "show",
        "show shows list lists listing display give gimme print fetch see find tell bring pull report output \
              return enumerate get gets check browse read ",
    ),
    ("what", "what which whats"),
    ("who", "who whom whos"),
    ("whose", "whose"),
    ("where", "where"),
    ("when", "when"),
    ("why", "why"),
    ("how", "how"),
    ("all", "all every entire whole complete full"),
    ("each", "each"),
    ("of", "of"),
    ("in", "in inside within"),
    ("on", "on"),
    ("from", "from"),
    ("for", "for"),
    ("with", "with"),
    ("by", "by"),
    ("per", "per"),
    ("to", "to into towards"),
    ("at", "at"),
    ("between", "between"),
    ("and", "and plus"),
    ("or", "or"),
    ("not", "not never isnt arent"),
    ("no", "no none zero"),
    ("without", "without lacking lack lacks"),
    ("than", "than"),
    ("having", "having"),
    // Objects.
    ("table", "table tables relation relations collection collections"),
    ("view", "view views"),
    ("schema", "schema schemas schemata namespace namespaces"),
    ("database", "database databases db dbs"),
    ("server", "server servers instance instances cluster clusters host hosts target targets fleet node nodes"),
    ("column", "column columns field fields attribute attributes"),
    ("row", "row rows record records entry entries tuple tuples document documents"),
    ("index", "index indexes indices idx indexed"),
    ("key", "key keys"),
    ("primarykey", "pk pks pkey"),
    ("foreignkey", "fk fks fkey fkeys"),
    ("constraint", "constraint constraints validator validators"),
    ("sequence", "sequence sequences"),
    ("trigger", "trigger triggers"),
    ("function", "function functions procedure procedures routine routines proc procs"),
    ("extension", "extension extensions plugin plugins"),
    ("type", "type types datatype datatypes typed"),
    ("enum", "enum enums enumeration enumerations"),
    ("partition", "partition partitions partitioned partitioning"),
    ("policy", "policy policies rls"),
    ("tablespace", "tablespace tablespaces"),
    ("comment", "comment comments documentation documented commented"),
    ("user", "user users role roles login logins grantee grantees"),
    ("right", "right rights privilege privileges permission permissions grant grants granted access acl allowed"),
    ("superuser", "superuser superusers super admin admins administrator administrators"),
    (
        "setting",
        "setting settings parameter parameters param params config configs configuration configurations \
                 variable variables guc gucs option options configured",
    ),
    ("changed", "changed modified nondefault customized customised tuned differ differs altered"),
    (
        "connection",
        "connection connections connected connect client clients session sessions thread threads logged online",
    ),
    ("hold", "hold holds held holding"),
    ("limit", "limit limits max maximum"),
    ("query", "query queries statement statements sql sqls command commands operation operations ops"),
    ("transaction", "transaction transactions txn txns trx xact xacts"),
    ("lock", "lock locks locked locking"),
    ("block", "block blocks blocked blocking blocker blockers stuck"),
    ("wait", "wait waits waiting waiter waiters"),
    ("deadlock", "deadlock deadlocks deadlocked"),
    (
        "run",
        "run running runs ran executing execute executed executes execution activity happening happens happened \
             process processes processlist busy",
    ),
    ("active", "active"),
    ("idle", "idle idling sleeping inactive"),
    ("slow", "slow slowest slower expensive costly worst costliest"),
    ("long", "long longest longer"),
    ("frequent", "frequent frequently often busiest hottest"),
    ("time", "time times"),
    ("latency", "latency latencies"),
    ("now", "now presently live today currently ongoing"),
    ("current", "current"),
    ("open", "open opened"),
    ("old", "old older oldest"),
    ("top", "top"),
    ("first", "first"),
    ("last", "last latest recent newest"),
    ("most", "most"),
    ("more", "more"),
    ("largest", "largest biggest heaviest greatest fattest"),
    ("smallest", "smallest tiniest least"),
    ("size", "size sizes sized big large space storage footprint bytes volume megabytes gigabytes mb gb heavy"),
    (
        "take",
        "take takes taken taking use uses occupy occupies occupied consume consumes consumed used using eat eats usage utilization utilisation",
    ),
    ("much", "much"),
    ("count", "count counts counted counting"),
    ("estimate", "estimate estimated estimates approximate approximately approx roughly rough"),
    ("exact", "exact exactly precise precisely"),
    ("unused", "unused useless unneeded unnecessary"),
    ("duplicate", "duplicate duplicates duplicated redundant overlapping repeated identical"),
    ("invalid", "invalid broken unusable"),
    (
        "missing",
        "missing absent suggest suggested suggestion suggestions recommend recommended recommendation \
                 recommendations",
    ),
    ("sample", "sample samples example examples preview peek few"),
    ("describe", "describe description desc structure layout definition define ddl explain details detail"),
    ("diagram", "diagram diagrams erd er draw picture entity entities map graph visualize visualise ascii chart"),
    ("relationship", "relationship relationships"),
    ("join", "join joins joined joining related relate relates link linked links path connects"),
    (
        "reference",
        "reference references referenced referencing refers refer point points pointing depend depends \
                   dependent dependency dependencies",
    ),
    (
        "replication",
        "replication replica replicas standby standbys slave slaves follower followers secondary \
                     secondaries replicate replicating gtid gtids",
    ),
    ("primary", "primary primaries master masters"),
    ("lag", "lag lags lagging lagged behind delay delayed"),
    ("slot", "slot slots"),
    ("vacuum", "vacuum vacuums vacuumed vacuuming autovacuum autovacuums autovacuumed"),
    ("dead", "dead garbage"),
    ("bloat", "bloat bloated wasted waste reclaimable freelist fragmentation fragmented"),
    (
        "analyze",
        "analyze analyzed analyse analysed analysis analyzing analysing assess review audit examine \
                 investigate inspect diagnose diagnosis evaluate",
    ),
    ("statistics", "statistics stats stat"),
    ("cache", "cache caches cached buffer buffers caching"),
    ("hit", "hit hits"),
    ("ratio", "ratio ratios rate rates percentage hitrate"),
    (
        "performance",
        "performance perf performing healthy health bottleneck bottlenecks problem problems tuning tune \
                     wrong doing optimize optimise issues",
    ),
    ("version", "version versions release"),
    ("uptime", "uptime started restarted restart start boot booted"),
    ("up", "up"),
    ("down", "down unreachable offline unavailable"),
    ("wal", "wal wals xlog redo journal journaling journaled"),
    ("checkpoint", "checkpoint checkpoints bgwriter checkpointer"),
    ("age", "age ages wraparound freeze frozen xid xids txid"),
    ("disk", "disk disks filesystem"),
    ("file", "file files"),
    ("temp", "temp temporary tmp"),
    ("progress", "progress"),
    ("encoding", "encoding encodings collation collations charset locale"),
    ("integrity", "integrity corrupt corrupted corruption consistency consistent quick_check integrity_check"),
    ("scan", "scan scans scanned seqscan seqscans"),
    ("sequential", "sequential seq"),
    ("write", "write writes written insert inserts inserted update updates updated delete deletes deleted"),
    ("commit", "commit commits committed rollback rollbacks rolled"),
    ("info", "info information overview summary status state situation statuses kind kinds"),
    ("name", "name names named"),
    ("value", "value values"),
    ("memory", "memory ram"),
    ("opcounter", "opcounter opcounters throughput"),
    ("oplog", "oplog"),
    ("shard", "shard shards sharded sharding balancer"),
    ("ttl", "ttl"),
    ("capped", "capped"),
    ("profiler", "profiler profiling"),
    ("application", "application applications app apps program programs"),
    ("myself", "myself whoami"),
    ("help", "help capable able capabilities"),
    ("hour", "hour hours hourly"),
    ("minute", "minute minutes"),
    ("second", "second seconds"),
    ("day", "day days daily"),
    ("week", "week weeks weekly"),
    ("month", "month months monthly"),
    ("quarter", "quarter quarters quarterly"),
    ("year", "year years yearly annual annually"),
    ("weekday", "weekday weekdays"),
    ("event", "event events"),
    ("address", "address addresses ip ips"),
    ("default", "default defaults non"),
    ("free", "free left remaining"),
    ("binlog", "binlog binlogs"),
    ("autoincrement", "auto_increment autoincrement"),
    ("storageengine", "innodb myisam aria"),
    ("create", "create add build"),
];

/// The meaning of a word, empty when the vocabulary does not have it. The word is in lower case.
pub(super) fn canon(word: &str) -> &'static str {
    WORDS.iter().find(|(_, words)| words.split_ascii_whitespace().any(|w| w == word)).map_or("", |(canon, _)| *canon)
}

/// The one vocabulary word within a single slip of the keyboard from this one. Short words are not corrected:
/// too many are that near to each other.
pub(super) fn correction(word: &str) -> Option<(&'static str, &'static str)> {
    if word.chars().count() < 5 {
        return None;
    }
    let near = |w: &&str| {
        w.len() >= 5 && w.len().abs_diff(word.len()) <= char::MAX_LEN_UTF8 && strsim::osa_distance(w, word) == 1
    };
    let mut found = WORDS
        .iter()
        .filter(|(canon, _)| *canon != "~")
        .filter_map(|(canon, words)| words.split_ascii_whitespace().find(near).map(|w| (*canon, w)));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// A word after which `'s` means `is`.
pub(super) fn asks(word: &str) -> bool {
    matches!(word, "what" | "who" | "where" | "when" | "how" | "that" | "there" | "it" | "which" | "here" | "why")
}

/// The unit meant by letters right behind a number, for example `7d`.
pub(super) fn short_unit(letters: &str) -> Option<&'static str> {
    Some(match letters {
        "s" | "sec" | "secs" => "seconds",
        "min" | "mins" => "minutes",
        "h" | "hr" | "hrs" => "hours",
        "d" => "days",
        "w" => "weeks",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_word_has_one_meaning() {
        let mut seen = BTreeSet::new();
        for (canon, words) in WORDS {
            for word in words.split_ascii_whitespace() {
                assert!(seen.insert(word), "{word} stands twice, the second time under {canon}");
            }
        }
    }

    #[test]
    fn typing_slips_are_found() {
        assert_eq!(correction("tabels"), Some(("table", "tables")));
        assert_eq!(correction("databse"), Some(("database", "database")));
        assert_eq!(correction("unicorns"), None);
    }
}

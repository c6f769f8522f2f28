//! What can be wrong with a server: one closed list of causes, in the field's own words.

use serde::{Deserialize, Serialize};

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $title:literal;)*) => {
        /// The causes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Cause {
            $(#[doc = $title] $name,)*
        }

        impl Cause {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word in JSON and on the command line.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
            /// A few words for a screen.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

causes! {
    MissingIndex = "missing_index", "a statement has no index to use";
    RedundantIndexes = "redundant_indexes", "writes maintain indexes that nobody needs";
    LockContention = "lock_contention", "many sessions want the same rows or tables";
    LockWaitChain = "lock_wait_chain", "one session holds a lock for which others wait";
    Deadlock = "deadlock", "transactions wait for each other in a circle";
    MetadataLock = "metadata_lock", "a change of a table waits, and everybody behind it";
    DeadTuples = "dead_tuples", "dead row versions are not cleaned up";
    Bloat = "bloat", "tables or indexes are mostly empty space";
    HeavyInserts = "heavy_inserts", "many sessions insert at the same time";
    HeavyCommits = "heavy_commits", "very many small transactions are committed";
    HeavyWorkload = "heavy_workload", "more work arrives than the server can do";
    LargeFetch = "large_fetch", "statements fetch very many rows";
    CorrelatedSubquery = "correlated_subquery", "a subquery runs once for each row";
    PoorJoin = "poor_join", "a join reads far more than it returns";
    BadStatistics = "bad_statistics", "the planner's statistics are old or missing";
    DiskSpill = "disk_spill", "sorts and hashes do not fit their memory";
    SmallBufferPool = "small_buffer_pool", "the cache is too small for the data in use";
    IoSaturation = "io_saturation", "the disk cannot keep up";
    CpuSaturation = "cpu_saturation", "the processors cannot keep up";
    CheckpointPressure = "checkpoint_pressure", "checkpoints come too often";
    ConnectionSaturation = "connection_saturation", "the connections are used up";
    IdleInTransaction = "idle_in_transaction", "a session waits inside a transaction";
    LongTransaction = "long_transaction", "a transaction is open for very long";
    ReplicationLag = "replication_lag", "a replica is behind";
    ReplicationBroken = "replication_broken", "replication does not run";
    StuckSlot = "stuck_slot", "a replication slot that nobody reads keeps the log";
    DiskFull = "disk_full", "the disk is full or nearly so";
    XidWraparound = "xid_wraparound", "transaction numbers run out";
    ConfigRegression = "config_regression", "a setting is worse than it was or should be";
    InvalidIndex = "invalid_index", "an index was left half built";
    MissingTable = "missing_table", "statements name a table that is not there";
    MissingColumn = "missing_column", "statements name a column that is not there";
    WrongType = "wrong_type", "a command is used on a key that holds another type";
    SlowCommands = "slow_commands", "single commands hold up all others";
    BigKeys = "big_keys", "single keys are very large";
    MemoryPressure = "memory_pressure", "the memory limit is reached or nearly so";
    Evictions = "evictions", "keys are thrown out to make room";
    PersistenceStall = "persistence_stall", "writing to disk fails or holds up commands";
    OplogWindow = "oplog_window", "the replication log reaches back too little";
    CollectionScan = "collection_scan", "a query reads a whole collection";
    CachePressure = "cache_pressure", "the cache is full of changed pages";
    LongOperation = "long_operation", "one operation runs for very long";
    WriterLock = "writer_lock", "one writer keeps the others out";
    WalGrowth = "wal_growth", "the write-ahead log grows and is not taken back";
    Corruption = "corruption", "stored data is damaged";
}

impl Cause {
    /// The cause of a word that [`Self::word`] gave.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::Cause;

    #[test]
    fn every_word_is_its_own_and_the_same_in_json() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_word(cause.word()), Some(*cause));
            assert_eq!(serde_json::json!(cause), cause.word());
        }
    }
}

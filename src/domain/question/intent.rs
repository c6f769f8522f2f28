//! What a person can want to know: the closed list of intents and their slots. Names in them are names of the
//! schema, exactly as stored; values are text that a dialect turns into literals.

use super::selection::Selection;
use crate::domain::schema::Table;
use crate::domain::target::Timestamp;

/// What a person wants to know, with every name already found in the schema.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// What can be asked here.
    Help,
    /// Tables and views, in some order.
    Tables(TableList),
    /// Columns, keys and indexes of one table.
    Describe(Relation),
    /// How many rows a table has.
    RowCount {
        /// Of which table.
        table: Relation,
        /// Counted, not estimated.
        exact: bool,
    },
    /// How much room one table and its indexes take.
    TableSize(Relation),
    /// Some rows of a table.
    Sample {
        /// Of which table.
        table: Relation,
        /// How many.
        limit: u32,
    },
    /// Columns by name or type, in all tables.
    FindColumns(ColumnSearch),
    /// Foreign keys.
    ForeignKeys {
        /// Of one table, or of all.
        table: Option<Relation>,
        /// Seen from that table.
        direction: KeyDirection,
    },
    /// How two tables join.
    JoinPath {
        /// One end.
        from: Relation,
        /// The other end.
        to: Relation,
    },
    /// An entity diagram of these tables; of all when empty.
    Diagram(Vec<Relation>),
    /// Something about the server or the whole database.
    Topic(Topic, Scope),
    /// Rows, counts and sums of the person's own data.
    Data(Box<Selection>),
    /// Who did what, and who blocked whom, at a past moment: answered from our own samples.
    ActivityAt {
        /// From here.
        from: Timestamp,
        /// To here.
        to: Timestamp,
    },
    /// A question about all targets: the column of the fleet table that answers it.
    Fleet(FleetQuestion),
}

/// A table or view by its stored name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Relation {
    /// Schema; empty for engines without schemas.
    pub schema: String,
    /// Name.
    pub name: String,
}

impl Relation {
    /// The relation of a table.
    pub fn of(table: &Table) -> Self {
        Self { schema: table.schema.clone(), name: table.name.clone() }
    }
    /// `schema.name` for people, unquoted.
    pub fn full_name(&self) -> String {
        if self.schema.is_empty() { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }
}

/// Which tables, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableList {
    /// Tables or views.
    pub kind: ListKind,
    /// Only those of this schema.
    pub schema: Option<String>,
    /// In which order.
    pub order: TableOrder,
    /// Smallest first.
    pub ascending: bool,
    /// At most so many.
    pub limit: Option<u32>,
    /// Only tables whose name contains this.
    pub containing: Option<String>,
    /// Their number was asked for, beside the list.
    pub count: bool,
}

/// What a list of relations holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListKind {
    /// Tables of every sort.
    #[default]
    Tables,
    /// Views and materialised views.
    Views,
}

/// Order of a list of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TableOrder {
    /// By schema and name.
    #[default]
    Name,
    /// By size with indexes.
    Bytes,
    /// By rows.
    Rows,
}

/// Which columns are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnSearch {
    /// Words that the name must contain, in any writing (`order date` finds `order_date`).
    pub name: Option<String>,
    /// A family of types.
    pub kind: Option<TypeFamily>,
    /// The type's own name, when no family was named.
    pub type_name: Option<String>,
}

/// A family of column types, as people name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeFamily {
    /// Dates and times.
    Time,
    /// Whole and other numbers.
    Number,
    /// Text.
    Text,
    /// Truth values.
    Bool,
    /// JSON.
    Json,
    /// UUID.
    Uuid,
    /// Bytes.
    Binary,
    /// Arrays.
    Array,
}

impl TypeFamily {
    /// The word for a title.
    pub fn word(self) -> &'static str {
        match self {
            Self::Time => "date or time",
            Self::Number => "number",
            Self::Text => "text",
            Self::Bool => "boolean",
            Self::Json => "JSON",
            Self::Uuid => "UUID",
            Self::Binary => "binary",
            Self::Array => "array",
        }
    }
    /// Parts of type names, in lower case, by which the family is known on every engine.
    pub fn type_parts(self) -> &'static [&'static str] {
        match self {
            Self::Time => &["date", "time"],
            Self::Number => &["int", "serial", "numeric", "decimal", "real", "double", "float", "money", "number"],
            Self::Text => &["char", "text", "clob", "citext"],
            Self::Bool => &["bool"],
            Self::Json => &["json"],
            Self::Uuid => &["uuid"],
            Self::Binary => &["bytea", "blob", "binary"],
            Self::Array => &["[]", "array"],
        }
    }
}

/// From which side a foreign key is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyDirection {
    /// Keys that the table holds.
    From,
    /// Keys that point to the table.
    Into,
    /// Both.
    #[default]
    Both,
}

/// What limits a topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// About one table.
    pub table: Option<Relation>,
    /// About one schema.
    pub schema: Option<String>,
    /// About one user, database, application or setting: the word as typed.
    pub name: Option<String>,
    /// At most so many.
    pub limit: Option<u32>,
    /// Counted instead of listed (`how many connections`).
    pub count: bool,
    /// Connections are grouped by this.
    pub by: Option<ConnectionKey>,
    /// Only what lasted longer than this, milliseconds.
    pub longer_than_ms: Option<u64>,
    /// Only connections that do nothing.
    pub idle: bool,
}

/// What connections are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionKey {
    /// Login.
    User,
    /// What they do.
    State,
    /// Database.
    Database,
    /// Application name.
    Application,
    /// Client address.
    Client,
}

macro_rules! topics {
    ($($name:ident, $title:literal;)*) => {
        /// Things to know about a server or a database that need no name of the person's own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Topic {
            $(#[doc = $title] $name,)*
        }
        impl Topic {
            /// Every topic.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// The title of its answer.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

topics! {
    Schemas, "Schemas";
    Databases, "Databases";
    DatabaseSize, "Size of the database";
    RowCounts, "Rows of all tables";
    Indexes, "Indexes";
    IndexSizes, "Indexes by size";
    UnusedIndexes, "Indexes that are not used";
    DuplicateIndexes, "Indexes that repeat another one";
    InvalidIndexes, "Indexes that are not valid";
    MissingIndexes, "Where an index may be missing";
    TablesWithoutPrimaryKey, "Tables without a primary key";
    TablesWithoutIndexes, "Tables without any index";
    UnusedTables, "Tables that are not read";
    SequentialScans, "Tables by sequential scans";
    BusiestTables, "Tables by rows written";
    Running, "Statements running now";
    Locks, "Locks";
    Blocking, "Who waits for whom";
    LongTransactions, "Longest transactions";
    IdleInTransaction, "Sessions idle in transaction";
    Waits, "What sessions wait for";
    SlowQueries, "Statements by total time";
    FrequentQueries, "Statements by calls";
    Connections, "Connections";
    ConnectionLimit, "Connections and their limit";
    Settings, "Settings";
    ChangedSettings, "Settings that differ from their default";
    Roles, "Users and roles";
    Superusers, "Superusers";
    Privileges, "Rights";
    CurrentUser, "Who we are";
    Replication, "Replication";
    ReplicationSlots, "Replication slots";
    Vacuum, "Vacuum and dead rows";
    Bloat, "Wasted room";
    LastAnalyze, "When statistics were last taken";
    CacheHitRatio, "Cache hit ratio";
    Performance, "Performance of the database";
    Version, "Version";
    Uptime, "Uptime";
    Extensions, "Extensions";
    Functions, "Functions";
    Triggers, "Triggers";
    Sequences, "Sequences";
    Constraints, "Constraints";
    Types, "Types";
    Comments, "Comments";
    Partitions, "Partitions";
    Policies, "Row security policies";
    Wal, "Write-ahead log";
    Checkpoints, "Checkpoints and background writing";
    TransactionAge, "Age of transaction ids";
    DiskUsage, "Room on disk";
    Tablespaces, "Tablespaces";
    TempFiles, "Temporary files";
    Deadlocks, "Deadlocks, commits and rollbacks";
    Progress, "Progress of maintenance";
    Encoding, "Encoding and collation";
    Integrity, "Integrity of the file";
    Operations, "Operations by kind";
    Memory, "Memory";
    ExpiringRows, "Rows that expire by themselves";
    CappedTables, "Tables of a fixed size";
    Profiler, "What is recorded of slow statements";
    Shards, "Shards";
    ReplicationWindow, "How far back the replication log reaches";
    Keys, "Keys";
    Keyspace, "Keys by prefix";
    KeyValue, "Value of a key";
    KeyFacts, "What is known of a key";
    KeyType, "Type of a key";
    KeyExpiry, "Time to live of a key";
    KeySize, "Size of a key";
    KeyEncoding, "Encoding of a key";
    BigKeys, "Largest keys";
    MemoryKeys, "Keys that take the most memory";
    HotKeys, "Keys used most";
    IdleKeys, "Keys not used for the longest time";
    KeysWithoutExpiry, "Keys that never expire";
    Evictions, "Keys evicted and expired";
    ClientMemory, "Clients by memory";
    Throughput, "Commands and traffic";
    Latency, "Latency";
    Persistence, "Snapshots and persistence";
    Cluster, "State of the cluster";
    Sentinel, "Sentinel";
    Channels, "Channels and subscribers";
    Streams, "Streams and their groups";
    ErrorCounts, "Errors by number";
    EngineStatus, "State of the storage engine";
    BinaryLogs, "Binary logs";
    Events, "Scheduled events";
    AutoIncrement, "Auto-increment counters";
    TableEngines, "Tables by storage engine";
    OpenTables, "Open tables and files";
}

/// Columns of the fleet table by which a question about all servers is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FleetQuestion {
    /// Everything, worst first.
    Overview,
    /// Which are down or cannot be reached.
    Down,
    /// Which are not ok.
    Unhealthy,
    /// Which replicas are behind.
    Lag,
    /// Which have sessions that wait for a lock.
    Blocked,
    /// Which have sessions idle in transaction.
    IdleInTransaction,
    /// Which have many connections.
    Connections,
    /// Which have long transactions.
    LongTransactions,
    /// Which read much from disk.
    CacheHitRatio,
    /// How large they are.
    Size,
    /// How busy they are.
    Load,
    /// Which versions run.
    Versions,
    /// Which are replicas, which primaries.
    Roles,
    /// Which were restarted last.
    Uptime,
}

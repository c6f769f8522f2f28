//! What differs between servers, as a table.

use crate::support::at_hand::Server;
use crate::support::hands;
use bson::doc;
use dba_gpt::domain::metric::{self, MetricId};

/// What is expected of a server.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// The version as people say it begins like this.
    pub version: &'static str,
    /// The account in the identity, as the server names it; nothing where there are no logins.
    pub user: &'static str,
    /// A statement that is read and has at least one row.
    pub read: &'static str,
    /// A statement with a thousand rows or more.
    pub many_rows: &'static str,
    /// A statement with a cell of three million bytes.
    pub big_cell: &'static str,
    /// A statement that runs for minutes; none where no read can.
    pub slow: Option<&'static str>,
    /// Statements that change something.
    pub denied: &'static [&'static str],
    /// A name for a database that is not there; none where every name is a database.
    pub no_database: Option<&'static str>,
    /// Another database than the one connected to; none where there is only one.
    pub other_database: Option<&'static str>,
    /// What no sample may lack, with any login.
    pub readings: &'static [MetricId],
    /// Tables that the schema must list.
    pub tables: &'static [&'static str],
}

const SQL_CHANGES: &[&str] = &[
    "DROP TABLE orders",
    "TRUNCATE TABLE orders",
    "DELETE FROM orders",
    "INSERT INTO orders VALUES (1)",
    "SELECT 1; DROP TABLE orders",
    "",
];

const POSTGRES: Expected = Expected {
    version: "PG 15",
    user: "dbagpt_admin",
    read: "SELECT 1",
    many_rows: "SELECT n FROM generate_series(1, 100000) AS n",
    big_cell: "SELECT repeat('x', 3000000)",
    slow: Some("SELECT count(*) FROM generate_series(1, 99999) AS a, generate_series(1, 99999) AS b"),
    denied: SQL_CHANGES,
    no_database: Some("nowhere"),
    other_database: Some("postgres"),
    readings: &[metric::CONNECTIONS],
    tables: &["orders", "customers", "it's \"odd\""],
};

const MYSQL: Expected = Expected {
    version: "MySQL 9",
    // An account is a name and where it comes from: the same name from elsewhere is somebody else.
    user: "dbagpt_admin@%",
    many_rows: "SELECT a.COLUMN_NAME FROM information_schema.COLUMNS a, information_schema.COLLATIONS b LIMIT 100000",
    slow: Some(
        "SELECT count(*) FROM information_schema.COLLATIONS a, information_schema.COLLATIONS b, information_schema.COLLATIONS c, information_schema.COLLATIONS d",
    ),
    other_database: Some("bench"),
    tables: &["orders", "customers"],
    ..POSTGRES
};

/// Where nothing else is kept, so that no other test counts our keys.
pub const REDIS_DATABASE: u8 = 8;

const REDIS: Expected = Expected {
    version: "Redis 7",
    user: "dbagpt_admin",
    read: "DBSIZE",
    many_rows: "LRANGE conformance:many 0 999",
    big_cell: "GET conformance:big",
    slow: None,
    denied: &["FLUSHALL", "SET a b", "DEL a", "EVAL 'return 1' 0", "KEYS *", "CONFIG SET maxmemory 1", "SHUTDOWN", ""],
    no_database: Some("4711"),
    other_database: Some("1"),
    readings: &[metric::CONNECTIONS],
    tables: &[],
};

const MONGO: Expected = Expected {
    version: "",
    user: "",
    read: "db.conformance_many.find({}).limit(1)",
    many_rows: "db.conformance_many.find({})",
    big_cell: "db.conformance_big.find({})",
    slow: None,
    denied: &[
        "db.orders.drop()",
        "db.orders.deleteMany({})",
        "db.orders.insertOne({})",
        "db.orders.aggregate([{$out: 'x'}])",
        "{\"dropDatabase\": 1}",
        "",
    ],
    no_database: None,
    other_database: Some("elsewhere"),
    readings: &[metric::CONNECTIONS],
    tables: &["conformance_many"],
};

const SQLITE: Expected = Expected {
    version: "SQLite 3",
    user: "",
    many_rows: "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000) SELECT n FROM numbers",
    big_cell: "SELECT text FROM big",
    slow: Some(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT count(*) FROM numbers",
    ),
    no_database: None,
    other_database: None,
    readings: &[],
    tables: &["orders", "customers"],
    ..POSTGRES
};

/// The line of a server.
pub fn of(server: Server) -> Expected {
    match server {
        Server::Postgres15 => POSTGRES,
        Server::Postgres18 => Expected { version: "PG 18", ..POSTGRES },
        Server::MariaDb => Expected { version: "MariaDB 10.11", ..MYSQL },
        Server::MySql9 => MYSQL,
        Server::Redis7 => REDIS,
        Server::Valkey9 => Expected { version: "Valkey 9", ..REDIS },
        Server::MongoBridge => MONGO,
        Server::Sqlite => SQLITE,
    }
}

/// Puts what the statements of the table read where no statement can make it up. Doing it again changes nothing.
pub async fn prepare(server: Server) {
    match server {
        Server::Redis7 | Server::Valkey9 => {
            let mut redis = hands::Redis::connect(server, REDIS_DATABASE);
            let numbers: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
            let mut words: Vec<&[u8]> = vec![b"EVAL", b"if redis.call('exists', KEYS[1]) == 0 then for i = 1, #ARGV do redis.call('rpush', KEYS[1], ARGV[i]) end end return 1", b"1", b"conformance:many"];
            words.extend(numbers.iter().map(String::as_bytes));
            redis.run(&words);
            redis.run(&[b"SET", b"conformance:big", &vec![b'x'; 3_000_000]]);
        }
        Server::MongoBridge => {
            let many: Vec<_> = (0..5_000).map(|n| doc! {"q": {"_id": n}, "u": {"_id": n}, "upsert": true}).collect();
            hands::mongo("shop", doc! {"update": "conformance_many", "updates": many}).await;
            let big = doc! {"_id": 1, "text": "x".repeat(3_000_000)};
            let update = vec![doc! {"q": {"_id": 1}, "u": big, "upsert": true}];
            hands::mongo("shop", doc! {"update": "conformance_big", "updates": update}).await;
        }
        _ => {}
    }
}

//! Redis and Valkey: a server of the test's own, with the login that the recommended text makes.

use super::{Marks, Scene, nothing_lasts, on, rows};
use crate::redis::support::{Own, Raw};
use crate::support::at_hand::Server;
use crate::support::trusting::trusted;
use async_trait::async_trait;
use dba_gpt::domain::rows::Limits;
use dba_gpt::engine::{Collector, Session, redis};
use std::collections::BTreeSet;
use tokio_util::sync::CancellationToken;

const USER: &str = "dbagpt_ro";
const PASSWORD: &str = "past";

/// Keys of every type that the list speaks of.
const KEYS: &[&[&str]] = &[
    &["MSET", "k1", "1", "k2", "2", "k5", "5", "k7", "7"],
    &["RPUSH", "l", "1", "2", "3"],
    &["SADD", "s", "a", "b"],
    &["SADD", "s2", "b", "c"],
    &["HSET", "h", "a", "1", "b", "2"],
    &["ZADD", "z", "1", "a", "2", "b"],
    &["XADD", "st", "1-1", "a", "1"],
    &["GEOADD", "g", "13", "52", "berlin"],
    &["PFADD", "hll", "a", "b"],
    &["PFMERGE", "merged", "hll"],
];

/// Ways of which the list has no row: what a connection may do to itself, and ways to write by another name.
const MORE: &[&str] = &[
    "SELECT 3",
    "HELLO 3",
    "HELLO 2 SETNAME mine",
    "CLIENT SETNAME mine",
    "CLIENT SETINFO LIB-NAME mine",
    "CLIENT NO-EVICT on",
    "CLIENT NO-TOUCH on",
    "CLIENT TRACKING on",
    "CLIENT REPLY SKIP",
    "CLIENT UNPAUSE",
    "CLIENT KILL ID 1",
    "READONLY",
    "READWRITE",
    "AUTH dbagpt_ro past",
    "MULTI",
    "WATCH k1",
    "MONITOR",
    "SSUBSCRIBE c",
    "PFCOUNT hll",
    "TOUCH k1",
    "GETEX k1 EX 10",
    "EXPIRE k1 1",
    "XREADGROUP GROUP g c STREAMS st >",
    "XGROUP CREATE st g $",
    "XAUTOCLAIM st g c 0 0",
    "SCRIPT LOAD return(1)",
    "FUNCTION LOAD x",
    "ACL SETUSER dbagpt_ro +@all",
    "ACL LOAD",
    "ACL SAVE",
    "ACL DELUSER default",
    "SHUTDOWN NOSAVE",
    "REPLICAOF 127.0.0.1 1",
    "SLAVEOF NO ONE",
    "CLUSTER RESET",
    "CONFIG RESETSTAT",
    "SLOWLOG RESET",
    "DEBUG RELOAD",
    "DEBUG SLEEP 0",
    "SWAPDB 0 1",
    "FLUSHALL SYNC",
    "MIGRATE 127.0.0.1 1 k1 0 100",
    "PUBLISH c x",
    "BITOP NOT d k1",
    "SUNIONSTORE d s s2",
    "GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1 m",
    "SET mine 1",
    "APPEND k1 x",
];

struct Redis {
    own: Own,
    admin: Raw,
}

impl Redis {
    fn set(server: Server) -> Self {
        let mut known = Raw::connect(server.url().unwrap().trim_end_matches("/0"));
        let info = known.ask_whole(&["INFO", "server"]);
        let program = info.lines().find_map(|line| line.strip_prefix("executable:")).unwrap().trim().to_owned();
        let own = Own::start_program(&program, &["enable-debug-command local"]);
        let mut admin = Raw::connect(&own.url());
        for command in KEYS {
            assert!(!admin.ask(command).starts_with('-'), "{command:?}");
        }
        for line in redis::SPEC.least_privilege.lines().filter(|line| !line.starts_with('#')) {
            let line = line.replace("PASSWORD", PASSWORD);
            let words: Vec<&str> = line.split(' ').collect();
            if admin.ask(&words).starts_with('-') {
                // What not every version has is granted word by word.
                let (user, rules) = words.split_at(3);
                for rule in rules {
                    admin.ask(&[user, &[*rule]].concat());
                }
            }
        }
        Self { own, admin }
    }
}

#[async_trait]
impl Scene for Redis {
    fn url(&self) -> String {
        self.own.url_as(&format!("{USER}:{PASSWORD}"))
    }
    async fn everything(&mut self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let questions: &[&[&str]] = &[
            &["DEBUG", "DIGEST"],
            &["ACL", "LIST"],
            &["FUNCTION", "LIST"],
            &["MODULE", "LIST"],
            &["LASTSAVE"],
            &["PUBSUB", "CHANNELS"],
            &["PUBSUB", "NUMPAT"],
            &["CONFIG", "GET", "*"],
        ];
        for question in questions {
            all.insert(format!("{question:?}\n{}", self.admin.ask_whole(question)));
        }
        let telling = |line: &&str| {
            ["role:", "master_host:", "connected_slaves:", "run_id:", "number_of_cached_scripts:", "aof_enabled:", "db"]
                .iter()
                .any(|start| line.starts_with(start))
        };
        let info = self.admin.ask_whole(&["INFO", "all"]);
        all.extend(info.lines().filter(telling).map(str::to_owned));
        let folder = std::fs::read_dir(self.own.folder.path()).unwrap();
        all.extend(folder.map(|file| format!("file {}", file.unwrap().file_name().display())));
        all
    }
    async fn marks(&mut self, session: &mut dyn Session) -> Marks {
        // The door opens its connection by itself.
        let mut sink = Collector::new(Limits::default());
        let limits = Limits::default();
        session.read(trusted(redis::ID, "CLIENT ID"), &limits, &CancellationToken::new(), &mut sink).await.unwrap();
        let id = sink.into_rows().rows[0][0].plain().unwrap();
        let list = self.admin.ask_whole(&["CLIENT", "LIST", "ID", &id]);
        let ours = list.lines();
        let fields = ours.flat_map(|line| line.split(' ')).filter_map(|field| field.split_once('='));
        let carried =
            ["db", "sub", "psub", "ssub", "multi", "watch", "flags", "user", "redir", "resp", "name", "lib-name"];
        fields
            .filter(|(name, _)| carried.contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
    async fn still_open(&mut self) -> Vec<String> {
        let list = self.admin.ask_whole(&["CLIENT", "LIST"]);
        list.lines().filter(|line| line.contains(" flags=b") || line.contains(" multi=0")).map(str::to_owned).collect()
    }
    async fn change(&mut self) {
        self.admin.ask(&["APPEND", "k1", "x"]);
    }
    async fn end(&mut self) {}
}

#[test]
fn nothing_lasts_on_redis_7() {
    on(Server::Redis7, async |server| {
        nothing_lasts(server, &mut Redis::set(server), &rows("redis", MORE), 20).await;
    });
}

#[test]
fn nothing_lasts_on_valkey_9() {
    on(Server::Valkey9, async |server| {
        nothing_lasts(server, &mut Redis::set(server), &rows("redis", MORE), 20).await;
    });
}

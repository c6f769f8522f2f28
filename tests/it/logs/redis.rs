//! The logs of Redis and Valkey as they write them.

use super::support::{length, read, written};
use crate::redis::support::{Raw, skipped};
use crate::support::servers;
use dba_gpt::domain::log::{Level, LogNamer};
use dba_gpt::engine;

#[test]
fn what_a_server_logs_is_read_as_it_was_said() {
    if skipped() {
        return;
    }
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        let folder = servers::redis_socket().parent().unwrap().parent().unwrap().to_owned();
        let valkey = servers::valkey_url().map(|url| ("valkey", url));
        for (name, url) in [("redis", servers::redis_url())].into_iter().chain(valkey) {
            let log = folder.join(name).join("log");
            let from = length(&log);
            let mut server = Raw::connect(&url);
            let said = format!("hello from {} # * -", std::process::id());
            assert_eq!(server.ask(&["DEBUG", "LOG", &said]), "+OK");
            let new = written(&log, from, &said, || std::future::ready(())).await;
            let (events, _) = read("redis", "redis", None, &new);
            let event = events.iter().find(|e| e.message.ends_with(&said)).unwrap();
            assert_eq!((event.level, event.severity.as_str(), event.part.as_str()), (Level::Warning, "#", "M"));
            assert!(event.pid.is_some() && event.at.is_some(), "{event:?}");

            let (events, _) = read("redis", "auto", None, &std::fs::read(&log).unwrap());
            assert!(events.iter().any(|e| e.message.contains("Ready to accept connections")), "{name}");
            let dialect = engine::by_name("redis").unwrap().dialect;
            let mut namer = LogNamer::new(dialect.errors(), dialect.log_rules());
            let others = events.iter().filter(|e| !e.message.contains("DEBUG LOG"));
            let errors: Vec<String> = others.filter_map(|e| namer.name(e).map(|error| error.title.clone())).collect();
            // What the machine's settings are, and other tests' clients, is not up to us.
            let settings = ["system", "Transparent", "backlog", "A client's connection"];
            assert!(errors.iter().all(|title| settings.iter().any(|s| title.contains(s))), "{name}: {errors:?}");
        }
    });
}

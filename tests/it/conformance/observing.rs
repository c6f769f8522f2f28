//! What is shown of a server: samples, views, objects, and answers to questions.

use super::expected::prepare;
use super::stage::Stage;
use crate::support::at_hand::Server;
use crate::support::hands;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::{self, Author, Catalog, Judgement};
use dba_gpt::domain::health::{Evidence, State, judge};
use dba_gpt::domain::metric;
use dba_gpt::domain::question::{Intent, Scope, Topic};
use dba_gpt::domain::rows::Limits;
use dba_gpt::domain::target::Timestamp;
use dba_gpt::engine::gates::{self, Stand};
use dba_gpt::engine::{Collector, Session};
use tokio_util::sync::CancellationToken;

pub async fn a_sample_has_what_it_must(stage: Stage) {
    let mut session = stage.session().await;
    // Our own sessions are left out, so that somebody else must be there.
    let bystander = stage.connect_as(&stage.url(), "bystander").await.unwrap_or_else(|e| panic!("{e}"));
    for cycle in 0..3 {
        let sample = (stage.spec.sample)(&mut *session, cycle).await.unwrap();
        assert!(!sample.readings.is_empty(), "nothing was read");
        for wanted in stage.expected.readings {
            assert!(sample.readings.contains_key(wanted), "no {wanted:?} in {:?}", sample.readings.keys());
        }
        assert!(sample.readings.values().all(|value| value.is_finite()), "{:?}", sample.readings);
        assert!(!(stage.spec.has_sessions && sample.sessions.is_empty()), "somebody is connected and not seen");
        let values = metric::values(Timestamp(0), &sample.readings, None);
        let health = judge(&Evidence { now: &values, before: None, sample: &sample, usual: &|_| None });
        assert!(!matches!(health.state, State::Unknown | State::Down), "{health:?}");
    }
    bystander.close().await;
}

pub async fn a_weak_login_has_gaps_and_no_lies(stage: Stage) {
    if !stage.server.has_logins() {
        return;
    }
    let mut strong = stage.session().await;
    let all = (stage.spec.sample)(&mut *strong, 0).await.unwrap();
    for login in ["dbagpt_ro", "dbagpt_nobody"] {
        let Ok(mut weak) = stage.connect(&stage.server.url_as(login).unwrap()).await else { continue };
        match (stage.spec.sample)(&mut *weak, 0).await {
            Ok(sample) => {
                let strange: Vec<_> = sample.readings.keys().filter(|id| !all.readings.contains_key(*id)).collect();
                assert!(strange.is_empty(), "{login} reads what the administrator cannot: {strange:?}");
                let gaps = all.readings.len() - sample.readings.len();
                let told = !weak.identity().hints.is_empty();
                assert!(gaps == 0 || told || login == "dbagpt_ro", "{login}: {gaps} gaps, and nothing is said of them");
            }
            Err(SessionError::Server(said)) => assert!(!said.message.is_empty(), "{login}"),
            Err(error) => panic!("{login}: {error:?}"),
        }
    }
}

pub async fn every_view_answers_or_says_why(stage: Stage) {
    let mut session = stage.session().await;
    for view in stage.spec.views {
        match session.own(view.query, &[]).await {
            Ok(rows) => assert!(!rows.columns.is_empty(), "{}: no columns", view.name),
            Err(SessionError::Server(said)) => assert!(said.message.len() > 10, "{}: {said:?}", view.name),
            Err(SessionError::Unsupported(words)) => assert!(words.len() > 10, "{}: {words}", view.name),
            Err(error) => panic!("{}: {error:?}", view.name),
        }
    }
}

pub async fn the_schema_lists_the_shop(stage: Stage) {
    prepare(stage.server).await;
    let mut session = stage.session().await;
    let (schema, _) = (stage.spec.schema)(&mut *session).await.unwrap();
    for table in stage.expected.tables {
        let found = schema.tables.iter().find(|t| t.name == *table);
        let names = || schema.tables.iter().map(|t| t.name.as_str()).collect::<Vec<_>>();
        let found = found.unwrap_or_else(|| panic!("no {table} in {:?}", names()));
        assert!(!found.columns.is_empty(), "{table} has no columns");
    }
    assert!(!schema.engine_words.is_empty(), "nobody can call the engine by its name");
}

/// Whatever the login may do, the server refuses writes on the reading door and a second statement in a message.
pub async fn the_gates_behind_the_guard_hold(stage: Stage) {
    let mut session = stage.session().await;
    let gates = gates::ask(stage.spec, &mut *session).await.unwrap();
    let stands: Vec<_> = gates.iter().map(|gate| (gate.name, gate.stand)).collect();
    assert_eq!(stands.len(), 3, "{stands:?}");
    for gate in gates.iter().skip(1) {
        assert!(matches!(gate.stand, Stand::Holds | Stand::None), "{gate:?}");
    }
    // The session is of use afterwards.
    (stage.spec.schema)(&mut *session).await.unwrap();
}

/// Every topic is answered with statements that the guard allows and the server runs, or refused with a reason.
pub async fn every_answer_is_allowed(stage: Stage) {
    prepare(stage.server).await;
    let mut session = stage.session().await;
    let (schema, catalog) = (stage.spec.schema)(&mut *session).await.unwrap();
    let mut wrong = Vec::new();
    for topic in Topic::ALL {
        let answer = stage.spec.dialect.answer(&Intent::Topic(*topic, Scope::default()), &schema, Timestamp(0));
        let statements = match answer {
            Err(cannot) => {
                assert!(!cannot.reason.is_empty(), "{topic:?} is refused without a reason");
                continue;
            }
            Ok(answer) => answer.statements,
        };
        for part in statements {
            match run(&stage, &mut *session, &catalog, &part.statement).await {
                Ok(()) => {}
                // What a server has not been set up for it says itself.
                Err(Ran::Badly(SessionError::Server(said))) if said.message.len() > 10 => {}
                Err(Ran::Badly(SessionError::Unsupported(words))) if words.len() > 10 => {}
                Err(other) => wrong.push(format!("{topic:?}\n    {}\n    {other:?}", part.statement)),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Why a statement gave nothing.
#[derive(Debug)]
enum Ran {
    Refused(#[expect(dead_code, reason = "printed when a test fails")] Judgement),
    Badly(SessionError),
}

async fn run(stage: &Stage, session: &mut dyn Session, catalog: &Catalog, statement: &str) -> Result<(), Ran> {
    let allowed = guard::allow(stage.spec.dialect, Author::Person, catalog, statement).map_err(Ran::Refused)?;
    let limits = Limits::default();
    let mut sink = Collector::new(limits);
    session.read(allowed, &limits, &CancellationToken::new(), &mut sink).await.map(|_| ()).map_err(Ran::Badly)
}

/// Names that hurt a program which pastes them together: quotes, control characters, comments, wrong direction, length.
const NAMES: &[&str] = &[
    "a'b\"c`d",
    "line\nbreak\tand\u{1b}[31mcolour",
    "-- comment; DROP TABLE orders /*",
    "\u{202e}backwards\u{200b}",
    "percent%s and {braces} and $dollar",
];

pub async fn hostile_names_do_no_harm(stage: Stage) {
    let long = "n".repeat(60);
    let names: Vec<&str> = NAMES.iter().copied().chain([long.as_str()]).collect();
    let Some(url) = hostile_database(&stage, &names).await else { return };
    let mut session = stage.connect(&url).await.unwrap_or_else(|e| panic!("{e}"));
    let (schema, catalog) = (stage.spec.schema)(&mut *session).await.unwrap();
    (stage.spec.sample)(&mut *session, 0).await.unwrap();
    let mut seen = 0;
    for table in &schema.tables {
        let relation = dba_gpt::domain::question::Relation::of(table);
        for intent in [Intent::Sample { table: relation.clone(), limit: 3 }, Intent::Describe(relation)] {
            let Ok(answer) = stage.spec.dialect.answer(&intent, &schema, Timestamp(0)) else { continue };
            for part in &answer.statements {
                match run(&stage, &mut *session, &catalog, &part.statement).await {
                    Ok(()) => {}
                    // A name that cannot be seen may be refused: nobody could check what it says.
                    Err(Ran::Refused(_)) if table.name.chars().any(is_unseen) => {}
                    Err(other) => panic!("{:?}: {}: {other:?}", table.name, part.statement),
                }
            }
        }
        seen += usize::from(names.contains(&table.name.as_str()));
    }
    if !stage.expected.tables.is_empty() {
        // MongoDB takes no dollar sign in the name of a collection.
        let named = names.iter().filter(|name| stage.server != Server::MongoBridge || !name.contains('$')).count();
        assert_eq!(seen, named, "{:?}", schema.tables.iter().map(|t| &t.name).collect::<Vec<_>>());
    }
    for view in stage.spec.views {
        if let Err(error) = session.own(view.query, &[]).await {
            assert!(
                matches!(error, SessionError::Server(_) | SessionError::Unsupported(_)),
                "{}: {error:?}",
                view.name
            );
        }
    }
}

fn is_unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}' | '\u{202e}')
}

/// A database with a table, collection or key of each name; its URL. A file is its own database.
async fn hostile_database(stage: &Stage, names: &[&str]) -> Option<String> {
    let database = format!("hostile_{}", std::process::id());
    let tables = |quote: char, ending: &str| -> String {
        let twice = format!("{quote}{quote}");
        names
            .iter()
            .map(|name| name.replace(quote, &twice))
            .map(|name| format!("CREATE TABLE {quote}{name}{quote} (id integer, {quote}{name}{quote} {ending});\n"))
            .collect()
    };
    match stage.server {
        Server::Postgres15 | Server::Postgres18 => {
            hands::sql(stage.server, "postgres", &format!("CREATE DATABASE {database}")).await;
            hands::sql(stage.server, &database, &tables('"', "text")).await;
        }
        Server::MariaDb | Server::MySql9 => {
            hands::sql(stage.server, "", &format!("CREATE DATABASE {database} CHARACTER SET utf8mb4")).await;
            hands::sql(stage.server, &database, &tables('`', "text")).await;
        }
        Server::Sqlite => {
            hands::sql(stage.server, "", &tables('"', "text")).await;
            return stage.server.url();
        }
        Server::Redis7 | Server::Valkey9 => {
            let mut redis = hands::Redis::connect(stage.server, 9);
            for name in names {
                redis.run(&[b"HSET", name.as_bytes(), name.as_bytes(), name.as_bytes()]);
            }
            redis.run(&[b"SET", &[0xff, 0xfe, 0, b'\n'], b"no text at all"]);
            redis.run(&[b"CLIENT", b"SETNAME", b"name-of-the-hand"]);
            return with_database(stage, "9");
        }
        Server::MongoBridge => {
            for name in names.iter().filter(|name| !name.contains('$')) {
                let document = mongodb::bson::doc! {"_id": 1, *name: *name};
                hands::mongo(&database, mongodb::bson::doc! {"insert": *name, "documents": [document]}).await;
            }
            return with_database(stage, &database);
        }
    }
    with_database(stage, &database)
}

fn with_database(stage: &Stage, name: &str) -> Option<String> {
    use secrecy::{ExposeSecret as _, SecretString};
    let url = (stage.spec.with_database)(&SecretString::from(stage.url()), name)?;
    Some(url.expose_secret().to_owned())
}

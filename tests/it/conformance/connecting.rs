//! The way in: who answers, what is wrong when nobody does, and that no secret shows.

use super::stage::{CONNECT, SLACK, Stage};
use crate::support::at_hand::{by_host, by_password, by_port, port_of};
use dba_gpt::domain::error_event::ConnectKind;
use dba_gpt::domain::security::Encryption;
use dba_gpt::engine::{ENGINES, EngineSpec, Surroundings};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub async fn a_login_says_who_answers(stage: Stage) {
    let session = stage.session().await;
    let identity = session.identity();
    assert!(identity.version.starts_with(stage.expected.version), "{}", identity.version);
    assert!(identity.version_number > 0 && !identity.kind.is_empty() && !identity.role.is_empty(), "{identity:?}");
    assert!(!identity.database.is_empty(), "{identity:?}");
    assert_eq!(identity.user, stage.expected.user);
    session.close().await;
}

/// From outside, without a login, each engine knows its own servers and takes no other's for them.
pub async fn a_server_is_known_by_its_first_words(stage: Stage) {
    let url = stage.url();
    if !url.contains("127.0.0.1:") {
        return;
    }
    let own = stage.spec.dialect.approach();
    let mut stream = TcpStream::connect(("127.0.0.1", port_of(&url))).await.unwrap();
    stream.write_all(own.hello).await.unwrap();
    let mut said = [0; 256];
    let count = timeout(CONNECT, stream.read(&mut said)).await.expect("the server says something").unwrap();
    let knows = |engine: &&EngineSpec| (engine.dialect.approach().recognises)(&said[..count]);
    let known: Vec<&str> = ENGINES.iter().copied().filter(knows).map(|engine| engine.name).collect();
    assert_eq!(known, [stage.spec.name], "{:?}", &said[..count]);
    assert!(!own.ports.is_empty() && own.encryption().is_some());
}

/// What the settings say about encryption is told without connecting.
pub async fn the_care_taken_is_told(stage: Stage) {
    let url = stage.url();
    let told =
        |url: &str| (stage.spec.destination)(&SecretString::from(url), &Surroundings::default()).unwrap().encryption;
    if !url.contains("127.0.0.1:") {
        assert_eq!(told(&url), None, "a file goes over no network");
        return;
    }
    let secured = stage.spec.dialect.approach().encryption().and_then(|change| change.apply(&url)).unwrap();
    assert_eq!(told(&secured), Some(Encryption::Verified), "what is offered is full care");
    assert!(told(&url) < Some(Encryption::Verified), "{:?}", told(&url));
}

pub async fn no_secret_is_shown(stage: Stage) {
    let url = stage.url();
    let Some(password) = stage.server.has_logins().then(|| dba_password(&url)) else { return };
    let address = (stage.spec.address)(&SecretString::from(url.clone()), &Surroundings::default()).unwrap();
    assert!(!address.contains(&password), "the address holds the password");
    let session = stage.session().await;
    assert!(!format!("{:?}", session.identity()).contains(&password), "the identity holds the password");
    session.close().await;
    for wrong in [by_port(&url, 1), by_host(&url, "no-such-name.invalid"), by_password(&url, "Canary-4711")] {
        let (error, _) = stage.refused(&wrong).await;
        let words = format!("{error} {error:?}");
        assert!(!words.contains(&password) && !words.contains("Canary-4711"), "{words}");
    }
}

pub async fn what_is_wrong_is_named_in_time(stage: Stage) {
    let url = stage.url();
    let mut wrongs = Vec::new();
    if url.contains("127.0.0.1") {
        wrongs.push((by_port(&url, 1), ConnectKind::Refused));
        wrongs.push((by_host(&url, "no-such-name.invalid"), ConnectKind::BadHost));
    }
    if stage.server.has_logins() {
        wrongs.push((by_password(&url, "NotTheOne"), ConnectKind::Authentication));
    }
    if let Some(name) = stage.expected.no_database {
        let elsewhere = (stage.spec.with_database)(&SecretString::from(url.clone()), name).unwrap();
        wrongs.push((elsewhere.expose_secret().to_owned(), ConnectKind::NoSuchDatabase));
    }
    for (url, kind) in wrongs {
        let (error, took) = stage.refused(&url).await;
        assert_eq!(error.kind, kind, "{error}");
        assert!(took < CONNECT + SLACK, "{kind:?} after {took:?}");
        assert!(error.message.len() > 20, "words for a person: {error}");
    }
}

pub async fn another_database_is_reached(stage: Stage) {
    let url = SecretString::from(stage.url());
    let Some(other) = stage.expected.other_database else {
        assert!((stage.spec.with_database)(&url, "other").is_none());
        return;
    };
    let there = (stage.spec.with_database)(&url, other).unwrap();
    let session = stage.connect(there.expose_secret()).await.unwrap_or_else(|e| panic!("{e}"));
    assert!(session.identity().database.ends_with(other), "{:?}", session.identity());
    session.close().await;
}

pub async fn a_strong_login_is_told_so_and_a_weak_one_is_not(stage: Stage) {
    if !stage.server.has_logins() {
        return;
    }
    let strong = stage.session().await;
    assert!(!strong.identity().excess_powers.is_empty(), "the administrator has no excess powers?");
    let weak = stage.connect(&stage.server.url_as("dbagpt_ro").unwrap()).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(weak.identity().excess_powers, Vec::<String>::new());
    let powerless = stage.connect(&stage.server.url_as("dbagpt_nobody").unwrap()).await;
    if let Ok(powerless) = powerless {
        assert!(!powerless.identity().hints.is_empty(), "nothing is said about what this login cannot see");
    }
}

fn dba_password(url: &str) -> String {
    crate::support::servers::Address::of(url).password
}

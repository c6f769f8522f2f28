//! The way in: who answers, what is wrong when nobody does, and that no secret shows.

use super::stage::{CONNECT, SLACK, Stage};
use crate::support::at_hand::{by_host, by_password, by_port};
use dba_gpt::domain::error_event::ConnectKind;
use dba_gpt::engine::Surroundings;
use secrecy::{ExposeSecret as _, SecretString};

pub async fn a_login_says_who_answers(stage: Stage) {
    let session = stage.session().await;
    let identity = session.identity();
    assert!(identity.version.starts_with(stage.expected.version), "{}", identity.version);
    assert!(identity.version_number > 0 && !identity.kind.is_empty() && !identity.role.is_empty(), "{identity:?}");
    assert!(!identity.database.is_empty(), "{identity:?}");
    assert_eq!(identity.user, stage.expected.user);
    session.close().await;
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

//! Contents of the panes that are the program's own: a connection that fails and is diagnosed, and a score.

use super::fixtures::{self, NOW};
use dba_gpt::app::event::{Event, Failure};
use dba_gpt::app::model::{Model, TargetModel};
use dba_gpt::app::update::{follow_lists, update};
use dba_gpt::domain::attempt::{Attempt, Purpose};
use dba_gpt::domain::connection::{Answer, Change, Found, Language};
use dba_gpt::domain::error_event::{ConnectError, ConnectKind};
use dba_gpt::domain::security::{Encryption, Facts, KeptIn, Reach};
use dba_gpt::domain::target::{Environment, TargetId};

const REFUSED: &str =
    "nothing listens at 10.2.0.9:5442: is the server running, on this port, with listen_addresses set?";

fn opened(name: &str, view: &'static str) -> Model {
    let mut model = fixtures::server(view);
    model.health.server = Some(TargetId::new(name));
    follow_lists(&mut model);
    model
}

fn target<'m>(model: &'m mut Model, name: &str) -> &'m mut TargetModel {
    model.target_mut(&TargetId::new(name)).unwrap()
}

/// A server that has refused for a while: the breaker is open, and another port answers.
pub fn refused() -> Model {
    let mut model = opened("pg-legacy", "connection");
    let id = TargetId::new("pg-legacy");
    target(&mut model, "pg-legacy").target.address = "10.2.0.9:5442/orders".into();
    let error = ConnectError::new(ConnectKind::Refused, REFUSED);
    for n in 0..6_i64 {
        let at = NOW.plus_ms((n - 6) * 20_000);
        let t = target(&mut model, "pg-legacy");
        t.connection.contact.begin(at);
        let cycle = t.schedule.cycle;
        t.schedule.cycle += 1;
        let attempt =
            Attempt::new(at, if n == 2 { Purpose::Chat } else { Purpose::Watch }, Some(&error), 3 + n.cast_unsigned());
        update(&mut model, Event::Attempted(at, id.clone(), attempt));
        update(&mut model, Event::Sampled(at, id.clone(), cycle, Err(Failure::from(error.clone()))));
    }
    let language = Language { name: "PostgreSQL", scheme: "postgres" };
    let found = vec![Found::Port(5432, Answer::Speaks(Some(language))), Found::Port(6432, Answer::Refused)];
    update(&mut model, Event::LookedRound(id.clone(), found));
    let t = target(&mut model, "pg-legacy");
    t.connection.record.add(Attempt::new(NOW.plus_ms(-400_000), Purpose::Watch, None, 21), 50);
    t.connection.record.last.rotate_left(1);
    t.schedule.due = NOW.plus_ms(12_400);
    model.now = NOW;
    model.notice = None;
    model
}

/// A refused password: the collector waits for another one, and logins are held back.
pub fn refused_login() -> Model {
    let mut model = opened("pg-legacy", "connection");
    let id = TargetId::new("pg-legacy");
    let error = ConnectError::new(ConnectKind::Authentication, "10.2.0.9:5432 refused the password for user watcher")
        .with_code("28P01");
    for n in 0..10_i64 {
        let at = NOW.plus_ms((n - 10) * 60_000);
        update(&mut model, Event::Attempted(at, id.clone(), Attempt::new(at, Purpose::Watch, Some(&error), 12)));
    }
    let t = target(&mut model, "pg-legacy");
    let cycle = t.schedule.cycle;
    t.schedule.cycle += 1;
    update(&mut model, Event::Sampled(NOW.plus_ms(-60_000), id, cycle, Err(Failure::from(error))));
    target(&mut model, "pg-legacy").schedule.due = NOW.plus_ms(3_000);
    model.now = NOW;
    model.notice = None;
    model
}

/// A changed port that let us in.
pub fn mended() -> Model {
    let mut model = opened("pg-billing", "connection");
    let id = TargetId::new("pg-billing");
    update(&mut model, Event::Attempted(NOW, id.clone(), Attempt::new(NOW.plus_ms(-9_000), Purpose::Watch, None, 14)));
    let reason = "PostgreSQL answers on port 5433".to_owned();
    let both = ("10.2.0.5:5433/orders".to_owned(), "postgres://watcher@10.2.0.5:5433/orders".to_owned());
    update(&mut model, Event::SettingChanged(NOW, id.clone(), Ok(both), Change::Port(5433), reason));
    let t = target(&mut model, "pg-billing");
    t.connection.diagnosis.applied.as_mut().unwrap().works = true;
    t.schedule.in_flight = None;
    model.notice = None;
    model
}

/// A score with reasons of every weight, beside targets that do better.
pub fn insecure() -> Model {
    let mut model = opened("pg-orders-1", "security");
    for t in &mut model.targets {
        t.target.environment = Environment::Production;
        t.security = Some(Facts {
            environment: Environment::Production,
            reach: Reach::Private,
            tunnel: false,
            usual_port: Some(true),
            encryption: Some(Encryption::Verified),
            has_logins: true,
            kept_in: KeptIn::Command,
            strength: None,
            pooler: None,
            seen: None,
        });
    }
    let t = target(&mut model, "pg-orders-1");
    t.identity.as_mut().unwrap().excess_powers = vec!["superuser".into(), "owns 14 tables".into()];
    t.identity.as_mut().unwrap().password_expires = Some(NOW.plus_ms(5 * 86_400_000));
    let facts = t.security.as_mut().unwrap();
    facts.encryption = Some(Encryption::Unverified);
    facts.kept_in = KeptIn::Environment;
    model
}

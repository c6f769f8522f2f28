//! Errors that are provoked on purpose, on every real server at hand: each simulation gives the kind that it promises,
//! with the server's own code, and leaves nothing behind; two at once do not meet; and the program refuses where the
//! configuration does not say that mistakes do no harm.

mod core;
mod ground;
mod program;

use crate::support::at_hand::Server;
use dba_gpt::domain::error::kind::ErrorKind;
use dba_gpt::domain::simulation::{PROVOCATIONS, SCRATCH};
use dba_gpt::engine::ENGINES;
use ground::Ground;

/// One test a promise and server.
macro_rules! promises {
    ($($server:ident => $variant:ident),* $(,)?) => {$(
        mod $server {
            use super::*;
            promises!(@ $variant, everything_comes_as_promised_and_leaves_nothing a_weak_login_can_provoke_what_takes_no_right
                a_right_that_is_missing_is_an_error_too two_at_once_do_not_meet);
        }
    )*};
    (@ $server:ident, $($name:ident)*) => {$(
        #[test]
        fn $name() {
            ground::on(Server::$server, super::$name);
        }
    )*};
}

promises! {
    postgres_15 => Postgres15,
    postgres_18 => Postgres18,
    mariadb_10_11 => MariaDb,
    mysql_9 => MySql9,
    redis_7 => Redis7,
    valkey_9 => Valkey9,
    documentdb => MongoBridge,
    sqlite => Sqlite,
}

async fn everything_comes_as_promised_and_leaves_nothing(ground: Ground) {
    let before = ground.untouched();
    let mut wrong = Vec::new();
    for simulation in ground.possible() {
        let name = simulation.offer.error.name;
        match ground.provoke(simulation, &ground.url).await {
            Ok(simulated) if !simulated.as_promised() => wrong.push(simulated.words()),
            Ok(simulated) => {
                for event in &simulated.events {
                    assert!(!event.code.is_empty() && !event.message.is_empty(), "{name}: {event:?}");
                    assert_eq!(event.engine, ground.spec.id.0);
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    ground.is_left_as_it_was().await;
    assert_eq!(before, ground.untouched());
}

async fn a_weak_login_can_provoke_what_takes_no_right(ground: Ground) {
    let Some(weak) = ground.weak.clone() else { return };
    for simulation in ground.possible().filter(|s| s.offer.needs.is_empty()) {
        let simulated = ground.provoke(simulation, &weak).await.unwrap();
        assert!(simulated.as_promised(), "{}", simulated.words());
    }
    ground.is_left_as_it_was().await;
}

async fn a_right_that_is_missing_is_an_error_too(ground: Ground) {
    let Some(weak) = ground.weak.clone() else { return };
    for simulation in ground.possible().filter(|s| !s.offer.needs.is_empty()) {
        let simulated = ground.provoke(simulation, &weak).await.unwrap();
        // A weak login may have the right all the same: everybody may make temporary tables where nobody took it away.
        if !simulated.as_promised() {
            let kinds: Vec<ErrorKind> = simulated.events.iter().map(|event| event.kind).collect();
            assert!(
                kinds.iter().all(|kind| matches!(kind, ErrorKind::AccessDenied | ErrorKind::ReadOnly)),
                "{}",
                simulated.words()
            );
            let words = simulated.shortfall().unwrap();
            assert!(words.contains(simulation.offer.needs), "{words}");
        }
    }
    ground.is_left_as_it_was().await;
}

async fn two_at_once_do_not_meet(ground: Ground) {
    for simulation in ground.possible() {
        let (one, other) =
            tokio::join!(ground.provoke(simulation, &ground.url), ground.provoke(simulation, &ground.url));
        for simulated in [one.unwrap(), other.unwrap()] {
            assert!(simulated.as_promised(), "{}", simulated.words());
        }
    }
    ground.is_left_as_it_was().await;
}

#[test]
fn every_engine_lists_its_own_in_the_order_of_all_and_says_what_it_does() {
    let place = |name: &str| PROVOCATIONS.iter().position(|p| p.name == name).unwrap();
    for spec in ENGINES {
        let offers: Vec<_> = spec.simulations.iter().map(|s| s.offer).collect();
        assert!(offers.len() >= 5, "{}", spec.id);
        assert!(offers.windows(2).all(|two| place(two[0].error.name) < place(two[1].error.name)), "{}", spec.id);
        for offer in offers {
            assert!(offer.does.ends_with('.') && offer.does.len() > 10, "{}: {}", spec.id, offer.does);
        }
    }
    assert!(SCRATCH.starts_with("dba_gpt_simulation"));
}

//! The server's own log through the session: what was provoked is read once, from the place where the last look ended,
//! and a login that may not says what it would need.

use super::support::{connect, on_each_server};
use crate::support::servers;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::engine::{Reports, Session, postgres};

async fn look(session: &mut dyn Session, since: Option<&str>) -> Reports {
    postgres::SPEC.reports.unwrap()(session, since).await.unwrap()
}

fn text(reports: &Reports) -> String {
    reports.log.iter().map(|piece| String::from_utf8_lossy(&piece.bytes).into_owned()).collect()
}

/// Provokes an error that names this table.
async fn provoke(url: &str, table: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("SELECT * FROM \"{table}\"")).await.unwrap_err();
}

#[test]
fn every_error_is_read_once_and_a_later_look_goes_on() {
    on_each_server(|url| async move {
        let mut session = connect(&url).await;
        let mut place = look(&mut *session, None).await.place;
        for round in 0..3 {
            // Larger than one piece, with a line end where encodings like to break.
            let table = format!("nowhere_{round}_{}", std::process::id());
            let wide = format!("{table}\n{}", "ü".repeat(20));
            for _ in 0..5 {
                provoke(&url, &wide).await;
            }
            let mut seen = String::new();
            while seen.matches(&format!("relation \"\"{table}")).count() < 5 {
                // The collector writes a moment after the client has its answer; each look ends on its own.
                let reports = look(&mut *session, place.as_deref()).await;
                seen.push_str(&text(&reports));
                assert!(reports.log.iter().all(|p| p.format == "csv" && !p.torn), "{:?}", reports.log);
                place = reports.place;
            }
            assert_eq!(seen.matches(&format!("relation \"\"{table}")).count(), 5);
        }
    });
}

#[test]
fn a_login_that_may_not_says_what_it_needs() {
    super::support::run(async {
        let mut session = connect(&servers::postgres_read_only_url()).await;
        let refused = postgres::SPEC.reports.unwrap()(&mut *session, None).await.unwrap_err();
        let SessionError::Unsupported(words) = refused else { panic!("{refused:?}") };
        assert!(words.contains("GRANT EXECUTE ON FUNCTION pg_read_binary_file"), "{words}");
    });
}

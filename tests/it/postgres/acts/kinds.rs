//! The typed kinds: sessions, replication slots, settings.

use super::rig::{Rig, approve, connect};
use crate::postgres::support::{PATIENCE, admin, eventually, on_each_server};
use crate::support::servers::Address;
use dba_gpt::domain::guard::ticket::Refusal;
use dba_gpt::domain::proposal::kind::{FixKind, SessionRef};
use dba_gpt::domain::proposal::survey::{Inverse, Rights};
use dba_gpt::engine::{ActError, postgres};

fn session(id: i64) -> SessionRef {
    SessionRef { id, facts: Vec::new(), about: String::new() }
}

async fn freeze(rig: &Rig, kind: FixKind) -> Result<FixKind, String> {
    let mut reader = rig.reader().await;
    (postgres::SPEC.fixing.freeze)(&mut *reader, kind).await.map_err(|e| e.to_string())
}

/// A client of its own role, and its process id.
async fn victim(rig: &Rig, url: &str) -> (tokio_postgres::Client, i64) {
    let role = rig.here("$_victim");
    if rig.one(&format!("SELECT count(*)::text FROM pg_roles WHERE rolname = '{role}'")).await == "0" {
        rig.run(&format!("CREATE ROLE {role} LOGIN PASSWORD 'victim'")).await;
    }
    let mut address = Address::of(url);
    address.user = role;
    address.password = "victim".into();
    let client = admin(&address.url()).await;
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    (client, i64::from(pid))
}

#[test]
fn sessions_are_ended_as_they_were_seen_and_no_others() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, "SELECT 1").await;
        let (idle, idle_pid) = victim(&rig, &url).await;
        let (busy, busy_pid) = victim(&rig, &url).await;
        busy.batch_execute("BEGIN; SELECT 1").await.unwrap();
        let kind = freeze(&rig, FixKind::EndSessions(vec![session(idle_pid), session(busy_pid), session(1 << 30)]))
            .await
            .unwrap();
        let FixKind::EndSessions(seen) = &kind else { panic!() };
        let facts: Vec<usize> = seen.iter().map(|s| s.facts.len()).collect();
        assert_eq!(seen.len(), 2, "one of them is gone");
        assert!(facts.contains(&1) && facts.contains(&2), "the one in a transaction has two facts: {seen:?}");
        assert!(seen.iter().any(|s| s.about.contains("_victim") && s.about.contains("idle in transaction")));

        let proposal = rig.propose_kind(kind.clone()).await;
        let Rights::Missing(missing) = &proposal.survey.rights else { panic!("{:?}", proposal.survey.rights) };
        assert_eq!(
            *missing,
            [format!("GRANT pg_signal_backend TO {}", rig.fix), format!("GRANT pg_read_all_stats TO {}", rig.fix)]
        );
        rig.run(&missing.join("; ")).await;
        let proposal = rig.propose_kind(kind.clone()).await;
        assert_eq!(proposal.survey.rights, Rights::Held);
        assert!(matches!(proposal.survey.inverse, Inverse::None(_)));

        // One of them begins another transaction: it is another one now, and the approval is void.
        busy.batch_execute("COMMIT; BEGIN; SELECT 1").await.unwrap();
        let mut fixer = rig.fixer().await;
        let fresh = (postgres::SPEC.fixing.survey)(&mut *fixer, &proposal.draft, None).await.unwrap();
        assert!(matches!(approve(&proposal, &fresh), Err(Refusal::Moved(_))));

        // Should it be sent all the same, the statement ends only the one that still fits.
        let survey = proposal.survey.clone();
        let approved = approve(&proposal, &survey).unwrap();
        let acted = fixer
            .act(approved, &survey, &mut super::rig::Notebook::default(), &tokio_util::sync::CancellationToken::new())
            .await
            .unwrap();
        assert_eq!(acted.answer, Some(format!("{idle_pid} t")));
        eventually(PATIENCE, "the idle one is gone", || async { idle.is_closed() }).await;
        assert!(!busy.is_closed());

        let kind = freeze(&rig, FixKind::EndSessions(vec![session(busy_pid)])).await.unwrap();
        let proposal = rig.propose_kind(kind).await;
        let (done, _) = rig.carry_out(&proposal).await;
        assert_eq!(done.unwrap().answer, Some(format!("{busy_pid} t")));
        let (done, ()) = (rig.survey_draft(&proposal.draft).await, ());
        assert!(done.is_err_and(|e| e.contains("gone")));
        rig.remove().await;
    });
}

#[test]
fn a_statement_is_canceled_and_its_session_stays() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, "SELECT 1").await;
        rig.run("GRANT pg_signal_backend, pg_read_all_stats TO $_fix").await;
        let (client, pid) = victim(&rig, &url).await;
        let sleeping = async { client.batch_execute("SELECT pg_sleep(60)").await };
        let ending = async {
            eventually(PATIENCE, "it sleeps", || async {
                rig.one(&format!(
                    "SELECT count(*)::text FROM pg_stat_activity WHERE pid = {pid} AND wait_event = 'PgSleep'"
                ))
                .await
                    == "1"
            })
            .await;
            let kind = freeze(&rig, FixKind::CancelStatements(vec![session(pid)])).await.unwrap();
            let proposal = rig.propose_kind(kind).await;
            rig.carry_out(&proposal).await.0.unwrap()
        };
        let (canceled, acted) = tokio::join!(sleeping, ending);
        assert!(canceled.is_err());
        assert_eq!(acted.answer, Some(format!("{pid} t")));
        client.batch_execute("SELECT 1").await.unwrap();
        rig.remove().await;
    });
}

#[test]
fn some_sessions_are_never_touched() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, "SELECT 1").await;
        let _watcher = connect(&url, "dba-gpt watch").await;
        for (what, condition, why) in [
            ("our own", "application_name = 'dba-gpt watch'", "own"),
            ("the checkpointer", "backend_type = 'checkpointer'", "part of the server"),
            ("a backup", "application_name = 'pg_dump'", "backup"),
        ] {
            let backup = admin(&url).await;
            backup.batch_execute("SET application_name = 'pg_dump'").await.unwrap();
            let pid = rig.one(&format!("SELECT pid::text FROM pg_stat_activity WHERE {condition} LIMIT 1")).await;
            let error = freeze(&rig, FixKind::EndSessions(vec![session(pid.parse().unwrap())])).await.expect_err(what);
            assert!(error.contains(why), "{what}: {error}");
        }
        let error = freeze(&rig, FixKind::EndSessions(vec![session(1 << 30)])).await.expect_err("gone");
        assert!(error.contains("gone"), "{error}");
        rig.remove().await;
    });
}

#[test]
fn a_slot_is_dropped_only_while_nobody_uses_it() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, "SELECT 1").await;
        let slot = rig.here("$_slot");
        rig.run(&format!("SELECT pg_create_physical_replication_slot('{slot}', true)")).await;
        let proposal = rig.propose_kind(FixKind::DropReplicationSlot(slot.clone())).await;
        assert_eq!(proposal.survey.rights, Rights::Missing(vec![format!("ALTER ROLE {} REPLICATION", rig.fix)]));
        assert_eq!(proposal.survey.preconditions[0].found, "yes");
        rig.run(&format!("ALTER ROLE {} REPLICATION", rig.fix)).await;
        let proposal = rig.propose_kind(FixKind::DropReplicationSlot(slot.clone())).await;
        let (done, _) = rig.carry_out(&proposal).await;
        assert!(done.is_ok(), "{done:?}");
        assert_eq!(
            rig.one(&format!("SELECT count(*)::text FROM pg_replication_slots WHERE slot_name = '{slot}'")).await,
            "0"
        );
        let approved = approve(&proposal, &proposal.survey).unwrap();
        let mut fixer = rig.fixer().await;
        let again = fixer
            .act(
                approved,
                &proposal.survey,
                &mut super::rig::Notebook::default(),
                &tokio_util::sync::CancellationToken::new(),
            )
            .await;
        assert!(matches!(again, Err(ActError::RolledBack(Refusal::Moved(_)))), "{again:?}");
        rig.remove().await;
    });
}

#[test]
fn a_setting_is_changed_and_brought_back() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, "SELECT 1").await;
        // Each of these belongs to this test alone.
        let kind = FixKind::ChangeSetting { name: "log_autovacuum_min_duration".into(), value: "17min".into() };
        let proposal = rig.propose_kind(kind.clone()).await;
        assert!(proposal.survey.blast.notes.join(" ").contains("read its configuration again right after it"));
        let Rights::Missing(missing) = &proposal.survey.rights else { panic!("{:?}", proposal.survey.rights) };
        assert_eq!(
            *missing,
            [
                format!("GRANT ALTER SYSTEM ON PARAMETER log_autovacuum_min_duration TO {}", rig.fix),
                format!("GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO {}", rig.fix)
            ]
        );
        rig.run(&missing.join("; ")).await;
        let proposal = rig.propose_kind(kind).await;
        assert_eq!(
            proposal.survey.inverse,
            Inverse::Statements(vec!["ALTER SYSTEM RESET log_autovacuum_min_duration".into()])
        );
        let (done, _) = rig.carry_out(&proposal).await;
        let acted = done.unwrap();
        assert!(acted.notices.join(" ").contains("told to read its configuration again"), "{acted:?}");
        let kept = "SELECT coalesce(max(setting), '') FROM pg_file_settings WHERE name = 'log_autovacuum_min_duration' AND sourcefile LIKE '%auto.conf'";
        assert_eq!(rig.one(kept).await, "17min");
        eventually(PATIENCE, "the setting is in force", || async {
            rig.one("SHOW log_autovacuum_min_duration").await == "17min"
        })
        .await;
        rig.undo(&["ALTER SYSTEM RESET log_autovacuum_min_duration".into()]).await;
        assert_eq!(rig.one(kept).await, "");
        rig.remove().await;
    });
}

#[test]
fn settings_of_roles_and_databases_come_back_as_they_were() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, "SELECT 1").await;
        let role = rig.here("$_app");
        rig.run(&format!("CREATE ROLE {role}; ALTER ROLE {role} SET search_path = app, \"Odd One\"; ALTER ROLE {} CREATEROLE; GRANT {role} TO {} WITH ADMIN OPTION", rig.fix, rig.fix)).await;
        let kept = format!(
            "SELECT coalesce(string_agg(setconfig::text, ' ' ORDER BY setdatabase), '') FROM pg_db_role_setting WHERE setrole = '{role}'::regrole"
        );
        let before = rig.one(&kept).await;
        for statement in [
            format!("ALTER ROLE {role} SET work_mem = '64MB'"),
            format!("ALTER ROLE {role} SET search_path = other"),
            format!("ALTER ROLE {role} IN DATABASE shop SET statement_timeout TO 5000"),
            format!("ALTER ROLE {role} RESET search_path"),
        ] {
            let (_, undo) = rig.act(&statement).await;
            assert_ne!(rig.one(&kept).await, before, "{statement}");
            rig.undo(&undo).await;
            assert_eq!(rig.one(&kept).await, before, "{statement}: {undo:?}");
        }
        rig.run(&format!("DROP ROLE {role}")).await;
        rig.remove().await;
    });
}

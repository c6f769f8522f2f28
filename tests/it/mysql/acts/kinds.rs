//! The typed kinds: ending sessions and their statements, and settings.

use super::bench::{Bench, Notebook};
use crate::mysql::support::*;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::ticket::Refusal;
use dba_gpt::domain::proposal::kind::{FixKind, SessionRef};
use dba_gpt::domain::proposal::survey::Rights;
use dba_gpt::engine::{ActError, mysql};
use tokio_util::sync::CancellationToken;

fn pointed_at(id: i64) -> Vec<SessionRef> {
    vec![SessionRef { id, facts: Vec::new(), about: String::new() }]
}

async fn frozen(bench: &Bench, kind: FixKind) -> Result<FixKind, SessionError> {
    let mut reader = bench.reader().await;
    (mysql::SPEC.fixing.freeze)(&mut *reader, kind).await
}

const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, a INT); INSERT INTO t VALUES (1, 1), (2, 2)";

#[test]
fn a_session_is_ended_and_its_work_rolled_back() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "end", TABLE);
        let mut victim = bench.worker();
        let id = victim.number("SELECT CONNECTION_ID()");
        victim.run("BEGIN; UPDATE acts_end.t SET a = 9 WHERE id = 1");
        let kind = frozen(&bench, FixKind::EndSessions(pointed_at(id))).await.unwrap();
        let FixKind::EndSessions(sessions) = &kind else { panic!() };
        assert!(sessions[0].facts.iter().any(|(name, value)| name == "transaction" && value != "none"), "{kind:?}");
        let (acted, _) = bench.act_on(&bench.kind(kind)).await;
        assert_eq!(acted.unwrap().answer.as_deref(), Some("true"));
        let gone = format!("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = {id}");
        eventually("the session ends", || bench.admin.number(&gone) == 0).await;
        eventually("its change goes", || bench.admin.number("SELECT a FROM acts_end.t WHERE id = 1") == 1).await;
        let again = frozen(&bench, FixKind::EndSessions(pointed_at(id))).await.unwrap();
        assert_eq!(again, FixKind::EndSessions(Vec::new()), "one that is gone is left out");
        assert!(mysql::SPEC.dialect.render(&again).is_err());
    });
}

#[test]
fn a_statement_is_cancelled_and_another_one_is_not() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "cancel", TABLE);
        let mut victim = bench.worker();
        let id = victim.number("SELECT CONNECTION_ID()");
        victim.send("SELECT SLEEP(300)");
        let runs =
            format!("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = {id} AND INFO LIKE '%SLEEP%'");
        eventually("it runs", || bench.admin.number(&runs) == 1).await;
        let kind = frozen(&bench, FixKind::CancelStatements(pointed_at(id))).await.unwrap();
        let draft = bench.kind(kind);
        let (approved, plan, mut session) = bench.approve(&draft, |_| {}).await.unwrap();
        // It goes on to something else before the act comes.
        bench.admin.run(&format!("KILL QUERY {id}"));
        victim.run("SELECT 1");
        victim.send("SELECT SLEEP(301)");
        eventually("the next one runs", || bench.admin.number(&runs) == 1).await;
        let error =
            session.act(approved, &plan, &mut Notebook::default(), &CancellationToken::new()).await.unwrap_err();
        assert!(matches!(error, ActError::RolledBack(Refusal::Moved(_))), "{error}");
        assert_eq!(bench.admin.number(&runs), 1, "it was left alone");
        let kind = frozen(&bench, FixKind::CancelStatements(pointed_at(id))).await.unwrap();
        let (acted, _) = bench.act_on(&bench.kind(kind)).await;
        acted.unwrap();
        assert_eq!(victim.run("SELECT 'still here'").last().map(String::as_str), Some("still here"));
    });
}

#[test]
fn sessions_that_must_live_are_refused() {
    on_each_server(|server| async move {
        let bench = Bench::new(&server, "live", TABLE);
        let mut reader = bench.reader().await;
        let own = one(&mut *reader, "SELECT CONNECTION_ID()").await.int().unwrap();
        let refused = (mysql::SPEC.fixing.freeze)(&mut *reader, FixKind::EndSessions(pointed_at(own))).await;
        assert!(refused.unwrap_err().to_string().contains("own"), "our own session");
        let gone = bench.survey(&bench.typed("KILL 999999999")).await.unwrap_err();
        assert!(gone.to_string().contains("gone"), "{gone}");
    });
}

#[test]
fn a_setting_changes_and_comes_back() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "set", TABLE);
        let kind = FixKind::ChangeSetting { name: "innodb_old_blocks_time".into(), value: "1234".into() };
        let draft = bench.kind(kind);
        let mut session = bench.fixing().await;
        let survey = (mysql::SPEC.fixing.survey)(&mut *session, &draft, None).await.unwrap();
        let Rights::Missing(grants) = survey.rights else { panic!("{:?}", survey.rights) };
        let power = if server.is_mariadb { "SUPER" } else { "SYSTEM_VARIABLES_ADMIN" };
        assert_eq!(grants, [format!("GRANT {power} ON *.* TO '{}'@'%'", bench.fixer)]);
        bench.admin.run(&grants[0]);
        let state = "SELECT @@global.innodb_old_blocks_time";
        let before = bench.admin.run(state);
        let (acted, undo) = bench.act_on(&draft).await;
        assert_eq!(acted.unwrap().answer.as_deref(), Some("1234"));
        assert_eq!(bench.admin.run(state), ["1234"]);
        let (acted, _) = bench.act(&undo[0]).await;
        acted.unwrap();
        assert_eq!(bench.admin.run(state), before);
        let nothing = FixKind::ChangeSetting { name: "no_such_setting".into(), value: "1".into() };
        assert!(bench.survey(&bench.kind(nothing)).await.unwrap_err().to_string().contains("no setting"));
    });
}

//! Upkeep by `pg_cron`: proposed, approved, made as the login that files it, seen to be in force, taken back only while
//! it is as it was made, and refused wherever it would run nothing or overwrite something.

use super::rig::{Notebook, Rig, approve, connect, draft, redeemed};
use crate::postgres::support::{run, skipped};
use crate::support::servers::{self, Address};
use dba_gpt::domain::guard::ticket::Refusal;
use dba_gpt::domain::procedure::Check;
use dba_gpt::domain::proposal::Draft;
use dba_gpt::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};
use dba_gpt::domain::proposal::survey::{Inverse, Rights};
use dba_gpt::engine::{ActError, Session, postgres};
use tokio_util::sync::CancellationToken;

fn vacuum(schema: &str, table: &str) -> FixKind {
    FixKind::ScheduleUpkeep {
        name: ObjectRef::new(schema, &format!("dba_gpt_vacuum_{table}")),
        every_hours: 6,
        upkeep: Upkeep::Vacuum,
        table: ObjectRef::new(schema, table),
    }
}

fn of_kind(kind: FixKind) -> Draft {
    let statement = postgres::SPEC.dialect.render(&kind).unwrap();
    Draft { statement, class: kind.class(), kind: Some(kind), database: None }
}

async fn in_force(mut session: Box<dyn Session>, kind: &FixKind) -> Option<bool> {
    let check = Check::InForce(Box::new(kind.clone()));
    let held = (postgres::SPEC.fixing.verify)(&mut *session, &check).await.unwrap().held;
    session.close().await;
    held
}

/// What the session that acts says of a draft that it refuses.
async fn refused(rig: &Rig, draft: &Draft) -> String {
    let mut fixer = rig.fixer().await;
    let answer = (postgres::SPEC.fixing.survey)(&mut *fixer, draft, None).await;
    fixer.close().await;
    answer.expect_err("it is refused").to_string()
}

fn on_cron(test: impl AsyncFn(String)) {
    if !skipped()
        && let Some(url) = servers::cron_postgres_url()
    {
        run(test(url));
    }
}

#[test]
fn a_job_goes_round_and_only_as_it_was_made() {
    on_cron(async |url| {
        let rig = Rig::new(&url, "CREATE TABLE $.\"My t\" (id int); INSERT INTO $.\"My t\" VALUES (1)").await;
        let kind = vacuum(&rig.schema, "My t");
        let (job, mine) = (format!("{}.dba_gpt_vacuum_My t", rig.schema), "username = '$_fix'");
        let count = format!("SELECT count(*)::text FROM cron.job WHERE {mine}");

        let waits = rig.propose_kind(kind.clone()).await;
        assert_eq!(waits.survey.rights, Rights::Missing(vec![format!("GRANT USAGE ON SCHEMA cron TO {}", rig.fix)]));
        rig.run("GRANT USAGE ON SCHEMA cron TO $_fix").await;
        let waits = rig.propose_kind(kind.clone()).await;
        assert_eq!(waits.survey.rights, Rights::Held);
        assert!(waits.survey.blast.notes.iter().any(|note| note.contains("VACUUM (ANALYZE)")), "{:?}", waits.survey);
        assert!(waits.survey.blast.tables[0].name.ends_with("\"My t\""), "{:?}", waits.survey.blast);
        let Inverse::Statements(undo) = waits.survey.inverse.clone() else { panic!("{:?}", waits.survey.inverse) };

        // Of somebody else, a job of the same name is another job.
        rig.run(&format!("SELECT cron.schedule('{job}', '5 4 * * *', 'SELECT 1')")).await;
        assert_eq!(in_force(connect(&url, "dba-gpt test").await, &kind).await, Some(false));
        let (done, _) = rig.carry_out(&waits).await;
        done.unwrap();
        assert_eq!(rig.one(&count).await, "1");
        let filed = format!("SELECT command FROM cron.job WHERE {mine} AND database = current_database() AND active");
        assert_eq!(rig.one(&filed).await, rig.here("VACUUM (ANALYZE) $.\"My t\""));
        // Whoever made it sees it, an administrator too; what the reader cannot see it does not say.
        assert_eq!(in_force(rig.fixer().await, &kind).await, Some(true));
        assert_eq!(in_force(connect(&url, "dba-gpt test").await, &kind).await, Some(true));
        assert_eq!(in_force(rig.reader().await, &kind).await, None);
        // A second one would overwrite it.
        assert!(refused(&rig, &waits.draft).await.contains("already, and it is this one"));

        // What somebody has changed since is not what the undo is of.
        let back = rig.propose(&undo[0]).await;
        assert_eq!(back.survey.inverse, Inverse::Statements(vec![waits.draft.statement.clone()]));
        for change in ["schedule = '0 3 * * *'", "command = 'SELECT 1'", "active = false", "database = 'postgres'"] {
            rig.run(&format!("CREATE TABLE $.kept AS SELECT * FROM cron.job WHERE {mine}")).await;
            rig.run(&format!("UPDATE cron.job SET {change} WHERE {mine}")).await;
            let why = refused(&rig, &back.draft).await;
            assert!(why.contains("not as it was made"), "{change}: {why}");
            if !change.starts_with("active") && !change.starts_with("database") {
                assert!(refused(&rig, &waits.draft).await.contains("there is a job"), "{change}");
            }
            // Sent all the same, it takes nothing.
            let approved = approve(&back, &back.survey).unwrap();
            let mut fixer = rig.fixer().await;
            let sent = fixer.act(approved, &back.survey, &mut Notebook::default(), &CancellationToken::new()).await;
            assert!(matches!(sent, Err(ActError::RolledBack(Refusal::Moved(_)))), "{change}: {sent:?}");
            assert_eq!(rig.one(&count).await, "1", "{change}");
            rig.run(
                "UPDATE cron.job j SET schedule = k.schedule, command = k.command, active = k.active, \
                 database = k.database FROM $.kept k WHERE j.jobid = k.jobid; DROP TABLE $.kept",
            )
            .await;
        }
        let (_, redo) = rig.act(&undo[0]).await;
        assert_eq!(rig.one(&count).await, "0");
        assert_eq!(rig.one(&format!("SELECT count(*)::text FROM cron.job WHERE jobname = '{job}'")).await, "1");
        assert_eq!(redo, std::slice::from_ref(&waits.draft.statement));
        assert!(refused(&rig, &back.draft).await.contains("has no job"));

        // As it was, and away again.
        rig.undo(&redo).await;
        assert_eq!(in_force(rig.fixer().await, &kind).await, Some(true));
        rig.undo(&undo).await;
        rig.run(&format!("SELECT cron.unschedule('{job}')")).await;
        rig.remove().await;
    });
}

#[test]
fn a_table_that_became_another_one_has_no_job() {
    on_cron(async |url| {
        let rig = Rig::new(&url, "CREATE TABLE $.t (id int); CREATE VIEW $.v AS SELECT 1 AS one").await;
        rig.run("GRANT USAGE ON SCHEMA cron TO $_fix").await;
        let waits = rig.propose_kind(vacuum(&rig.schema, "t")).await;
        rig.run_as_owner("DROP TABLE $.t; CREATE TABLE $.t (id int)").await;
        let mut fixer = rig.fixer().await;
        let moved = redeemed(&mut *fixer, &waits).await.err();
        assert!(matches!(moved, Some(Refusal::Moved(_))), "{moved:?}");
        fixer.close().await;
        let none = refused(&rig, &of_kind(vacuum(&rig.schema, "gone"))).await;
        assert!(none.contains("there is no table"), "{none}");
        let view = refused(&rig, &of_kind(vacuum(&rig.schema, "v"))).await;
        assert!(view.contains("is no table"), "{view}");
        let system = refused(&rig, &of_kind(vacuum("pg_catalog", "pg_class"))).await;
        assert!(system.contains("belongs to the server itself"), "{system}");
        rig.remove().await;
    });
}

#[test]
fn where_nothing_would_run_nothing_is_filed() {
    on_cron(async |url| {
        // Another database of the same server: jobs live in one of them alone.
        let elsewhere = Address { database: "postgres".into(), ..Address::of(&url) }.url();
        let draft = of_kind(vacuum("pg_catalog", "pg_class"));
        let mut session = connect(&elsewhere, "dba-gpt test").await;
        let why = (postgres::SPEC.fixing.survey)(&mut *session, &draft, None).await.unwrap_err().to_string();
        assert!(why.contains("keeps its jobs in shop"), "{why}");
        let offered = postgres::SPEC.dialect.scheduler().unwrap();
        let runs = (postgres::SPEC.fixing.verify)(&mut *session, &offered).await.unwrap();
        assert_eq!(runs.held, Some(false), "{runs:?}");
    });
    if skipped() {
        return;
    }
    run(async {
        // A schema of that name is no extension.
        let rig = Rig::new(&servers::postgres_url(), "CREATE TABLE $.t (id int)").await;
        let why = rig.survey_draft(&of_kind(vacuum(&rig.schema, "t"))).await.unwrap_err();
        assert!(why.contains("pg_cron is not installed in the database"), "{why}");
        rig.remove().await;
    });
}

#[test]
fn a_job_of_any_other_form_is_a_call_that_nobody_knows() {
    on_cron(async |url| {
        let rig = Rig::new(&url, "CREATE TABLE $.t (id int)").await;
        rig.run("GRANT USAGE ON SCHEMA cron TO $_fix").await;
        let typed = rig.here("SELECT cron.schedule('nightly', '0 3 * * *', 'DELETE FROM $.t')");
        let survey = rig.survey_draft(&draft(&typed)).await.unwrap();
        assert!(matches!(survey.inverse, Inverse::None(_)), "{:?}", survey.inverse);
        rig.remove().await;
    });
}

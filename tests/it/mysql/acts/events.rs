//! Upkeep by the server's own scheduler: proposed, approved, made, seen to be in force, taken back, and made again.

use super::bench::Bench;
use crate::mysql::support::*;
use dba_gpt::domain::procedure::Check;
use dba_gpt::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};
use dba_gpt::engine::mysql;

fn scheduled(space: &str, name: &str, table: &str) -> FixKind {
    FixKind::ScheduleUpkeep {
        name: ObjectRef::new(space, name),
        every_hours: 6,
        upkeep: Upkeep::Analyze,
        table: ObjectRef::new(space, table),
    }
}

async fn in_force(bench: &Bench, kind: &FixKind) -> Option<bool> {
    let mut session = bench.fixing().await;
    let check = Check::InForce(Box::new(kind.clone()));
    (mysql::SPEC.fixing.verify)(&mut *session, &check).await.unwrap().held
}

#[test]
fn an_event_goes_round_where_the_scheduler_runs_and_is_refused_where_not() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "event", "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)");
        let kind = scheduled("acts_event", "dba_gpt_analyze_t", "t");
        let draft = bench.kind(kind.clone());
        let scheduler = bench.admin.run("SELECT @@global.event_scheduler").last().cloned().unwrap();

        bench.admin.run(&format!("GRANT EVENT ON acts_event.* TO {}@'%'", bench.fixer));

        bench.admin.run("SET GLOBAL event_scheduler = OFF");
        let refused = bench.survey(&draft).await.unwrap_err().to_string();
        assert!(refused.contains("event_scheduler is OFF"), "{refused}");

        bench.admin.run("SET GLOBAL event_scheduler = ON");
        assert_eq!(in_force(&bench, &kind).await, Some(false));
        let (acted, undo) = bench.act_on(&draft).await;
        acted.unwrap();
        assert_eq!(in_force(&bench, &kind).await, Some(true));
        assert_eq!(undo, ["DROP EVENT acts_event.dba_gpt_analyze_t"]);

        // Whoever sees events sees that it is there; a reading login does not, and says so.
        let mut session = bench.fixing().await;
        let again = (mysql::SPEC.fixing.survey)(&mut *session, &draft, None).await.unwrap_err().to_string();
        assert!(again.contains("there is an event"), "{again}");
        let mut reader = bench.reader().await;
        let check = Check::InForce(Box::new(kind.clone()));
        assert_eq!((mysql::SPEC.fixing.verify)(&mut *reader, &check).await.unwrap().held, None);

        // What is of our form can be made again as it was.
        let (acted, redo) = bench.act_on(&bench.typed(&undo[0])).await;
        acted.unwrap();
        assert_eq!(in_force(&bench, &kind).await, Some(false));
        assert_eq!(redo, std::slice::from_ref(&draft.statement));

        // Somebody else's code is dropped only as what it is.
        bench.admin.run(&format!(
            "CREATE DEFINER = {}@'%' EVENT acts_event.other ON SCHEDULE EVERY 1 DAY DO DELETE FROM acts_event.t",
            bench.fixer
        ));
        let (acted, undo) = bench.act_on(&bench.typed("DROP EVENT acts_event.other")).await;
        acted.unwrap();
        assert!(undo.is_empty(), "{undo:?}");
        bench.admin.run(&format!("SET GLOBAL event_scheduler = {scheduler}"));
    });
}

//! The whole way, with nothing in between.

use super::*;
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::Inverse;

#[tokio::test]
async fn an_approved_change_is_made_once_recorded_and_can_be_undone() {
    let site = Site::new();
    let before = site.rows();
    let proposal = site.propose("UPDATE orders SET status = 'void', note = NULL WHERE id IN (2, 3)").await;
    assert_eq!((proposal.stage, proposal.most_rows), (Stage::Waiting, Some(3)));
    assert_eq!(site.rows(), before, "a proposal changes nothing");

    let done = site.approve(proposal.id, &consent(&proposal)).await.unwrap();
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
    assert_eq!(site.on_file(proposal.id).await, done);
    assert_ne!(site.rows(), before);
    assert_eq!(site.audited(proposal.id), ["proposed", "approved", "intent", "outcome"]);

    let Inverse::Statements(undo) = &done.survey.inverse else { panic!("{:?}", done.survey.inverse) };
    assert_eq!(undo.len(), 1);
    let undo = site.propose(&undo[0]).await;
    let undone = site.approve(undo.id, &consent(&undo)).await.unwrap();
    assert_eq!(undone.stage, Stage::Done, "{:?}", undone.happenings);
    assert_eq!(site.rows(), before, "the rows are as they were");
}

#[tokio::test]
async fn a_deleted_row_comes_back_exactly() {
    let site = Site::new();
    let before = site.rows();
    let proposal = site.propose("DELETE FROM orders WHERE id = 7").await;
    let done = site.approve(proposal.id, &consent(&proposal)).await.unwrap();
    assert_eq!(site.rows().len(), before.len() - 1);
    let Inverse::Statements(undo) = &done.survey.inverse else { panic!("{:?}", done.survey.inverse) };
    let undo = site.propose(&undo[0]).await;
    site.approve(undo.id, &consent(&undo)).await.unwrap();
    assert_eq!(site.rows(), before);
}

#[tokio::test]
async fn what_the_server_refuses_is_not_run_and_says_why() {
    let site = Site::new();
    let before = site.rows();
    let proposal = site.propose("UPDATE orders SET status = NULL WHERE id = 1").await;
    let ended = site.approve(proposal.id, &consent(&proposal)).await.unwrap();
    assert_eq!(ended.stage, Stage::NotRun, "{:?}", ended.happenings);
    assert!(ended.happenings.last().unwrap().words.contains("NOT NULL"), "{:?}", ended.happenings);
    assert_eq!(site.rows(), before);
    assert_eq!(site.audited(proposal.id).last().map(String::as_str), Some("outcome"));
}

#[tokio::test]
async fn reads_and_refused_statements_are_no_proposals() {
    let site = Site::new();
    assert_eq!(site.try_propose("SELECT * FROM orders").await, Err(NotProposed::Reads));
    for refused in ["DELETE FROM orders", "ATTACH 'x' AS y", "UPDATE orders SET status = 'a' WHERE id = 1; SELECT 1"] {
        assert!(matches!(site.try_propose(refused).await, Err(NotProposed::Refused(_))), "{refused}");
    }
    assert!(matches!(site.try_propose("DELETE FROM nowhere WHERE id = 1").await, Err(NotProposed::Failed(_))));
    assert!(site.workshop.store.proposals(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_target_that_is_closed_takes_no_act() {
    let mut site = Site::new();
    let proposal = site.propose("DELETE FROM orders WHERE id = 7").await;
    site.ways.closed = Some("read_only = true".into());
    let refused = site.approve(proposal.id, &consent(&proposal)).await.unwrap_err();
    assert!(refused.words.contains("read_only"), "{}", refused.words);
    assert!(matches!(site.try_propose("DELETE FROM orders WHERE id = 8").await, Err(NotProposed::Refused(_))));
    assert_eq!(site.rows().len(), 10);
}

#[tokio::test]
async fn a_second_approver_is_another_person() {
    let mut site = Site::new();
    site.ways.approvers = 2;
    let proposal = site.propose("DELETE FROM orders WHERE id = 7").await;
    let first = site.approve(proposal.id, &consent(&proposal)).await.unwrap();
    assert_eq!((first.stage, site.rows().len()), (Stage::Seconding, 10));
    let refused = site.approve(proposal.id, &consent(&first)).await.unwrap_err();
    assert!(refused.words.contains("another person"), "{}", refused.words);
    assert_eq!(site.rows().len(), 10);
    let second = site.another("bob");
    let done = second.approve(proposal.id, &consent(&first)).await.unwrap();
    assert_eq!((done.stage, site.rows().len()), (Stage::Done, 9));
    let people: Vec<_> = done.happenings.iter().filter_map(|h| h.who.as_ref().map(Who::person)).collect();
    assert_eq!(people, ["ann", "bob"]);
}

#[tokio::test]
async fn without_an_audit_log_nothing_is_done() {
    let site = Site::new();
    let proposal = site.propose("DELETE FROM orders WHERE id = 7").await;
    // Somebody cut the log's end off.
    let log = rusqlite::Connection::open(site.folder.join("data/audit.db")).unwrap();
    log.execute("DELETE FROM record", []).unwrap();
    drop(log);
    let refused = site.approve(proposal.id, &consent(&proposal)).await.unwrap_err();
    assert!(refused.words.contains("audit"), "{}", refused.words);
    assert_eq!(site.rows().len(), 10);
    assert!(site.on_file(proposal.id).await.stage.is_open());
}

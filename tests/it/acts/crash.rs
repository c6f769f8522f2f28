//! The process dies at each stage between approval and outcome: afterwards the act is done, undone, waiting again, or
//! in need of a person, and the database agrees.

use super::*;
use dba_gpt::domain::proposal::stage::Stage;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The folder and the stage at which the process below dies.
const FOLDER: &str = "DBA_GPT_TEST_ACT_FOLDER";
const STAGE: &str = "DBA_GPT_TEST_ACT_STAGE";

/// Not a test: the process that is killed, by itself, as soon as a stage is on disk.
#[tokio::test]
#[ignore = "a part of the test that starts it"]
async fn the_process_that_dies() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let dies_at = std::env::var(STAGE).unwrap();
    let folder = PathBuf::from(folder);
    let site = Site::at(&folder, &format!("sqlite:{}", folder.join("shop.db").display()));
    let proposal = site.workshop.store.proposals(0).await.unwrap().remove(0);
    let told = move |p: &Proposal| {
        // `marked` is the record after the inverse has been stored, while the act runs.
        let here = if p.stage == Stage::Running && matches!(p.survey.inverse, Inverse::Statements(_)) {
            "marked"
        } else {
            p.stage.word()
        };
        if here == dies_at {
            kill(Pid::this(), Signal::SIGKILL).unwrap();
        }
    };
    let _ =
        site.workshop.carry_out(&site.ways, proposal.id, &consent(&proposal), &CancellationToken::new(), &told).await;
}

use dba_gpt::domain::proposal::survey::Inverse;

/// Carries out the only proposal of a site in a process that dies at this stage.
fn die(site: &Site, dies_at: &str) {
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "acts::crash::the_process_that_dies", "--ignored", "--nocapture"])
        .env(FOLDER, &site.folder)
        .env(STAGE, dies_at)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success(), "{dies_at}: it should have died");
}

#[tokio::test]
async fn a_killed_act_is_never_unknown() {
    // Where it dies, and where it may stand afterwards.
    let cases = [
        ("approved", &[Stage::Waiting][..]),
        ("intended", &[Stage::Waiting]),
        ("running", &[Stage::NeedsPerson, Stage::Undone]),
        ("marked", &[Stage::NeedsPerson, Stage::Undone]),
        ("done", &[Stage::Done]),
    ];
    for (dies_at, wanted) in cases {
        let site = Site::new();
        let proposal = site.propose("DELETE FROM orders WHERE id IN (7, 8)").await;
        die(&site, dies_at);
        let rows = site.rows().len();
        site.workshop.recover(std::slice::from_ref(&site.ways), &|_| {}).await.unwrap();
        let after = site.on_file(proposal.id).await;
        assert!(wanted.contains(&after.stage), "{dies_at}: {:?}", after.happenings);
        assert_eq!(rows, if dies_at == "done" { 8 } else { 10 }, "{dies_at}");
        site.audited(proposal.id);
        if after.stage == Stage::Waiting {
            // It can be approved anew, and runs once.
            let done = site.approve(proposal.id, &consent(&after)).await.unwrap();
            assert_eq!((done.stage, site.rows().len()), (Stage::Done, 8), "{dies_at}");
        }
        // A second look changes nothing.
        let again = site.workshop.recover(std::slice::from_ref(&site.ways), &|_| {}).await.unwrap();
        assert!(again.is_empty(), "{dies_at}");
    }
}

/// The same for a step of a plan, which is verified and taken back.
#[tokio::test]
async fn a_killed_step_of_a_plan_is_never_unknown() {
    use super::plans::{purpose, step};
    use dba_gpt::domain::procedure::OnFailure;
    const DELETE: &str = "DELETE FROM orders WHERE id IN (7, 8)";
    // Where it dies, whether it helps, where it may stand afterwards, and how many rows are left.
    let cases = [
        ("approved", false, &[Stage::Waiting][..], 10),
        ("intended", false, &[Stage::Waiting], 10),
        ("running", false, &[Stage::NeedsPerson, Stage::Undone], 10),
        ("verifying", false, &[Stage::Done], 8),
        ("verifying", true, &[Stage::Done], 8),
        ("rolling-back", false, &[Stage::NeedsPerson, Stage::Done], 8),
        ("undone", false, &[Stage::Undone], 10),
    ];
    for (dies_at, helps, wanted, rows) in cases {
        let site = Site::new();
        let step = step(DELETE, helps, OnFailure::RollBack);
        let proposal = site.workshop.propose_step(&site.ways, &site.target(), purpose(vec![step], None)).await.unwrap();
        die(&site, dies_at);
        assert_eq!(site.rows().len(), rows, "{dies_at}");
        site.workshop.recover(std::slice::from_ref(&site.ways), &|_| {}).await.unwrap();
        let after = site.on_file(proposal.id).await;
        assert!(wanted.contains(&after.stage), "{dies_at}: {:?}", after.happenings);
        if dies_at == "verifying" {
            assert_eq!(after.verified.as_ref().and_then(|v| v.held), Some(helps), "{:?}", after.happenings);
            // The approval of its rollback died with the process: a person decides.
            let undo =
                site.workshop.store.proposals(10).await.unwrap().iter().any(|p| p.origin == Origin::Undo(after.id));
            assert_eq!(undo, !helps);
        }
        site.audited(proposal.id);
        assert_eq!(site.rows().len(), rows, "{dies_at}: looking after it changes nothing");
        let again = site.workshop.recover(std::slice::from_ref(&site.ways), &|_| {}).await.unwrap();
        assert!(again.is_empty(), "{dies_at}");
    }
}

#[tokio::test]
async fn an_act_of_a_living_process_is_left_alone() {
    let site = Site::new();
    let proposal = site.propose("DELETE FROM orders WHERE id = 7").await;
    let mut running = proposal.clone();
    running.stage = Stage::Running;
    assert!(site.workshop.store.replace_proposal(Stage::Waiting, running).await.unwrap());
    let held = dba_gpt::store::claim(&site.folder.join("data"), proposal.id).unwrap().unwrap();
    assert!(site.workshop.recover(std::slice::from_ref(&site.ways), &|_| {}).await.unwrap().is_empty());
    drop(held);
    assert_eq!(site.workshop.recover(std::slice::from_ref(&site.ways), &|_| {}).await.unwrap().len(), 1);
    assert_eq!(site.on_file(proposal.id).await.stage, Stage::NeedsPerson);
}

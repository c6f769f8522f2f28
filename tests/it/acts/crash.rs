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
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "acts::crash::the_process_that_dies", "--ignored", "--nocapture"])
            .env(FOLDER, &site.folder)
            .env(STAGE, dies_at)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(!status.success(), "{dies_at}: it should have died");
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

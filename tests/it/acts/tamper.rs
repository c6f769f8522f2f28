//! Everything that can be wrong with an approval, one at a time: refused, nothing changed, and in the audit log.

use super::*;
use dba_gpt::domain::guard::ticket::TICKET_MS;
use dba_gpt::domain::proposal::stage::Stage;

const DELETE: &str = "DELETE FROM orders WHERE id IN (7, 8)";

/// Approves, and wants a refusal with these words in it: nothing changed, the proposal is open, the log has it.
async fn refused(site: &Site, proposal: &Proposal, consent: &Consent, words: &str) {
    let before = site.rows();
    let refused = site.approve(proposal.id, consent).await.expect_err(words);
    assert!(refused.words.contains(words), "wanted `{words}`: {}", refused.words);
    assert_eq!(site.rows(), before, "{words}");
    assert!(site.on_file(proposal.id).await.stage.is_open(), "{words}");
    assert_eq!(site.audited(proposal.id).last().map(String::as_str), Some("refused"), "{words}");
}

/// Changes the proposal on file behind the back of whoever looks at it.
async fn edit(site: &Site, id: u64, change: impl FnOnce(&mut Proposal)) {
    let mut proposal = site.on_file(id).await;
    change(&mut proposal);
    assert!(site.workshop.store.replace_proposal(proposal.stage, proposal).await.unwrap());
}

#[tokio::test]
async fn consent_that_is_none() {
    let site = Site::new();
    let proposal = site.propose(DELETE).await;
    let good = consent(&proposal);
    let cases = [
        (Consent { from_terminal: false, ..good.clone() }, "person at a terminal"),
        (Consent { read_to_the_end: false, ..good.clone() }, "end of the statement"),
        (Consent { focused: good.decided, ..good.clone() }, "as the box came up"),
    ];
    for (bad, words) in cases {
        refused(&site, &proposal, &bad, words).await;
    }
}

#[tokio::test]
async fn a_name_that_was_not_typed() {
    let site = Site::new();
    let mut proposal = site.propose(DELETE).await;
    edit(&site, proposal.id, |p| p.environment = Environment::Production).await;
    proposal = site.on_file(proposal.id).await;
    for typed in [None, Some(String::new()), Some("Shop".to_owned()), Some("shop ".to_owned())] {
        refused(&site, &proposal, &Consent { typed_name: typed, ..consent(&proposal) }, "type the name").await;
    }
}

#[tokio::test]
async fn a_configuration_that_changed_since() {
    type Change = fn(&mut Site);
    let changes: [(Change, &str); 3] = [
        (|s| s.ways.environment = Environment::Production, "it is prod now"),
        (|s| s.ways.login = Some("another".into()), "another fix login"),
        (|s| s.ways.approvers = 2, "fewer persons"),
    ];
    for (change, words) in changes {
        let mut site = Site::new();
        let proposal = site.propose(DELETE).await;
        change(&mut site);
        refused(&site, &proposal, &consent(&proposal), words).await;
        assert_eq!(site.rows().len(), 10, "{words}");
    }
}

#[tokio::test]
async fn a_screen_that_is_old() {
    let site = Site::new();
    let proposal = site.propose(DELETE).await;
    // Each part of the act, changed after it was drawn.
    type Change = fn(&mut Proposal);
    let changes: [(&str, Change); 8] = [
        ("statement", |p| p.draft.statement = "DELETE FROM orders WHERE id IN (7, 9)".into()),
        ("one byte", |p| p.draft.statement.push(' ')),
        ("target's address", |p| p.address = "elsewhere".into()),
        ("login", |p| p.login = "root".into()),
        ("environment", |p| p.environment = Environment::Staging),
        ("objects", |p| p.survey.objects[0].id.push('1')),
        ("limit of rows", |p| p.most_rows = Some(1_000)),
        ("server", |p| p.survey.place.server = Some("another".into())),
    ];
    for (what, change) in changes {
        let fresh = site.propose(DELETE).await;
        edit(&site, fresh.id, change).await;
        let drawn = Consent { typed_name: Some("shop".into()), ..consent(&fresh) };
        refused(&site, &fresh, &drawn, "what was on the screen").await;
        assert_eq!(site.rows().len(), 10, "{what}");
    }
    // The digest of one proposal is not that of another with the same statement.
    let other = site.propose(DELETE).await;
    refused(&site, &other, &consent(&proposal), "what was on the screen").await;
}

#[tokio::test]
async fn objects_that_moved() {
    type Move = &'static str;
    let moves: [(Move, &str); 4] = [
        ("ALTER TABLE orders ADD COLUMN extra TEXT", "object"),
        ("CREATE TRIGGER t AFTER DELETE ON orders BEGIN UPDATE orders SET total = 0; END", "object|condition"),
        (
            "CREATE TABLE new (id INTEGER PRIMARY KEY, status TEXT, total REAL, note BLOB);
             INSERT INTO new SELECT * FROM orders; DROP TABLE orders; ALTER TABLE new RENAME TO orders",
            "object",
        ),
        ("ALTER TABLE orders RENAME TO others", "the last look"),
    ];
    for (change, words) in moves {
        let site = Site::new();
        let proposal = site.propose(DELETE).await;
        site.shop().execute_batch(change).unwrap();
        let before = site.rows();
        let said = site.approve(proposal.id, &consent(&proposal)).await.expect_err(change).words;
        assert!(words.split('|').any(|w| said.contains(w)), "{change}: {said}");
        assert_eq!(site.rows(), before, "{change}");
        assert_eq!(site.audited(proposal.id).last().map(String::as_str), Some("refused"));
    }
}

#[tokio::test]
async fn another_file_at_the_same_path() {
    let site = Site::new();
    let proposal = site.propose(DELETE).await;
    let file = site.folder.join("shop.db");
    std::fs::copy(&file, site.folder.join("copy.db")).unwrap();
    std::fs::rename(site.folder.join("copy.db"), &file).unwrap();
    refused(&site, &proposal, &consent(&proposal), "another server").await;
}

#[tokio::test]
async fn more_rows_than_were_shown() {
    let site = Site::new();
    let proposal = site.propose("DELETE FROM orders WHERE status = 'open'").await;
    assert_eq!(proposal.most_rows, Some(6));
    site.shop().execute_batch("UPDATE orders SET status = 'open'").unwrap();
    refused(&site, &proposal, &consent(&proposal), "10 rows").await;
}

#[tokio::test]
async fn consent_that_is_too_old_or_from_the_future() {
    let site = Site::new();
    let proposal = site.propose(DELETE).await;
    let good = consent(&proposal);
    let shifted = |ms: i64| {
        let mut other = good.clone();
        other.decided.wall = other.decided.wall.plus_ms(ms);
        other
    };
    let long_ago = -i64::try_from(TICKET_MS).unwrap() - 60_000;
    refused(&site, &proposal, &shifted(long_ago), "older than").await;
    refused(&site, &proposal, &shifted(60_000), "clock").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_press_and_a_second_process() {
    let site = Site::new();
    let other = site.another("ann");
    let proposal = site.propose(DELETE).await;
    let consent = consent(&proposal);
    let (a, b, c) = tokio::join!(
        site.approve(proposal.id, &consent),
        site.approve(proposal.id, &consent),
        other.approve(proposal.id, &consent),
    );
    let done: Vec<_> = [a, b, c].into_iter().filter_map(Result::ok).collect();
    assert_eq!(done.len(), 1);
    assert_eq!((done[0].stage, site.rows().len()), (Stage::Done, 8));
    let again = site.approve(proposal.id, &consent).await.unwrap_err();
    assert!(again.words.contains("nothing to approve"), "{}", again.words);
    let outcomes = site.audited(proposal.id).iter().filter(|kind| *kind == "outcome").count();
    assert_eq!(outcomes, 1);
}

#[tokio::test]
async fn a_proposal_that_was_decided_otherwise() {
    let site = Site::new();
    for stage in [Stage::Denied, Stage::Withdrawn] {
        let proposal = site.propose(DELETE).await;
        site.workshop.decide(proposal.id, stage, "not tonight").await.unwrap();
        assert!(site.approve(proposal.id, &consent(&proposal)).await.is_err());
        assert!(site.workshop.decide(proposal.id, stage, "again").await.is_err());
    }
    assert_eq!(site.rows().len(), 10);
}

#[tokio::test]
async fn statements_that_hide_something() {
    let site = Site::new();
    let hidden = [
        "DELETE FROM orders WHERE id = 7 -- \u{202e}",
        "DELETE FROM ord\u{200b}ers WHERE id = 7",
        "DELETE FROM \u{43e}rders WHERE id = 7",
        "DELETE FROM orders WHERE id = 7 --\rDELETE FROM orders WHERE id = 8",
    ];
    for statement in hidden {
        let statement = dba_gpt::domain::guard::decode_line(&statement.replace('\r', "\\r")).unwrap();
        if let Ok(proposal) = site.try_propose(&statement).await {
            refused(&site, &proposal, &consent(&proposal), "cannot be seen").await;
        }
    }
    assert_eq!(site.rows().len(), 10);
}

//! The file's own health: damage, and pages that nobody uses.

use super::*;

registry::cures! {
    "sqlite", || true;
    a_quiet_file_has_no_cause,
    a_damaged_file_is_touched_by_nobody,
    free_pages_are_given_back,
    free_pages_of_a_file_that_gives_none_back_stay,
}

async fn a_quiet_file_has_no_cause(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(dice.between(100, 20_000));
    let bed = Bed::at(&url);
    connection.execute("UPDATE orders SET status = 'void' WHERE id = 1", []).unwrap();
    let found = bed.looked(2, None, Vec::new()).await;
    assert_eq!(roots(&found), [], "{:#?}", found.diagnosis);
    assert!(found.plans.is_empty(), "{:#?}", found.plans);
}

/// Where a file is damaged, and how.
fn damage(bytes: &mut [u8], dice: &mut Dice) -> &'static str {
    const PAGE: usize = 4096;
    let how = *dice.pick(&["many pages", "one page", "the end is missing"]);
    // Behind the pages of the catalogue; each is hit in its header, where cells are counted and found.
    let pages = bytes.len() / PAGE;
    let hit = if how == "one page" { 1 } else { 20 };
    let first = 5 + dice.between(0, 10) as usize;
    if how != "the end is missing" {
        for page in (first..pages).take(hit) {
            bytes[page * PAGE..page * PAGE + 200].fill(0xff);
        }
    }
    how
}

async fn a_damaged_file_is_touched_by_nobody(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(dice.between(4_000, 9_000));
    connection.execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    drop(connection);
    let path = url.trim_start_matches("sqlite:");
    let mut bytes = std::fs::read(path).unwrap();
    let how = damage(&mut bytes, &mut dice);
    if how == "the end is missing" {
        bytes.truncate(bytes.len() / 4096 / 2 * 4096);
    }
    std::fs::write(path, bytes).unwrap();
    let bed = Bed::at(&url);
    if how == "the end is missing" {
        // Nobody gets in any more, and whoever tries is told why and what to do first.
        let Err(refused) = (bed.site.ways.read)("watch".into(), None).await else { panic!("it let somebody in") };
        assert!(refused.message.contains("damaged") && refused.message.contains("Copy it"), "{}", refused.message);
        return;
    }
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::Corruption], "{how}: {:#?}", found.diagnosis);
    let save = plan(&found, "C21b", "copies");
    assert!(save.steps.is_empty() && save.advice.len() > 5);
    assert!(found.plans.iter().all(|plan| plan.steps.is_empty()), "{how}: {:#?}", found.plans);
    assert_eq!(bed.answer(&Check::Intact).await.held, Some(false), "{how}");
}

/// A file most of whose pages are free.
fn emptied(dice: &mut Dice, auto_vacuum: &str) -> (tempfile::TempDir, String, Connection) {
    let (folder, url, connection) = shop(10);
    connection.execute_batch(&format!("PRAGMA auto_vacuum = {auto_vacuum}; VACUUM")).unwrap();
    let rows = dice.between(4_000, 8_000);
    connection
        .execute_batch(&format!(
            "CREATE TABLE bulk (x BLOB);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO bulk SELECT randomblob(4000) FROM n; DELETE FROM bulk; PRAGMA wal_checkpoint(TRUNCATE)",
        ))
        .unwrap();
    (folder, url, connection)
}

async fn free_pages_are_given_back(seed: u64) {
    let (_folder, url, connection) = emptied(&mut Dice::new(seed), "INCREMENTAL");
    let bed = Bed::at(&url);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::Bloat], "{:#?}", found.diagnosis);
    let mut back = plan(&found, "C7", "give free pages back").clone();
    // The file shrinks with the checkpoint that follows; how many pages it has is known at once.
    back.steps[0].verification.within_ms = 5_000;
    bed.cured(&back).await;
    let free: i64 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0)).unwrap();
    assert_eq!(free, 0);
}

async fn free_pages_of_a_file_that_gives_none_back_stay(seed: u64) {
    let (_folder, url, _connection) = emptied(&mut Dice::new(seed), "NONE");
    let bed = Bed::at(&url);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::Bloat], "{:#?}", found.diagnosis);
    assert!(found.plans.iter().all(|plan| !plan.title.contains("give free pages back")), "{:#?}", found.plans);
    let refused = bed.offered(FixKind::Maintain(Upkeep::Compact, None)).await;
    assert!(refused.is_err(), "auto_vacuum of this file is not incremental");
}

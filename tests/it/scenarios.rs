//! Scenarios are files: errors, probes and readings over time, what persons do, and what becomes of it all. One test
//! runs each of them twice: by the rules alone, and by the store on a disk, which have to agree.

mod keeper;
mod steps;

use keeper::Keeper;
use std::path::{Path, PathBuf};
use steps::Scenario;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scenarios");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    files
}

#[tokio::test]
async fn every_scenario_ends_as_it_says() {
    let files = files();
    assert!(files.len() >= 30, "{} scenarios are few", files.len());
    let mut wrong = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let scenario: Scenario = match toml::from_str(&std::fs::read_to_string(&path).unwrap()) {
            Ok(scenario) => scenario,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        for keeper in [Keeper::rules(), Keeper::store()] {
            let by = keeper.name();
            let complaints = steps::play(&scenario, keeper).await;
            wrong.extend(complaints.into_iter().map(|complaint| format!("{name} ({by}): {complaint}")));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

//! The same cells again and again with the times that people have; see `scripts/endurance`.

use super::cell::{self, Moment, Times, Trouble};
use crate::support::at_hand::Server;
use std::time::Duration;

/// Cells that run side by side: enough to be done on the same day, few enough not to be each other's trouble.
const AT_ONCE: usize = 24;

/// What became of the cells of one server.
#[derive(Default)]
struct Line {
    cells: usize,
    broken: Vec<String>,
    slowest: Duration,
    connections: usize,
}

#[test]
#[ignore = "takes long: run scripts/endurance"]
fn every_cell_again_and_again() {
    let repeats: usize = std::env::var("DBA_GPT_TEST_REPEATS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    eprintln!("{:<14}{:>7}{:>9}{:>16}{:>13}", "server", "cells", "broken", "slowest back", "connections");
    let mut broken = Vec::new();
    for server in Server::ALL.into_iter().filter(|server| server.spec().is_some()) {
        let line = runtime.block_on(all_cells(server, repeats));
        let seconds = line.slowest.as_secs_f64();
        let (cells, bad, most) = (line.cells, line.broken.len(), line.connections);
        eprintln!("{:<14}{cells:>7}{bad:>9}{seconds:>14.1} s{most:>13}", format!("{server:?}"));
        broken.extend(line.broken);
    }
    runtime.shutdown_background();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

async fn all_cells(server: Server, repeats: usize) -> Line {
    let mut waiting: Vec<(Trouble, Moment)> = Trouble::ALL
        .into_iter()
        .filter(|trouble| trouble.concerns(server))
        .flat_map(|trouble| [Moment::Connecting, Moment::Querying, Moment::Idle].map(|moment| (trouble, moment)))
        .cycle()
        .take(Trouble::ALL.iter().filter(|trouble| trouble.concerns(server)).count() * 3 * repeats)
        .collect();
    let (mut line, mut running) = (Line::default(), tokio::task::JoinSet::new());
    loop {
        while running.len() < AT_ONCE
            && let Some((trouble, moment)) = waiting.pop()
        {
            running.spawn(async move { (trouble, moment, cell::run(server, trouble, moment, &Times::real()).await) });
        }
        let Some(ended) = running.join_next().await else { return line };
        let (trouble, moment, outcome) = ended.unwrap();
        line.cells += 1;
        match outcome {
            Ok(outcome) => {
                line.slowest = line.slowest.max(outcome.back_after);
                line.connections = line.connections.max(outcome.connections);
            }
            Err(words) => line.broken.push(format!("{server:?}, {trouble:?}, {moment:?}: {words}")),
        }
    }
}

//! The files of one pattern.

use super::intake::{Intake, Piece};
use super::{AT_ONCE, Desk, LOOK, Logs, clock};
use crate::sources::follow::Follower;
use crate::store::incidents::LogPlace;
use std::path::PathBuf;

/// Follows them until the program ends.
pub(super) async fn follow(logs: Logs, pattern: PathBuf, desk: Desk) {
    let log = pattern.display().to_string();
    let place = desk.place(&logs.target, &log).await;
    let positions = place.and_then(|place| serde_json::from_str(&place).ok()).unwrap_or_default();
    let mut follower = Follower::new(pattern, positions);
    let mut intake = Intake::new(logs.target.clone(), logs.dialect, &logs.config);
    let (mut told, mut kept) = (String::new(), String::new());
    loop {
        let looked = tokio::task::spawn_blocking(move || {
            let piece = follower.look(clock::now(), AT_ONCE);
            (follower, piece)
        });
        let Ok((back, piece)) = looked.await else { return };
        follower = back;
        let (errors, idle) = match piece {
            Ok(Some(piece)) => {
                let bytes = Piece { log: piece.number, offset: piece.offset, torn: piece.torn, bytes: &piece.bytes };
                let errors = intake.feed(&bytes).unwrap_or_else(|words| {
                    say(&desk, &mut told, format!("{}: {}: {words}", logs.target, piece.path.display()));
                    Vec::new()
                });
                (errors, false)
            }
            Ok(None) => (intake.quiet(), true),
            Err(error) => {
                say(&desk, &mut told, format!("{}: its log cannot be read: {error}", logs.target));
                (Vec::new(), true)
            }
        };
        let place = serde_json::to_string(&follower.positions(|n| intake.settled(n))).unwrap_or_default();
        if !errors.is_empty() || place != kept {
            kept.clone_from(&place);
            let place = LogPlace { target: logs.target.clone(), log: log.clone(), place };
            if !desk.report(errors, place).await {
                return;
            }
        }
        if idle {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Says what is wrong with a log, each thing once.
fn say(desk: &Desk, told: &mut String, words: String) {
    if *told != words {
        told.clone_from(&words);
        let desk = desk.clone();
        tokio::spawn(async move { desk.tell(words).await });
    }
}

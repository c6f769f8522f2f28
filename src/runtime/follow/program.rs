//! A program that prints a log and goes on as it grows: started anew when it ends, ended with us.

use super::super::tunnel;
use super::intake::{Intake, Piece};
use super::{AT_ONCE, Desk, LOOK, Logs};
use crate::domain::text::{escape, redact};
use crate::secrets;
use crate::sources::resume::{Resumed, Seen};
use crate::store::incidents::LogPlace;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// Wait before a program that ended is started again: the first, and the longest. It doubles with each end.
const AGAIN_FIRST: Duration = Duration::from_secs(1);
const AGAIN_LONGEST: Duration = Duration::from_mins(1);
/// A program that printed something for longer than this was well.
const WELL_AFTER: Duration = Duration::from_secs(30);
/// Bytes of its talk that are kept: the last it said.
const TALK_BYTES: usize = 400;

/// A running program. Dropping it ends it and everything that it started.
struct Running {
    child: Child,
    group: Option<Pid>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let (Some(group), Ok(None)) = (self.group, self.child.try_wait()) {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// Follows it until the program ends.
pub(super) async fn follow(logs: Logs, words: Vec<String>, desk: Desk) {
    let log = words.join(" ");
    let place = desk.place(&logs.target, &log).await;
    let mut seen: Seen = place.and_then(|place| serde_json::from_str(&place).ok()).unwrap_or_default();
    let (mut wait, mut told) = (AGAIN_FIRST, false);
    loop {
        let began = tokio::time::Instant::now();
        let ended = once(&logs, &words, &log, &desk, &mut seen).await;
        let Some(why) = ended else { return };
        if began.elapsed() >= WELL_AFTER {
            (wait, told) = (AGAIN_FIRST, false);
        }
        if !told {
            told = true;
            let program = escape(words.first().map_or("", String::as_str));
            desk.tell(format!("{}: its log command ({program}) {why}; it is started again", logs.target)).await;
        }
        sleep(wait).await;
        wait = (wait * 2).min(AGAIN_LONGEST);
    }
}

/// Runs it once. Gives why it ended; none when this program does.
async fn once(logs: &Logs, words: &[String], log: &str, desk: &Desk, seen: &mut Seen) -> Option<String> {
    let mut running = match start(words, logs) {
        Ok(running) => running,
        Err(error) => return Some(format!("did not start: {error}")),
    };
    let (Some(mut out), Some(talk)) = (running.child.stdout.take(), running.child.stderr.take()) else {
        return Some("has no output".to_owned());
    };
    let talk = tokio::spawn(last_words(talk));
    let mut resumed = Resumed::new(seen.clone());
    let mut intake = Intake::new(logs.target.clone(), logs.dialect, &logs.config);
    let (mut buffer, mut offset) = (vec![0; AT_ONCE], 0_u64);
    let (mut wrong, mut ended) = (None, false);
    while !ended {
        let errors = match timeout(LOOK, out.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => {
                ended = true;
                intake.quiet()
            }
            Ok(Ok(length)) => {
                let mut lines = Vec::new();
                resumed.feed(&buffer[..length], &mut lines);
                let bytes = Piece { log: 0, offset, torn: false, bytes: &lines };
                let fed = if lines.is_empty() { Ok(Vec::new()) } else { intake.feed(&bytes) };
                offset += lines.len() as u64;
                fed.unwrap_or_else(|words| {
                    wrong = Some(words);
                    Vec::new()
                })
            }
            Err(_) => intake.quiet(),
        };
        // Lines that are not settled yet would be lost with us; their errors come a moment later, so the place waits.
        let settled = intake.settled(0).is_none_or(|settled| settled == offset);
        if !errors.is_empty() || (settled && resumed.seen() != seen) {
            if settled {
                seen.clone_from(resumed.seen());
            }
            let place = serde_json::to_string(seen).unwrap_or_default();
            let place = LogPlace { target: logs.target.clone(), log: log.to_owned(), place };
            if !desk.report(errors, place).await {
                return None;
            }
        }
        if let Some(words) = wrong {
            return Some(format!("prints what cannot be read: {words}"));
        }
    }
    let status = timeout(LOOK, running.child.wait()).await;
    let status = status.ok().and_then(Result::ok).map_or_else(String::new, |status| format!(" ({status})"));
    let said = talk.await.unwrap_or_default();
    let said = if said.is_empty() { said } else { format!(": {said}") };
    Some(format!("ended{status}{said}"))
}

fn start(words: &[String], logs: &Logs) -> std::io::Result<Running> {
    let words = tunnel::ending_with_us(words.to_vec());
    let (program, rest) = words.split_first().map_or(("", &[][..]), |(p, rest)| (p.as_str(), rest));
    let child = Command::new(program)
        .args(rest)
        .env_clear()
        .envs(secrets::for_children(&logs.variables))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Of its own, so that all of it can be ended, and Ctrl+C at our terminal is not for it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    Ok(Running { child, group })
}

/// The last that it said, fit to be shown.
async fn last_words(mut talk: impl AsyncRead + Unpin) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(length @ 1..) = talk.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..length]);
        kept.drain(..kept.len().saturating_sub(TALK_BYTES));
    }
    escape(redact(&String::from_utf8_lossy(&kept)).trim())
}

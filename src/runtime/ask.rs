//! Questions to the person at the terminal whose answers do not show: one at a time, past standard input and output.

use crate::domain::text::escape;
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use secrecy::SecretString;
use secrecy::zeroize::Zeroize as _;
use std::fs::File;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Asks. Its clones wait for each other, so that two questions never stand in one line.
#[derive(Clone, Default)]
pub(super) struct Asker {
    turn: Arc<Mutex<()>>,
}

impl Asker {
    /// The answer to a question; none when there is no terminal, or nobody there answers.
    pub(super) async fn ask(&self, question: &str) -> Option<SecretString> {
        let _turn = self.turn.lock().await;
        let question = escape(question);
        let typed = tokio::task::spawn_blocking(move || ask_unseen(&question)).await;
        let mut typed = typed.ok()?.ok()?;
        let secret = SecretString::from(typed.as_str());
        typed.zeroize();
        Some(secret)
    }
}

/// Asks on the terminal with its echo off before the question is seen, so that not even the fastest answer shows; what
/// was typed before the question is dropped.
fn ask_unseen(question: &str) -> std::io::Result<String> {
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&terminal)?;
    let mut unseen = before.clone();
    unseen.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &unseen)?;
    let typed = rpassword::prompt_password(question);
    tcsetattr(&terminal, SetArg::TCSANOW, &before)?;
    typed
}

//! Questions to the person at the terminal whose answers do not show: one at a time, past standard input and output.

use crate::domain::text::escape;
use secrecy::SecretString;
use secrecy::zeroize::Zeroize as _;
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
        let typed = tokio::task::spawn_blocking(move || rpassword::prompt_password(question)).await;
        let mut typed = typed.ok()?.ok()?;
        let secret = SecretString::from(typed.as_str());
        typed.zeroize();
        Some(secret)
    }
}

//! A login that may do next to nothing: a scratch user.

use super::{open, tell};
use crate::domain::error_event::SessionError;
use crate::engine::ConnectSettings;
use crate::engine::simulation::{Provoked, Scratch, and_clean, random_word};

/// Makes the user, does as it what it may not, and deletes it. Who may make no users is denied that already.
pub(super) async fn access_denied(settings: &ConnectSettings) -> Provoked {
    let user = Scratch::new()?;
    and_clean(&user, denied(settings, &user), clean(settings, user.name())).await
}

async fn denied(settings: &ConnectSettings, user: &Scratch) -> Provoked {
    let (name, password) = (user.name(), format!("{}{}", random_word()?, random_word()?));
    let secret = format!(">{password}");
    let mut wire = open(settings).await?;
    user.is_being_made();
    let rights = ["ACL", "SETUSER", name, "reset", "on", &secret, "+ping"];
    let shown = format!("ACL SETUSER {name} reset on >... +ping");
    if let Err(refused) = tell(&mut wire, &rights, &shown).await? {
        user.was_not_made();
        wire.close().await;
        return Ok(vec![refused]);
    }
    let mut raised = tell(&mut wire, &["AUTH", name, &password], &format!("AUTH {name} ...")).await?.err();
    if raised.is_none() {
        let get = ["GET", "dba_gpt_simulation"];
        raised = tell(&mut wire, &get, &get.join(" ")).await?.err();
    }
    wire.close().await;
    Ok(raised.into_iter().collect())
}

async fn clean(settings: &ConnectSettings, name: &str) -> Result<(), SessionError> {
    let mut wire = open(settings).await?;
    let deleted = tell(&mut wire, &["ACL", "DELUSER", name], "ACL DELUSER").await?;
    wire.close().await;
    deleted.map(drop).map_err(|refused| SessionError::Unsupported(refused.message))
}

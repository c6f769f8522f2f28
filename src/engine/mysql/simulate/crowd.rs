//! More connections than a limit allows: a scratch account that may have one. The server's own limits stay as they are.

use super::{ask, open};
use crate::domain::error_event::SessionError;
use crate::domain::simulation::Raised;
use crate::engine::ConnectSettings;
use crate::engine::mysql::connect;
use crate::engine::net::url::with_login;
use crate::engine::simulation::{Provoked, Scratch, and_clean, random_word, turned_away};
use secrecy::SecretString;

/// Makes the account, connects as it twice, and drops it.
pub(super) async fn too_many_connections(settings: &ConnectSettings) -> Provoked {
    let account = Scratch::new()?;
    Box::pin(and_clean(&account, crowd(settings, &account), clean(settings, account.name()))).await
}

async fn crowd(settings: &ConnectSettings, account: &Scratch) -> Provoked {
    // A policy for passwords may want letters of both kinds, digits and signs.
    let (name, password) = (account.name(), format!("Aa1-{}{}", random_word()?, random_word()?));
    let create =
        |password: &str| format!("CREATE USER {name}@'%' IDENTIFIED BY '{password}' WITH MAX_USER_CONNECTIONS 1");
    let mut root = open(settings).await?;
    account.is_being_made();
    let made = ask(&mut root, &create(&password)).await?;
    root.close().await;
    if let Err(refused) = made {
        account.was_not_made();
        return Ok(vec![Raised { statement: create("..."), ..refused }]);
    }
    // It has a right on no database but the one that everybody sees.
    let url = with_login(&settings.url, name)
        .and_then(|url| connect::with_database(&url, "information_schema"))
        .ok_or_else(|| SessionError::Unsupported("the URL has no place for another login".into()))?;
    let login = ConnectSettings { url, password: Some(SecretString::from(password)), ..settings.clone() };
    let first = connect::wire(&login).await?;
    let raised = match connect::wire(&login).await {
        Ok(second) => {
            second.close().await;
            Ok(Vec::new())
        }
        Err(refused) => turned_away(refused),
    };
    first.close().await;
    raised
}

async fn clean(settings: &ConnectSettings, name: &str) -> Result<(), SessionError> {
    let mut root = open(settings).await?;
    let dropped = ask(&mut root, &format!("DROP USER IF EXISTS {name}@'%'")).await?;
    root.close().await;
    dropped.map_err(|refused| SessionError::Unsupported(refused.message))
}

//! More connections than a limit allows: a scratch role that may have one. The server's own limits stay as they are.

use super::scripts::tell;
use super::{close, open};
use crate::domain::error_event::SessionError;
use crate::domain::simulation::Raised;
use crate::engine::net::url::with_login;
use crate::engine::postgres::connect;
use crate::engine::postgres::session::PgSession;
use crate::engine::simulation::{Provoked, Scratch, and_clean, random_word, turned_away};
use crate::engine::{ConnectSettings, Session as _};
use secrecy::SecretString;

/// Makes the role, connects as it twice, and drops it.
pub(super) async fn too_many_connections(settings: &ConnectSettings) -> Provoked {
    let role = Scratch::new()?;
    Box::pin(and_clean(&role, crowd(settings, &role), drop_role(settings, role.name()))).await
}

async fn crowd(settings: &ConnectSettings, role: &Scratch) -> Provoked {
    let (name, password) = (role.name(), format!("{}{}", random_word()?, random_word()?));
    // Should we be killed before it is dropped, it is no way in for longer than a day.
    let create = |password: &str| {
        format!("CREATE ROLE {name} LOGIN CONNECTION LIMIT 1 PASSWORD '{password}' VALID UNTIL 'tomorrow'")
    };
    let mut root = open(settings).await?;
    role.is_being_made();
    let made = committed(&mut root, &create(&password)).await;
    close(root).await;
    if let Err(refused) = made? {
        role.was_not_made();
        return Ok(vec![Raised { statement: create("..."), ..refused }]);
    }
    let url = with_login(&settings.url, name)
        .ok_or_else(|| SessionError::Unsupported("the URL has no place for another login".into()))?;
    let login = ConnectSettings { url, password: Some(SecretString::from(password)), ..settings.clone() };
    let first = connect::session(&login).await?;
    let second = connect::session(&login).await;
    let raised = match second {
        Ok(second) => {
            Box::new(second).close().await;
            Ok(Vec::new())
        }
        Err(refused) => turned_away(refused),
    };
    Box::new(first).close().await;
    raised
}

async fn drop_role(settings: &ConnectSettings, name: &str) -> Result<(), SessionError> {
    let mut root = open(settings).await?;
    let dropped = committed(&mut root, &format!("DROP ROLE IF EXISTS {name}")).await;
    close(root).await;
    dropped?.map_err(|refused| SessionError::Unsupported(refused.message))
}

/// A statement in a transaction of its own that may write.
async fn committed(session: &mut PgSession, statement: &str) -> Result<Result<(), Raised>, SessionError> {
    for step in ["BEGIN READ WRITE", statement, "COMMIT"] {
        if let Err(refused) = tell(session, step).await? {
            return Ok(Err(refused));
        }
    }
    Ok(Ok(()))
}

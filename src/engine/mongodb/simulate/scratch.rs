//! A scratch collection, for what has to be written to go wrong. It is dropped in the end.

use super::Line;
use crate::domain::error_event::SessionError;
use crate::engine::ConnectSettings;
use crate::engine::simulation::{Provoked, Scratch, and_clean};
use bson::{Document, doc};

/// The same `_id` twice.
pub(super) async fn duplicate_key(settings: &ConnectSettings) -> Provoked {
    let collection = Scratch::new()?;
    let name = collection.name();
    let insert = doc! { "insert": name, "documents": [{ "_id": 1 }] };
    let commands = [doc! { "create": name }, insert.clone(), insert];
    Box::pin(and_clean(&collection, carry_out(settings, &collection, &commands), clean(settings, name))).await
}

/// A quantity that the validator does not allow.
pub(super) async fn check(settings: &ConnectSettings) -> Provoked {
    let collection = Scratch::new()?;
    let name = collection.name();
    let commands = [
        doc! { "create": name, "validator": { "quantity": { "$gt": 0 } } },
        doc! { "insert": name, "documents": [{ "_id": 1, "quantity": -1 }] },
    ];
    Box::pin(and_clean(&collection, carry_out(settings, &collection, &commands), clean(settings, name))).await
}

/// Sends the commands, the first of which makes the collection, up to the first that is refused.
async fn carry_out(settings: &ConnectSettings, collection: &Scratch, commands: &[Document]) -> Provoked {
    let mut line = Line::open(settings).await?;
    collection.is_being_made();
    let mut raised = Vec::new();
    for (i, command) in commands.iter().enumerate() {
        if let Err(refused) = line.tell(command).await? {
            if i == 0 {
                collection.was_not_made();
            }
            raised.push(refused);
            break;
        }
    }
    line.wire.close().await;
    Ok(raised)
}

async fn clean(settings: &ConnectSettings, name: &str) -> Result<(), SessionError> {
    let mut line = Line::open(settings).await?;
    let dropped = line.tell(&doc! { "drop": name }).await?;
    line.wire.close().await;
    match dropped {
        // NamespaceNotFound: it never came to be.
        Err(refused) if refused.code != "26" => Err(SessionError::Unsupported(refused.message)),
        _ => Ok(()),
    }
}

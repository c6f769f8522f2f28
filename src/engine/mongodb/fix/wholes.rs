//! What documents hold that a command names by their `_id` and would replace or remove, as digests of their bytes; and
//! how many documents go with a collection.

use super::change::{Change, Statement};
use super::objects::words;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Precondition;
use crate::domain::proposal::Draft;
use crate::domain::text::hex;
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use crate::engine::{Session, Task};
use bson::{Bson, Document, RawDocument, doc};
use sha2::{Digest as _, Sha256};

/// Time for each look, milliseconds.
const LOOK_MS: u64 = 5_000;
/// Documents that are asked for at once: so few that an answer of 16 MB holds them, unless each is close to its limit.
const AT_ONCE: usize = 100;
/// Hexadecimal digits of a digest that are kept.
const DIGEST: usize = 32;

/// Reads them.
pub(super) fn wholes<'a>(
    session: &'a mut dyn Session,
    draft: &'a Draft,
) -> Task<'a, Result<Vec<Precondition>, SessionError>> {
    Box::pin(async move {
        let session = MongoSession::behind(session)?;
        let connected = draft.database.clone().unwrap_or_else(|| session.facts().database.clone());
        let statement = Statement::parse(&draft.statement, &connected)?;
        let Some((database, collection)) = statement.collection.clone() else { return Ok(Vec::new()) };
        if statement.change == Change::Drop {
            let reply = session.look(&database, doc! { "count": &collection }, LOOK_MS).await?;
            let count = reply.int("n").ok_or_else(|| SessionError::Unsupported("the count was not answered".into()))?;
            let text = format!("documents of {database}.{collection}");
            return Ok(vec![Precondition { text, found: count.to_string() }]);
        }
        let ids: Vec<Bson> = statement.picks().iter().filter_map(|pick| pick.id().cloned()).collect();
        let mut all = Vec::with_capacity(ids.len());
        for ids in ids.chunks(AT_ONCE) {
            let size = i32::try_from(ids.len()).unwrap_or(i32::MAX);
            let find = doc! {
                "find": &collection, "filter": { "_id": { "$in": ids.to_vec() } }, "batchSize": size, "singleBatch": true,
            };
            let reply = session.look(&database, find, LOOK_MS).await?;
            let there = reply.documents("cursor.firstBatch");
            for id in ids {
                let text = format!("the document {} of {database}.{collection} holds", words(id));
                all.push(Precondition { text, found: held(&there, id) });
            }
        }
        Ok(all)
    })
}

/// The digest of the document of this `_id`.
fn held(there: &[&RawDocument], id: &Bson) -> String {
    let is_it = |raw: &&&RawDocument| Document::try_from(**raw).is_ok_and(|document| document.get("_id") == Some(id));
    match there.iter().find(is_it) {
        None => "nothing".to_owned(),
        Some(document) => {
            let digest = hex(&Sha256::digest(document.as_bytes()));
            format!("digest {}", digest.get(..DIGEST).unwrap_or(&digest))
        }
    }
}

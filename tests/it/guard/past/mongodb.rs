//! MongoDB: a database of the test's own. The engine at hand has no logins, so that nothing stands behind the classifier
//! but the door's own look at what it sends.

use super::{Marks, Scene, nothing_lasts, on, rows};
use crate::support::at_hand::Server;
use crate::support::hands;
use async_trait::async_trait;
use bson::{Document, doc};
use dba_gpt::domain::guard::decode_line;
use dba_gpt::engine::Session;
use futures::TryStreamExt as _;
use std::collections::BTreeSet;

struct Mongo {
    client: mongodb::Client,
    url: String,
    own: String,
}

impl Mongo {
    async fn set(server: Server) -> Self {
        let own = format!("past_{}", std::process::id());
        let at = server.url().unwrap();
        for collection in ["c", "orders", "canary", "t"] {
            let documents: Vec<Document> = (0..5).map(|n| doc! {"_id": n, "a": n, "b": "x"}).collect();
            hands::mongo(&own, doc! {"insert": collection, "documents": documents}).await;
        }
        let client = mongodb::Client::with_uri_str(&at).await.unwrap();
        Self { client, url: at.replace("/shop", &format!("/{own}")), own }
    }
}

#[async_trait]
impl Scene for Mongo {
    fn url(&self) -> String {
        self.url.clone()
    }
    async fn everything(&mut self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let database = self.client.database(&self.own);
        for name in database.list_collection_names().await.unwrap() {
            let documents: Vec<Document> =
                database.collection(&name).find(doc! {}).await.unwrap().try_collect().await.unwrap();
            all.extend(documents.iter().map(|document| format!("{name}: {document}")));
            let indexes = database.collection::<Document>(&name).list_index_names().await.unwrap();
            all.insert(format!("{name}: indexes {indexes:?}"));
        }
        let databases = self.client.list_database_names().await.unwrap();
        all.extend(databases.into_iter().filter(|name| !name.starts_with("hostile") && !name.starts_with("past")));
        all
    }
    async fn marks(&mut self, _: &mut dyn Session) -> Marks {
        // Commands stand alone: a connection has no settings, and names nothing.
        Marks::new()
    }
    async fn still_open(&mut self) -> Vec<String> {
        Vec::new()
    }
    async fn change(&mut self) {
        hands::mongo(&self.own, doc! {"insert": "c", "documents": [{"_id": 1000}]}).await;
    }
    async fn end(&mut self) {
        self.client.database(&self.own).drop().await.unwrap();
    }
}

#[test]
fn nothing_lasts_on_documentdb() {
    on(Server::MongoBridge, async |server| {
        let own = include_str!("../mongodb_cases.tsv").lines().skip(1);
        let own = own.map(|line| decode_line(line.split('\t').nth(2).unwrap()).unwrap());
        let benign = include_str!("../mongodb_benign.txt").lines().map(str::to_owned);
        let all: Vec<String> = rows("mongodb", &[]).into_iter().chain(own).chain(benign).collect();
        nothing_lasts(server, &mut Mongo::set(server).await, &all, 20).await;
    });
}

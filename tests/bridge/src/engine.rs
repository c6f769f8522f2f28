//! The DocumentDB engine as functions from documents to documents. Documents travel as `bytea`.

use anyhow::{Context, Result};
use bson::Document;
use tokio_postgres::types::ToSql;
use tokio_postgres::{CancelToken, Client, NoTls, Row};

/// One connection to the engine.
pub struct Engine {
    client: Client,
    cancel: CancelToken,
}

impl Engine {
    /// Connects, and lets the connection end with this value.
    pub async fn connect(postgres: &str) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(postgres, NoTls).await.context("no way to the engine")?;
        tokio::spawn(connection);
        let cancel = client.cancel_token();
        Ok(Self { client, cancel })
    }

    /// Ends what the engine is doing for this connection.
    pub async fn cancel(&self) {
        let _ = self.cancel.cancel_query(NoTls).await;
    }

    /// Limits the time of the next statements; 0 lifts the limit.
    pub async fn limit_time(&self, milliseconds: i64) -> Result<()> {
        self.client.batch_execute(&format!("SET statement_timeout = {milliseconds}")).await?;
        Ok(())
    }

    /// The rows of one of our own queries.
    pub async fn rows(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        Ok(self.client.query(sql, parameters).await?)
    }

    /// The one row of one of our own queries.
    pub async fn row(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row> {
        Ok(self.client.query_one(sql, parameters).await?)
    }

    /// The document in the first column of the one row.
    pub async fn document(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Document> {
        document_of(self.row(sql, parameters).await?.try_get(0)?)
    }
}

/// A document from its bytes.
pub fn document_of(bytes: &[u8]) -> Result<Document> {
    Ok(Document::from_reader(bytes)?)
}

//! Questions on the act's own connection, inside its transaction where it has one.

use super::super::begin::rows;
use super::super::{Facts, OWN_ROWS, placeholders};
use crate::domain::error_event::SessionError;
use crate::domain::rows::Rows;
use crate::engine::mysql::fix::Asks;
use crate::engine::mysql::wire::Wire;
use crate::engine::{Param, Query};
use async_trait::async_trait;

/// The connection while an act has it.
pub(super) struct Acting<'a> {
    pub(super) wire: &'a mut Wire,
    pub(super) facts: &'a Facts,
}

impl Acting<'_> {
    async fn ask(&mut self, text: &str, params: &[Param]) -> Result<Rows, SessionError> {
        match self.wire.ask(text, params, OWN_ROWS).await {
            Ok(Ok(answer)) => Ok(rows(answer)),
            Ok(Err(refused)) => Err(SessionError::Server(refused)),
            Err(error) => Err(SessionError::Lost(error.words())),
        }
    }
}

#[async_trait]
impl Asks for Acting<'_> {
    async fn own(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError> {
        let text = placeholders::fill(query.text, self.facts)?;
        self.ask(&text, params).await
    }

    async fn read(&mut self, text: &str) -> Result<Rows, SessionError> {
        self.ask(text, &[]).await
    }
}

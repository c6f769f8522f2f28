//! MySQL and MariaDB's errors: which one a text is.

use crate::domain::error::catalogue::{Catalogue, Tables};
use crate::domain::error::naming::{ErrorNaming, Named};
use crate::domain::target::EngineId;

static CATALOGUE: Catalogue = Catalogue::new(Tables {
    codes: include_str!("../../../../assets/errors/codes/mysql.tsv"),
    advice: include_str!("../../../../assets/errors/advice/mysql.toml"),
    messages: include_str!("../../../../assets/errors/messages/mysql.tsv"),
    translations: &[],
});

/// Names the errors.
pub(super) struct Errors;

impl ErrorNaming for Errors {
    fn engine(&self) -> EngineId {
        super::super::ID
    }

    fn catalogue(&self) -> &'static Catalogue {
        &CATALOGUE
    }

    fn name(&self, text: &str, code: Option<&str>) -> Named {
        let message = text.trim();
        let recognised = CATALOGUE.recognise(message);
        let code = code.map(str::to_owned).or_else(|| recognised.as_ref().map(|r| r.code.to_owned()));
        Named { code: code.unwrap_or_default(), message: message.to_owned(), ..Named::default() }
    }
}

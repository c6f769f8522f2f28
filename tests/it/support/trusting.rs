//! The only way past the classifier: a dialect that takes everything for a read, so that statements reach the session's
//! and the server's own defences. It lives in the tests; the program has no other maker of `Allowed` than its guard.

use dba_gpt::domain::dialect::Dialect;
use dba_gpt::domain::guard::{self, Allowed, Author, Catalog, Class, Judgement};
use dba_gpt::domain::question::{Answer, Cannot, Intent};
use dba_gpt::domain::schema::Schema;
use dba_gpt::domain::target::{EngineId, Timestamp};

struct Trusting(EngineId);

impl Dialect for Trusting {
    fn engine(&self) -> EngineId {
        self.0
    }
    fn errors(&self) -> &'static dyn dba_gpt::domain::error::naming::ErrorNaming {
        dba_gpt::engine::errors_of(self.0.0).unwrap()
    }
    fn classify(&self, _: &str, _: Author, _: &Catalog) -> Judgement {
        Judgement::allow(Class::Read, "trusted by a test")
    }
    fn looks_like_statement(&self, _: &str) -> bool {
        true
    }
    fn resolve_names(&self, statement: &str, _: &Schema) -> String {
        statement.to_owned()
    }
    fn explain(&self, _: &str) -> Option<String> {
        None
    }
    fn quote(&self, identifier: &str) -> String {
        identifier.to_owned()
    }
    fn literal(&self, text: &str) -> String {
        text.to_owned()
    }
    fn answer(&self, _: &Intent, _: &Schema, _: Timestamp) -> Result<Answer, Cannot> {
        Err(Cannot::default())
    }
}

/// A statement as the reading door takes it, whatever it does.
pub fn trusted(engine: EngineId, statement: &str) -> Allowed {
    guard::allow(&Trusting(engine), Author::Person, &Catalog::default(), statement).unwrap()
}

//! What is known of every engine without a connection: their dialects, and the errors of those and of products that
//! nobody connects to. Given to the core at start, so that it need not know which engines exist.

use crate::domain::dialect::Dialect;
use crate::domain::error::naming::ErrorNaming;

/// The engines' pure halves.
#[derive(Clone, Default)]
pub struct Library {
    /// Engines that can be connected to.
    pub dialects: Vec<&'static dyn Dialect>,
    /// Everybody whose errors are known.
    pub namings: Vec<&'static dyn ErrorNaming>,
}

impl Library {
    /// The errors of an engine by its name.
    pub fn naming(&self, engine: &str) -> Option<&'static dyn ErrorNaming> {
        self.namings.iter().copied().find(|naming| naming.engine().0 == engine)
    }
}

//! One call of a chain with its arguments, and what they must be.

use super::SyntaxError;
use bson::{Bson, Document};

/// `name(arguments)`.
pub(super) struct Call {
    pub name: String,
    pub at: usize,
    values: Vec<Bson>,
}

impl Call {
    pub(super) fn new(name: String, at: usize, values: Vec<Bson>) -> Self {
        Self { name, at, values }
    }

    pub(super) fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.at, message)
    }

    /// This method is not one of the forms that are known.
    pub(super) fn unknown(&self, of: &str, instead: &str) -> SyntaxError {
        self.error(format!("`{}` is not a form of {of} that is one command; {instead}", self.name))
    }

    fn wants(&self, index: usize, what: &str) -> SyntaxError {
        let place = ["first", "second", "third", "fourth"].get(index).copied().unwrap_or("last");
        self.error(format!("{}(..) wants {what} as its {place} argument", self.name))
    }

    /// Refuses arguments beyond these.
    pub(super) fn at_most(&self, count: usize) -> Result<(), SyntaxError> {
        if self.values.len() <= count {
            return Ok(());
        }
        Err(self.error(match count {
            0 => format!("{}() takes no arguments", self.name),
            1 => format!("{}(..) takes one argument at most", self.name),
            n => format!("{}(..) takes {n} arguments at most", self.name),
        }))
    }

    /// An argument, taken out; `None` when it was not given.
    pub(super) fn take(&mut self, index: usize) -> Option<Bson> {
        self.values.get_mut(index).map(std::mem::take)
    }

    pub(super) fn given(&self, index: usize) -> bool {
        index < self.values.len()
    }

    /// A document; empty when none was given.
    pub(super) fn document(&mut self, index: usize) -> Result<Document, SyntaxError> {
        match self.take(index) {
            None => Ok(Document::new()),
            Some(Bson::Document(document)) => Ok(document),
            Some(_) => Err(self.wants(index, "a document")),
        }
    }

    /// A document that must be given.
    pub(super) fn wanted_document(&mut self, index: usize) -> Result<Document, SyntaxError> {
        if self.given(index) { self.document(index) } else { Err(self.wants(index, "a document")) }
    }

    pub(super) fn array(&mut self, index: usize) -> Result<Vec<Bson>, SyntaxError> {
        match self.take(index) {
            Some(Bson::Array(all)) => Ok(all),
            _ => Err(self.wants(index, "an array")),
        }
    }

    pub(super) fn text(&mut self, index: usize) -> Result<String, SyntaxError> {
        match self.take(index) {
            Some(Bson::String(text)) => Ok(text),
            _ => Err(self.wants(index, "a text in quotes")),
        }
    }

    pub(super) fn number(&mut self, index: usize) -> Result<Bson, SyntaxError> {
        match self.take(index) {
            Some(number @ (Bson::Int32(_) | Bson::Int64(_))) => Ok(number),
            _ => Err(self.wants(index, "a whole number")),
        }
    }

    /// Adds the keys of an argument of options to a command.
    pub(super) fn options(&mut self, index: usize, command: &mut Document) -> Result<(), SyntaxError> {
        for (key, value) in self.document(index)? {
            self.set(command, &key, value)?;
        }
        Ok(())
    }

    /// Sets a key that was not set before: what is said twice would mean two things.
    pub(super) fn set(&self, command: &mut Document, key: &str, value: Bson) -> Result<(), SyntaxError> {
        if command.contains_key(key) {
            return Err(self.error(format!("`{key}` is set twice")));
        }
        command.insert(key, value);
        Ok(())
    }
}

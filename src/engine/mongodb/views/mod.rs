//! Views of the server screen. Each begins with one constant query; what the server answers is a document of its own
//! shape, so each has a function here that makes rows of it and asks further where one answer is not enough.

pub(super) mod objects;
mod operations;
mod server;
pub(super) mod slow;

use super::session::MongoSession;
use crate::domain::error_event::SessionError;
use crate::domain::rows::{Column, Rows, Value};
use crate::engine::{Query, Task, View};

/// Time for one question of a view.
const TIME_MS: u64 = 4000;

pub(super) static VIEWS: &[View] = &[
    View { name: "operations", key: 'p', title: "Operations that run now", query: &operations::OPERATIONS },
    View { name: "slow", key: 'q', title: "Slow operations, the latest first", query: &slow::SLOW },
    View { name: "collections", key: 't', title: "Collections of the database", query: &objects::COLLECTIONS },
    View { name: "indexes", key: 'i', title: "Indexes of the database", query: &objects::INDEXES },
    View { name: "members", key: 'r', title: "Members of the replica set", query: &server::MEMBERS },
    View { name: "databases", key: 'd', title: "Databases", query: &objects::DATABASES },
    View { name: "top", key: 'm', title: "Busiest collections", query: &objects::TOP },
    View { name: "connections", key: 'c', title: "Connections by client", query: &operations::CONNECTIONS },
    View { name: "settings", key: 'v', title: "Settings given at start first", query: &server::SETTINGS },
    View { name: "oplog", key: 'w', title: "Replication log", query: &server::OPLOG },
];

/// Makes the rows of a view.
pub(super) type Shape = for<'a> fn(&'a mut MongoSession, &'static Query) -> Task<'a, Result<Rows, SessionError>>;

static SHAPES: &[(&Query, Shape)] = &[
    (&operations::OPERATIONS, |session, query| Box::pin(operations::operations(session, query))),
    (&operations::CONNECTIONS, |session, query| Box::pin(operations::connections(session, query))),
    (&slow::SLOW, |session, query| Box::pin(slow::slow(session, query))),
    (&objects::COLLECTIONS, |session, query| Box::pin(objects::collections(session, query))),
    (&objects::INDEXES, |session, query| Box::pin(objects::indexes(session, query))),
    (&objects::DATABASES, |session, query| Box::pin(objects::databases(session, query))),
    (&objects::TOP, |session, query| Box::pin(objects::top(session, query))),
    (&server::MEMBERS, |session, query| Box::pin(server::members(session, query))),
    (&server::SETTINGS, |session, query| Box::pin(server::settings(session, query))),
    (&server::OPLOG, |session, query| Box::pin(server::oplog(session, query))),
];

/// The function that makes rows of a query's answer, where it has one.
pub(super) fn shape(query: &Query) -> Option<Shape> {
    SHAPES.iter().find(|(known, _)| known.name == query.name).map(|(_, shape)| *shape)
}

/// Rows under construction.
pub(super) struct Grid(Rows);

impl Grid {
    /// Columns by name; those that end in `#` hold numbers.
    pub(super) fn new(columns: &[&str]) -> Self {
        let column = |name: &&str| match name.strip_suffix('#') {
            Some(name) => Column::number(name),
            None => Column::text(name),
        };
        Self(Rows { columns: columns.iter().map(column).collect(), ..Rows::default() })
    }
    pub(super) fn row(&mut self, row: Vec<Value>) {
        debug_assert_eq!(row.len(), self.0.columns.len());
        self.0.rows.push(row);
    }
    /// The rows, those with the largest number in a column first.
    fn largest_first(mut self, column: usize) -> Rows {
        let number = |row: &Vec<Value>| row.get(column).and_then(Value::number).unwrap_or(f64::NEG_INFINITY);
        self.0.rows.sort_by(|a, b| number(b).total_cmp(&number(a)));
        self.0
    }
    pub(super) fn done(self) -> Rows {
        self.0
    }
}

/// Text; nothing where there is none.
fn text(words: impl Into<String>) -> Value {
    let words = words.into();
    if words.is_empty() { Value::Null } else { Value::Text(words) }
}

/// A whole number, or nothing.
fn whole(number: Option<i64>) -> Value {
    number.map_or(Value::Null, Value::Int)
}

/// A number with one decimal, or nothing.
fn tenths(number: Option<f64>) -> Value {
    number.map_or(Value::Null, |n| Value::Float((n * 10.0).round() / 10.0))
}

/// A refusal that leaves a part of a view empty; a lost connection ends the view.
fn or_nothing<T>(answer: Result<T, SessionError>) -> Result<Option<T>, SessionError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => Err(error),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_has_its_function_and_a_query_that_can_be_read() {
        for view in VIEWS {
            assert!(shape(view.query).is_some(), "{}", view.name);
            let (database, command) = super::super::session::document(view.query, "shop").unwrap_or_default();
            assert!(!database.is_empty() && !command.is_empty(), "{}", view.name);
        }
        assert_eq!(VIEWS.len(), SHAPES.len());
    }
}

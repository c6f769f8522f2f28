//! What a DBA knows, as pure functions over values. No screen, no driver, no file, no clock, no async.

pub mod activity;
pub mod attempt;
pub mod connection;
pub mod diagnosis;
pub mod dialect;
pub mod error;
pub mod error_event;
pub mod guard;
pub mod health;
pub mod hosting;
pub mod incident;
pub mod interchange;
pub mod learning;
pub mod log;
pub mod metric;
pub mod plan;
pub mod procedure;
pub mod proposal;
pub mod question;
pub mod rows;
pub mod schedule;
pub mod schema;
pub mod security;
pub mod simulation;
pub mod target;
pub mod text;

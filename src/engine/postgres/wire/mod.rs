//! A small client of PostgreSQL's wire protocol 3.0, written for an administrator's reads.
//!
//! The ready-made clients lack what a careful reader needs: results in the text form that the server itself prints
//! (any type, also those we have never heard of), `Execute` with a row limit, a cell that is passed over while it
//! arrives instead of being held whole, and a cancel request over the same kind of connection. The messages and the
//! password proofs come from `postgres-protocol`. Only the extended protocol is spoken (Parse, Bind, Describe,
//! Execute, Flush, Sync): it cannot carry two statements in one text, and no code here can send a simple Query.

mod cancel;
mod client;
mod decode;
mod message;
mod types;

pub(crate) use cancel::{InFlight, Route, Underway};
pub(crate) use client::{Answer, Wire, WireError};
pub(crate) use decode::{Bounds, Cell, Incoming};
pub(crate) use message::{Authentication, Field, Message, Transaction};
pub(crate) use types::{column, text, value};

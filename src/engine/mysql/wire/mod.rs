//! A small client of the MySQL protocol, written for an administrator's reads.
//!
//! The ready-made clients announce multi-statements and LOCAL INFILE, and hold every cell in full. Here the server is
//! never told that we could do either, a cell is passed over while it arrives, and text that is not ours goes the
//! prepared way alone, which cannot carry two statements. `COM_QUERY` takes only a [`Command`], which is made of a
//! constant of the program and numbers. Constants and login plugins come from `mysql_common`.

mod cancel;
mod client;
mod decode;
mod frames;
mod message;
mod row;
mod types;

pub(crate) use cancel::{InFlight, Route, Underway};
pub(crate) use client::{Answer, Command, Incoming, Prepared, Wire, WireError};
pub(crate) use message::{Done, Greeting, LoginStep};
pub(crate) use row::{Bounds, Cell};
pub(crate) use types::{column, value};

//! The protocol, as far as a reader needs it: one command out, one document back. `message` is the framing, `client`
//! the exchange, `scram` the proof of a password, `fields` a way to read a reply.

mod client;
mod fields;
mod message;
pub(crate) mod scram;

pub(crate) use client::{Refusal, Wire, WireError};
pub(crate) use fields::{Fields, number_of};

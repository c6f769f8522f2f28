//! Errors of real servers, named from their texts alone.

mod mysql;
mod postgres;

//! Errors of real servers, named from their texts alone.

mod postgres;

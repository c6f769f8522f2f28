//! MongoDB as an engine. One file per concern beside it.

mod dialect;

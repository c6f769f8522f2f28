//! Server logs: what readers make of any bytes, of the logs of real servers, and the command that reads them.

mod ingest;
mod mysql;
mod postgres;
mod properties;
mod redis;
mod support;

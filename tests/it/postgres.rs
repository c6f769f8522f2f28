//! PostgreSQL against a real server: connecting and every way it fails, reading and every way it is stopped.
//!
//! `DBA_GPT_TEST_PG` is the URL of a server that may be filled and emptied: a superuser with a password, over TCP on
//! loopback. `scripts/test` starts one. Without it these tests fail, unless `DBA_GPT_TEST_SKIP_SERVERS=1` says that
//! leaving them out is meant.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod connect;
mod read;
mod support;

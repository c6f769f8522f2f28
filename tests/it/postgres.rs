//! PostgreSQL against a real server: connecting and every way it fails, reading and every way it is stopped.
//!
//! `scripts/servers` says where the servers are. Without them these tests fail, unless `DBA_GPT_TEST_SKIP_SERVERS=1`
//! says that leaving them out is meant.

mod acts;
mod advice;
mod connect;
mod definitions;
mod diagnose;
mod guard;
mod network;
mod observe;
mod read;
mod reports;
pub mod support;
mod tls;

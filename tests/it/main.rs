//! One integration binary for every group of tests.

#![allow(unreachable_pub, reason = "nothing outside this binary can reach it anyway")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects by failing")]
#![allow(clippy::print_stderr, reason = "a test says aloud what it skips")]

mod acts;
mod analysis;
mod app;
mod approvals;
mod architecture;
mod cli;
mod config;
mod conformance;
mod connections;
mod demo;
mod errors;
mod faults;
mod guard;
mod logs;
mod mongodb;
mod mysql;
mod own;
mod postgres;
mod pty;
mod questions;
mod redis;
mod registry;
mod scenarios;
mod screens;
mod simulate;
mod sqlite;
mod store;
mod support;
mod watch;

//! One integration binary for every group of tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod architecture;
mod config;
mod sqlite;

//! One integration binary for every group of tests.

mod architecture;
mod sqlite;

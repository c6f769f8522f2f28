//! MySQL and MariaDB against real servers: connecting and every way it fails, reading and every way it is stopped.
//!
//! `scripts/servers` says where the servers are. Without MariaDB these tests fail, unless `DBA_GPT_TEST_SKIP_SERVERS=1`
//! says that leaving servers out is meant; MySQL is left out with a word where it could not be installed.

mod acts;
mod connect;
mod definitions;
mod logins;
mod observe;
mod read;
pub mod support;

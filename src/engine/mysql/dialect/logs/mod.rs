//! The server's logs: the error log of MySQL and MariaDB in its text and JSON forms, and the slow log of both.

mod error;
mod json;
mod slow;
mod times;

use crate::domain::log::LogFormat;

/// The formats.
pub(super) static FORMATS: &[LogFormat] = &[
    LogFormat { name: "slow", title: "MySQL slow query log", fit: slow::fit, open: slow::open },
    LogFormat { name: "json", title: "MySQL error log in JSON", fit: json::fit, open: json::open },
    LogFormat { name: "error", title: "MySQL error log", fit: error::fit, open: error::open },
];

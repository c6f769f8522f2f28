//! The server's logs: text with any `log_line_prefix`, csvlog, jsonlog, and text by way of syslog.
//!
//! All of them give the same events; a test on a real server holds the readings of one run against each other.

mod chunks;
mod csv;
mod fields;
mod infer;
mod json;
mod prefix;
mod stderr;
mod words;

use crate::domain::log::LogFormat;
use crate::domain::log::format::SYSLOG;

/// The formats.
pub(super) static FORMATS: &[LogFormat] = &[
    LogFormat { name: SYSLOG, title: "PostgreSQL by way of syslog", fit: chunks::fit, open: chunks::open },
    LogFormat { name: "csv", title: "PostgreSQL csvlog", fit: csv::fit, open: csv::open },
    LogFormat { name: "json", title: "PostgreSQL jsonlog", fit: json::fit, open: json::open },
    LogFormat { name: "stderr", title: "PostgreSQL text log", fit: stderr::fit, open: stderr::open },
];

//! The reasons of an operating system at the end of a message about a file: there they decide the code.

use crate::domain::error::messages::Recognised;

/// The code that stands in the catalogue for all messages that end with a reason of the operating system.
const BY_REASON: &str = "58030";

/// What the server makes of a reason, in the order of its own table.
const REASONS: &[(&str, &str)] = &[
    ("Operation not permitted", "42501"),
    ("Permission denied", "42501"),
    ("Read-only file system", "42501"),
    ("No such file or directory", "58P01"),
    ("File exists", "58P02"),
    ("Not a directory", "42809"),
    ("Is a directory", "42809"),
    ("Directory not empty", "42809"),
    ("No space left on device", "53100"),
    ("Disk quota exceeded", "53100"),
    ("Cannot allocate memory", "53200"),
    ("Too many open files", "53000"),
    ("Input/output error", "58030"),
    // Everything else is an internal error to the server; these are the ones that are met.
    ("Invalid argument", "XX000"),
    ("Bad file descriptor", "XX000"),
    ("File too large", "XX000"),
    ("File name too long", "XX000"),
    ("Invalid cross-device link", "XX000"),
    ("Device or resource busy", "XX000"),
    ("Stale file handle", "XX000"),
    ("Text file busy", "XX000"),
    ("Success", "XX000"),
];

/// The code of a message: the skeleton's, or the one that its reason decides.
pub(super) fn refined<'r>(recognised: &Recognised<'r>) -> &'r str {
    let reason = recognised.inserted.last().filter(|_| recognised.code == BY_REASON);
    let known = reason.and_then(|reason| REASONS.iter().find(|(words, _)| reason.starts_with(words)));
    known.map_or(recognised.code, |(_, code)| code)
}

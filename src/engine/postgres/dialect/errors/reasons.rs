//! The reasons of an operating system at the end of a message about a file: there they decide the code.

use super::words;
use crate::domain::error::messages::Recognised;

/// The code that stands in the catalogue for all messages that end with a reason of the operating system.
const BY_REASON: &str = "58030";

/// What the server makes of a reason. It prints the symbol where its locale cannot print the words.
const REASONS: &[(&str, &str, &str)] = &[
    ("Operation not permitted", "EPERM", "42501"),
    ("Permission denied", "EACCES", "42501"),
    ("Read-only file system", "EROFS", "42501"),
    ("No such file or directory", "ENOENT", "58P01"),
    ("File exists", "EEXIST", "58P02"),
    ("Not a directory", "ENOTDIR", "42809"),
    ("Is a directory", "EISDIR", "42809"),
    ("Directory not empty", "ENOTEMPTY", "42809"),
    ("No space left on device", "ENOSPC", "53100"),
    ("Disk quota exceeded", "EDQUOT", "53100"),
    ("Cannot allocate memory", "ENOMEM", "53200"),
    ("Too many open files", "EMFILE", "53000"),
    ("Too many open files in system", "ENFILE", "53000"),
    ("Input/output error", "EIO", "58030"),
    // Everything else is an internal error to the server; these are the ones that are met.
    ("Invalid argument", "EINVAL", "XX000"),
    ("Bad file descriptor", "EBADF", "XX000"),
    ("File too large", "EFBIG", "XX000"),
    ("File name too long", "ENAMETOOLONG", "XX000"),
    ("Invalid cross-device link", "EXDEV", "XX000"),
    ("Device or resource busy", "EBUSY", "XX000"),
    ("Stale file handle", "ESTALE", "XX000"),
    ("Text file busy", "ETXTBSY", "XX000"),
    ("Success", "0", "XX000"),
];

/// The code of a message: the skeleton's, or the one that its reason decides.
pub(super) fn refined<'r>(recognised: &Recognised<'r>) -> &'r str {
    let reason = recognised.inserted.last().map(|reason| reason.trim()).filter(|_| recognised.code == BY_REASON);
    let known = reason.and_then(|reason| {
        let reason = words::reason_in_english(reason).unwrap_or(reason);
        REASONS.iter().find(|(words, symbol, _)| reason.starts_with(words) || reason == *symbol)
    });
    known.map_or(recognised.code, |(.., code)| code)
}

//! The better grouping: one key for all errors that one place of the server raises.

use super::kind::ErrorKind;
use super::signature::normalised;

/// The key: the native code (the kind where there is none) and the message without what the server put in.
pub fn group(code: &str, kind: ErrorKind, message: &str) -> String {
    let key = if code.is_empty() { kind.word() } else { code };
    format!("{key}:{}", normalised(message))
}

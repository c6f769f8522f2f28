//! What a MySQL or MariaDB server looks like from outside.

use crate::domain::connection::{Approach, UsualPort};

/// A server greets by itself, so nothing is asked.
pub(super) static APPROACH: Approach = Approach {
    name: "MySQL",
    scheme: "mysql",
    ports: &[
        UsualPort { number: 3306, who: "MySQL" },
        UsualPort { number: 6033, who: "ProxySQL" },
        UsualPort { number: 3307, who: "a second MySQL" },
        UsualPort { number: 6446, who: "MySQL Router" },
    ],
    recognises: greets,
    // Every login sees the first one, whatever it was granted.
    default_databases: &["information_schema", "mysql"],
    encrypt: Some(("ssl-mode", Some("VERIFY_IDENTITY"))),
    ..Approach::UNKNOWN
};

/// The first packet: its length in three bytes, number 0, then version 10 of the protocol or an error.
fn greets(said: &[u8]) -> bool {
    let &[low, middle, 0, 0, kind, ..] = said else { return false };
    let length = usize::from(low) | usize::from(middle) << 8;
    // A greeting has at least a version, a thread, a challenge and flags; an error a code and some words.
    matches!(kind, 10 | 0xff) && (9..=1024).contains(&length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_and_a_refusal_are_recognised_and_other_languages_are_not() {
        assert!(greets(b"\x4a\x00\x00\x00\x0a8.4.0\x00"));
        assert!(greets(b"\x17\x00\x00\x00\xff\x10\x04Too many connections"));
        for other in
            [b"S".as_slice(), b"N", b"+PONG\r\n", b"-NOAUTH x", b"HTTP/1.1 400", b"SSH-2.0-x", b"", b"\0\0\0\0\x0a"]
        {
            assert!(!greets(other), "{other:?}");
        }
    }
}

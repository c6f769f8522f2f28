//! What a Redis or Valkey server looks like from outside.

use crate::domain::connection::{Approach, UsualPort};

/// A server says nothing until it is asked. The question is answered without a login too: with a refusal.
pub(super) static APPROACH: Approach = Approach {
    name: "Redis",
    scheme: "redis",
    ports: &[
        UsualPort { number: 6379, who: "Redis" },
        UsualPort { number: 6380, who: "a second Redis" },
        UsualPort { number: 7000, who: "a node of a Redis Cluster" },
        UsualPort { number: 26379, who: "Sentinel" },
    ],
    hello: b"*1\r\n$4\r\nPING\r\n",
    recognises: answers,
    encrypt: Some(("rediss", None)),
    ..Approach::UNKNOWN
};

/// `+PONG`, or an error whose first word is a code in capitals.
fn answers(said: &[u8]) -> bool {
    let Some((first, rest)) = said.split_first() else { return false };
    let word = rest.split(|byte| !byte.is_ascii_uppercase()).next().unwrap_or_default();
    match first {
        b'+' => word == b"PONG",
        b'-' => word.len() >= 3,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_recognised_and_other_languages_are_not() {
        for own in [b"+PONG\r\n".as_slice(), b"-NOAUTH Authentication required.\r\n", b"-ERR max number", b"-DENIED x"]
        {
            assert!(answers(own), "{own:?}");
        }
        for other in [b"S".as_slice(), b"+OK ready", b"-", b"- no", b"\x4a\0\0\0\x0a", b"HTTP/1.1 400", b""] {
            assert!(!answers(other), "{other:?}");
        }
    }
}

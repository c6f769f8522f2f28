//! What a MongoDB server looks like from outside.

use crate::domain::connection::{Approach, UsualPort};

/// `{"hello": 1, "$db": "admin"}`, which every server answers before a login, in an `OP_MSG`: length, request 1, reply to
/// none, code 2013, no flags, one section of kind 0.
const HELLO: &[u8] = b"\x38\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0\x23\0\0\0\
    \x01hello\0\0\0\0\0\0\0\xf0\x3f\x02$db\0\x06\0\0\0admin\0\0";

pub(super) static APPROACH: Approach = Approach {
    name: "MongoDB",
    scheme: "mongodb",
    ports: &[
        UsualPort { number: 27017, who: "MongoDB" },
        UsualPort { number: 27018, who: "a shard" },
        UsualPort { number: 27019, who: "a config server" },
    ],
    hello: HELLO,
    recognises: answers,
    encrypt: Some(("tls", Some("true"))),
    ..Approach::UNKNOWN
};

/// The header of a reply to request 1: an `OP_MSG` or, from old servers, an `OP_REPLY`.
fn answers(said: &[u8]) -> bool {
    let Some(header) = said.first_chunk::<16>() else { return false };
    let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    (16..48_000_000).contains(&number(0)) && number(8) == 1 && matches!(number(12), 2013 | 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::{Document, doc};

    #[test]
    fn the_question_is_one_whole_message() {
        let length = u32::from_le_bytes(HELLO[..4].try_into().unwrap());
        assert_eq!(HELLO.len(), usize::try_from(length).unwrap());
        let asked = Document::from_reader(&HELLO[21..]).unwrap();
        assert_eq!(asked, doc! {"hello": 1.0, "$db": "admin"});
    }

    #[test]
    fn a_reply_is_recognised_and_other_languages_are_not() {
        let mut reply = HELLO.to_vec();
        reply[8] = 1;
        assert!(answers(&reply));
        assert!(!answers(HELLO), "a request is no reply");
        for other in [b"S".as_slice(), b"+PONG\r\n", b"HTTP/1.1 400 Bad Request", b"SSH-2.0-OpenSSH_9.2p1 Debian", b""]
        {
            assert!(!answers(other), "{other:?}");
        }
    }
}

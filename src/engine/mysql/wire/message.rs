//! The server's packets other than rows. Every reader here takes whatever bytes arrive without a panic.

use crate::domain::error_event::ServerMessage;
use bytes::{Buf as _, Bytes};
use mysql_common::constants::{CapabilityFlags, ColumnFlags, ColumnType};

/// Not the protocol: the connection cannot be used further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// The server's first packet.
#[derive(Debug, Clone)]
pub(crate) struct Greeting {
    /// Lower half of the connection's id.
    pub(crate) connection_id: u32,
    pub(crate) capabilities: CapabilityFlags,
    /// Random bytes for the login, 20 of them.
    pub(crate) nonce: Vec<u8>,
    /// The login plugin that the server would like.
    pub(crate) plugin: String,
}

/// A step of the login.
#[derive(Debug)]
pub(crate) enum LoginStep {
    /// Let in.
    Done,
    /// Use this plugin, with this challenge.
    Switch { plugin: String, challenge: Bytes },
    /// The plugin's own conversation goes on.
    More(Bytes),
    /// Kept out.
    Refused(ServerMessage),
}

/// A statement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Done {
    /// Warnings that the server has ready.
    pub(crate) warnings: u16,
    /// The session is in a transaction.
    pub(crate) in_transaction: bool,
    /// Another result would follow, which we never ask for.
    pub(crate) more: bool,
    /// Rows that the statement inserted or deleted, and those that an UPDATE matched (the login asks for that count, not
    /// for the rows whose values became others).
    pub(crate) affected: u64,
    /// The first number that the server gave to a new row; 0 for none.
    pub(crate) last_id: u64,
}

/// A column as the server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: ColumnType,
    pub(crate) flags: ColumnFlags,
    /// The collation's number; 63 is `binary`.
    pub(crate) collation: u16,
    /// Longest value in bytes.
    pub(crate) length: u32,
    pub(crate) decimals: u8,
}

const SERVER_STATUS_IN_TRANS: u16 = 0x0001;
const SERVER_MORE_RESULTS_EXISTS: u16 = 0x0008;

impl Greeting {
    /// Reads it; an error packet in its place is the server's refusal to talk.
    pub(crate) fn parse(mut body: Bytes) -> Result<Result<Self, ServerMessage>, Malformed> {
        const SHORT: Malformed = Malformed("a greeting that is too short");
        match body.first() {
            Some(10) => body.advance(1),
            Some(0xff) => return Ok(Err(refusal(body))),
            _ => return Err(Malformed("a greeting of another protocol")),
        }
        // The version comes first; the session asks for it again, because a proxy may give its own here.
        text_to_zero(&mut body).ok_or(SHORT)?;
        if body.len() < 15 {
            return Err(SHORT);
        }
        let connection_id = body.get_u32_le();
        let mut nonce = body.split_to(8).to_vec();
        body.advance(1);
        let mut capabilities = u32::from(body.get_u16_le());
        let mut plugin = String::new();
        // Character set (1), status (2), upper half of the capabilities (2), length of the nonce (1), reserved (10).
        if body.len() >= 16 {
            body.advance(3);
            capabilities |= u32::from(body.get_u16_le()) << 16;
            let length = usize::from(body.get_u8());
            body.advance(10);
            let rest = length.saturating_sub(8).max(13).min(body.len());
            nonce.extend_from_slice(&body.split_to(rest));
            // Its last byte is a zero that does not belong to it.
            nonce.truncate(20);
            plugin = text(&body[..body.iter().position(|b| *b == 0).unwrap_or(body.len())]);
        }
        nonce.resize(20, 0);
        let capabilities = CapabilityFlags::from_bits_truncate(capabilities);
        Ok(Ok(Self { connection_id, capabilities, nonce, plugin }))
    }
}

impl LoginStep {
    /// Reads it.
    pub(crate) fn parse(mut body: Bytes) -> Result<Self, Malformed> {
        match body.first() {
            Some(0) => Ok(Self::Done),
            Some(1) => Ok(Self::More(body.slice(1..))),
            Some(0xff) => Ok(Self::Refused(refusal(body))),
            Some(0xfe) if body.len() == 1 => {
                Ok(Self::Switch { plugin: "mysql_old_password".into(), challenge: Bytes::new() })
            }
            Some(0xfe) => {
                body.advance(1);
                let plugin = text_to_zero(&mut body).ok_or(Malformed("a login plugin without a name"))?;
                if body.last() == Some(&0) {
                    body.truncate(body.len() - 1);
                }
                Ok(Self::Switch { plugin, challenge: body })
            }
            _ => Err(Malformed("a login packet of an unknown kind")),
        }
    }
}

impl Done {
    /// Reads an OK packet, with whatever header.
    pub(super) fn parse_ok(mut body: Bytes) -> Result<Self, Malformed> {
        const SHORT: Malformed = Malformed("an OK that is too short");
        if body.is_empty() {
            return Err(SHORT);
        }
        body.advance(1);
        let affected = lenenc(&mut body).ok_or(SHORT)?;
        let last_id = lenenc(&mut body).ok_or(SHORT)?;
        if body.len() < 4 {
            return Err(SHORT);
        }
        Ok(Self { affected, last_id, ..Self::of(body.get_u16_le(), body.get_u16_le()) })
    }

    /// Reads an EOF packet of servers and proxies that still send it.
    pub(super) fn parse_eof(mut body: Bytes) -> Result<Self, Malformed> {
        if body.len() < 5 {
            return Err(Malformed("an EOF that is too short"));
        }
        body.advance(1);
        let warnings = body.get_u16_le();
        Ok(Self::of(body.get_u16_le(), warnings))
    }

    fn of(status: u16, warnings: u16) -> Self {
        Self {
            warnings,
            in_transaction: status & SERVER_STATUS_IN_TRANS != 0,
            more: status & SERVER_MORE_RESULTS_EXISTS != 0,
            ..Self::default()
        }
    }
}

impl Field {
    /// Reads a column definition.
    pub(super) fn parse(mut body: Bytes) -> Result<Self, Malformed> {
        const SHORT: Malformed = Malformed("a column description that is too short");
        // Catalog, schema, table and original table come before the name, the original name after it.
        for _ in 0..4 {
            counted(&mut body).ok_or(SHORT)?;
        }
        let name = text(&counted(&mut body).ok_or(SHORT)?);
        counted(&mut body).ok_or(SHORT)?;
        lenenc(&mut body).ok_or(SHORT)?;
        if body.len() < 10 {
            return Err(SHORT);
        }
        let collation = body.get_u16_le();
        let length = body.get_u32_le();
        let kind = ColumnType::try_from(body.get_u8()).map_err(|_| Malformed("a column of an unknown type"))?;
        let flags = ColumnFlags::from_bits_truncate(body.get_u16_le());
        let decimals = body.get_u8();
        Ok(Self { name, kind, flags, collation, length, decimals })
    }
}

/// Reads an error packet. Before the login it has no SQL state.
pub(super) fn refusal(mut body: Bytes) -> ServerMessage {
    body.advance(1.min(body.len()));
    let code = if body.len() >= 2 { body.get_u16_le().to_string() } else { String::new() };
    if body.first() == Some(&b'#') && body.len() >= 6 {
        body.advance(6);
    }
    ServerMessage { code, message: text(&body), ..ServerMessage::default() }
}

/// Takes a number of one to nine bytes.
pub(super) fn lenenc(body: &mut Bytes) -> Option<u64> {
    let more = match *body.first()? {
        0xfc => 2,
        0xfd => 3,
        0xfe => 8,
        0xfb | 0xff => return None,
        _ => return Some(u64::from(body.get_u8())),
    };
    if body.len() < 1 + more {
        return None;
    }
    body.advance(1);
    Some(body.get_uint_le(more))
}

/// Takes bytes that follow their length.
pub(super) fn counted(body: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(lenenc(body)?).ok()?;
    (length <= body.len()).then(|| body.split_to(length))
}

/// Takes a zero-ended text.
fn text_to_zero(body: &mut Bytes) -> Option<String> {
    let end = body.iter().position(|b| *b == 0)?;
    let value = text(&body.split_to(end));
    body.advance(1);
    Some(value)
}

fn text(bytes: &[u8]) -> String {
    super::types::text(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_error_is_read_with_and_without_its_state() {
        let with = refusal(Bytes::from_static(b"\xff\x15\x04#28000Access denied"));
        assert_eq!((with.code.as_str(), with.message.as_str()), ("1045", "Access denied"));
        let without = refusal(Bytes::from_static(b"\xff\x10\x04Too many connections"));
        assert_eq!((without.code.as_str(), without.message.as_str()), ("1040", "Too many connections"));
    }

    #[test]
    fn another_protocol_is_told_from_a_greeting() {
        assert!(Greeting::parse(Bytes::from_static(b"SSH-2.0-OpenSSH")).is_err());
        let full = Greeting::parse(Bytes::from_static(b"\xff\x10\x04Too many connections")).unwrap();
        assert_eq!(full.unwrap_err().code, "1040");
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), kind in 0_u8..5) {
            let mut body = Bytes::from(bytes);
            match kind {
                0 => drop(Greeting::parse([&b"\x0a"[..], &body].concat().into())),
                1 => drop(LoginStep::parse(body)),
                2 => drop(Done::parse_ok(body.clone()).is_ok() | Done::parse_eof(body).is_ok()),
                3 => drop(Field::parse(body)),
                _ => drop((lenenc(&mut body), refusal(body))),
            }
        }
    }
}

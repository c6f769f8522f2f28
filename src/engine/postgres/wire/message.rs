//! The server's messages other than rows.

use super::decode::Malformed;
use crate::domain::error_event::ServerMessage;
use bytes::{Buf as _, Bytes};

/// Where our session stands between statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transaction {
    /// Outside a transaction.
    Idle,
    /// Inside one.
    Open,
    /// Inside one that failed.
    Failed,
}

/// A step of the login.
#[derive(Debug, Clone)]
pub(crate) enum Authentication {
    /// Let in.
    Ok,
    /// Wants the password itself.
    Cleartext,
    /// Wants its MD5 with this salt.
    Md5([u8; 4]),
    /// Offers these SASL mechanisms.
    Sasl(Vec<String>),
    /// Goes on with SASL.
    SaslContinue(Bytes),
    /// Ends SASL with the server's own proof.
    SaslFinal(Bytes),
    /// A method that we do not speak, by name.
    Other(&'static str),
}

/// A column as the server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) type_oid: u32,
    pub(crate) modifier: i32,
}

/// An error or a notice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    /// `ERROR`, `FATAL`, `NOTICE` ..., never translated since 9.6.
    pub(crate) severity: String,
    pub(crate) message: ServerMessage,
}

impl Report {
    /// The server ends the connection after it.
    pub(crate) fn ends_connection(&self) -> bool {
        matches!(self.severity.as_str(), "FATAL" | "PANIC")
    }
}

/// A message.
#[derive(Debug)]
pub(crate) enum Message {
    Authentication(Authentication),
    /// Process id and secret for a cancel request.
    Key {
        pid: i32,
        secret: i32,
    },
    /// A setting that the server reports by itself.
    Parameter {
        name: String,
        value: String,
    },
    Ready(Transaction),
    Columns(Vec<Field>),
    NoColumns,
    /// Parse, Bind or Close was done.
    Prepared,
    /// The row limit was reached; the portal waits.
    Suspended,
    /// A statement ended; how many rows it changed, where it changes rows.
    Complete(Option<u64>),
    /// The text held no statement.
    Empty,
    Error(Report),
    Notice(Report),
    /// COPY, which we never ask for.
    Copy,
    /// Types of the parameters, notifications: of no use here.
    Ignored,
}

impl Message {
    /// Tags that a server may send.
    pub(crate) fn known(tag: u8) -> bool {
        b"RKSZTDntCIENsA123GHWcdv".contains(&tag)
    }

    /// Reads the body of a message. Reports may be cut at their end.
    pub(crate) fn parse(tag: u8, mut body: Bytes) -> Result<Self, Malformed> {
        Ok(match tag {
            b'R' => Self::Authentication(authentication(&mut body)?),
            b'K' => {
                if body.len() < 8 {
                    return Err(Malformed("a cancel key that is too short"));
                }
                Self::Key { pid: body.get_i32(), secret: body.get_i32() }
            }
            b'S' => Self::Parameter { name: text(&mut body)?, value: text(&mut body)? },
            b'Z' => Self::Ready(match body.first() {
                Some(b'I') => Transaction::Idle,
                Some(b'T') => Transaction::Open,
                Some(b'E') => Transaction::Failed,
                _ => return Err(Malformed("an unknown transaction state")),
            }),
            b'T' => Self::Columns(fields(&mut body)?),
            b'n' => Self::NoColumns,
            b'1' | b'2' | b'3' => Self::Prepared,
            b's' => Self::Suspended,
            b'C' => Self::Complete(changed(&text(&mut body)?)),
            b'I' => Self::Empty,
            b'E' => Self::Error(report(&mut body)),
            b'N' => Self::Notice(report(&mut body)),
            b'G' | b'H' | b'W' | b'c' | b'd' => Self::Copy,
            _ => Self::Ignored,
        })
    }
}

/// The rows of a command tag: `INSERT 0 5`, `UPDATE 3`. A query changes none, whatever it counts.
fn changed(tag: &str) -> Option<u64> {
    let (verb, rest) = tag.split_once(' ')?;
    matches!(verb, "INSERT" | "UPDATE" | "DELETE" | "MERGE").then(|| rest.rsplit(' ').next()?.parse().ok())?
}

fn authentication(body: &mut Bytes) -> Result<Authentication, Malformed> {
    if body.len() < 4 {
        return Err(Malformed("a login request without its method"));
    }
    Ok(match body.get_i32() {
        0 => Authentication::Ok,
        2 => Authentication::Other("Kerberos 5"),
        3 => Authentication::Cleartext,
        5 if body.len() >= 4 => Authentication::Md5([body[0], body[1], body[2], body[3]]),
        6 => Authentication::Other("SCM credentials"),
        7 => Authentication::Other("GSSAPI (Kerberos)"),
        9 => Authentication::Other("SSPI (Windows)"),
        10 => {
            let mut mechanisms = Vec::new();
            while body.first().is_some_and(|b| *b != 0) {
                mechanisms.push(text(body)?);
            }
            Authentication::Sasl(mechanisms)
        }
        11 => Authentication::SaslContinue(body.clone()),
        12 => Authentication::SaslFinal(body.clone()),
        _ => Authentication::Other("a login method unknown to this program"),
    })
}

fn fields(body: &mut Bytes) -> Result<Vec<Field>, Malformed> {
    const SHORT: Malformed = Malformed("a column description that is too short");
    if body.len() < 2 {
        return Err(SHORT);
    }
    let count = usize::from(body.get_u16());
    let mut fields = Vec::with_capacity(count.min(1664));
    for _ in 0..count {
        let name = text(body)?;
        if body.len() < 18 {
            return Err(SHORT);
        }
        // Table oid (4) and column number (2) come first, type size (2) before the modifier, format (2) last.
        body.advance(6);
        let type_oid = body.get_u32();
        body.advance(2);
        let modifier = body.get_i32();
        body.advance(2);
        fields.push(Field { name, type_oid, modifier });
    }
    Ok(fields)
}

fn report(body: &mut Bytes) -> Report {
    let mut report = Report::default();
    while body.first().is_some_and(|code| *code != 0) {
        let code = body.get_u8();
        let end = body.iter().position(|b| *b == 0).unwrap_or(body.len());
        let value = super::types::text(&body.split_to(end));
        body.advance(usize::from(!body.is_empty()));
        match code {
            // The translated severity comes first, the plain one (since 9.6) replaces it.
            b'S' | b'V' => report.severity = value,
            b'C' => report.message.code = value,
            b'M' => report.message.message = value,
            b'D' => report.message.detail = Some(value),
            b'H' => report.message.hint = Some(value),
            b'P' => report.message.position = value.parse().ok(),
            _ => {}
        }
    }
    report
}

/// Takes a zero-ended text.
fn text(body: &mut Bytes) -> Result<String, Malformed> {
    let end = body.iter().position(|b| *b == 0).ok_or(Malformed("a text without its end"))?;
    let value = super::types::text(&body.split_to(end));
    body.advance(1);
    Ok(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_report_keeps_code_position_and_hint_even_when_cut() {
        let mut body = Bytes::from_static(b"SFEHLER\0VERROR\0C42P01\0Mno such\xff thing\0Hlook\0P15\0Dcut he");
        let report = report(&mut body);
        assert_eq!((report.severity.as_str(), report.message.code.as_str()), ("ERROR", "42P01"));
        assert_eq!(report.message.message, "no such\\xff thing");
        assert_eq!((report.message.hint.as_deref(), report.message.position), (Some("look"), Some(15)));
        assert_eq!(report.message.detail.as_deref(), Some("cut he"));
    }

    #[test]
    fn a_command_tag_tells_changed_rows_and_no_others() {
        let cases = [("INSERT 0 5", Some(5)), ("UPDATE 3", Some(3)), ("DELETE 0", Some(0)), ("MERGE 2", Some(2))];
        for (tag, rows) in cases {
            assert_eq!(changed(tag), rows, "{tag}");
        }
        for tag in ["SELECT 7", "CREATE TABLE", "VACUUM", "UPDATE", "INSERT 0 x"] {
            assert_eq!(changed(tag), None, "{tag}");
        }
    }

    #[test]
    fn sasl_mechanisms_are_read_in_order() {
        let body = Bytes::from_static(b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
        let Message::Authentication(Authentication::Sasl(names)) = Message::parse(b'R', body).unwrap() else {
            panic!("not SASL");
        };
        assert_eq!(names, ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
    }
}

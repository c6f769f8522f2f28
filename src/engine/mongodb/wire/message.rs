//! `OP_MSG`, the only message since MongoDB 3.6: a header of four little-endian numbers, flags, and one document.

use bson::{Document, RawDocumentBuf};

/// Bytes of the header: length, our number, the number that is answered, kind of message.
const HEADER: usize = 16;
/// The kind of message.
const OP_MSG: i32 = 2013;
/// A checksum follows the document.
const CHECKSUM_PRESENT: u32 = 1;
/// The longest message that a server sends (`maxMessageSizeBytes`), with room for its envelope.
const LONGEST: usize = 48_000_000 + (16 << 10);

/// What came is not a message of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A command as bytes.
pub(crate) fn encode(number: i32, command: &Document) -> Result<Vec<u8>, bson::error::Error> {
    let body = command.to_vec()?;
    let length = HEADER + 5 + body.len();
    let mut out = Vec::with_capacity(length);
    for field in [i32::try_from(length).unwrap_or(i32::MAX), number, 0, OP_MSG] {
        out.extend(field.to_le_bytes());
    }
    out.extend(0_u32.to_le_bytes());
    // The one section: a document.
    out.push(0);
    out.extend(body);
    Ok(out)
}

/// The length of the message that begins with these bytes, once there are enough of them to tell.
pub(crate) fn length(start: &[u8]) -> Result<Option<usize>, Malformed> {
    let Some(length) = number_at(start, 0) else { return Ok(None) };
    // What is not MongoDB shows it in the first four bytes: as a length, text is beyond all bounds.
    let length = usize::try_from(length).map_err(|_| Malformed)?;
    if (HEADER + 5..=LONGEST).contains(&length) { Ok(Some(length)) } else { Err(Malformed) }
}

/// The number of the command that a whole message answers, and its document.
pub(crate) fn decode(message: &[u8]) -> Result<(i32, RawDocumentBuf), Malformed> {
    let answers = number_at(message, 8).ok_or(Malformed)?;
    if number_at(message, 12) != Some(OP_MSG) {
        return Err(Malformed);
    }
    let flags = number_at(message, HEADER).ok_or(Malformed)?.cast_unsigned();
    let checksum = if flags & CHECKSUM_PRESENT == 0 { 0 } else { 4 };
    let end = message.len().checked_sub(checksum).ok_or(Malformed)?;
    match message.get(HEADER + 4..end) {
        Some([0, document @ ..]) => {
            RawDocumentBuf::from_bytes(document.to_vec()).map(|document| (answers, document)).map_err(|_| Malformed)
        }
        _ => Err(Malformed),
    }
}

fn number_at(bytes: &[u8], offset: usize) -> Option<i32> {
    let four = bytes.get(offset..offset + 4)?;
    Some(i32::from_le_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::doc;

    #[test]
    fn what_is_encoded_is_decoded() {
        let command = doc! { "find": "orders", "filter": { "qty": { "$gt": 5 } }, "$db": "shop" };
        let bytes = encode(7, &command).unwrap();
        assert_eq!(length(&bytes), Ok(Some(bytes.len())));
        let (answers, document) = decode(&bytes).unwrap();
        assert_eq!((answers, Document::try_from(&*document).unwrap()), (0, command));
    }

    #[test]
    fn a_checksum_is_left_out() {
        let mut bytes = encode(1, &doc! { "ok": 1 }).unwrap();
        bytes.extend([1, 2, 3, 4]);
        bytes[16] = 1;
        let length = i32::try_from(bytes.len()).unwrap();
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        assert_eq!(Document::try_from(&*decode(&bytes).unwrap().1).unwrap(), doc! { "ok": 1 });
    }

    #[test]
    fn other_protocols_are_told_apart() {
        for greeting in [&b"HTTP/1.1 400 Bad Request"[..], b"SSH-2.0-OpenSSH_9.2", b"-ERR unknown command", &[0; 4]] {
            assert_eq!(length(greeting), Err(Malformed), "{greeting:?}");
        }
        assert_eq!(length(b"ab"), Ok(None));
        let mut old = encode(1, &doc! { "ok": 1 }).unwrap();
        old[12] = 1;
        assert_eq!(decode(&old), Err(Malformed));
        for cut in 0..old.len() {
            assert_eq!(decode(&old[..cut]), Err(Malformed));
        }
    }
}

//! Bytes of the server -> what they mean, given what was asked. One push at a time: all progress is kept here, so that
//! a read may be abandoned at any await and taken up again.

use super::frames::Frames;
use super::message::{Done, Field, Malformed, lenenc, refusal};
use super::row::{Bounds, Cell, RowProgress, row_of_words};
use crate::domain::error_event::ServerMessage;
use bytes::{Buf as _, Bytes, BytesMut};

/// Longest packet that is kept of any kind but a row.
const LONGEST_BODY: usize = 1 << 20;
/// The server's own limit of columns (`MAX_FIELDS`).
const MOST_COLUMNS: u64 = 4096;

/// A statement that the server has prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prepared {
    pub(crate) id: u32,
    /// Parameters that it takes.
    pub(crate) params: u16,
}

/// What arrived.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A packet of the login.
    Packet(Bytes),
    /// A statement was prepared.
    Prepared(Prepared),
    /// The columns of the rows that follow.
    Columns(Vec<Field>),
    /// A row of a result.
    Row(Vec<Cell>),
    /// The statement ended.
    Done(Done),
    /// The server refused or failed it.
    Refused(ServerMessage),
}

/// What the server owes us.
#[derive(Debug, Default)]
enum Phase {
    /// Nothing.
    #[default]
    Rest,
    /// Packets of the login.
    Login,
    /// The end of a command without rows.
    Command,
    /// The answer to a preparation.
    Prepare,
    /// Descriptions of parameters and columns, which are not needed at that time.
    PrepareRest { packets: u32, prepared: Prepared },
    /// The end of a statement, or the number of its columns.
    Execute,
    /// Descriptions of columns.
    Columns { left: u64, fields: Vec<Field> },
    /// The packet between columns and rows, of servers that still send it.
    ColumnsEnd,
    /// A row, or the end.
    Rows,
    /// A row that has arrived in part.
    Row(RowProgress),
    /// A row whose last byte has arrived.
    RowEnd(Vec<Cell>),
}

/// The decoder of one connection.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    pub(super) frames: Frames,
    /// What is kept of the rows that follow.
    pub(super) bounds: Bounds,
    /// An EOF packet ends columns and rows.
    pub(super) old_eof: bool,
    phase: Phase,
    /// Rows come as words: the answer to a command, not to a prepared statement.
    words: bool,
    /// Columns of the current result.
    fields: Vec<Field>,
}

impl Decoder {
    /// The server owes nothing.
    pub(super) fn is_at_rest(&self) -> bool {
        matches!(self.phase, Phase::Rest)
    }
    pub(super) fn expect_login(&mut self) {
        self.phase = Phase::Login;
    }
    pub(super) fn expect_nothing(&mut self) {
        self.phase = Phase::Rest;
    }
    pub(super) fn expect_end(&mut self) {
        self.phase = Phase::Command;
    }
    pub(super) fn expect_prepared(&mut self) {
        self.phase = Phase::Prepare;
    }
    pub(super) fn expect_result(&mut self) {
        (self.phase, self.words) = (Phase::Execute, false);
    }
    pub(super) fn expect_words(&mut self) {
        (self.phase, self.words) = (Phase::Execute, true);
    }

    /// The next thing that has arrived whole; `None` when more bytes are needed.
    pub(super) fn next(&mut self, incoming: &mut BytesMut) -> Result<Option<Incoming>, Malformed> {
        loop {
            self.frames.feed(incoming);
            match std::mem::take(&mut self.phase) {
                Phase::Rest => {
                    return if self.frames.payload.is_empty() && !self.frames.is_complete() {
                        Ok(None)
                    } else {
                        // A server that closes says why without being asked.
                        let Some(body) = self.body()? else { return Ok(None) };
                        match body.first() {
                            Some(0xff) => Ok(Some(Incoming::Refused(refusal(body)))),
                            _ => Err(Malformed("an answer that nobody asked for")),
                        }
                    };
                }
                Phase::Login => {
                    self.phase = Phase::Login;
                    return Ok(self.body()?.map(Incoming::Packet));
                }
                Phase::Command => {
                    let Some(body) = self.body_or(Phase::Command)? else { return Ok(None) };
                    return match body.first() {
                        Some(0x00) => Ok(Some(Incoming::Done(Done::parse_ok(body)?))),
                        Some(0xff) => Ok(Some(Incoming::Refused(refusal(body)))),
                        _ => Err(Malformed("rows that nobody asked for")),
                    };
                }
                Phase::Prepare => {
                    let Some(body) = self.body_or(Phase::Prepare)? else { return Ok(None) };
                    if body.first() == Some(&0xff) {
                        return Ok(Some(Incoming::Refused(refusal(body))));
                    }
                    let (prepared, packets) = self.prepared(body)?;
                    self.phase = Phase::PrepareRest { packets, prepared };
                }
                Phase::PrepareRest { packets: 0, prepared } => return Ok(Some(Incoming::Prepared(prepared))),
                Phase::PrepareRest { packets, prepared } => {
                    if self.body_or(Phase::PrepareRest { packets, prepared })?.is_none() {
                        return Ok(None);
                    }
                    self.phase = Phase::PrepareRest { packets: packets - 1, prepared };
                }
                Phase::Execute => {
                    let Some(mut body) = self.body_or(Phase::Execute)? else { return Ok(None) };
                    match body.first() {
                        Some(0x00) => return Ok(Some(Incoming::Done(Done::parse_ok(body)?))),
                        Some(0xff) => return Ok(Some(Incoming::Refused(refusal(body)))),
                        Some(0xfb) => return Err(Malformed("a request for a file of this machine; it was refused")),
                        _ => {
                            let count = lenenc(&mut body).filter(|n| (1..=MOST_COLUMNS).contains(n));
                            let left = count.ok_or(Malformed("a result of too many columns"))?;
                            self.phase = Phase::Columns { left, fields: Vec::new() };
                        }
                    }
                }
                Phase::Columns { left: 0, fields } => {
                    self.phase = if self.old_eof { Phase::ColumnsEnd } else { Phase::Rows };
                    self.fields.clone_from(&fields);
                    return Ok(Some(Incoming::Columns(fields)));
                }
                Phase::Columns { left, mut fields } => match self.body()? {
                    None => {
                        self.phase = Phase::Columns { left, fields };
                        return Ok(None);
                    }
                    Some(body) if body.first() == Some(&0xff) => return Ok(Some(Incoming::Refused(refusal(body)))),
                    Some(body) => {
                        fields.push(Field::parse(body)?);
                        self.phase = Phase::Columns { left: left - 1, fields };
                    }
                },
                Phase::ColumnsEnd => {
                    if self.body_or(Phase::ColumnsEnd)?.is_none() {
                        return Ok(None);
                    }
                    self.phase = Phase::Rows;
                }
                Phase::Rows => match self.frames.payload.first() {
                    None if self.frames.is_complete() => return Err(Malformed("an empty row")),
                    None => {
                        self.phase = Phase::Rows;
                        return Ok(None);
                    }
                    Some(0x00) if !self.words => {
                        match RowProgress::begin(&mut self.frames.payload, self.fields.len(), self.bounds) {
                            Some(row) => self.phase = Phase::Row(row),
                            None if self.frames.is_complete() => return Err(Malformed("a row without its NULL bits")),
                            None => {
                                self.phase = Phase::Rows;
                                return Ok(None);
                            }
                        }
                    }
                    Some(_) => {
                        let Some(body) = self.body_or(Phase::Rows)? else { return Ok(None) };
                        return match body.first() {
                            Some(0xff) => Ok(Some(Incoming::Refused(refusal(body)))),
                            Some(0xfe) if self.old_eof => Ok(Some(Incoming::Done(Done::parse_eof(body)?))),
                            Some(0xfe) => Ok(Some(Incoming::Done(Done::parse_ok(body)?))),
                            _ if self.words => {
                                self.phase = Phase::Rows;
                                Ok(Some(Incoming::Row(row_of_words(body, self.fields.len())?)))
                            }
                            _ => Err(Malformed("a row of an unknown kind")),
                        };
                    }
                },
                Phase::Row(mut row) => match row.step(&mut self.frames.payload, &self.fields, self.bounds)? {
                    Some(cells) => self.phase = Phase::RowEnd(cells),
                    None if self.frames.is_complete() => return Err(Malformed("a row shorter than its cells")),
                    None => {
                        self.phase = Phase::Row(row);
                        return Ok(None);
                    }
                },
                Phase::RowEnd(_) if !self.frames.payload.is_empty() => {
                    return Err(Malformed("a row longer than its cells"));
                }
                Phase::RowEnd(cells) if self.frames.is_complete() => {
                    self.frames.next_packet();
                    self.phase = Phase::Rows;
                    return Ok(Some(Incoming::Row(cells)));
                }
                Phase::RowEnd(cells) => {
                    self.phase = Phase::RowEnd(cells);
                    return Ok(None);
                }
            }
        }
    }

    /// The current packet when it is whole; else the phase is put back.
    fn body_or(&mut self, phase: Phase) -> Result<Option<Bytes>, Malformed> {
        let body = self.body()?;
        if body.is_none() {
            self.phase = phase;
        }
        Ok(body)
    }

    fn body(&mut self) -> Result<Option<Bytes>, Malformed> {
        // The words of another protocol announce a long packet too, and then nothing follows.
        if self.frames.announced() > LONGEST_BODY {
            return Err(Malformed("a packet far longer than its kind needs"));
        }
        if !self.frames.is_complete() {
            return Ok(None);
        }
        let body = self.frames.payload.split().freeze();
        self.frames.next_packet();
        Ok(Some(body))
    }

    /// Reads the answer to a preparation, and how many packets follow it.
    fn prepared(&self, mut body: Bytes) -> Result<(Prepared, u32), Malformed> {
        if body.len() < 9 || body.get_u8() != 0 {
            return Err(Malformed("a prepared statement without its numbers"));
        }
        let id = body.get_u32_le();
        let columns = u32::from(body.get_u16_le());
        let params = body.get_u16_le();
        let end = |count: u32| u32::from(self.old_eof && count > 0);
        let packets = columns + end(columns) + u32::from(params) + end(u32::from(params));
        Ok((Prepared { id, params }, packets))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
    use super::*;
    use proptest::prelude::*;

    fn packet(body: &[u8], out: &mut BytesMut) {
        Frames::default().write(body, out);
    }

    fn column(kind: u8) -> Vec<u8> {
        let mut out = b"\x03def\0\0\0\x01c\0\x0c".to_vec();
        out.extend([45, 0, 0, 1, 0, 0, kind, 0, 0, 0, 0, 0]);
        out
    }

    #[test]
    fn rows_come_as_words_too() {
        let mut bytes = BytesMut::new();
        for body in [&[2][..], &column(253), &column(253), b"\x07Warning\xfb", b"\0\x01x", b"\xfe\0\0\x02\0\0\0"] {
            packet(body, &mut bytes);
        }
        let mut decoder = Decoder::default();
        decoder.expect_words();
        let mut rows = Vec::new();
        while let Some(incoming) = decoder.next(&mut bytes).unwrap() {
            match incoming {
                Incoming::Row(cells) => rows.push(cells),
                Incoming::Done(_) => break,
                _ => {}
            }
        }
        let whole = |words: &str| Cell::Whole(words.into());
        assert_eq!(rows, [vec![whole("Warning"), Cell::Null], vec![whole(""), whole("x")]]);
        assert!(decoder.is_at_rest());
        for wrong in [&b"\x07Warn"[..], b"\x01a", b"\x01a\x01bc", b"\xfd"] {
            assert!(row_of_words(Bytes::copy_from_slice(wrong), 2).is_err(), "{wrong:?}");
        }
    }

    /// A result of one BIGINT and one VARCHAR.
    fn result(rows: &[(i64, Option<&[u8]>)]) -> BytesMut {
        let mut out = BytesMut::new();
        packet(&[2], &mut out);
        packet(&column(8), &mut out);
        packet(&column(253), &mut out);
        for (number, text) in rows {
            let mut row = vec![0, if text.is_none() { 0b1000 } else { 0 }];
            row.extend(number.to_le_bytes());
            if let Some(text) = text {
                row.push(0xfd);
                row.extend(&(text.len() as u32).to_le_bytes()[..3]);
                row.extend(*text);
            }
            packet(&row, &mut out);
        }
        packet(&[0xfe, 0, 0, 2, 0, 0, 0], &mut out);
        out
    }

    fn decode(bytes: &[u8], chunk: usize, bounds: Bounds) -> Result<Vec<String>, Malformed> {
        let mut decoder = Decoder { bounds, ..Decoder::default() };
        decoder.expect_result();
        let mut buffer = BytesMut::new();
        let mut out = Vec::new();
        for part in bytes.chunks(chunk.max(1)) {
            buffer.extend_from_slice(part);
            while let Some(incoming) = decoder.next(&mut buffer)? {
                if !matches!(incoming, Incoming::Columns(_)) {
                    out.push(format!("{incoming:?}"));
                }
            }
        }
        Ok(out)
    }

    #[test]
    fn a_long_cell_is_cut_and_counted_and_the_next_row_is_whole() {
        let long = vec![b'x'; 10_000];
        let bytes = result(&[(1, Some(&long)), (2, None), (3, Some(b"b"))]);
        let got = decode(&bytes, 7, Bounds { cell: 4, row: 100 }).unwrap();
        assert!(got[0].ends_with("Cut { start: [120, 120, 120, 120], bytes: 10000 }])"), "{got:?}");
        assert_eq!(got[1], "Row([Whole([2, 0, 0, 0, 0, 0, 0, 0]), Null])");
        assert!(got[2].ends_with("Whole([98])])") && got[3].starts_with("Done"), "{got:?}");
    }

    #[test]
    fn a_server_that_asks_for_a_file_gets_none() {
        let mut out = BytesMut::new();
        packet(b"\xfb/etc/passwd", &mut out);
        assert!(decode(&out, 64, Bounds::default()).unwrap_err().0.contains("refused"));
    }

    #[test]
    fn a_row_that_lies_about_its_length_is_refused() {
        for body in
            [&b"\0\0\x01\x02"[..], b"\0", b"\0\0\x01\0\0\0\0\0\0\0\x05ab", b"\0\0\x01\0\0\0\0\0\0\0\x01abc", b""]
        {
            let mut out = result(&[]);
            out.truncate(out.len() - 11);
            packet(body, &mut out);
            assert!(decode(&out, 64, Bounds::default()).is_err(), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn the_cut_of_the_stream_does_not_matter(
            cells in prop::collection::vec((any::<i64>(), prop::option::of(prop::collection::vec(any::<u8>(), 0..40))), 0..6),
            chunk in 1_usize..50,
            cell in 0_usize..50,
        ) {
            let rows: Vec<(i64, Option<&[u8]>)> = cells.iter().map(|(n, t)| (*n, t.as_deref())).collect();
            let bytes = result(&rows);
            let bounds = Bounds { cell, row: 100 };
            prop_assert_eq!(decode(&bytes, chunk, bounds), decode(&bytes, bytes.len(), bounds));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), chunk in 1_usize..50) {
            let _ = decode(&bytes, chunk, Bounds::default());
            let mut after = result(&[]);
            after.truncate(after.len() - 11);
            after.extend_from_slice(&bytes);
            let _ = decode(&after, chunk, Bounds::default());
        }
    }
}

//! Bytes of the server -> messages, one push at a time.
//!
//! The decoder keeps all progress in itself, so that a read may be abandoned at any await and taken up again. A row
//! is read cell by cell: what exceeds the bounds is counted and passed over, so memory stays bounded whatever arrives.

use super::message::Message;
use bytes::{Buf as _, Bytes, BytesMut};
use std::mem;

/// Longest body that is kept of any message but a row; 1600 columns with long names need about 130 kB.
const LONGEST_BODY: usize = 1 << 20;
/// Errors and notices may quote a whole value; their beginning is enough.
const LONGEST_REPORT: usize = 64 << 10;
/// The protocol's own limit of one message (`MaxAllocSize`).
const LONGEST_MESSAGE: usize = 0x3fff_ffff;

/// What is kept of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes of one cell.
    pub(crate) cell: usize,
    /// Bytes of all cells of one row.
    pub(crate) row: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { cell: 1 << 20, row: 16 << 20 }
    }
}

/// One cell in the server's text form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// NULL.
    Null,
    /// All of it.
    Whole(Vec<u8>),
    /// Its beginning, and how many bytes the server sent.
    Cut { start: Vec<u8>, bytes: u64 },
}

/// What arrived.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A row of a result.
    Row(Vec<Cell>),
    /// Any other message.
    Message(Message),
}

/// Not the protocol: the connection cannot be used further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

#[derive(Debug)]
enum State {
    Between,
    Body { tag: u8, keep: usize, rest: usize },
    Skip { rest: usize },
    Row(RowProgress),
}

#[derive(Debug, Default)]
struct RowProgress {
    /// Cells still to come, after the current one.
    cells_left: usize,
    /// Bytes of the message still to come.
    bytes_left: usize,
    /// Bytes that may still be kept of this row.
    room: usize,
    current: Option<CellProgress>,
    done: Vec<Cell>,
}

#[derive(Debug)]
struct CellProgress {
    start: Vec<u8>,
    to_keep: usize,
    to_pass: usize,
    bytes: usize,
}

/// The decoder of one connection.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// What is kept of the rows that follow.
    pub(crate) bounds: Bounds,
    state: State,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self { bounds: Bounds::default(), state: State::Between }
    }

    /// Takes the next whole message out of `buffer`; `None` when more bytes are needed.
    pub(crate) fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Incoming>, Malformed> {
        loop {
            match &mut self.state {
                State::Between => {
                    if buffer.len() < 5 {
                        return Ok(None);
                    }
                    let tag = buffer[0];
                    let length = u32::from_be_bytes([buffer[1], buffer[2], buffer[3], buffer[4]]) as usize;
                    let body = length.checked_sub(4).ok_or(Malformed("a message shorter than its own length"))?;
                    if length > LONGEST_MESSAGE {
                        return Err(Malformed("a message longer than the protocol allows"));
                    }
                    if !Message::known(tag) {
                        return Err(Malformed("a message of an unknown kind"));
                    }
                    if tag == b'D' {
                        if buffer.len() < 7 {
                            return Ok(None);
                        }
                        let cells = usize::from(u16::from_be_bytes([buffer[5], buffer[6]]));
                        buffer.advance(7);
                        let bytes_left = body.checked_sub(2).ok_or(Malformed("a row without a cell count"))?;
                        self.state = State::Row(RowProgress {
                            cells_left: cells,
                            bytes_left,
                            room: self.bounds.row,
                            current: None,
                            done: Vec::with_capacity(cells.min(1664)),
                        });
                        continue;
                    }
                    buffer.advance(5);
                    let keep = match tag {
                        b'E' | b'N' => body.min(LONGEST_REPORT),
                        b'd' | b'A' => 0,
                        _ if body > LONGEST_BODY => return Err(Malformed("a message far longer than its kind needs")),
                        _ => body,
                    };
                    self.state = State::Body { tag, keep, rest: body - keep };
                }
                State::Body { tag, keep, rest } => {
                    if buffer.len() < *keep {
                        return Ok(None);
                    }
                    let body: Bytes = buffer.split_to(*keep).freeze();
                    let message = Message::parse(*tag, body)?;
                    self.state = State::Skip { rest: *rest };
                    return Ok(Some(Incoming::Message(message)));
                }
                State::Skip { rest } => {
                    let passed = (*rest).min(buffer.len());
                    buffer.advance(passed);
                    *rest -= passed;
                    if *rest > 0 {
                        return Ok(None);
                    }
                    self.state = State::Between;
                }
                State::Row(row) => {
                    if !row.step(buffer, self.bounds.cell)? {
                        return Ok(None);
                    }
                    let cells = mem::take(&mut row.done);
                    self.state = State::Between;
                    return Ok(Some(Incoming::Row(cells)));
                }
            }
        }
    }
}

impl RowProgress {
    /// Moves on as far as the bytes reach; true when the row is complete.
    fn step(&mut self, buffer: &mut BytesMut, cell_bound: usize) -> Result<bool, Malformed> {
        loop {
            if let Some(cell) = &mut self.current {
                if !cell.step(buffer) {
                    return Ok(false);
                }
                if let Some(cell) = self.current.take() {
                    self.done.push(cell.finish());
                }
            }
            if self.cells_left == 0 {
                return if self.bytes_left == 0 { Ok(true) } else { Err(Malformed("a row longer than its cells")) };
            }
            if buffer.len() < 4 {
                return Ok(false);
            }
            let length = buffer.get_i32();
            self.cells_left -= 1;
            self.bytes_left = self.bytes_left.checked_sub(4).ok_or(Malformed("a row shorter than its cells"))?;
            if length == -1 {
                self.done.push(Cell::Null);
                continue;
            }
            let bytes = usize::try_from(length).map_err(|_| Malformed("a cell of negative length"))?;
            self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or(Malformed("a cell longer than its row"))?;
            let to_keep = bytes.min(cell_bound).min(self.room);
            self.room -= to_keep;
            self.current =
                Some(CellProgress { start: Vec::with_capacity(to_keep), to_keep, to_pass: bytes - to_keep, bytes });
        }
    }
}

impl CellProgress {
    /// True when the cell has passed.
    fn step(&mut self, buffer: &mut BytesMut) -> bool {
        let kept = self.to_keep.min(buffer.len());
        self.start.extend_from_slice(&buffer[..kept]);
        buffer.advance(kept);
        self.to_keep -= kept;
        if self.to_keep > 0 {
            return false;
        }
        let passed = self.to_pass.min(buffer.len());
        buffer.advance(passed);
        self.to_pass -= passed;
        self.to_pass == 0
    }
    fn finish(self) -> Cell {
        if self.start.len() == self.bytes {
            Cell::Whole(self.start)
        } else {
            Cell::Cut { start: self.start, bytes: self.bytes as u64 }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
    use super::*;
    use proptest::prelude::*;

    fn row(cells: &[Option<&[u8]>]) -> Vec<u8> {
        let mut body = (cells.len() as u16).to_be_bytes().to_vec();
        for cell in cells {
            match cell {
                None => body.extend((-1_i32).to_be_bytes()),
                Some(bytes) => {
                    body.extend((bytes.len() as i32).to_be_bytes());
                    body.extend(*bytes);
                }
            }
        }
        message(b'D', &body)
    }

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        out.extend((body.len() as u32 + 4).to_be_bytes());
        out.extend(body);
        out
    }

    fn decode(bytes: &[u8], chunk: usize, bounds: Bounds) -> Result<Vec<String>, Malformed> {
        let mut decoder = Decoder::new();
        decoder.bounds = bounds;
        let mut buffer = BytesMut::new();
        let mut out = Vec::new();
        for part in bytes.chunks(chunk.max(1)) {
            buffer.extend_from_slice(part);
            while let Some(incoming) = decoder.next(&mut buffer)? {
                out.push(format!("{incoming:?}"));
            }
        }
        Ok(out)
    }

    #[test]
    fn a_long_cell_is_cut_and_counted_and_the_next_row_is_whole() {
        let long = vec![b'x'; 10_000];
        let bytes = [row(&[Some(&long), None, Some(b"b")]), row(&[Some(b"next")])].concat();
        let got = decode(&bytes, 7, Bounds { cell: 4, row: 100 }).unwrap();
        assert_eq!(got[0], "Row([Cut { start: [120, 120, 120, 120], bytes: 10000 }, Null, Whole([98])])");
        assert_eq!(got[1], "Row([Whole([110, 101, 120, 116])])");
    }

    #[test]
    fn a_row_of_many_cells_is_bounded_as_a_whole() {
        let cell: &[u8] = b"12345678";
        let got = decode(&row(&[Some(cell); 4]), 64, Bounds { cell: 8, row: 20 }).unwrap();
        assert!(got[0].ends_with("Cut { start: [49, 50, 51, 52], bytes: 8 }, Cut { start: [], bytes: 8 }])"));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(decode(b"HTTP/1.1 400 Bad Request\r\n", 64, Bounds::default()).is_err());
        assert!(decode(&[b'Z', 0, 0, 0, 1, 0], 64, Bounds::default()).is_err());
        assert!(decode(&[b'T', 0x3f, 0, 0, 0, 0], 64, Bounds::default()).is_err());
        let mut lying = row(&[Some(b"abc")]);
        lying[10] = 9;
        assert!(decode(&lying, 64, Bounds::default()).is_err());
    }

    proptest! {
        #[test]
        fn the_cut_of_the_stream_does_not_matter(
            cells in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..40)), 0..6),
            chunk in 1_usize..50,
            cell in 0_usize..50,
        ) {
            let cells: Vec<Option<&[u8]>> = cells.iter().map(Option::as_deref).collect();
            let bytes = [row(&cells), message(b'C', b"SELECT 1\0"), row(&cells), message(b'Z', b"I")].concat();
            let bounds = Bounds { cell, row: 100 };
            prop_assert_eq!(decode(&bytes, chunk, bounds), decode(&bytes, bytes.len(), bounds));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), chunk in 1_usize..50) {
            let _ = decode(&bytes, chunk, Bounds::default());
        }
    }
}

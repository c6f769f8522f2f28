//! A row while it arrives, cell by cell, in the binary form of prepared statements. What exceeds the bounds is counted
//! and passed over, so memory stays bounded whatever arrives.

use super::message::{Field, Malformed, counted};
use bytes::{Buf as _, Bytes, BytesMut};
use mysql_common::constants::ColumnType;

/// Stands in the place of a length.
const NULL: u8 = 0xfb;

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

/// One cell in the binary form of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// NULL.
    Null,
    /// All of it.
    Whole(Vec<u8>),
    /// Its beginning, and how many bytes the server sent.
    Cut { start: Vec<u8>, bytes: u64 },
}

/// How the bytes of a type are delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// This many bytes.
    Fixed(usize),
    /// One byte with the length first, at most 12.
    Moment,
    /// A length of one to nine bytes first.
    Long,
}

fn layout(kind: ColumnType) -> Layout {
    use ColumnType as T;
    match kind {
        T::MYSQL_TYPE_TINY => Layout::Fixed(1),
        T::MYSQL_TYPE_SHORT | T::MYSQL_TYPE_YEAR => Layout::Fixed(2),
        T::MYSQL_TYPE_LONG | T::MYSQL_TYPE_INT24 | T::MYSQL_TYPE_FLOAT => Layout::Fixed(4),
        T::MYSQL_TYPE_LONGLONG | T::MYSQL_TYPE_DOUBLE => Layout::Fixed(8),
        T::MYSQL_TYPE_NULL => Layout::Fixed(0),
        T::MYSQL_TYPE_DATE
        | T::MYSQL_TYPE_NEWDATE
        | T::MYSQL_TYPE_TIME
        | T::MYSQL_TYPE_TIME2
        | T::MYSQL_TYPE_DATETIME
        | T::MYSQL_TYPE_DATETIME2
        | T::MYSQL_TYPE_TIMESTAMP
        | T::MYSQL_TYPE_TIMESTAMP2 => Layout::Moment,
        _ => Layout::Long,
    }
}

/// The cells of a whole row that came as words, as the answers to commands do.
pub(super) fn row_of_words(mut body: Bytes, columns: usize) -> Result<Vec<Cell>, Malformed> {
    let mut cells = Vec::with_capacity(columns);
    for _ in 0..columns {
        if body.first() == Some(&NULL) {
            body.advance(1);
            cells.push(Cell::Null);
            continue;
        }
        let words = counted(&mut body).ok_or(Malformed("a row shorter than its cells"))?;
        cells.push(Cell::Whole(words.to_vec()));
    }
    if body.is_empty() { Ok(cells) } else { Err(Malformed("a row longer than its cells")) }
}

/// Progress through one row.
#[derive(Debug)]
pub(super) struct RowProgress {
    nulls: Vec<u8>,
    /// Bytes that may still be kept of this row.
    room: usize,
    current: Option<CellProgress>,
    done: Vec<Cell>,
}

#[derive(Debug)]
struct CellProgress {
    start: Vec<u8>,
    to_keep: usize,
    to_pass: u64,
    bytes: u64,
}

impl RowProgress {
    /// Begins when the header byte and the NULL bits have arrived; takes both.
    pub(super) fn begin(payload: &mut BytesMut, columns: usize, bounds: Bounds) -> Option<Self> {
        // Two bits are reserved at the start.
        let length = (columns + 9) / 8;
        if payload.len() < 1 + length {
            return None;
        }
        payload.advance(1);
        let nulls = payload.split_to(length).to_vec();
        Some(Self { nulls, room: bounds.row, current: None, done: Vec::with_capacity(columns) })
    }

    /// Moves on as far as the bytes reach; the cells when the row is complete.
    pub(super) fn step(
        &mut self,
        payload: &mut BytesMut,
        fields: &[Field],
        bounds: Bounds,
    ) -> Result<Option<Vec<Cell>>, Malformed> {
        loop {
            if let Some(cell) = &mut self.current {
                if !cell.step(payload) {
                    return Ok(None);
                }
                if let Some(cell) = self.current.take() {
                    self.done.push(cell.finish());
                }
            }
            let column = self.done.len();
            let Some(field) = fields.get(column) else { return Ok(Some(std::mem::take(&mut self.done))) };
            let bit = column + 2;
            if self.nulls.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1) {
                self.done.push(Cell::Null);
                continue;
            }
            let Some((bytes, short)) = length(payload, layout(field.kind))? else { return Ok(None) };
            let size = usize::try_from(bytes).unwrap_or(usize::MAX);
            // Numbers and moments are small, and make no sense in part.
            let to_keep = if short { size } else { size.min(bounds.cell).min(self.room) };
            self.room = self.room.saturating_sub(to_keep);
            self.current = Some(CellProgress {
                start: Vec::with_capacity(to_keep),
                to_keep,
                to_pass: bytes - to_keep as u64,
                bytes,
            });
        }
    }
}

/// Takes the length of a cell off; whether it is one that is always kept whole. `None` when more bytes are needed.
fn length(payload: &mut BytesMut, layout: Layout) -> Result<Option<(u64, bool)>, Malformed> {
    let Layout::Fixed(size) = layout else {
        let Some(first) = payload.first().copied() else { return Ok(None) };
        let more = match (layout, first) {
            (Layout::Moment, 0..=12) => 0,
            (Layout::Moment, _) => return Err(Malformed("a date longer than dates are")),
            (_, 0..=250) => 0,
            (_, 0xfc) => 2,
            (_, 0xfd) => 3,
            (_, 0xfe) => 8,
            _ => return Err(Malformed("a cell without a length")),
        };
        if payload.len() < 1 + more {
            return Ok(None);
        }
        payload.advance(1);
        let bytes = if more == 0 { u64::from(first) } else { payload.get_uint_le(more) };
        return Ok(Some((bytes, layout == Layout::Moment)));
    };
    Ok(Some((size as u64, true)))
}

impl CellProgress {
    /// True when the cell has passed.
    fn step(&mut self, payload: &mut BytesMut) -> bool {
        let kept = self.to_keep.min(payload.len());
        self.start.extend_from_slice(&payload[..kept]);
        payload.advance(kept);
        self.to_keep -= kept;
        if self.to_keep > 0 {
            return false;
        }
        let passed = usize::try_from(self.to_pass).unwrap_or(usize::MAX).min(payload.len());
        payload.advance(passed);
        self.to_pass -= passed as u64;
        self.to_pass == 0
    }
    fn finish(self) -> Cell {
        if self.start.len() as u64 == self.bytes {
            Cell::Whole(self.start)
        } else {
            Cell::Cut { start: self.start, bytes: self.bytes }
        }
    }
}

//! Bytes -> replies, while they arrive. What goes past the bounds is counted and thrown away at once, so that memory
//! follows the bounds and not the server.

use super::reply::Reply;
use bytes::{Buf as _, BytesMut};

/// Longest line that the protocol may send: type, length, status or refusal. Real ones have a few hundred bytes.
const LONGEST_LINE: usize = 64 << 10;
/// Deepest nesting. `COMMAND DOCS`, the deepest known reply, has seven.
const DEEPEST: usize = 32;
/// Room that is taken before the elements are there; a length is only the server's word.
const RESERVED: u64 = 1024;

/// What is kept of one reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Bytes of one value.
    pub(crate) cell: usize,
    /// Bytes of all values.
    pub(crate) bytes: usize,
    /// Elements in all, at every depth.
    pub(crate) elements: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { cell: 1 << 20, bytes: 16 << 20, elements: 400_000 }
    }
}

/// What arrives is not RESP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// What came whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Incoming {
    /// The answer to a command.
    Reply(Reply),
    /// Something that the server says by itself (RESP3 push).
    Push(Reply),
}

/// A list that is being filled.
struct Open {
    shape: Shape,
    /// Elements that are still to come.
    left: u64,
    total: u64,
    items: Vec<Reply>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Array,
    Map,
    Push,
    /// Remarks on the reply that follows: read and dropped.
    Attribute,
}

/// A value that is arriving.
struct Arriving {
    kept: Vec<u8>,
    /// Bytes still to come, without the closing line end.
    left: u64,
    total: u64,
    refusal: bool,
    /// `txt:` stands before the value.
    verbatim: bool,
}

/// Reads replies out of a buffer.
pub(crate) struct Decoder {
    pub(crate) bounds: Bounds,
    open: Vec<Open>,
    arriving: Option<Arriving>,
    kept_bytes: usize,
    kept_elements: usize,
    /// Where to go on looking for a line's end.
    looked: usize,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self { bounds: Bounds::default(), open: Vec::new(), arriving: None, kept_bytes: 0, kept_elements: 0, looked: 0 }
    }

    /// The next whole reply, or none when more bytes are needed. Consumed bytes leave the buffer.
    pub(crate) fn next(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, Malformed> {
        loop {
            let finished = if self.arriving.is_some() {
                match self.value(input)? {
                    Some(value) => value,
                    None => return Ok(None),
                }
            } else {
                let Some(line) = self.line(input)? else { return Ok(None) };
                match self.begin(&line)? {
                    Some(value) => value,
                    None => continue,
                }
            };
            if let Some(whole) = self.close(finished) {
                (self.kept_bytes, self.kept_elements) = (0, 0);
                return Ok(Some(whole));
            }
        }
    }

    /// One line without its end.
    fn line(&mut self, input: &mut BytesMut) -> Result<Option<BytesMut>, Malformed> {
        let Some(at) = input[self.looked..].windows(2).position(|pair| pair == b"\r\n") else {
            self.looked = input.len().saturating_sub(1);
            return if input.len() > LONGEST_LINE { Err(Malformed("a line without end")) } else { Ok(None) };
        };
        let line = input.split_to(self.looked + at);
        input.advance(2);
        self.looked = 0;
        Ok(Some(line))
    }

    /// Takes a line that begins something: a whole scalar, or the head of what follows.
    fn begin(&mut self, line: &[u8]) -> Result<Option<Reply>, Malformed> {
        let (&kind, rest) = line.split_first().ok_or(Malformed("an empty line"))?;
        let text = || String::from_utf8_lossy(rest).into_owned();
        Ok(Some(match kind {
            b'+' => self.short(rest),
            b'-' => Reply::Error(text()),
            b':' => Reply::Int(number(rest)?),
            b'_' => Reply::Null,
            b'#' => Reply::Bool(rest == b"t"),
            b',' => Reply::Double(text().parse().map_err(|_| Malformed("a floating-point number that is none"))?),
            b'(' => Reply::Big(text()),
            b'$' | b'=' | b'!' => {
                let length: i64 = number(rest)?;
                let Ok(length) = u64::try_from(length) else { return Ok(Some(Reply::Null)) };
                self.arriving = Some(Arriving {
                    kept: Vec::new(),
                    left: length,
                    total: length,
                    refusal: kind == b'!',
                    verbatim: kind == b'=',
                });
                return Ok(None);
            }
            b'*' | b'~' | b'%' | b'>' | b'|' => {
                let length: i64 = number(rest)?;
                let Ok(length) = u64::try_from(length) else { return Ok(Some(Reply::Null)) };
                let (shape, left) = match kind {
                    b'%' => (Shape::Map, length.saturating_mul(2)),
                    b'|' => (Shape::Attribute, length.saturating_mul(2)),
                    b'>' => (Shape::Push, length),
                    _ => (Shape::Array, length),
                };
                if self.open.len() == DEEPEST {
                    return Err(Malformed("a reply nested too deep"));
                }
                let reserved = usize::try_from(left.min(RESERVED)).unwrap_or(0);
                self.open.push(Open { shape, left, total: length, items: Vec::with_capacity(reserved) });
                return if left == 0 { Ok(self.fold()) } else { Ok(None) };
            }
            _ => return Err(Malformed("something that is not RESP")),
        }))
    }

    /// A status line is a short value.
    fn short(&mut self, bytes: &[u8]) -> Reply {
        self.kept_bytes += bytes.len();
        Reply::Text(bytes.to_vec())
    }

    /// Goes on with the value that is arriving.
    fn value(&mut self, input: &mut BytesMut) -> Result<Option<Reply>, Malformed> {
        let room = self.bounds.cell.min(self.bounds.bytes.saturating_sub(self.kept_bytes));
        let Some(arriving) = self.arriving.as_mut() else { return Ok(None) };
        let here = usize::try_from(arriving.left).unwrap_or(usize::MAX).min(input.len());
        let keep = here.min(room.saturating_sub(arriving.kept.len()));
        arriving.kept.extend_from_slice(&input[..keep]);
        input.advance(here);
        arriving.left -= here as u64;
        if arriving.left > 0 || input.len() < 2 {
            return Ok(None);
        }
        if &input[..2] != b"\r\n" {
            return Err(Malformed("a value without its end"));
        }
        input.advance(2);
        let Some(mut done) = self.arriving.take() else { return Ok(None) };
        self.kept_bytes += done.kept.len();
        if done.verbatim {
            done.kept.drain(..done.kept.len().min(4));
            done.total = done.total.saturating_sub(4);
        }
        Ok(Some(if done.refusal {
            Reply::Error(String::from_utf8_lossy(&done.kept).into_owned())
        } else if (done.kept.len() as u64) < done.total {
            Reply::Cut { start: done.kept, bytes: done.total }
        } else {
            Reply::Text(done.kept)
        }))
    }

    /// Hands a finished element to the list around it; gives back what is whole.
    fn close(&mut self, mut finished: Reply) -> Option<Incoming> {
        loop {
            let Some(around) = self.open.last_mut() else { return Some(Incoming::Reply(finished)) };
            around.left -= 1;
            let room = self.kept_elements < self.bounds.elements && self.kept_bytes < self.bounds.bytes;
            // Half a pair would shift all that follow it.
            let second = around.shape == Shape::Map && around.left.is_multiple_of(2) && around.items.len() % 2 == 1;
            if room || second {
                around.items.push(finished);
                self.kept_elements += 1;
            }
            if around.left > 0 {
                return None;
            }
            let push = around.shape == Shape::Push;
            finished = self.fold()?;
            if push && self.open.is_empty() {
                return Some(Incoming::Push(finished));
            }
        }
    }

    /// Ends the innermost list. None for an attribute, which is dropped.
    fn fold(&mut self) -> Option<Reply> {
        let done = self.open.pop()?;
        match done.shape {
            Shape::Attribute => None,
            Shape::Map => {
                let mut pairs = Vec::with_capacity(done.items.len() / 2);
                let mut items = done.items.into_iter();
                while let (Some(name), Some(value)) = (items.next(), items.next()) {
                    pairs.push((name, value));
                }
                Some(Reply::Map(pairs))
            }
            Shape::Array | Shape::Push => Some(Reply::Array { items: done.items, total: done.total }),
        }
    }
}

fn number(digits: &[u8]) -> Result<i64, Malformed> {
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).ok_or(Malformed("a length that is no number"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn decode(bytes: &[u8], bounds: Bounds, step: usize) -> Result<Vec<Incoming>, Malformed> {
        let mut decoder = Decoder::new();
        decoder.bounds = bounds;
        let mut input = BytesMut::new();
        let mut out = Vec::new();
        for chunk in bytes.chunks(step) {
            input.extend_from_slice(chunk);
            while let Some(incoming) = decoder.next(&mut input)? {
                out.push(incoming);
            }
        }
        assert!(input.is_empty() || out.is_empty(), "bytes left over: {input:?}");
        Ok(out)
    }

    const EVERYTHING: &[u8] = b"+OK\r\n-ERR no\r\n:-7\r\n$5\r\na\r\nbc\r\n$-1\r\n*-1\r\n_\r\n#t\r\n,1.5\r\n(12345678901234567890\r\n\
        =7\r\ntxt:abc\r\n!6\r\nERR no\r\n*2\r\n:1\r\n*0\r\n%1\r\n+a\r\n~1\r\n:1\r\n>2\r\n+invalidate\r\n_\r\n|1\r\n+ttl\r\n:1\r\n:9\r\n";

    #[test]
    fn every_kind_is_read_however_the_bytes_arrive() {
        let text = |t: &str| Reply::Text(t.into());
        let array = |items: Vec<Reply>| Reply::Array { total: items.len() as u64, items };
        let expected = vec![
            Incoming::Reply(text("OK")),
            Incoming::Reply(Reply::Error("ERR no".into())),
            Incoming::Reply(Reply::Int(-7)),
            Incoming::Reply(text("a\r\nbc")),
            Incoming::Reply(Reply::Null),
            Incoming::Reply(Reply::Null),
            Incoming::Reply(Reply::Null),
            Incoming::Reply(Reply::Bool(true)),
            Incoming::Reply(Reply::Double(1.5)),
            Incoming::Reply(Reply::Big("12345678901234567890".into())),
            Incoming::Reply(text("abc")),
            Incoming::Reply(Reply::Error("ERR no".into())),
            Incoming::Reply(array(vec![Reply::Int(1), array(vec![])])),
            Incoming::Reply(Reply::Map(vec![(text("a"), array(vec![Reply::Int(1)]))])),
            Incoming::Push(array(vec![text("invalidate"), Reply::Null])),
            Incoming::Reply(Reply::Int(9)),
        ];
        for step in [1, 2, 3, 7, 1000] {
            assert_eq!(decode(EVERYTHING, Bounds::default(), step).unwrap(), expected, "steps of {step}");
        }
    }

    #[test]
    fn what_goes_past_the_bounds_is_cut_and_counted() {
        let mut bytes = b"*3\r\n$100\r\n".to_vec();
        bytes.extend([b'x'; 100]);
        bytes.extend(b"\r\n:1\r\n:2\r\n+next\r\n");
        let bounds = Bounds { cell: 10, bytes: 1000, elements: 2 };
        let out = decode(&bytes, bounds, 16).unwrap();
        let Incoming::Reply(reply @ Reply::Array { items, total: 3 }) = &out[0] else { panic!("{out:?}") };
        assert_eq!(items[..], [Reply::Cut { start: vec![b'x'; 10], bytes: 100 }, Reply::Int(1)]);
        assert!(reply.is_cut());
        assert_eq!(out[1], Incoming::Reply(Reply::Text(b"next".to_vec())), "the bounds are for one reply each");
    }

    #[test]
    fn a_map_is_cut_between_pairs() {
        let bounds = Bounds { cell: 10, bytes: 1000, elements: 3 };
        let out = decode(b"%3\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n", bounds, 4).unwrap();
        let Incoming::Reply(Reply::Map(pairs)) = &out[0] else { panic!("{out:?}") };
        assert_eq!(pairs[..], [(Reply::Int(1), Reply::Int(2)), (Reply::Int(3), Reply::Int(4))]);
    }

    #[test]
    fn a_lying_or_hostile_server_is_given_up() {
        for bad in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"\x15\x03\x01\x00\x02\x02\r\n",
            b"*x\r\n",
            b"$3\r\nabcd\r\n",
            b":1.5\r\n",
            b"\r\n",
        ] {
            assert!(decode(bad, Bounds::default(), 5).is_err(), "{bad:?}");
        }
        assert!(decode("*1\r\n".repeat(40).as_bytes(), Bounds::default(), 64).is_err());
        assert!(decode(&vec![b'+'; LONGEST_LINE + 2], Bounds::default(), 4096).is_err());
        // A length is only the server's word: no memory is taken for it.
        assert_eq!(decode(b"*9223372036854775807\r\n:1\r\n", Bounds::default(), 64).unwrap(), []);
        assert_eq!(decode(b"$9223372036854775807\r\nabc", Bounds::default(), 64).unwrap(), []);
    }
}

//! Frames -> the payload of one packet at a time. A packet of 16 MB and more comes in several frames; whoever reads
//! the payload does not notice.

use bytes::{Buf as _, BytesMut};

/// Payload of a full frame: more follows in the next one.
const FULL: usize = 0x00ff_ffff;

/// The packet that arrives now, as far as it has arrived and was not read yet.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Unread payload.
    pub(super) payload: BytesMut,
    /// Bytes of the current frame still to come.
    rest: usize,
    /// The current frame is a full one.
    more: bool,
    state: State,
    /// Number of the next frame, in either direction.
    pub(super) sequence: u8,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between packets.
    #[default]
    Between,
    /// Within a packet: in a frame, or before its next one.
    Within,
    /// The packet is complete; its payload may not be read yet.
    Complete,
}

impl Frames {
    /// Moves what has arrived of the current packet to `payload`; never anything of the packet behind it.
    pub(super) fn feed(&mut self, incoming: &mut BytesMut) {
        while self.state != State::Complete {
            if self.rest == 0 {
                if incoming.len() < 4 {
                    return;
                }
                let header = incoming.split_to(4);
                self.rest = usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
                self.sequence = header[3].wrapping_add(1);
                self.more = self.rest == FULL;
                self.state = State::Within;
            }
            let taken = self.rest.min(incoming.len());
            let part = incoming.split_to(taken);
            if self.payload.is_empty() {
                self.payload = part;
            } else {
                self.payload.extend_from_slice(&part);
            }
            self.rest -= taken;
            if self.rest > 0 {
                return;
            }
            if !self.more {
                self.state = State::Complete;
            }
        }
    }

    /// All of the packet is in `payload`, less what was read.
    pub(super) fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    /// A part of a packet has arrived, and more must come.
    pub(super) fn is_within(&self) -> bool {
        self.state == State::Within
    }
    /// Bytes of the packet that wait to be read or were announced and must still come.
    pub(super) fn announced(&self) -> usize {
        self.payload.len() + self.rest
    }

    /// Forgets the rest of a complete packet and makes room for the next.
    pub(super) fn next_packet(&mut self) {
        self.payload.clear();
        self.state = State::Between;
    }

    /// The header and payload of one packet to be sent. Longer ones than a frame are split.
    pub(super) fn write(&mut self, payload: &[u8], out: &mut BytesMut) {
        let mut rest = payload;
        loop {
            let part = rest.len().min(FULL);
            // A frame's length has three bytes.
            let length = u32::try_from(part).unwrap_or_default().to_le_bytes();
            out.extend_from_slice(&[length[0], length[1], length[2], self.sequence]);
            self.sequence = self.sequence.wrapping_add(1);
            out.extend_from_slice(&rest[..part]);
            rest.advance(part);
            if part < FULL {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_of_several_frames_is_one_payload_and_the_next_stays_outside() {
        let mut out = BytesMut::new();
        let long = vec![7_u8; FULL + 5];
        let mut writer = Frames::default();
        writer.write(&long, &mut out);
        writer.write(b"next", &mut out);
        assert_eq!(out.len(), 4 + FULL + 4 + 5 + 4 + 4);
        let mut reader = Frames::default();
        let mut got = 0;
        let mut incoming = BytesMut::new();
        for chunk in out.chunks(100_000) {
            incoming.extend_from_slice(chunk);
            if !reader.is_complete() {
                reader.feed(&mut incoming);
                got += reader.payload.len();
                assert!(reader.payload.iter().all(|b| *b == 7));
                reader.payload.clear();
            }
        }
        assert!(reader.is_complete());
        assert_eq!(got, long.len());
        reader.next_packet();
        reader.feed(&mut incoming);
        assert!(reader.is_complete() && &reader.payload[..] == b"next" && reader.sequence == 3);
    }

    #[test]
    fn a_packet_of_exactly_one_full_frame_ends_with_an_empty_one() {
        let mut out = BytesMut::new();
        Frames::default().write(&vec![1; FULL], &mut out);
        assert_eq!(out.len(), 4 + FULL + 4);
        let mut reader = Frames::default();
        reader.feed(&mut out);
        assert!(reader.is_complete() && reader.payload.len() == FULL);
    }
}

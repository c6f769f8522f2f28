//! Links of the audit log's chain, as pure functions: the bytes of a record, and the keyed hash that binds it to its
//! place, to its log and to the record before it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

/// Bytes of a link.
pub(super) const LINK: usize = 32;

/// HMAC-SHA-256 (RFC 2104) of a record.
pub(super) type Link = [u8; LINK];

/// Stands before the first record.
pub(super) const ORIGIN: Link = [0; LINK];

/// The secret under which links are made. Whoever has it can forge a log, but not an anchor kept elsewhere.
pub(super) struct Key(SecretSlice<u8>);

impl Key {
    /// A key of these bytes.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(SecretSlice::from(bytes))
    }

    /// HMAC-SHA-256 over parts, each led by its length, so that no two lists of parts give the same bytes.
    pub(super) fn mac(&self, parts: &[&[u8]]) -> Link {
        // HMAC takes a key of any length, so this cannot fail; an impossible failure gives a link that fits nothing.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()) else { return [0xff; LINK] };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// A record as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) number: i64,
    pub(super) at_ms: i64,
    pub(super) kind: String,
    pub(super) act: String,
    pub(super) body: String,
    pub(super) before: Vec<u8>,
    pub(super) link: Vec<u8>,
}

impl Stored {
    /// The link that this record should have after the link `before`.
    pub(super) fn expected(&self, key: &Key, log: &[u8], before: &[u8]) -> Link {
        key.mac(&[
            b"record",
            log,
            &self.number.to_be_bytes(),
            &self.at_ms.to_be_bytes(),
            self.kind.as_bytes(),
            self.act.as_bytes(),
            self.body.as_bytes(),
            before,
        ])
    }
}

/// The bytes of hexadecimal digits; none when they are not.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|b| b.is_ascii_hexdigit()) || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::text::hex;

    #[test]
    fn the_keyed_hash_is_the_published_one() {
        // RFC 4231, test case 2, as one part: our length prefix is added by hand to the vector's own check below.
        let key = Key::new(b"Jefe".to_vec());
        let mut plain = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        plain.update(b"what do ya want for nothing?");
        assert_eq!(
            hex(&plain.finalize().into_bytes()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let mut framed = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        framed.update(&[0, 0, 0, 0, 0, 0, 0, 2, b'a', b'b', 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(key.mac(&[b"ab", b""]).to_vec(), framed.finalize().into_bytes().to_vec());
        assert_ne!(key.mac(&[b"ab", b""]), key.mac(&[b"a", b"b"]));
    }

    #[test]
    fn hexadecimal_digits_come_back() {
        assert_eq!(from_hex(&hex(&[0, 1, 0xab, 0xff])), Some(vec![0, 1, 0xab, 0xff]));
        for bad in ["a", "zz", "+1", "äa"] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }
}

//! The bytes of a vault: a header that says how it is opened, what is sealed, and a checksum that tells damage from a
//! wrong passphrase. Everything is checked before any of it is used.
//!
//! ```text
//!   0  8  magic            24 32  salt of Argon2id
//!   8  2  version          56 32  check of the key
//!  10  1  opener           88 24  nonce of XChaCha20-Poly1305
//!  11  1  zero            112  4  length of what is sealed
//!  12  4  memory, KiB     116  …  sealed entries, with their tag
//!  16  4  passes            …  32  SHA-256 of all before it
//!  20  4  lanes           numbers are little-endian; bytes 0 to 115 are the associated data
//! ```

use super::VaultError;
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8; 8] = b"DBAGPTV\0";
/// The version that this program writes, and the newest that it reads.
pub(super) const VERSION: u16 = 1;
/// Length of the header.
pub(super) const HEADER: usize = 116;
const CHECKSUM: usize = 32;
/// Largest vault, bytes. Thousands of passwords fit.
pub(super) const LARGEST: u64 = 1 << 20;

/// What opens a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenerKind {
    /// A passphrase that a person types.
    Passphrase,
    /// A file of random bytes.
    KeyFile,
}

/// What a guess at the passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// For new vaults: more than the second choice of RFC 9106 (64 MiB and three passes) in one lane. A fifth of a
    /// second for us, and as much for each guess.
    pub const NEW: Self = Self { memory_kib: 96 << 10, passes: 3, lanes: 1 };
    /// The most that a file may ask of us: a hostile one must not take the machine's memory or minutes.
    const MOST: Self = Self { memory_kib: 1 << 20, passes: 16, lanes: 8 };

    fn is_bearable(self) -> bool {
        let within = |value: u32, least: u32, most: u32| (least..=most).contains(&value);
        within(self.passes, 1, Self::MOST.passes)
            && within(self.lanes, 1, Self::MOST.lanes)
            // Argon2 wants eight blocks of 1 KiB a lane.
            && within(self.memory_kib, 8 * self.lanes, Self::MOST.memory_kib)
    }
}

/// The header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) opener: OpenerKind,
    pub(super) cost: Cost,
    pub(super) salt: [u8; 32],
    /// Tells a wrong key from damage.
    pub(super) check: [u8; 32],
    pub(super) nonce: [u8; 24],
    /// Of what is sealed.
    pub(super) length: u32,
}

impl Header {
    /// As it is written, and authenticated.
    pub(super) fn bytes(&self) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        out[..8].copy_from_slice(MAGIC);
        out[8..10].copy_from_slice(&VERSION.to_le_bytes());
        out[10] = u8::from(self.opener == OpenerKind::KeyFile);
        out[12..16].copy_from_slice(&self.cost.memory_kib.to_le_bytes());
        out[16..20].copy_from_slice(&self.cost.passes.to_le_bytes());
        out[20..24].copy_from_slice(&self.cost.lanes.to_le_bytes());
        out[24..56].copy_from_slice(&self.salt);
        out[56..88].copy_from_slice(&self.check);
        out[88..112].copy_from_slice(&self.nonce);
        out[112..].copy_from_slice(&self.length.to_le_bytes());
        out
    }
}

/// A whole file.
pub(super) fn assemble(header: &Header, sealed: &[u8]) -> Vec<u8> {
    let mut out = header.bytes().to_vec();
    out.extend_from_slice(sealed);
    let checksum = Sha256::digest(&out);
    out.extend_from_slice(&checksum);
    out
}

/// Takes a file apart. What is wrong with it is said as narrowly as the bytes allow.
pub(super) fn take_apart(bytes: &[u8]) -> Result<(Header, &[u8]), VaultError> {
    let known = bytes.len().min(MAGIC.len());
    if bytes[..known] != MAGIC[..known] {
        return Err(VaultError::NotAVault);
    }
    // The version stands before everything that a newer one may lay out in another way.
    let Some(version) = array(bytes, 8).map(u16::from_le_bytes) else { return Err(VaultError::Truncated) };
    if version > VERSION {
        return Err(VaultError::Newer(version));
    }
    let Some(length) = array(bytes, 112).map(u32::from_le_bytes) else { return Err(VaultError::Truncated) };
    let whole = usize::try_from(length).ok().and_then(|length| length.checked_add(HEADER + CHECKSUM));
    let Some(whole) = whole.filter(|whole| *whole as u64 <= LARGEST) else { return Err(VaultError::Damaged) };
    if bytes.len() < whole {
        return Err(VaultError::Truncated);
    }
    let (before, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
    if bytes.len() > whole || version == 0 || Sha256::digest(before).as_slice() != checksum {
        return Err(VaultError::Damaged);
    }
    let number = |at| array(before, at).map(u32::from_le_bytes);
    let (Some(memory_kib), Some(passes), Some(lanes)) = (number(12), number(16), number(20)) else {
        return Err(VaultError::Truncated);
    };
    let cost = Cost { memory_kib, passes, lanes };
    if !cost.is_bearable() {
        return Err(VaultError::Unbearable);
    }
    let opener = match before[10..12] {
        [0, 0] => OpenerKind::Passphrase,
        [1, 0] => OpenerKind::KeyFile,
        _ => return Err(VaultError::Damaged),
    };
    let (Some(salt), Some(check), Some(nonce)) = (array(before, 24), array(before, 56), array(before, 88)) else {
        return Err(VaultError::Truncated);
    };
    Ok((Header { opener, cost, salt, check, nonce, length }, &before[HEADER..]))
}

/// So many bytes from a position, where they are there.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn header() -> Header {
        Header {
            opener: OpenerKind::KeyFile,
            cost: Cost::NEW,
            salt: [1; 32],
            check: [2; 32],
            nonce: [3; 24],
            length: 5,
        }
    }

    #[test]
    fn what_is_put_together_comes_apart_again() {
        let bytes = assemble(&header(), b"12345");
        assert_eq!(take_apart(&bytes).unwrap(), (header(), &b"12345"[..]));
    }

    #[test]
    fn every_shorter_file_is_truncated_and_every_changed_byte_is_found() {
        let bytes = assemble(&header(), b"12345");
        for end in 0..bytes.len() {
            assert_eq!(take_apart(&bytes[..end]).unwrap_err(), VaultError::Truncated, "{end}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            assert!(take_apart(&changed).is_err(), "{at}");
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert_eq!(take_apart(&longer).unwrap_err(), VaultError::Damaged);
    }

    #[test]
    fn a_newer_version_and_another_file_are_named() {
        let mut bytes = assemble(&header(), b"12345");
        bytes[8] = 2;
        assert_eq!(take_apart(&bytes).unwrap_err(), VaultError::Newer(2));
        assert_eq!(take_apart(b"SQLite format 3\0").unwrap_err(), VaultError::NotAVault);
    }

    #[test]
    fn a_hostile_file_cannot_ask_for_much() {
        for cost in [
            Cost { memory_kib: u32::MAX, ..Cost::NEW },
            Cost { memory_kib: 7, ..Cost::NEW },
            Cost { passes: 0, ..Cost::NEW },
            Cost { passes: 1 << 30, ..Cost::NEW },
            Cost { lanes: 0, ..Cost::NEW },
            Cost { lanes: 1 << 24, ..Cost::NEW },
        ] {
            let bytes = assemble(&Header { cost, ..header() }, b"12345");
            assert_eq!(take_apart(&bytes).unwrap_err(), VaultError::Unbearable, "{cost:?}");
        }
        let mut bytes = assemble(&header(), b"12345");
        bytes[112..116].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(take_apart(&bytes).unwrap_err(), VaultError::Damaged);
    }
}

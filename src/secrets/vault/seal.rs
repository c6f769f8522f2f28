//! The cryptography of the vault: Argon2id makes the key, XChaCha20-Poly1305 seals the entries with the header as
//! associated data. Keys and open text are wiped.

use super::VaultError;
use super::format::{Cost, Header, OpenerKind, assemble, take_apart};
use crate::secrets::private_file;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, Generate as _, Key, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A key file has at least so many bytes; the recommended 32 are out of every guess's reach.
const SHORTEST_KEY_FILE: usize = 16;
/// And at most so many.
const LONGEST_KEY_FILE: u64 = 4096;
/// Before the second half of what Argon2id gives, to make the check that stands in the header.
const CHECK_LABEL: &[u8] = b"dba-gpt vault check v1";

/// What opens a vault: not printed, wiped when dropped.
#[derive(Clone)]
pub struct Opener {
    kind: OpenerKind,
    bytes: Zeroizing<Vec<u8>>,
}

impl Opener {
    /// What a person typed.
    pub fn passphrase(typed: &SecretString) -> Self {
        Self { kind: OpenerKind::Passphrase, bytes: Zeroizing::new(typed.expose_secret().as_bytes().to_vec()) }
    }

    /// The bytes of a key file, which has to be ours alone.
    pub fn key_file(path: &Path) -> Result<Self, VaultError> {
        let refused = |why: String| VaultError::KeyFile { path: PathBuf::from(path), why };
        let bytes = private_file::read(path, LONGEST_KEY_FILE).map_err(|why| refused(why.to_string()))?;
        if bytes.len() < SHORTEST_KEY_FILE {
            return Err(refused(format!("it has fewer than {SHORTEST_KEY_FILE} bytes")));
        }
        Ok(Self { kind: OpenerKind::KeyFile, bytes })
    }

    /// Which kind it is.
    pub fn kind(&self) -> OpenerKind {
        self.kind
    }
}

/// A key that has been derived, with what it was derived from: used again as long as a vault is changed and not
/// re-keyed, because the nonce is new each time.
pub(super) struct SealingKey {
    kind: OpenerKind,
    cost: Cost,
    salt: [u8; 32],
    check: [u8; 32],
    key: Zeroizing<[u8; 32]>,
}

impl SealingKey {
    /// A key for a vault that is new, or gets another opener.
    pub(super) fn new(opener: &Opener, cost: Cost) -> Result<Self, VaultError> {
        let salt = Key::<XChaCha20Poly1305>::try_generate().map_err(|_| VaultError::NoRandomness)?;
        Self::derive(opener, cost, salt.into())
    }

    fn derive(opener: &Opener, cost: Cost, salt: [u8; 32]) -> Result<Self, VaultError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(64));
        let params = params.map_err(|_| VaultError::Unbearable)?;
        let mut derived = Zeroizing::new([0; 64]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(&opener.bytes, &salt, derived.as_mut_slice())
            .map_err(|_| VaultError::Unbearable)?;
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&derived[..32]);
        let check = Sha256::new().chain_update(CHECK_LABEL).chain_update(&derived[32..]).finalize().into();
        Ok(Self { kind: opener.kind, cost, salt, check, key })
    }

    /// Seals entries into the bytes of a file.
    pub(super) fn seal(&self, open_text: &[u8]) -> Result<Vec<u8>, VaultError> {
        let nonce = XNonce::try_generate().map_err(|_| VaultError::NoRandomness)?;
        self.seal_with(open_text, nonce.into())
    }

    fn seal_with(&self, open_text: &[u8], nonce: [u8; 24]) -> Result<Vec<u8>, VaultError> {
        // The tag of Poly1305 is 16 bytes.
        let length = u32::try_from(open_text.len() + 16).map_err(|_| VaultError::Full)?;
        let header = Header { opener: self.kind, cost: self.cost, salt: self.salt, check: self.check, nonce, length };
        let payload = Payload { msg: open_text, aad: &header.bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Full)?;
        Ok(assemble(&header, &sealed))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key).into())
    }
}

/// Opens the bytes of a file. Gives the entries' text and the key, with which changes are sealed again.
pub(super) fn open(bytes: &[u8], opener: &Opener) -> Result<(Zeroizing<Vec<u8>>, SealingKey), VaultError> {
    let (header, sealed) = take_apart(bytes)?;
    if header.opener != opener.kind {
        return Err(VaultError::OtherOpener(header.opener));
    }
    let key = SealingKey::derive(opener, header.cost, header.salt)?;
    if key.check != header.check {
        return Err(VaultError::WrongOpener(header.opener));
    }
    let payload = Payload { msg: sealed, aad: &header.bytes() };
    let open_text = key.cipher().decrypt(&XNonce::from(header.nonce), payload).map_err(|_| VaultError::Tampered)?;
    Ok((Zeroizing::new(open_text), key))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::text::hex;

    /// Cheap, for tests that are not about the cost.
    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn opener(text: &str) -> Opener {
        Opener::passphrase(&SecretString::from(text))
    }

    #[test]
    fn the_right_passphrase_opens_and_a_wrong_one_is_told_from_damage() {
        let file = SealingKey::new(&opener("open sesame"), CHEAP).unwrap().seal(b"entries").unwrap();
        assert_eq!(open(&file, &opener("open sesame")).unwrap().0.as_slice(), b"entries");
        let wrong = open(&file, &opener("open sesame!")).map(|_| ()).unwrap_err();
        assert_eq!(wrong, VaultError::WrongOpener(OpenerKind::Passphrase));
        assert!(!file.windows(7).any(|w| w == b"entries"));
    }

    /// Whoever can write the file can also make a new checksum: then the seal itself speaks.
    #[test]
    fn a_change_with_a_new_checksum_is_tampering() {
        let file = SealingKey::new(&opener("x"), CHEAP).unwrap().seal(b"entries").unwrap();
        let end = file.len() - 32;
        // The nonce, what is sealed, and its tag. (Salt, cost and check make another key, hence a wrong passphrase.)
        for at in [88, 100, 111, 116, 120, end - 1] {
            let mut changed = file[..end].to_vec();
            changed[at] ^= 1;
            let checksum = Sha256::digest(&changed);
            changed.extend_from_slice(&checksum);
            assert_eq!(open(&changed, &opener("x")).map(|_| ()).unwrap_err(), VaultError::Tampered, "{at}");
        }
    }

    #[test]
    fn each_seal_has_a_nonce_of_its_own_and_each_key_a_salt() {
        let key = SealingKey::new(&opener("x"), CHEAP).unwrap();
        let (one, two) = (key.seal(b"same").unwrap(), key.seal(b"same").unwrap());
        assert_ne!(one[88..112], two[88..112]);
        assert_ne!(one[116..120], two[116..120]);
        assert_ne!(key.salt, SealingKey::new(&opener("x"), CHEAP).unwrap().salt);
    }

    /// Worked out with the reference implementation of Argon2 (argon2-cffi 25.1) and libsodium (`PyNaCl`), which share
    /// no code with ours: see the script in `tests/it/data/vault_vector.py`.
    #[test]
    fn the_file_is_what_other_implementations_make() {
        let vector = include_str!("../../../tests/it/data/vault_vector.txt");
        let mut files = 0;
        for line in vector.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [memory, passes, lanes, passphrase, salt, nonce, text, expected] = fields[..] else { panic!("{line}") };
            let number = |text: &str| text.parse::<u32>().unwrap();
            let cost = Cost { memory_kib: number(memory), passes: number(passes), lanes: number(lanes) };
            let bytes = |hex: &str| -> Vec<u8> {
                (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
            };
            let key = SealingKey::derive(&opener(passphrase), cost, bytes(salt).try_into().unwrap()).unwrap();
            let file = key.seal_with(text.as_bytes(), bytes(nonce).try_into().unwrap()).unwrap();
            assert_eq!(hex(&file), expected, "{line}");
            assert_eq!(open(&bytes(expected), &opener(passphrase)).unwrap().0.as_slice(), text.as_bytes());
            files += 1;
        }
        assert_eq!(files, 3);
    }
}

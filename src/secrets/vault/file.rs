//! The vault on disk: closed to others, replaced in one step, and written by one program at a time.

use super::VaultError;
use super::format::LARGEST;
use crate::secrets::private_file::{self, Refused};
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The file's name in our data folder.
const NAME: &str = "vault";
/// Locked while somebody writes; never replaced, so that everybody locks the same file.
const LOCK: &str = "vault.lock";
/// What is not yet the vault; a program that was killed leaves one behind.
const NEW: &str = "vault.new";

/// Where the vault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VaultFile {
    folder: PathBuf,
}

/// The right to write, until it is dropped or the process ends, in whatever way.
pub(super) struct WriteLock(#[expect(dead_code, reason = "held, not used")] Flock<File>);

impl VaultFile {
    /// In a folder of ours, which may not exist yet.
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The file itself.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// Its bytes; none when there is no vault yet.
    pub(super) fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        match private_file::read(&self.path(), LARGEST) {
            Err(Refused::Absent) => Ok(None),
            Err(why) => Err(VaultError::Refused { path: self.path(), why }),
            Ok(bytes) => self.folder_is_private().map(|()| Some(bytes)),
        }
    }

    /// Whoever can write the folder can put another file in the vault's place.
    fn folder_is_private(&self) -> Result<(), VaultError> {
        let refused = |why| VaultError::Refused { path: self.folder.clone(), why };
        let facts = fs::metadata(&self.folder).map_err(|e| refused(e.into()))?;
        if facts.uid() != nix::unistd::geteuid().as_raw() {
            return Err(refused(Refused::Foreign));
        }
        if facts.mode() & 0o077 != 0 {
            return Err(VaultError::OpenFolder { path: self.folder.clone(), mode: facts.mode() & 0o777 });
        }
        Ok(())
    }

    /// Keeps other writers out, and makes the folder where there is none.
    pub(super) fn lock(&self) -> Result<WriteLock, VaultError> {
        let failed = |error: io::Error| VaultError::Refused { path: self.folder.clone(), why: error.into() };
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed)?;
        self.folder_is_private()?;
        let mut options = File::options();
        options.write(true).create(true).truncate(false).mode(0o600).custom_flags(nix::libc::O_NOFOLLOW);
        let file = options.open(self.folder.join(LOCK)).map_err(failed)?;
        Flock::lock(file, FlockArg::LockExclusiveNonblock).map(WriteLock).map_err(|_| VaultError::Busy)
    }

    /// Puts these bytes in the vault's place: whoever looks finds the old vault or the new one, and after a power cut
    /// it is one of the two as well.
    pub(super) fn replace(&self, bytes: &[u8], _: &WriteLock) -> Result<(), VaultError> {
        let failed = |error: io::Error| VaultError::NotWritten(error.to_string());
        if bytes.len() as u64 > LARGEST {
            return Err(VaultError::Full);
        }
        let new = self.folder.join(NEW);
        // Ours by the lock: left by a writer that was killed.
        if let Err(error) = fs::remove_file(&new)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(failed(error));
        }
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&new).map_err(failed)?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&new, self.path()).map_err(failed)?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}

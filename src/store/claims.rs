//! Who does what only one process may do at a time: carry out an act, or watch the targets for errors. A lock that its
//! process holds, so that another one can tell a running act from one whose process is gone.

use super::error::StoreError;
use super::files;
use std::fs::{File, TryLockError};
use std::path::Path;

/// Held while it is done; given back when it is dropped, and by the operating system when the process dies.
#[derive(Debug)]
pub struct Claim {
    _file: File,
}

/// Takes the claim on an act; none when another process, or another task of this one, holds it.
pub fn claim(folder: &Path, id: u64) -> Result<Option<Claim>, StoreError> {
    let folder = files::private_folder(&folder.join("acts"))?;
    lock(&folder.join(format!("{id}.lock")))
}

/// Takes the claim on detection: whoever holds it tells errors from samples, probes and counters, and settles
/// incidents; the others only show them. None when another process holds it: ask again now and then, since that one
/// may end.
pub fn claim_detection(folder: &Path) -> Result<Option<Claim>, StoreError> {
    let folder = files::private_folder(folder)?;
    lock(&folder.join("detection.lock"))
}

fn lock(path: &Path) -> Result<Option<Claim>, StoreError> {
    let file = files::private_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Claim { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(StoreError::file("lock", path)(error)),
    }
}

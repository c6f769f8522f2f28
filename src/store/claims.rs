//! Who carries out an act: a lock that its process holds, so that another process can tell a running act from one
//! whose process is gone.

use super::error::StoreError;
use super::files;
use std::fs::{File, TryLockError};
use std::path::Path;

/// Held while an act is carried out; given back when it is dropped, and by the operating system when the process dies.
#[derive(Debug)]
pub struct Claim {
    _file: File,
}

/// Takes the claim on an act; none when another process, or another task of this one, holds it.
pub fn claim(folder: &Path, id: u64) -> Result<Option<Claim>, StoreError> {
    let folder = files::private_folder(&folder.join("acts"))?;
    let path = folder.join(format!("{id}.lock"));
    let file = files::private_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Claim { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(StoreError::file("lock", &path)(error)),
    }
}

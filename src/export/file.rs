//! A new file that is either complete under its name or not there at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Tries for a temporary name that nobody uses.
const TRIES: u32 = 100;

/// A file that is being written under a temporary name beside its own; removed when dropped before
/// [`NewFile::keep`]. Only its owner can read it.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
}

impl NewFile {
    /// Begins one.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] with words for a person when a file of that name exists; else the system's.
    pub fn create(path: &Path) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(exists(path));
        }
        let name = path.file_name().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{}: that is no name of a file", path.display()))
        })?;
        for attempt in 0..TRIES {
            let temporary =
                path.with_file_name(format!(".{}.{}-{attempt}.part", name.to_string_lossy(), std::process::id()));
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary) {
                Ok(file) => return Ok(Self { file, temporary, path: path.to_owned() }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
            }
        }
        Err(io::Error::other(format!("{}: too many unfinished files of that name lie beside it", path.display())))
    }

    /// Gives the file its name; never replaces another that appeared meanwhile.
    pub fn keep(self) -> io::Result<()> {
        self.file.sync_all()?;
        match fs::hard_link(&self.temporary, &self.path) {
            Ok(()) => Ok(()), // the temporary name goes with the drop
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&self.path)),
            // A file system without hard links: nearly as good.
            Err(_) if fs::symlink_metadata(&self.path).is_ok() => Err(exists(&self.path)),
            Err(_) => fs::rename(&self.temporary, &self.path),
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // After a rename it is not there any more, which is as good.
        let _ = fs::remove_file(&self.temporary);
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn exists(path: &Path) -> io::Error {
    let words = format!("{} exists already and is not replaced: choose another name", path.display());
    io::Error::new(io::ErrorKind::AlreadyExists, words)
}

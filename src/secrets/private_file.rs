//! Files that hold secrets: read only when they are ours and closed to everybody else, judged on the open file.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use zeroize::Zeroizing;

/// Why such a file is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is none.
    #[error("there is no such file")]
    Absent,
    /// Others may read or change it.
    #[error("others may read or change it (mode {0:04o}): run `chmod 600` on it")]
    Open(u32),
    /// It belongs to somebody else.
    #[error("it belongs to another user")]
    Foreign,
    /// It is a link, a folder, a pipe.
    #[error("it is not a plain file")]
    NotAFile,
    /// It is longer than what it should hold.
    #[error("it is larger than {0} bytes, so it is something else")]
    TooLarge(u64),
    /// The system said no.
    #[error("{0}")]
    System(String),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        match (error.kind(), error.raw_os_error()) {
            (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, _) => Self::Absent,
            // Links are not followed: whoever may make one could lead us to another file.
            (_, Some(nix::libc::ELOOP)) => Self::NotAFile,
            _ => Self::System(error.to_string()),
        }
    }
}

/// All of a file, wiped when dropped. It belongs to us, or to root, whose machine it is.
pub(super) fn read(path: &Path, largest: u64) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK | nix::libc::O_CLOEXEC;
    let mut file = File::options().read(true).custom_flags(flags).open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(Refused::NotAFile);
    }
    if facts.uid() != 0 && facts.uid() != nix::unistd::geteuid().as_raw() {
        return Err(Refused::Foreign);
    }
    if facts.mode() & 0o077 != 0 {
        return Err(Refused::Open(facts.mode() & 0o777));
    }
    if facts.len() > largest {
        return Err(Refused::TooLarge(largest));
    }
    // With its room made at once, no copy of it is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(largest).unwrap_or(0) + 1));
    file.by_ref().take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        return Err(Refused::TooLarge(largest));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn only_plain_files_of_ours_that_are_closed_to_others_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert_eq!(read(&path, 8), Err(Refused::Absent));
        fs::write(&path, "S3cr3t!").unwrap();
        for mode in [0o644, 0o640, 0o602, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&path, 8), Err(Refused::Open(mode)));
        }
        for mode in [0o600, 0o400] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&path, 8).unwrap().as_slice(), b"S3cr3t!");
        }
        assert_eq!(read(&path, 6), Err(Refused::TooLarge(6)));
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(read(&link, 8), Err(Refused::NotAFile));
        assert_eq!(read(folder.path(), 8), Err(Refused::NotAFile));
    }
}

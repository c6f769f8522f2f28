//! The store's folder and files: for our user's eyes only, on a local disk, made and checked through open handles.

use super::error::StoreError;
use crate::domain::target::Timestamp;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The store, beside which SQLite keeps `store.db-wal` and `store.db-shm`.
pub(super) const STORE: &str = "store.db";
/// Held by a process while it opens, migrates or recovers the store.
const LOCK: &str = "store.lock";
/// Left by a process that met damage, for the next one to act on.
const DAMAGE: &str = "store.damaged";

/// Flags of `open` that the standard library has no names for; the same in every file of the store.
fn no_follow() -> i32 {
    nix::fcntl::OFlag::O_NOFOLLOW.bits() | nix::fcntl::OFlag::O_CLOEXEC.bits()
}

/// Makes a folder that only our user can enter, with its parents, or checks that it is one. Gives its real path.
/// Everything that the program keeps about servers is below such a folder.
pub fn private_folder(folder: &Path) -> Result<PathBuf, StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(StoreError::file("create", folder))?;
    let not_plain = |_| StoreError::NotPlain { path: folder.to_owned(), wanted: "a folder" };
    let handle = OpenOptions::new()
        .read(true)
        .custom_flags(no_follow() | nix::fcntl::OFlag::O_DIRECTORY.bits())
        .open(folder)
        .map_err(not_plain)?;
    check(&handle, folder)?;
    folder.canonicalize().map_err(StoreError::file("find", folder))
}

/// Opens a file that only our user can read, making it if it is not there, and checks it through the open handle.
pub(super) fn private_file(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600).custom_flags(no_follow());
    let file = match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // `create`, not `create_new`: another process may be first.
            options.create(true).open(path).map_err(StoreError::file("create", path))?
        }
        Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ELOOP as i32) => {
            return Err(StoreError::NotPlain { path: path.to_owned(), wanted: "a file" });
        }
        opened => opened.map_err(StoreError::file("open", path))?,
    };
    if !file.metadata().map_err(StoreError::file("look at", path))?.is_file() {
        return Err(StoreError::NotPlain { path: path.to_owned(), wanted: "a file" });
    }
    check(&file, path)?;
    Ok(file)
}

/// Makes an empty database file that only our user can read, or checks the one that is there, without opening it:
/// closing any handle of a file takes away the locks that SQLite holds on it in this process (POSIX locks). A look
/// by name is as good here, since nobody else can put anything into a private folder.
pub(super) fn private_database(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(StoreError::file("create", path)(error)),
    }
    let facts = fs::symlink_metadata(path).map_err(StoreError::file("look at", path))?;
    if !facts.is_file() {
        return Err(StoreError::NotPlain { path: path.to_owned(), wanted: "a file" });
    }
    check_facts(&facts, path)
}

fn check(handle: &File, path: &Path) -> Result<(), StoreError> {
    check_facts(&handle.metadata().map_err(StoreError::file("look at", path))?, path)
}

fn check_facts(facts: &fs::Metadata, path: &Path) -> Result<(), StoreError> {
    if facts.uid() != nix::unistd::geteuid().as_raw() {
        return Err(StoreError::NotOurs { path: path.to_owned() });
    }
    let mode = facts.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(StoreError::OpenToOthers { path: path.to_owned(), mode, wanted: "go-rwx" });
    }
    Ok(())
}

/// Takes the lock of a store's folder, waiting for its holder. It is given back when the file is dropped.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let file = private_file(&path)?;
    file.lock().map_err(StoreError::file("lock", &path))?;
    Ok(file)
}

/// What a file system means for a database in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileSystem {
    /// Nothing speaks against it.
    Local,
    /// It may be on another machine; nobody can tell.
    Doubtful(&'static str),
    /// It is on another machine.
    Network(&'static str),
}

/// Judges the file system of a folder. The numbers are those of `statfs(2)`.
#[cfg(target_os = "linux")]
pub(super) fn file_system(folder: &Path) -> FileSystem {
    const NETWORK: [(u32, &str); 10] = [
        (0x6969, "NFS"),
        (0x517B, "SMB"),
        (0xFF53_4D42, "CIFS"),
        (0xFE53_4D42, "SMB2"),
        (0x5346_414F, "AFS"),
        (0x7375_7245, "Coda"),
        (0x00C3_6400, "Ceph"),
        (0x0BD0_0BD0, "Lustre"),
        (0x4750_4653, "GPFS"),
        (0x7461_636F, "OCFS2"),
    ];
    // A FUSE file system is sshfs or a local disk's driver; 9p is a virtual machine's shared folder or its own disk.
    const DOUBTFUL: [(u32, &str); 2] = [(0x6573_5546, "FUSE"), (0x0102_1997, "9p")];
    let Ok(facts) = nix::sys::statfs::statfs(folder) else { return FileSystem::Doubtful("unknown") };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers are 32 bits wide")]
    let number = facts.filesystem_type().0 as u32;
    let named = |list: &[(u32, &'static str)]| list.iter().find(|(n, _)| *n == number).map(|(_, name)| *name);
    named(&NETWORK)
        .map(FileSystem::Network)
        .or_else(|| named(&DOUBTFUL).map(FileSystem::Doubtful))
        .unwrap_or(FileSystem::Local)
}

/// Other systems do not say in a way that can be relied on.
#[cfg(not(target_os = "linux"))]
pub(super) fn file_system(_folder: &Path) -> FileSystem {
    FileSystem::Local
}

/// Leaves word that the store of this folder is damaged. Its own failure changes nothing: the damage is met again.
pub(super) fn mark_damaged(folder: &Path) {
    let _ = private_file(&folder.join(DAMAGE));
}

/// True when somebody left word.
pub(super) fn is_marked_damaged(folder: &Path) -> bool {
    folder.join(DAMAGE).exists()
}

/// Moves a damaged store with its companions aside, under a name with the time in it. Gives the new path.
pub(super) fn move_aside(folder: &Path, now: Timestamp) -> Result<PathBuf, StoreError> {
    let stem = format!("store-damaged-{}", stamp(now));
    let free = |n: u32| {
        let path = folder.join(if n == 1 { format!("{stem}.db") } else { format!("{stem}-{n}.db") });
        (!path.exists()).then_some(path)
    };
    let target = (1..=999).find_map(free).unwrap_or_else(|| folder.join(format!("{stem}.db")));
    for companion in ["-wal", "-shm"] {
        let from = folder.join(format!("{STORE}{companion}"));
        if from.exists() {
            let mut to = target.clone().into_os_string();
            to.push(companion);
            fs::rename(&from, &to).map_err(StoreError::file("move aside", &from))?;
        }
    }
    let store = folder.join(STORE);
    fs::rename(&store, &target).map_err(StoreError::file("move aside", &store))?;
    let mark = folder.join(DAMAGE);
    if mark.exists() {
        fs::remove_file(&mark).map_err(StoreError::file("remove", &mark))?;
    }
    Ok(target)
}

/// `20260822-143158`, in UTC: sorts by time and is the same wherever it is read.
pub(super) fn stamp(now: Timestamp) -> String {
    now.date_time(0)
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == ' ')
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Makes what was written to a file and to its folder survive a power cut.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(path);
    for each in [path, folder] {
        File::open(each).and_then(|f| f.sync_all()).map_err(StoreError::file("write", each))?;
    }
    Ok(())
}

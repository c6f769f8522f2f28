//! Whether a program that runs with our rights is one that nobody but root and our user could have put there.
//!
//! The whole way to it is walked, a name at a time: every folder, every link and the folder that the link is in, and
//! the file itself belong to root or to us, and neither their group nor everybody may write to them. One exception: a
//! folder of root's with the sticky bit, such as /tmp, may be open to everybody when it only leads to a folder that
//! passes, since nobody can rename or remove what belongs to another user there. Directly in such a folder no link and
//! no program passes: anybody could have put a second name for somebody's file there before.
//!
//! The file is opened, and what was opened is looked at; its path without links is what is to be run. Who could still
//! change anything in between is root or us.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

/// Links on one way, at most: as the kernel counts them.
const MOST_LINKS: usize = 40;
/// May be written by the group, or by everybody.
const OTHERS_WRITE: u32 = 0o022;
/// Only the owner of a file removes or renames it in this folder.
const STICKY: u32 = 0o1000;

/// The path without links of a program that passes, to be run at once.
///
/// # Errors
/// A few words that say why it does not.
pub fn trusted(program: &Path) -> Result<PathBuf, String> {
    if !program.is_absolute() {
        return Err("it is not a whole path".to_owned());
    }
    let real = walked(program)?;
    // Neither a link that took its place nor a pipe, at which opening would wait.
    let flags = nix::fcntl::OFlag::O_NOFOLLOW | nix::fcntl::OFlag::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(&real);
    let facts = file.as_ref().map_err(|error| wrong(&real, error)).map(File::metadata)?;
    let facts = facts.map_err(|error| wrong(&real, &error))?;
    if !facts.is_file() {
        return Err(format!("{} is no file", real.display()));
    }
    owned(&real, &facts)?;
    closed(&real, &facts)?;
    Ok(real)
}

/// Follows the path to its end; gives it without links.
fn walked(program: &Path) -> Result<PathBuf, String> {
    let mut ahead: VecDeque<OsString> = names(program).collect();
    let mut real = PathBuf::from("/");
    let mut links = 0;
    let mut is_sticky = folder(&real)?;
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            real.pop();
            is_sticky = folder(&real)?;
            continue;
        }
        let next = real.join(&name);
        let facts = std::fs::symlink_metadata(&next).map_err(|error| wrong(&next, &error))?;
        if facts.is_dir() {
            real = next;
            is_sticky = folder(&real)?;
            continue;
        }
        if is_sticky {
            return Err(format!("every user can put files into {}: keep it elsewhere", real.display()));
        }
        if !facts.is_symlink() {
            real = next;
            // What comes behind a file is nothing.
            let rest = ahead.is_empty().then_some(real);
            return rest.ok_or_else(|| format!("{} leads through a file", program.display()));
        }
        owned(&next, &facts)?;
        links += 1;
        if links > MOST_LINKS {
            return Err("there are too many links on the way to it".to_owned());
        }
        let leads_to = std::fs::read_link(&next).map_err(|error| wrong(&next, &error))?;
        if leads_to.is_absolute() {
            real = PathBuf::from("/");
            is_sticky = folder(&real)?;
        }
        for name in names(&leads_to).collect::<Vec<_>>().into_iter().rev() {
            ahead.push_front(name);
        }
    }
    Err(format!("{} is a folder", program.display()))
}

fn names(path: &Path) -> impl Iterator<Item = OsString> + '_ {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

/// A folder on the way passes; true when it does because of its sticky bit alone.
fn folder(path: &Path) -> Result<bool, String> {
    let facts = std::fs::symlink_metadata(path).map_err(|error| wrong(path, &error))?;
    owned(path, &facts)?;
    if facts.uid() == 0 && facts.mode() & STICKY != 0 && facts.mode() & OTHERS_WRITE != 0 {
        return Ok(true);
    }
    closed(path, &facts).map(|()| false)
}

fn owned(path: &Path, facts: &Metadata) -> Result<(), String> {
    let ours = nix::unistd::geteuid().as_raw();
    let is_trusted = facts.uid() == 0 || facts.uid() == ours;
    is_trusted.then_some(()).ok_or_else(|| format!("{} belongs to another user", path.display()))
}

fn closed(path: &Path, facts: &Metadata) -> Result<(), String> {
    let who = match facts.mode() & OTHERS_WRITE {
        0 => return Ok(()),
        mode if mode & 0o002 != 0 => "every user",
        _ => "its group",
    };
    Err(format!("{who} can change {}; run `chmod go-w` on it", path.display()))
}

fn wrong(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// `a/b/hook` in a folder of its own.
    fn place() -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().canonicalize().unwrap();
        for folder in [path.join("a"), path.join("a/b"), path.join("links")] {
            fs::create_dir(&folder).unwrap();
            mode(&folder, 0o755);
        }
        fs::write(path.join("a/b/hook"), "#!/bin/sh\n").unwrap();
        mode(&path.join("a/b/hook"), 0o755);
        (home, path)
    }

    #[test]
    fn what_anybody_on_the_way_can_change_is_refused() {
        let (_home, path) = place();
        let hook = path.join("a/b/hook");
        assert_eq!(trusted(&hook), Ok(hook.clone()));
        for (changed, fine) in [("a/b/hook", 0o755), ("a/b", 0o755), ("a", 0o755), ("", 0o700)] {
            let changed = path.join(changed);
            for (open, words) in [(0o002, "every user can change"), (0o020, "its group can change")] {
                mode(&changed, fine | open);
                let why = trusted(&hook).unwrap_err();
                assert!(
                    why.starts_with(words) && why.contains(changed.to_str().unwrap().trim_end_matches('/')),
                    "{why}"
                );
                mode(&changed, fine);
            }
        }
        assert_eq!(trusted(&hook), Ok(hook));
    }

    #[test]
    fn links_are_followed_and_their_own_folders_are_looked_at() {
        let (_home, path) = place();
        let (hook, links) = (path.join("a/b/hook"), path.join("links"));
        symlink(path.join("a"), links.join("to_a")).unwrap();
        symlink("../links/to_a/b/hook", links.join("hook")).unwrap();
        assert_eq!(trusted(&links.join("hook")), Ok(hook.clone()));
        mode(&links, 0o775);
        assert!(trusted(&links.join("hook")).is_err_and(|why| why.contains("its group can change")));
        mode(&links, 0o755);
        mode(&path.join("a"), 0o757);
        assert!(trusted(&links.join("hook")).is_err_and(|why| why.contains("every user can change")));
        mode(&path.join("a"), 0o755);
        symlink("round", links.join("round")).unwrap();
        assert!(trusted(&links.join("round")).is_err_and(|why| why.contains("too many links")));
    }

    #[test]
    fn a_sticky_folder_of_roots_leads_to_a_program_and_holds_none() {
        let (_home, path) = place();
        let (a, hook) = (path.join("a"), path.join("a/b/hook"));
        mode(&a, 0o1777);
        let is_roots = fs::metadata(&a).unwrap().uid() == 0;
        assert_eq!(trusted(&hook).is_ok(), is_roots, "only root's sticky bit is believed");
        fs::write(a.join("hook"), "#!/bin/sh\n").unwrap();
        mode(&a.join("hook"), 0o755);
        symlink("b", a.join("link")).unwrap();
        for within in ["hook", "link/hook"] {
            assert!(trusted(&a.join(within)).is_err(), "{within}");
        }
    }

    #[test]
    fn what_is_no_program_is_refused() {
        let (_home, path) = place();
        for (what, words) in [
            ("a/b", "is a folder"),
            ("a/b/none", "No such file"),
            ("a/b/hook/more", "through a file"),
            ("a/../a/b/hook/..", "through a file"),
        ] {
            let why = trusted(&path.join(what)).unwrap_err();
            assert!(why.contains(words), "{what}: {why}");
        }
        assert!(trusted(Path::new("a/b/hook")).is_err_and(|why| why.contains("whole path")));
        nix::unistd::mkfifo(&path.join("pipe"), nix::sys::stat::Mode::from_bits_truncate(0o700)).unwrap();
        assert!(trusted(&path.join("pipe")).is_err_and(|why| why.contains("is no file")));
    }
}

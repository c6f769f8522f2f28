//! Who gives a session up when a fix has no other way in: first whoever reads for the person, then whoever watches,
//! in this process and in the others of the same user, which are asked by a file in the store's folder.

use crate::domain::target::TargetId;
use crate::store::private_folder;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

/// Between two looks for the file.
const LOOK: Duration = Duration::from_millis(500);
/// A file that is older was left by a process that is gone.
const STALE: Duration = Duration::from_mins(1);

/// The sessions of one target that can be had again.
#[derive(Debug, Clone, Default)]
pub struct Room {
    reader: Arc<Notify>,
    watcher: Arc<Notify>,
    /// Where other processes are asked; none where nothing is kept in files.
    bell: Option<Arc<Path>>,
}

/// Asks the other processes for as long as it is held.
#[derive(Debug)]
pub struct Ringing(Option<Arc<Path>>);

impl Drop for Ringing {
    fn drop(&mut self) {
        if let Some(bell) = &self.0 {
            // Whoever heard it has removed it already.
            let _ = std::fs::remove_file(bell);
        }
    }
}

impl Room {
    /// Of a target whose other processes have the same folder.
    pub fn between_processes(folder: &Path, target: &TargetId) -> Self {
        let name: String = target.as_str().bytes().map(|byte| format!("{byte:02x}")).collect();
        let bell: PathBuf = folder.join("room").join(name);
        Self { bell: Some(bell.into()), ..Self::default() }
    }

    /// Asks whoever reads here; one that is busy gives its session up as soon as it is not.
    pub fn ask(&self) {
        self.reader.notify_one();
    }

    /// Asks whoever watches, here and in other processes: a server is not seen for a moment then.
    pub async fn ask_everybody(&self) -> Ringing {
        self.watcher.notify_one();
        let Some(bell) = self.bell.clone() else { return Ringing(None) };
        // Where it cannot be written nobody hears it, which is what happens without it too.
        let at = Arc::clone(&bell);
        let rung = spawn_blocking(move || is_private(&at) && std::fs::write(&at, b"").is_ok()).await;
        Ringing(rung.unwrap_or(false).then_some(bell))
    }

    /// Comes back when a reader's session is wanted.
    pub async fn wanted(&self) {
        self.reader.notified().await;
    }

    /// Comes back when a watcher's session is wanted, by this process or by another one. One watcher answers.
    pub async fn wanted_of_watcher(&self) {
        tokio::select! {
            () = self.watcher.notified() => {}
            () = self.rung() => {}
        }
    }

    async fn rung(&self) {
        let Some(bell) = &self.bell else { return std::future::pending().await };
        loop {
            tokio::time::sleep(LOOK).await;
            let at = Arc::clone(bell);
            if spawn_blocking(move || hears(&at)).await.unwrap_or(false) {
                return;
            }
        }
    }
}

/// Only our own user can have put anything there, nor can anybody else take our sessions away by it.
fn is_private(bell: &Path) -> bool {
    bell.parent().is_some_and(|folder| private_folder(folder).is_ok())
}

/// Whether it rings, for this process: of several that look at it, the one that removes it has heard it.
fn hears(bell: &Path) -> bool {
    let Ok(found) = std::fs::symlink_metadata(bell) else { return false };
    let is_fresh = found.modified().ok().and_then(|at| at.elapsed().ok()).is_none_or(|age| age < STALE);
    is_private(bell) && std::fs::remove_file(bell).is_ok() && is_fresh
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn one_watcher_of_another_process_hears_it_and_of_its_own_target_alone() {
        let home = tempfile::tempdir().unwrap();
        let of = |name: &str| Room::between_processes(home.path(), &TargetId::new(name));
        let (asking, other, elsewhere) = (of("shop/1"), of("shop/1"), of("shop/2"));
        let ringing = asking.ask_everybody().await;
        timeout(SOON, other.wanted_of_watcher()).await.unwrap();
        assert!(timeout(LOOK * 2, elsewhere.wanted_of_watcher()).await.is_err());
        drop(ringing);
        assert_eq!(std::fs::read_dir(home.path().join("room")).unwrap().count(), 0);
        // Nothing is left to be heard when nobody asks any more.
        drop(asking.ask_everybody().await);
        assert!(timeout(LOOK * 2, other.wanted_of_watcher()).await.is_err());
    }

    #[tokio::test]
    async fn nobody_but_our_own_user_takes_a_session_away() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let room = Room::between_processes(home.path(), &TargetId::new("shop"));
        let _ringing = room.ask_everybody().await;
        let folder = home.path().join("room");
        // Somebody else could have put the file there.
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        timeout(SOON, room.wanted_of_watcher()).await.unwrap();
        assert!(timeout(LOOK * 2, room.wanted_of_watcher()).await.is_err(), "the file alone is not heard");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        timeout(SOON, room.wanted_of_watcher()).await.unwrap();
    }

    #[tokio::test]
    async fn a_reader_is_asked_before_a_watcher() {
        let room = Room::default();
        room.ask();
        assert!(timeout(Duration::from_millis(1), room.wanted_of_watcher()).await.is_err());
        timeout(SOON, room.wanted()).await.unwrap();
        drop(room.ask_everybody().await);
        timeout(SOON, room.wanted_of_watcher()).await.unwrap();
    }
}

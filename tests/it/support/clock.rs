//! A clock for a server of a test's own, which can be moved forward: hours pass there, and nobody waits.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Seconds that a server's wall clock is ahead. The server has to be started with [`Self::environment`].
pub struct Clock {
    folder: tempfile::TempDir,
    ahead: AtomicU64,
}

impl Clock {
    /// One that goes right. None where the library behind it cannot be made; prints the skip then.
    pub fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        // Servers run as somebody else where the tests are root's.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let clock = Self { folder, ahead: AtomicU64::new(0) };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/clock.c");
        let mut compiler = Command::new("cc");
        let built = compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(clock.library()).arg(source).output();
        if !cfg!(target_os = "linux") || !built.as_ref().is_ok_and(|ran| ran.status.success()) {
            eprintln!("SKIPPED: a clock that can be moved cannot be made here ({built:?})");
            return None;
        }
        clock.forward(Duration::ZERO);
        Some(clock)
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("clock.so")
    }

    /// What makes a server go by this clock.
    pub fn environment(&self) -> [(&'static str, OsString); 2] {
        [("LD_PRELOAD", self.library().into()), ("DBA_GPT_TEST_CLOCK", self.folder.path().join("ahead").into())]
    }

    /// So much later, at once.
    pub fn forward(&self, time: Duration) {
        let ahead = self.ahead.fetch_add(time.as_secs(), Ordering::Relaxed) + time.as_secs();
        // A rename, so that nobody reads half of it.
        let (new, file) = (self.folder.path().join("new"), self.folder.path().join("ahead"));
        std::fs::write(&new, ahead.to_string()).unwrap();
        std::fs::rename(new, file).unwrap();
    }
}

//! The demo database for tests of the real program: made once a build, copied for each test.

use super::terminal::PROGRAM;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

/// Puts the demo database where a program with this `DBA_GPT_HOME` looks for it.
pub fn place_in(home: &Path) {
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-home");
    fs::create_dir_all(&made).unwrap();
    // Tests are processes that run side by side: the first one makes it, the others wait.
    let lock = File::create(made.join("lock")).unwrap();
    lock.lock().unwrap();
    let stamp = made.join("stamp");
    if changed(&stamp).is_none_or(|made| changed(Path::new(PROGRAM)).is_none_or(|built| built > made)) {
        let _ = fs::remove_dir_all(made.join("data"));
        let output = Command::new(PROGRAM).args(["health", "--demo"]).env("DBA_GPT_HOME", &made).output().unwrap();
        assert!(made.join("data/demo.db").exists(), "no demo was made: {}", String::from_utf8_lossy(&output.stderr));
        fs::write(&stamp, "").unwrap();
    }
    let data = home.join("data");
    make_private(home);
    make_private(&data);
    for entry in fs::read_dir(made.join("data")).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with("demo.db") {
            fs::copy(entry.path(), data.join(entry.file_name())).unwrap();
        }
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|about| about.modified()).ok()
}

fn make_private(folder: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).unwrap();
}

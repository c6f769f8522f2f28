//! A tunnel's program must not outlive us, however we end. Where the system can promise that (Linux), we are started
//! a second time for a moment: we ask the system to end us with our parent, and become the tunnel's program.
//!
//! Asking it between fork and exec would need unsafe code; being started anew does not.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

/// The first argument of the second start. It is no command for a person, so the command line's registry has it not.
#[cfg(target_os = "linux")]
const WORD: &str = "tunnel-of";

/// The words that start a program so that it ends with us.
#[cfg(target_os = "linux")]
pub(in crate::runtime) fn wrap(words: Vec<String>) -> Vec<String> {
    // This file is the running program even when a new version has been installed over it.
    let us = ["/proc/self/exe".to_owned(), WORD.to_owned(), std::process::id().to_string()];
    us.into_iter().chain(words).collect()
}

/// Elsewhere the program ends when we end in order, and when we are told to end by a signal that can be caught.
#[cfg(not(target_os = "linux"))]
pub(in crate::runtime) fn wrap(words: Vec<String>) -> Vec<String> {
    words
}

/// Becomes a tunnel's program, when that is what we were started for. Gives an exit code only when that failed.
#[cfg(target_os = "linux")]
pub(in crate::runtime) fn become_tunnel(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    use nix::sys::{prctl, signal::Signal};
    if arguments.nth(1)? != WORD {
        return None;
    }
    let parent: Option<i32> = arguments.next().and_then(|pid| pid.to_str()?.parse().ok());
    let program = arguments.next()?;
    let promised = prctl::set_pdeathsig(Signal::SIGTERM);
    // Our parent may have ended before the promise was made.
    if promised.is_err() || Some(nix::unistd::getppid().as_raw()) != parent {
        return Some(ExitCode::FAILURE);
    }
    let failed = Command::new(&program).args(arguments).exec();
    let _ = writeln!(std::io::stderr(), "{}: {failed}", program.to_string_lossy());
    Some(ExitCode::from(127))
}

/// Never, elsewhere.
#[cfg(not(target_os = "linux"))]
pub(in crate::runtime) fn become_tunnel(_: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    None
}

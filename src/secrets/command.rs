//! A program that prints a password: run without a shell, with little environment, and not for ever.

use super::{SecretError, environment};
use crate::domain::text::escape;
use secrecy::SecretString;
use secrecy::zeroize::Zeroize as _;
use std::collections::BTreeMap;
use std::future::Future;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStdout, Command};

/// How long a password command may take; the runtime waits for it, since only the runtime reads a clock.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);
/// A first line longer than this is no password.
const LONGEST: usize = 4096;
/// The first line that a program prints, without its end of line. `words` is the program and its arguments; no shell
/// reads them. Standard input and standard error are closed to it, so it cannot ask and cannot write on the screen.
/// When `give_up` is ready first, the program is killed. Dropping the future kills it too.
pub async fn from_command(
    words: &[String],
    variables: &BTreeMap<String, String>,
    give_up: impl Future<Output = ()>,
) -> Result<SecretString, SecretError> {
    let (program, arguments) = words.split_first().map_or(("", &[][..]), |(p, rest)| (p.as_str(), rest));
    let name = || escape(program);
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment::for_children(variables))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| SecretError::NotStarted { program: name(), why: error.to_string() })?;
    let (line, status) = tokio::select! {
        done = first_output(&mut child) => done,
        () = give_up => return Err(SecretError::TooSlow { program: name() }),
    };
    let password = first_line(line);
    match status {
        Ok(status) if status.success() => password.ok_or_else(|| SecretError::Nothing { program: name() }),
        Ok(status) => Err(SecretError::Failed { program: name(), status: status.to_string() }),
        Err(error) => Err(SecretError::NotStarted { program: name(), why: error.to_string() }),
    }
}

/// What a program prints, up to a password's worth, and how it ends. Reads until both the first line and the end are
/// there: a program must not fail for having more to print, and one that leaves a daemon behind, which keeps the pipe
/// open, must not hang us.
async fn first_output(child: &mut Child) -> (Vec<u8>, std::io::Result<ExitStatus>) {
    let mut line = Vec::with_capacity(2 * LONGEST);
    let mut chunk = [0; LONGEST];
    let mut output = child.stdout.take();
    let mut ended = None;
    loop {
        if (output.is_none() || line.contains(&b'\n'))
            && let Some(status) = ended
        {
            chunk.zeroize();
            return (line, status);
        }
        tokio::select! {
            read = read_some(&mut output, &mut chunk), if output.is_some() => match read {
                Ok(0) | Err(_) => output = None,
                Ok(n) if line.len() <= LONGEST => line.extend_from_slice(&chunk[..n]),
                Ok(_) => {}
            },
            status = child.wait(), if ended.is_none() => ended = Some(status),
        }
    }
}

async fn read_some(output: &mut Option<ChildStdout>, chunk: &mut [u8]) -> std::io::Result<usize> {
    match output {
        Some(output) => output.read(chunk).await,
        None => Ok(0),
    }
}

/// The first line as a secret; the bytes are wiped.
fn first_line(mut bytes: Vec<u8>) -> Option<SecretString> {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    let line = std::str::from_utf8(&bytes[..end]).ok().map(|line| line.strip_suffix('\r').unwrap_or(line));
    let secret = line.filter(|line| !line.is_empty() && line.len() < LONGEST).map(SecretString::from);
    bytes.zeroize();
    secret
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use secrecy::ExposeSecret as _;

    fn variables() -> BTreeMap<String, String> {
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
        BTreeMap::from([("PATH".to_owned(), path), ("PGPASSWORD".to_owned(), "S3cr3t!".to_owned())])
    }

    async fn run(words: &[&str]) -> Result<String, SecretError> {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let password = from_command(&words, &variables(), std::future::pending()).await?;
        Ok(password.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn the_first_line_is_the_password() {
        assert_eq!(run(&["printf", "S3cr3t!\\r\\nuser: ann\\n"]).await.unwrap(), "S3cr3t!");
        assert_eq!(run(&["printf", "no end of line"]).await.unwrap(), "no end of line");
        assert_eq!(run(&["printf", " größe \\n"]).await.unwrap(), " größe ");
    }

    #[tokio::test]
    async fn neither_much_output_nor_a_daemon_left_behind_is_in_the_way() {
        assert_eq!(run(&["sh", "-c", "echo S3cr3t!; head -c 300000 /dev/zero"]).await.unwrap(), "S3cr3t!");
        // The daemon keeps the pipe for as long as this test's process keeps its own end of the other one.
        let hold = "mkfifo \"$0\" && (read line <\"$0\" &) && echo S3cr3t!";
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        assert_eq!(run(&["sh", "-c", hold, fifo.to_str().unwrap()]).await.unwrap(), "S3cr3t!");
        std::fs::write(&fifo, "go\n").unwrap();
    }

    #[tokio::test]
    async fn no_shell_reads_the_arguments() {
        assert_eq!(run(&["echo", "$HOME; echo x | cat"]).await.unwrap(), "$HOME; echo x | cat");
    }

    #[tokio::test]
    async fn other_programs_passwords_stay_here() {
        assert_eq!(run(&["sh", "-c", "echo \"<$PGPASSWORD>\""]).await.unwrap(), "<>");
    }

    #[tokio::test]
    async fn each_failure_has_its_own_words_and_no_secret() {
        for (words, start) in [
            (&["no-such-program-anywhere"][..], "the password command no-such-program-anywhere did not start"),
            (&["sh", "-c", "echo S3cr3t!; exit 3"], "the password command sh failed (exit status: 3)"),
            (&["true"], "the password command true printed no password"),
            (&["printf", "\\nS3cr3t!"], "the password command printf printed no password"),
            (&["printf", "\\377\\n"], "the password command printf printed no password"),
            (&["head", "-c", "50000", "/dev/zero"], "the password command head printed no password"),
        ] {
            let error = run(words).await.unwrap_err().to_string();
            assert!(error.starts_with(start) && !error.contains("S3cr3t!"), "{words:?}: {error}");
        }
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_given_up() {
        let words = ["cat", "/dev/zero"].map(str::to_owned);
        let outcome = from_command(&words, &variables(), std::future::ready(())).await;
        assert_eq!(outcome.map(drop), Err(SecretError::TooSlow { program: "cat".to_owned() }));
    }
}

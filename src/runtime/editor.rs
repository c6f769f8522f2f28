//! The person's own editor, on a private file that is removed afterwards.

use anyhow::{Context as _, Result};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;

/// Lets the person edit `text`; the terminal must have been given back before. The folder is ours (0700).
pub(super) fn edit(text: &str, folder: &Path, variable: impl Fn(&str) -> Option<String>) -> Result<String> {
    let command = variable("VISUAL").or_else(|| variable("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    let mut words = command.split_whitespace();
    let program = words.next().context("$EDITOR is empty")?;
    let path = folder.join(format!("draft-{}.sql", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("{} could not be written", path.display()))?;
    file.write_all(text.as_bytes())?;
    drop(file);
    let status = Command::new(program).args(words).arg(&path).status();
    let mut edited = String::new();
    let read = std::fs::File::open(&path).and_then(|f| f.take(1 << 20).read_to_string(&mut edited));
    let _ = std::fs::remove_file(&path);
    let status = status.with_context(|| format!("the editor `{program}` could not be started"))?;
    anyhow::ensure!(status.success(), "the editor `{program}` ended with {status}; the draft is unchanged");
    read.context("the edited draft could not be read")?;
    Ok(edited.trim_end().to_owned())
}

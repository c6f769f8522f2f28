//! `logs`, `log_command`, `log_format` and `log_prefix` of a target: where its server's log is, and how to read it.

use super::mistake::{Mistake, Place, did_you_mean};
use super::password::read_command;
use super::written::{Reader, with_article};
use super::written_target::Placed;
use crate::domain::log::format::AUTO;
use crate::domain::text::escape;
use std::path::PathBuf;
use toml::Spanned;
use toml::de::DeValue;

/// Where a target's log is. All of it is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogConfig {
    /// Files of this machine; the last part of each may hold `*`. Rotated files of them are found by themselves.
    pub files: Vec<PathBuf>,
    /// A program that prints the log and goes on as it grows, and its arguments.
    pub command: Option<Vec<String>>,
    /// The form; none to tell by the lines.
    pub format: Option<String>,
    /// What the server puts before each line, as its own setting writes it; none to tell by the lines.
    pub prefix: Option<String>,
}

/// The same as written.
#[derive(Debug, Clone, Default)]
pub(super) struct WrittenLogs {
    pub(super) files: Vec<Placed<PathBuf>>,
    pub(super) command: Option<Placed<Vec<String>>>,
    pub(super) format: Option<Placed<String>>,
    pub(super) prefix: Option<Placed<String>>,
}

impl WrittenLogs {
    /// What is meant.
    pub(super) fn config(&self) -> LogConfig {
        LogConfig {
            files: self.files.iter().map(|(path, _)| path.clone()).collect(),
            command: self.command.as_ref().map(|(words, _)| words.clone()),
            format: self.format.as_ref().map(|(format, _)| format.clone()).filter(|format| format != AUTO),
            prefix: self.prefix.as_ref().map(|(prefix, _)| prefix.clone()),
        }
    }

    /// A form of nothing is a mistake: somebody forgot the file.
    pub(super) fn check(&self, reader: &mut Reader<'_>) {
        let form = self.format.as_ref().map(|(_, place)| place).or(self.prefix.as_ref().map(|(_, place)| place));
        if let Some(place) = form
            && self.files.is_empty()
            && self.command.is_none()
        {
            let text = "`log_format` and `log_prefix` say how to read a log: add `logs = [\"FILE\"]` or `log_command`";
            let mistake = Mistake { place: Some(place.clone()), text: text.to_owned() };
            reader.written.mistakes.push(mistake);
        }
    }
}

/// What of it is written, as a file would hold it, with its place. Arguments of a command can name hosts and files of
/// others, so they are left out, as those of `password_command` are.
pub(super) fn shown_logs(written: &WrittenLogs) -> Vec<(&'static str, String, &Place)> {
    let text = |value: &str| format!("\"{}\"", escape(value).replace('"', "\\\""));
    let mut lines = Vec::new();
    if let Some((_, place)) = written.files.first() {
        let files: Vec<String> = written.files.iter().map(|(path, _)| text(&path.display().to_string())).collect();
        lines.push(("logs", format!("[{}]", files.join(", ")), place));
    }
    if let Some((words, place)) = &written.command {
        let program = words.first().map_or("", String::as_str);
        lines.push(("log_command", format!("[{}, ...]", text(program)), place));
    }
    lines.extend(written.format.as_ref().map(|(format, place)| ("log_format", text(format), place)));
    lines.extend(written.prefix.as_ref().map(|(prefix, place)| ("log_prefix", text(prefix), place)));
    lines
}

/// Reads `logs`.
pub(super) fn read_files(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Vec<Placed<PathBuf>> {
    const FORM: &str = "`logs` is a list of files: [\"/var/log/server/*.log\"]";
    let Some(items) = value.get_ref().as_array() else {
        reader.mistake(value.span(), format!("{FORM}, not {}", with_article(value.get_ref().type_str())));
        return Vec::new();
    };
    let mut files = Vec::new();
    for item in items {
        let place = reader.place(item.span());
        match item.get_ref().as_str().map(|path| (path, wrong_path(path))) {
            Some((path, None)) => files.push((PathBuf::from(path), place)),
            Some((path, Some(why))) => reader.mistake(item.span(), format!("`{}` {why}", escape(path))),
            None => reader.mistake(item.span(), format!("{FORM}; every entry is text in quotes")),
        }
    }
    files
}

/// What keeps a text from being the pattern of a log's files.
fn wrong_path(path: &str) -> Option<&'static str> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if !path.starts_with('/') {
        Some("is relative: write the whole path, because the program may be started anywhere")
    } else if folder.contains('*') {
        Some("has a `*` in a folder: only the file's own name may have one")
    } else if name.is_empty() {
        Some("is a folder: name the file, with `*` for what changes in its name")
    } else {
        None
    }
}

/// Reads `log_command`.
pub(super) fn read_log_command(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    const FORM: &str =
        "`log_command` is a list, the program first: [\"ssh\", \"db1\", \"tail\", \"-F\", \"/var/log/server.log\"]";
    read_command(reader, FORM, value)
}

/// Holds a form against those that the target's engine writes.
pub(super) fn check_format(logs: &WrittenLogs, formats: &[&'static str]) -> Result<(), (Place, String)> {
    let Some((format, place)) = &logs.format else { return Ok(()) };
    let known = || [AUTO].into_iter().chain(formats.iter().copied());
    if known().any(|known| known == format) {
        return Ok(());
    }
    let words: Vec<String> = known().map(|f| format!("\"{f}\"")).collect();
    let near = did_you_mean(format, known());
    Err((place.clone(), format!("`log_format` is one of {} for this engine{near}", words.join(", "))))
}

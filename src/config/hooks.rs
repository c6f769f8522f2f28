//! Programs of a person's own before and after a fix: how they are written, and which are refused.

use super::password::read_command;
use super::trust::trusted;
use super::units::parse_duration;
use super::written::Reader;
use crate::config::mistake::did_you_mean;
use crate::domain::text::escape;
use std::path::Path;
use std::time::Duration;
use toml::Spanned;
use toml::de::DeValue;

/// Time for a hook that says nothing else.
const TIMEOUT: Duration = Duration::from_secs(10);
const MOST: Duration = Duration::from_mins(5);

/// The hooks: each a program and its arguments, empty for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookConfig {
    /// Runs before anything of a fix is sent; when it fails, nothing is.
    pub before_fix: Vec<String>,
    /// Runs after the end of a fix, whatever it was.
    pub after_fix: Vec<String>,
    /// Time for each.
    pub timeout: Duration,
}

impl Default for HookConfig {
    fn default() -> Self {
        Self { before_fix: Vec::new(), after_fix: Vec::new(), timeout: TIMEOUT }
    }
}

/// Reads `[hooks]`.
pub(super) fn read_hooks(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) {
    const FORM: &str = "a hook is a list, the program first: [\"/usr/local/bin/announce\", \"fix\"]";
    const KEYS: [&str; 3] = ["before_fix", "after_fix", "timeout"];
    let Some(table) = reader.table("hooks", value) else { return };
    for (key, value) in table {
        match key.get_ref().as_ref() {
            name @ ("before_fix" | "after_fix") => {
                let Some(words) = read_command(reader, FORM, value) else { continue };
                let program = words.first().map_or("", String::as_str);
                if let Err(why) = trusted(Path::new(program)) {
                    reader.mistake(value.span(), format!("`{name}`: {}: {why}", escape(program)));
                    continue;
                }
                match name {
                    "before_fix" => reader.written.hooks.before_fix = words,
                    _ => reader.written.hooks.after_fix = words,
                }
            }
            "timeout" => match value.get_ref().as_str().and_then(parse_duration) {
                Some(time) if (Duration::from_millis(100)..=MOST).contains(&time) => {
                    reader.written.hooks.timeout = time;
                }
                _ => {
                    let text = "`timeout`: it must be a time between 100ms and 5m, such as \"10s\"";
                    reader.mistake(value.span(), text.to_owned());
                }
            },
            name => {
                let near = did_you_mean(name, KEYS);
                reader.mistake(key.span(), format!("there is no `{}` in [hooks]{near}", escape(name)));
            }
        }
    }
}

//! `config show` and `config example`: every value with where it came from, and the documented file.

use super::resolve::Config;
use super::settings::{self, SETTINGS};
use super::targets::Demo;
use crate::domain::text::escape;

/// One line of `config show`. Both texts are fit for a terminal, and no secret is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// `ui.theme`, `targets.orders.address`.
    pub key: String,
    /// The value as a file would hold it.
    pub value: String,
    /// `config.toml:12:5`, `default`, `--target`.
    pub source: String,
}

impl Config {
    /// Every value in use with where it came from, in the order of the example file.
    pub fn show(&self) -> Vec<Shown> {
        let line = |key: String, value: String, source: String| Shown { key, value, source: escape(&source) };
        let text = |value: &str| format!("\"{}\"", escape(value).replace('"', "\\\""));
        let mut lines = Vec::new();
        for (setting, value, source) in self.values.iter() {
            lines.push(line(setting.name(), value.to_string(), source.to_string()));
        }
        for binding in &self.keys {
            let key = format!("keymap.{}.{}", escape(&binding.screen), escape(&binding.action));
            lines.push(line(key, text(&binding.key), binding.place.to_string()));
        }
        if let Some(path) = &self.vault_key_file {
            let source = self.vault_key_file_source.to_string();
            lines.push(line("vault.key_file".to_owned(), text(&path.display().to_string()), source));
        }
        if let Some(webhook) = &self.webhook {
            // The rest of the address is a secret.
            let value = text(&format!("{}, the rest is kept secret", webhook.host));
            lines.push(line("webhook.url".to_owned(), value, webhook.source.to_string()));
        }
        match self.demo {
            Demo::No => {}
            Demo::Asked => lines.push(line("demo".to_owned(), "true".to_owned(), "--demo".to_owned())),
            Demo::NothingConfigured => {
                lines.push(line("demo".to_owned(), "true".to_owned(), "default, as there is no target".to_owned()));
            }
        }
        for target in &self.targets {
            for (word, value, source) in &target.shown {
                let key = format!("targets.{}.{word}", escape(target.target.id.as_str()));
                lines.push(line(key, value.clone(), source.to_string()));
            }
        }
        lines
    }
}

/// The example file: every key with what it does, and the default. Settings are behind a `#` that is not followed by
/// a space, so the file as it is changes nothing.
pub fn example() -> String {
    let mut out = String::from(HEAD);
    for section in settings::sections() {
        out.extend(["\n[", section, "]\n"]);
        for setting in SETTINGS.iter().filter(|s| s.section == section) {
            for line in wrap(setting.help).iter().chain(&wrap(&format!("It is {}.", setting.kind.bounds()))) {
                out.extend(["# ", line, "\n"]);
            }
            out.extend(["#", setting.key, " = ", &setting.default.to_string(), "\n"]);
        }
    }
    out.extend(["\n", TAIL]);
    out
}

/// What the file is and how it is used.
const HEAD: &str = include_str!("example_head.toml");
/// Keys and targets, which have names of the person's own and so no defaults.
const TAIL: &str = include_str!("example_tail.toml");

fn wrap(text: &str) -> Vec<String> {
    const WIDTH: usize = 110;
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        if lines.last().is_some_and(|l| !l.is_empty() && l.len() + 1 + word.len() > WIDTH) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_fits_a_screen_of_120_columns() {
        assert!(super::example().lines().all(|line| line.chars().count() <= 120));
    }
}

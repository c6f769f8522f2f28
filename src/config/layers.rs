//! Settings in layers: default, file, environment. The last that says something wins, and is remembered.

use super::mistake::{Mistake, Place};
use super::settings::{MAX_FPS, SETTINGS, Setting, Value};
use super::written::WrittenSetting;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Frames a second over SSH, where every frame is traffic; on a screen of its own the default is higher.
const SSH_FPS: u64 = 4;

/// Where a value is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The program itself.
    Default,
    /// The program itself, because of an SSH session.
    DefaultOverSsh,
    /// A flag of the command line.
    Flag(&'static str),
    /// A variable of the environment.
    Variable(String),
    /// A place in a file.
    File(Place),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::DefaultOverSsh => f.write_str("default over SSH"),
            Self::Flag(flag) => f.write_str(flag),
            Self::Variable(name) => write!(f, "{name} in the environment"),
            Self::File(place) => place.fmt(f),
        }
    }
}

/// Every setting with its value and source, in the order of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Values(Vec<(Setting, Value, Source)>);

impl Values {
    /// Lays what was written over the defaults, and the environment over both.
    pub(super) fn layer(
        written: &[WrittenSetting],
        variables: &BTreeMap<String, String>,
        mistakes: &mut Vec<Mistake>,
    ) -> Self {
        let ssh = ["SSH_CONNECTION", "SSH_TTY"].iter().any(|name| set(variables, name).is_some());
        let decide = |setting: &Setting| {
            let name = setting.variable();
            if let Some(text) = set(variables, &name) {
                match setting.kind.read_text(text) {
                    Ok(value) => return (*setting, value, Source::Variable(name)),
                    Err(why) => {
                        mistakes.push(Mistake { place: None, text: format!("{name} in the environment: {why}") });
                    }
                }
            }
            if let Some(w) = written.iter().rev().find(|w| w.setting == setting) {
                return (*setting, w.value, Source::File(w.place.clone()));
            }
            if ssh && *setting == MAX_FPS {
                return (*setting, Value::Whole(SSH_FPS), Source::DefaultOverSsh);
            }
            (*setting, setting.default, Source::Default)
        };
        Self(SETTINGS.iter().map(decide).collect())
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(Setting, Value, Source)> {
        self.0.iter()
    }

    fn value(&self, setting: &Setting) -> Value {
        self.0.iter().find(|(s, ..)| s == setting).map_or(setting.default, |(_, value, _)| *value)
    }

    /// Where a setting is from.
    pub(super) fn source(&self, setting: &Setting) -> Source {
        self.0.iter().find(|(s, ..)| s == setting).map_or(Source::Default, |(.., source)| source.clone())
    }

    // Each of these is asked for a setting of its own kind; the registry is checked by a test.

    /// The word of a setting of words.
    pub(super) fn word(&self, setting: &Setting) -> &'static str {
        if let Value::Word(word) = self.value(setting) { word } else { "" }
    }
    /// On or off.
    pub(super) fn switch(&self, setting: &Setting) -> bool {
        self.value(setting) == Value::Switch(true)
    }
    /// A number or a size.
    pub(super) fn whole(&self, setting: &Setting) -> u64 {
        if let Value::Whole(n) | Value::Bytes(n) = self.value(setting) { n } else { 0 }
    }
    /// The same, for counts of things in memory.
    pub(super) fn size(&self, setting: &Setting) -> usize {
        usize::try_from(self.whole(setting)).unwrap_or(usize::MAX)
    }
    /// A span of time.
    pub(super) fn time(&self, setting: &Setting) -> Duration {
        if let Value::Time(time) = self.value(setting) { time } else { Duration::ZERO }
    }
    /// The same, in milliseconds.
    pub(super) fn milliseconds(&self, setting: &Setting) -> u64 {
        u64::try_from(self.time(setting).as_millis()).unwrap_or(u64::MAX)
    }
}

/// A variable that is set and not empty.
pub(super) fn set<'a>(variables: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

//! Where our files are: configuration, data and state, by the XDG rules or all under `DBA_GPT_HOME`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folders of the program. They may not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// `config.toml` and `conf.d/`.
    pub config: PathBuf,
    /// `store.db` and `demo.db`.
    pub data: PathBuf,
    /// Logs.
    pub state: PathBuf,
}

impl Places {
    /// Finds them from the environment. `DBA_GPT_HOME` wins: the configuration is then in that folder itself, data
    /// and state in `data` and `state` below it, which we make for our own eyes only. Then `XDG_CONFIG_HOME`, `XDG_DATA_HOME` and
    /// `XDG_STATE_HOME` where they are absolute (the XDG base directory rules say to ignore others); then their
    /// usual places below `home`. None without any of these.
    ///
    /// A function of its arguments, which is why the `directories` crate serves [`home`] only: it reads the
    /// process's own environment, and on macOS answers with folders that our documentation does not name.
    pub fn find(variables: &BTreeMap<String, String>, home: Option<&Path>) -> Option<Self> {
        let set = |name: &str| variables.get(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        if let Some(all) = set("DBA_GPT_HOME") {
            return Some(Self { data: all.join("data"), state: all.join("state"), config: all });
        }
        let folder = |name: &str, usual: &str| {
            let base = set(name).filter(|p| p.is_absolute()).or_else(|| home.map(|h| h.join(usual)))?;
            Some(base.join("dba-gpt"))
        };
        Some(Self {
            config: folder("XDG_CONFIG_HOME", ".config")?,
            data: folder("XDG_DATA_HOME", ".local/share")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
        })
    }

    /// The main configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }
    /// The embedded demo database.
    pub fn demo_file(&self) -> PathBuf {
        self.data.join("demo.db")
    }
}

/// The home directory, from `HOME` or else the system's user database.
pub fn home() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(variables: &[(&str, &str)]) -> Option<Places> {
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Places::find(&variables, Some(Path::new("/home/ann")))
    }

    #[test]
    fn one_variable_moves_everything() {
        let places = find(&[("DBA_GPT_HOME", "/tmp/x"), ("XDG_DATA_HOME", "/data")]);
        let expected = Places { config: "/tmp/x".into(), data: "/tmp/x/data".into(), state: "/tmp/x/state".into() };
        assert_eq!(places, Some(expected));
    }

    #[test]
    fn xdg_variables_must_be_absolute() {
        let places = find(&[("XDG_DATA_HOME", "/data"), ("XDG_STATE_HOME", "relative"), ("XDG_CONFIG_HOME", "")]);
        let expected = Places {
            config: "/home/ann/.config/dba-gpt".into(),
            data: "/data/dba-gpt".into(),
            state: "/home/ann/.local/state/dba-gpt".into(),
        };
        assert_eq!(places, Some(expected));
        assert_eq!(Places::find(&BTreeMap::new(), None), None);
    }
}

//! Passwords that a server has refused: the same one is not sent again unless a person asks for it, since servers
//! lock accounts. What is remembered is a keyed hash, made with a key that never leaves the process.

use crate::domain::dialect::Dialect;
use crate::engine::Surroundings;
use secrecy::{ExposeSecret, SecretString};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A secret and the files it may come from, told from others and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SecretMark(u64);

/// The refused secret of one target, shared by its tasks.
#[derive(Default)]
pub(super) struct Refused {
    key: RandomState,
    last: Mutex<Option<SecretMark>>,
}

impl Refused {
    /// The mark of what would be sent now: the password that was fetched, or the state of the engine's own password
    /// files, in which it looks for one by itself.
    pub(super) fn mark(
        &self,
        password: Option<&SecretString>,
        dialect: &dyn Dialect,
        surroundings: &Surroundings,
    ) -> SecretMark {
        let mut hasher = self.key.build_hasher();
        password.map(ExposeSecret::expose_secret).hash(&mut hasher);
        for (variable, below_home) in dialect.password_files() {
            let named = surroundings.variable(variable).map(PathBuf::from);
            let path = named.or_else(|| surroundings.home.as_ref().map(|home| home.join(below_home)));
            let facts = path.and_then(|path| std::fs::metadata(path).ok());
            facts.map(|f| (f.dev(), f.ino(), f.size(), f.mtime(), f.mtime_nsec())).hash(&mut hasher);
        }
        SecretMark(hasher.finish())
    }

    /// The server has refused this one.
    pub(super) fn holds(&self, mark: SecretMark) -> bool {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) == Some(mark)
    }

    /// Remembers what was refused; none forgets it.
    pub(super) fn set(&self, mark: Option<SecretMark>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = mark;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::engine::ENGINES;

    #[test]
    fn only_the_same_secret_from_the_same_files_is_held_back() {
        let home = tempfile::tempdir().unwrap();
        let around = Surroundings { home: Some(home.path().to_owned()), ..Surroundings::default() };
        let refused = Refused::default();
        let secret = |text: &str| SecretString::from(text);
        for engine in ENGINES {
            let mark = |password: Option<&SecretString>| refused.mark(password, engine.dialect, &around);
            refused.set(Some(mark(Some(&secret("old")))));
            assert!(refused.holds(mark(Some(&secret("old")))));
            assert!(!refused.holds(mark(Some(&secret("new")))) && !refused.holds(mark(None)));
            refused.set(Some(mark(None)));
            assert!(refused.holds(mark(None)));
            if let Some((_, file)) = engine.dialect.password_files().first() {
                std::fs::write(home.path().join(file), "changed").unwrap();
                assert!(!refused.holds(mark(None)), "{}: a changed file may hold another password", engine.name);
            }
            refused.set(None);
            assert!(!refused.holds(mark(None)));
        }
    }
}

//! The two ways to a target: as the reader, and for one act as the fix login.

use super::super::TargetSetup;
use super::super::connect::{Door, Helpers};
use super::{Opener, Ways};
use crate::config::PasswordSource;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::domain::guard::policy::Policy;
use crate::domain::target::Access;
use crate::engine::EngineSpec;
use std::sync::Arc;

/// A login for fixes: where its secret comes from, not the secret.
#[derive(Clone)]
pub(in crate::runtime) struct FixLogin {
    /// The user or role; empty for an engine without logins.
    pub(in crate::runtime) user: String,
    /// Where its password comes from, when somebody said so.
    pub(in crate::runtime) source: Option<PasswordSource>,
    /// Who helps to fetch it.
    pub(in crate::runtime) helpers: Helpers,
}

impl TargetSetup {
    /// The ways to this target.
    pub(in crate::runtime) fn ways(&self) -> Ways {
        Ways {
            target: self.target.id.clone(),
            spec: self.spec,
            environment: self.target.environment,
            read: opener(self.spec, self.door.clone()),
            fix: self.fix_opener(),
            safe_functions: self.allow_functions.clone(),
            login: self.fix_user(),
            approvers: self.approvers,
            closed: (self.target.access == Access::ReadOnly)
                .then(|| format!("{} is read-only: its configuration says read_only = true", self.target.id)),
            // What a person lifts for one run is lifted for what that person approves.
            unattended: if self.target.access == Access::Writable {
                self.unattended.clone()
            } else {
                Policy::default()
            },
            room: self.room.clone(),
        }
    }

    /// The login that would run an act; none when there is none, empty for an engine without logins.
    pub(in crate::runtime) fn fix_user(&self) -> Option<String> {
        if self.spec.takes_password { self.fix.as_ref().map(|fix| fix.user.clone()) } else { Some(String::new()) }
    }

    fn fix_opener(&self) -> Option<Opener> {
        if !self.spec.takes_password {
            return Some(opener(self.spec, self.door.clone()));
        }
        let (spec, door, fix) = (self.spec, self.door.clone(), self.fix.clone()?);
        Some(Arc::new(move |purpose, database| {
            // A door of its own for each act: what was fetched for it is forgotten with it.
            let own = door.with_login(spec, &fix.user, fix.source.clone(), &fix.helpers);
            Box::pin(async move {
                let wrong = |words: String| ConnectError::new(ConnectKind::Settings, words);
                own.map_err(wrong)?.open(spec, database.as_deref(), &purpose).await
            })
        }))
    }
}

fn opener(spec: &'static EngineSpec, door: Door) -> Opener {
    Arc::new(move |purpose, database| {
        let door = door.clone();
        Box::pin(async move { door.open(spec, database.as_deref(), &purpose).await })
    })
}

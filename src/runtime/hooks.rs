//! Programs of the person's own before and after a fix: without a shell, with little environment, not for ever, and
//! told what happens by variables. The statement is never told: it may be long, and others can see a program's
//! arguments.

use crate::config::{HookConfig, trusted};
use crate::domain::proposal::Proposal;
use crate::domain::text::redact;
use crate::secrets::for_children;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;
use tokio::time::timeout;

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Before anything is sent: when it fails, nothing is.
    BeforeFix,
    /// After the end, whatever it was.
    AfterFix,
}

impl Occasion {
    fn word(self) -> &'static str {
        match self {
            Self::BeforeFix => "before_fix",
            Self::AfterFix => "after_fix",
        }
    }
}

/// The programs, and the environment that we were given, of which they get the harmless part.
#[derive(Debug, Clone, Default)]
pub struct Hooks {
    config: HookConfig,
    variables: BTreeMap<String, String>,
}

impl Hooks {
    /// The hooks of a configuration.
    pub fn new(config: HookConfig, variables: BTreeMap<String, String>) -> Self {
        Self { config, variables }
    }

    /// Runs the program of an occasion, if there is one, and waits for its end.
    ///
    /// # Errors
    /// One sentence when it did not run, did not end in time, or ended with a failure. Before a fix that means: do not
    /// send.
    pub async fn run(&self, occasion: Occasion, proposal: &Proposal) -> Result<(), String> {
        let words = match occasion {
            Occasion::BeforeFix => &self.config.before_fix,
            Occasion::AfterFix => &self.config.after_fix,
        };
        let Some((program, arguments)) = words.split_first() else { return Ok(()) };
        let name = format!("the hook {} ({})", occasion.word(), redact(program));
        trusted(Path::new(program)).map_err(|why| format!("{name} is refused: {why}"))?;
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(for_children(&self.variables))
            .envs(told(occasion, proposal))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{name} could not be started: {error}"))?;
        match timeout(self.config.timeout, child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("{name} failed: {status}")),
            Ok(Err(error)) => Err(format!("{name}: {error}")),
            Err(_) => {
                let _ = child.kill().await;
                Err(format!("{name} did not end within {} s and was stopped", self.config.timeout.as_secs_f64()))
            }
        }
    }
}

/// What a hook may know of an act.
fn told(occasion: Occasion, proposal: &Proposal) -> Vec<(&'static str, String)> {
    let incident = proposal.purpose.as_ref().and_then(|purpose| purpose.incident);
    vec![
        ("DBA_GPT_HOOK", occasion.word().to_owned()),
        ("DBA_GPT_PROPOSAL", proposal.id.to_string()),
        ("DBA_GPT_TARGET", proposal.target.to_string()),
        ("DBA_GPT_ENGINE", proposal.engine.clone()),
        ("DBA_GPT_ENVIRONMENT", proposal.environment.word().to_owned()),
        ("DBA_GPT_CLASS", proposal.draft.class.word().to_owned()),
        ("DBA_GPT_STAGE", proposal.stage.word().to_owned()),
        ("DBA_GPT_INCIDENT", incident.map(|id| id.to_string()).unwrap_or_default()),
        ("DBA_GPT_TICKET", proposal.ticket.clone().unwrap_or_default()),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::guard::Class;
    use crate::domain::proposal::survey::{Blast, Inverse, Place, Rights, Survey, Timeouts};
    use crate::domain::proposal::{Draft, Origin, Parts};
    use crate::domain::target::{Environment, TargetId, Timestamp};
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;
    use std::time::Duration;
    use tempfile::TempDir;

    fn survey() -> Survey {
        Survey {
            place: Place::default(),
            objects: Vec::new(),
            preconditions: Vec::new(),
            blast: Blast::default(),
            inverse: Inverse::None("nothing".into()),
            rights: Rights::Unknown("nobody asked".into()),
            timeouts: Timeouts::ROWS,
        }
    }

    fn proposal() -> Proposal {
        let parts = Parts {
            target: TargetId::new("shop"),
            engine: "postgres".into(),
            environment: Environment::Staging,
            address: String::new(),
            login: String::new(),
            approvers: 1,
            draft: Draft { statement: "DROP TABLE secret_table".into(), class: Class::Ddl, kind: None, database: None },
            survey: survey(),
            advice: Vec::new(),
        };
        Proposal { id: 7, ..Proposal::new(Timestamp(0), Origin::Person, parts) }
    }

    /// A folder with a script in it that writes its surroundings beside itself.
    fn script(body: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().join("hook");
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        (folder, path)
    }

    fn hooks(path: &Path, arguments: &[&str]) -> Hooks {
        let mut words = vec![path.display().to_string()];
        words.extend(arguments.iter().map(|a| (*a).to_owned()));
        let variables = BTreeMap::from([("PGPASSWORD".to_owned(), "hunter2".to_owned())]);
        let config = HookConfig { before_fix: words, after_fix: Vec::new(), timeout: Duration::from_secs(20) };
        Hooks::new(config, variables)
    }

    #[tokio::test]
    async fn a_hook_is_told_what_happens_and_neither_secrets_nor_the_statement() {
        let (folder, path) = script("{ echo \"$@\"; /usr/bin/env; } > \"$1\"");
        let out = folder.path().join("out").display().to_string();
        let hooks = hooks(&path, &[&out, "x y;z"]);
        hooks.run(Occasion::BeforeFix, &proposal()).await.unwrap();
        let seen = fs::read_to_string(&out).unwrap();
        assert!(seen.lines().next().unwrap().ends_with("x y;z"), "{seen}");
        for line in ["DBA_GPT_HOOK=before_fix", "DBA_GPT_PROPOSAL=7", "DBA_GPT_TARGET=shop", "DBA_GPT_CLASS=ddl"] {
            assert!(seen.lines().any(|l| l == line), "{line} in {seen}");
        }
        assert!(!seen.contains("hunter2") && !seen.contains("secret_table"), "{seen}");
        hooks.run(Occasion::AfterFix, &proposal()).await.unwrap();
    }

    #[tokio::test]
    async fn failing_slow_and_missing_hooks_are_errors() {
        let (_folder, path) = script("exit 3");
        assert!(hooks(&path, &[]).run(Occasion::BeforeFix, &proposal()).await.is_err_and(|e| e.contains('3')));
        let (_folder, path) = script("exec sleep 600");
        let mut slow = hooks(&path, &[]);
        slow.config.timeout = Duration::from_millis(50);
        assert!(slow.run(Occasion::BeforeFix, &proposal()).await.is_err_and(|e| e.contains("stopped")));
        let none = hooks(Path::new("/nowhere/hook"), &[]);
        assert!(none.run(Occasion::BeforeFix, &proposal()).await.is_err());
        assert!(hooks(Path::new("hook"), &[]).run(Occasion::BeforeFix, &proposal()).await.is_err());
    }

    #[tokio::test]
    async fn what_everybody_can_change_does_not_run() {
        let (folder, path) = script("exit 0");
        let hooks = hooks(&path, &[]);
        hooks.run(Occasion::BeforeFix, &proposal()).await.unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o757)).unwrap();
        let refused = hooks.run(Occasion::BeforeFix, &proposal()).await;
        assert!(refused.is_err_and(|e| e.contains("every user can change")));
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let refused = hooks.run(Occasion::BeforeFix, &proposal()).await;
        assert!(refused.is_err_and(|e| e.contains("every user can change")));
    }
}

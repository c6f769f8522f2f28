//! Programs of the person's own before and after a fix: without a shell, with little environment, not for ever, and
//! told what happens by variables. The statement is never told: it may be long, and others can see a program's
//! arguments.
//!
//! A hook runs in a process group of its own, which is killed as a whole when its time is over or when nobody waits for
//! it any more. A process that leaves the group (`setsid`) is out of reach, and so is what a hook that ended in time
//! left behind on purpose.

use crate::config::{HookConfig, trusted};
use crate::domain::proposal::Proposal;
use crate::domain::text::redact;
use crate::secrets::for_children;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use tokio::process::{Child, Command};
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
        // Looked at last, and run by the path that was looked at, with no link in it.
        let real = trusted(Path::new(program)).map_err(|why| format!("{name} is refused: {why}"))?;
        let mut child = Command::new(real)
            .args(arguments)
            .env_clear()
            .envs(for_children(&self.variables))
            .envs(told(occasion, proposal))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{name} could not be started: {error}"))?;
        let mut group = Group::of(&child);
        let ended = timeout(self.config.timeout, child.wait()).await;
        if ended.is_ok() {
            group.is_over();
        }
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("{name} failed: {status}")),
            Ok(Err(error)) => Err(format!("{name}: {error}")),
            Err(_) => {
                drop(group);
                let _ = child.wait().await;
                Err(format!("{name} did not end within {} s and was stopped", self.config.timeout.as_secs_f64()))
            }
        }
    }
}

/// The process group of a hook, which ends with this value unless the hook came to its own end. While the hook was not
/// waited for its number is nobody else's.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw))
    }
    /// The hook came to its own end.
    fn is_over(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Fails when nobody is left of it.
            let _ = killpg(leader, Signal::SIGKILL);
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
    async fn what_others_can_change_does_not_run() {
        let (folder, path) = script("exit 0");
        let hooks = hooks(&path, &[]);
        hooks.run(Occasion::BeforeFix, &proposal()).await.unwrap();
        for (changed, mode) in [(path.as_path(), 0o757), (&path, 0o775), (folder.path(), 0o777), (folder.path(), 0o770)]
        {
            fs::set_permissions(changed, Permissions::from_mode(mode)).unwrap();
            let refused = hooks.run(Occasion::BeforeFix, &proposal()).await;
            assert!(refused.is_err_and(|e| e.contains("is refused") && e.contains("can change")), "{mode:o}");
            fs::set_permissions(changed, Permissions::from_mode(0o755)).unwrap();
        }
        hooks.run(Occasion::BeforeFix, &proposal()).await.unwrap();
    }

    /// The process of this number runs; one that only waits to be buried does not.
    fn runs(pid: &str) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
    }

    async fn comes_true(what: &str, is_so: impl Fn() -> bool) {
        let waiting = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap_or_else(|_| panic!("{what}"));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_children_of_a_hook_end_with_it() {
        let (folder, path) = script("sleep 600 & echo $! > \"$1.new\"; mv \"$1.new\" \"$1\"; wait");
        let out = folder.path().join("pid");
        let words = out.display().to_string();
        let child = || fs::read_to_string(&out).ok();
        // Its time is over. A busy machine needs more of it to begin at all.
        let mut slow = hooks(&path, &[&words]);
        for millis in [200, 1_000, 5_000, 25_000] {
            slow.config.timeout = Duration::from_millis(millis);
            let ended = slow.run(Occasion::BeforeFix, &proposal()).await;
            assert!(ended.is_err_and(|e| e.contains("was stopped")));
            if child().is_some() {
                break;
            }
        }
        let pid = child().unwrap();
        comes_true("the child of a hook whose time was over", || !runs(&pid)).await;
        // Nobody waits for it any more.
        fs::remove_file(&out).unwrap();
        let patient = hooks(&path, &[&words]);
        let act = proposal();
        tokio::select! {
            ended = patient.run(Occasion::BeforeFix, &act) => panic!("{ended:?}"),
            () = comes_true("the hook begins", || child().is_some()) => {}
        }
        let pid = child().unwrap();
        comes_true("the child of a hook that is dropped", || !runs(&pid)).await;
    }
}

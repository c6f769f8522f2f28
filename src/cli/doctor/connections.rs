//! What the doctor says about ways in: where each password comes from and how well it is kept, tunnels, whoever runs
//! the server, the second login, the vault, and the statements that make both logins.

use super::{Grade, Line};
use crate::cli::Headless;
use crate::cli::host::HeadlessTarget;
use crate::config::{Config, PasswordSource, TargetConfig, format_duration};
use crate::domain::target::Access;
use crate::engine::{EngineSpec, by_name};

/// The way in of a configured target.
pub(super) fn way_in(target: &HeadlessTarget, spec: &EngineSpec, config: Option<&Config>) -> Vec<Line> {
    let area = target.target.id.as_str();
    let Some(configured) = config.and_then(|c| c.targets.iter().find(|t| t.target.id == target.target.id)) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if spec.takes_password {
        lines.push(password_line(area, configured));
    }
    if let Some(tunnel) = &configured.tunnel {
        lines.push(Line::new(area, Grade::Told, format!("reached through a tunnel: {tunnel}")));
    }
    let hosting = configured.servers.iter().flat_map(|(host, port)| spec.hosting.words(host, *port));
    lines.extend(hosting.map(|words| Line::new(area, Grade::Told, words)));
    if let Some(fix) = &configured.fix {
        let source = fix.source_words().unwrap_or_else(|| "the client files".to_owned());
        let text =
            format!("a second login for what a person approves, {}, from {source}: fetched for one act", fix.user());
        lines.push(Line::new(area, Grade::Told, text));
    }
    lines.push(Line::new(area, Grade::Told, access_words(configured.target.access)));
    lines
}

/// Whether fixes may run there, and what changes that.
fn access_words(access: Access) -> &'static str {
    match access {
        Access::ReadOnly => "read_only = true: nothing can be proposed here, and no key lifts that",
        Access::ReadOnlyAtStart => "read-only until `:rw NAME` lifts it for one run; read_only = true forbids that",
        Access::Writable => "read_only = false: what a person approves may run here",
    }
}

/// Where its password comes from, and what is weak about that.
fn password_line(area: &str, target: &TargetConfig) -> Line {
    let good = |text: String| Line::new(area, Grade::Good, text);
    match &target.password {
        None => {
            let text =
                "no password source is named: the URL, the engine's variables and its client files are looked at";
            Line::new(area, Grade::Told, text)
        }
        Some(PasswordSource::Prompt) => good("the password is asked for, once in a run, and kept nowhere".to_owned()),
        Some(PasswordSource::Command(words)) => {
            let program = words.first().map_or("", String::as_str);
            let ttl = format_duration(target.password_ttl);
            good(format!("the password is printed by {program}, anew for each login or after {ttl}"))
        }
        Some(PasswordSource::Variable(name)) => {
            let text =
                format!("the password is in the variable {name}: every program started beside this one inherits it");
            Line::new(area, Grade::Doubtful, text).remedy("password = \"${vault:NAME}\"   # or password_command")
        }
        Some(PasswordSource::Credential(name)) => {
            good(format!("the password is the credential {name} of the service manager"))
        }
        Some(PasswordSource::Vault(name)) => good(format!("the password is in our vault, as {name}")),
        Some(PasswordSource::Keyring(name)) => {
            good(format!("the password is in the keyring, as {name}; inside SSH sessions it is not asked"))
        }
    }
}

/// The vault, where there is one or a target wants it.
pub(super) fn vault(config: Option<&Config>, io: &Headless<'_>) -> Option<Line> {
    const AREA: &str = "vault";
    let wanted = config
        .is_some_and(|config| config.targets.iter().any(|t| matches!(t.password, Some(PasswordSource::Vault(_)))));
    match io.host.vault_state() {
        Ok(Some(by)) => Some(Line::new(AREA, Grade::Good, format!("opens with {by}, and is closed to others"))),
        Ok(None) if wanted => {
            let line = Line::new(AREA, Grade::Wrong, "a target has its password in the vault, and there is no vault");
            Some(line.remedy("dba-gpt vault set NAME"))
        }
        Ok(None) => None,
        Err(words) => Some(Line::new(AREA, Grade::Wrong, words)),
    }
}

/// The statements that make the two logins, for each engine in use.
pub(super) fn logins(targets: &[HeadlessTarget]) -> Vec<Line> {
    let mut engines: Vec<&EngineSpec> = targets.iter().filter_map(|t| by_name(t.target.engine.0)).collect();
    engines.sort_by_key(|engine| engine.id);
    engines.dedup_by_key(|engine| engine.id);
    let mut lines = Vec::new();
    for engine in engines {
        let area = format!("logins of {}", engine.name);
        for (statements, what) in [
            (engine.least_privilege, "for reading: sees what this program shows and can change nothing"),
            (engine.least_privilege_fix, "for approved fixes, later: does what they need and no more"),
        ] {
            if !statements.is_empty() {
                lines.push(Line::new(&area, Grade::Told, what).remedy(statements));
            }
        }
    }
    lines
}

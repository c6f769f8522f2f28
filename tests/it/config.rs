//! The configuration through its one door: files on disk, flags and environment in, values or mistakes out.

use dba_gpt::config::args::Common;
use dba_gpt::config::{
    Clipboard, Completed, Config, Demo, Identified, Inputs, KeyBinding, Mistakes, PasswordSource, Presets, SETTINGS,
    SshTunnel, StatementFor, Theme, TunnelConfig, example, load, nearest,
};
use dba_gpt::domain::diagnosis::Cause;
use dba_gpt::domain::error::kind::{ErrorKind, Severity};
use dba_gpt::domain::guard::{Author, Catalog, Verdict};
use dba_gpt::domain::own::Parameters;
use dba_gpt::domain::rows::Limits;
use dba_gpt::domain::target::{Accent, Access, EngineId, Environment, TargetId};
use dba_gpt::engine::{self, Destination, ENGINES, Prepared, Preset, Surroundings};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// One person's machine: a home, variables, and the options that were typed.
struct Setup {
    home: TempDir,
    variables: BTreeMap<String, String>,
    args: Common,
}

impl Setup {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".config/dba-gpt/conf.d")).unwrap();
        Self { home, variables: BTreeMap::new(), args: Common::default() }
    }
    fn with(config: &str) -> Self {
        let setup = Self::new();
        setup.write("config.toml", config, 0o600);
        setup
    }
    fn write(&self, name: &str, text: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.home.path().join(".config/dba-gpt").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }
    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }
    fn targets(mut self, targets: &[&str]) -> Self {
        self.args.targets = targets.iter().map(|t| (*t).to_owned()).collect();
        self
    }
    fn load(&self) -> Result<Config, Mistakes> {
        self.load_with(&identify, Presets { names: &["cloud"], complete: &complete })
    }
    fn load_with(
        &self,
        identify: &dyn Fn(&SecretString) -> Option<Result<Identified, String>>,
        presets: Presets<'_>,
    ) -> Result<Config, Mistakes> {
        load(&Inputs {
            args: &self.args,
            variables: &self.variables,
            home: Some(self.home.path()),
            identify,
            presets,
            url_forms: "a URL (postgres://, sqlite:PATH) or a path that ends in .db",
            check_keys: &check_keys,
            check_function: &|id, function| engine::by_name(id.0).unwrap().dialect.may_declare_safe(function),
            engines: &ENGINES.iter().map(|engine| engine.id).collect::<Vec<_>>(),
            procedures: &ENGINES.iter().flat_map(|e| e.examination.procedures).map(|p| p.id).collect::<Vec<_>>(),
            check_statement: &judge,
        })
    }
    fn mistakes(&self) -> String {
        self.load().expect_err("it should be refused").to_string()
    }
}

/// The guard of the engine, as the program asks it.
fn judge(id: EngineId, statement: &str, purpose: StatementFor) -> Result<(), String> {
    let dialect = engine::by_name(id.0).unwrap().dialect;
    let filled = Parameters::examples(dialect).fill(statement).unwrap();
    let judgement = dialect.classify(&filled, Author::Person, &Catalog::default());
    let wanted = match purpose {
        StatementFor::Asking => Verdict::Allow,
        StatementFor::Acting => Verdict::NeedsApproval,
    };
    if judgement.verdict == wanted { Ok(()) } else { Err(judgement.reason) }
}

/// Two engines' worth of URLs, by the rules of the real ones.
fn identify(url: &SecretString) -> Option<Result<Identified, String>> {
    let url = url.expose_secret();
    if let Some(path) =
        url.strip_prefix("sqlite:").or(Some(url).filter(|u| Path::new(u).extension().is_some_and(|end| end == "db")))
    {
        return Some(Ok(Identified {
            engine: EngineId("sqlite"),
            address: path.to_owned(),
            servers: vec![],
            user: None,
            log_formats: Vec::new(),
        }));
    }
    let rest = url.strip_prefix("postgres://")?;
    let address = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let port = address.split('/').next().and_then(|host| host.split_once(':')).map(|(_, port)| port);
    Some(match port.filter(|p| p.parse::<u16>().is_err()) {
        Some(port) => Err(format!("`{port}` is not a port")),
        None => {
            let user = rest.rsplit_once('@').and_then(|(login, _)| login.split(':').next()).map(str::to_owned);
            let hosts = address.split('/').next().unwrap_or_default().split(',').filter(|host| !host.is_empty());
            let servers = hosts.map(|host| (host.split(':').next().unwrap_or_default().to_owned(), 5432)).collect();
            let log_formats = vec!["stderr", "csv", "json"];
            Ok(Identified { engine: EngineId("postgres"), address: address.to_owned(), servers, user, log_formats })
        }
    })
}

/// A preset that adds a word, has a doubt, and refuses what is not its own.
fn complete(_: &str, url: &SecretString) -> Result<Completed, String> {
    let url = url.expose_secret();
    if !url.contains("cloud.example") {
        return Err("the host ends in cloud.example".to_owned());
    }
    let warnings = if url.contains(":6543") { vec!["settings do not stick there".to_owned()] } else { vec![] };
    Ok(Completed { url: SecretString::from(format!("{url}?sslmode=verify-full")), warnings })
}

fn check_keys(keys: &[KeyBinding]) -> Vec<(usize, String)> {
    let actions = ["pause", "sort"];
    let wrong = keys.iter().enumerate().filter(|(_, k)| !actions.contains(&k.action.as_str()));
    wrong
        .map(|(i, k)| {
            let near = nearest(&k.action, actions).map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
            (i, format!("there is no action `{}` on this screen{near}", k.action))
        })
        .collect()
}

fn source(config: &Config, key: &str) -> (String, String) {
    let shown = config.show().into_iter().find(|s| s.key == key).unwrap_or_else(|| panic!("{key} is not shown"));
    (shown.value, shown.source)
}

/// Each file holds one mistake, says in its first line which words are expected, and in a second one its mode where
/// it matters.
#[test]
fn bad_files_get_the_right_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/bad_configs");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 25, "only {} files", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let header = |word: &str| text.lines().find_map(|line| line.strip_prefix(&format!("# {word}: ")));
        let expected = header("expect").unwrap_or_else(|| panic!("{} expects nothing", file.display()));
        let mode = header("mode").map_or(0o600, |mode| u32::from_str_radix(mode, 8).unwrap());
        let setup = Setup::new();
        setup.write("config.toml", &text, mode);
        let found = setup.mistakes();
        if !found.starts_with(expected) || found.lines().count() != 1 || found.contains("S3cr3t!") {
            wrong.push(format!("{}\n  expected {expected}\n  found    {found}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A check and a procedure that are well.
const CHECK: &str = "[checks.queue_length]
title = \"the mail queue is long\"
engine = \"postgres\"
statement = \"SELECT count(*) AS waiting FROM mail.queue WHERE sent IS NULL\"
column = \"waiting\"
at_most = 1_000
severity = \"error\"
every = \"2m\"
";
const PROCEDURE: &str = "[procedures.unstick]
title = \"give stuck mails back to the queue\"
engine = \"postgres\"
targets = [\"shop\"]
cause = \"lock_contention\"
kinds = [\"LOCK_TIMEOUT\"]
checks = [\"queue_length\"]
[[procedures.unstick.steps]]
statement = \"UPDATE mail.queue SET owner = NULL WHERE owner = :object_text\"
why = \"a worker that is gone keeps its mails\"
only_if = { statement = \"SELECT count(*) FROM :object\", at_least = 1 }
verify = { statement = \"SELECT count(*) FROM mail.queue WHERE owner IS NOT NULL\", at_most = 0, within = \"1m\" }
undo = \"UPDATE mail.queue SET owner = 'x' WHERE owner IS NULL\"
";

/// A person with these files of checks and procedures.
fn with_own(check: &str, procedure: &str) -> Setup {
    let setup = Setup::with("");
    for (folder, text) in [("checks.d", check), ("procedures.d", procedure)] {
        fs::create_dir_all(setup.home.path().join(".config/dba-gpt").join(folder)).unwrap();
        setup.write(&format!("{folder}/a.toml"), text, 0o600);
    }
    setup
}

#[test]
fn checks_and_procedures_of_ones_own_are_read() {
    let own = with_own(CHECK, PROCEDURE).load().unwrap().own;
    let [check] = own.checks.as_slice() else { panic!("{own:?}") };
    assert_eq!((check.name.as_str(), check.severity, check.every_ms), ("queue_length", Severity::Error, 120_000));
    assert!(check.asked.bound.holds(1000.0) && !check.asked.bound.holds(1001.0));
    let [procedure] = own.procedures.as_slice() else { panic!("{own:?}") };
    assert_eq!((procedure.cause, procedure.kinds.as_slice()), (Cause::LockContention, &[ErrorKind::LockTimeout][..]));
    let step = &procedure.steps[0];
    assert_eq!((step.within_ms, step.undo.is_some(), step.only_if.is_some()), (60_000, true, true));
    assert_eq!(own.of(&TargetId::new("other"), EngineId("postgres")).procedures, []);
    assert!(own.of(&TargetId::new("shop"), EngineId("mysql")).is_empty());
}

#[test]
fn the_examples_of_the_readme_are_taken() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let example = |head: &str| {
        let at = readme.find(head).unwrap();
        readme[at..].split("```").next().unwrap().to_owned()
    };
    let own = with_own(&example("[checks.queue_length]"), &example("[procedures.unstick_queue]")).load().unwrap().own;
    assert_eq!((own.checks.len(), own.procedures.len()), (1, 1));
}

#[test]
fn mistakes_in_checks_and_procedures_get_the_right_words() {
    let in_check = |from: &str, to: &str| with_own(&CHECK.replacen(from, to, 1), "").mistakes();
    let in_step = |from: &str, to: &str| with_own(CHECK, &PROCEDURE.replacen(from, to, 1)).mistakes();
    let told = [
        (
            in_check("SELECT count(*) AS waiting FROM mail.queue", "DELETE FROM mail.queue"),
            "checks.d/a.toml:4:13: the guard refuses it",
        ),
        (
            in_check("WHERE sent", "WHERE x = :object AND sent"),
            "checks.d/a.toml:4:13: `statement`: a check has no incident",
        ),
        (in_check("postgres", "postgras"), "checks.d/a.toml:3:10: `engine` is one of"),
        (in_check("at_most", "above"), "checks.d/a.toml:1:9: [checks.queue_length] has either `at_most` or `at_least`"),
        (in_check("1_000", "\"1000\""), "checks.d/a.toml:6:11: `at_most` is a number"),
        (in_check("2m", "2s"), "checks.d/a.toml:8:9: `every`: it must be a time between 10s and 1d"),
        (in_check("queue_length", "Queue-Length"), "checks.d/a.toml:1:9: `Queue-Length`: a name has"),
        (in_check("[checks", "[procedures"), "checks.d/a.toml:1:2: a file in checks.d has [checks.NAME]"),
        (
            in_step("UPDATE mail.queue SET owner = NULL", "DROP DATABASE mail; UPDATE q SET owner = NULL"),
            "procedures.d/a.toml:9:13: the guard refuses it",
        ),
        (
            in_step("= :object_text", "= ':object_text'"),
            "procedures.d/a.toml:9:13: `statement`: :object_text stands within quotes",
        ),
        (
            in_step("lock_contention", "lock_contenton"),
            "procedures.d/a.toml:5:9: `cause`: there is no cause `lock_contenton`; did you mean `lock_contention`?",
        ),
        (in_step("LOCK_TIMEOUT", "LOCK_TIME"), "procedures.d/a.toml:6:10: `kinds`: there is no kind of error"),
        (in_step("queue_length", "queue_size"), "[procedures.unstick] is for a check `queue_size`, which there is not"),
        (in_step("[[procedures.unstick.steps]]", "[procedures.unstick.steps]"), "procedures.d/a.toml:8:"),
        (in_step("verify = ", "verified = "), "procedures.d/a.toml:12:1: there is no `verified`"),
    ];
    for (found, expected) in told {
        assert!(found.lines().any(|line| line.starts_with(expected)), "expected {expected}\nfound    {found}");
    }
    let elsewhere = Setup::with(CHECK).mistakes();
    assert!(elsewhere.starts_with("config.toml:1:2: [checks.NAME] belongs into a file of its own"), "{elsewhere}");
}

#[test]
fn checks_that_everybody_could_change_are_refused() {
    let setup = with_own(CHECK, PROCEDURE);
    setup.write("checks.d/a.toml", CHECK, 0o602);
    assert!(setup.mistakes().contains("checks.d/a.toml: every user can change it"));
    setup.write("checks.d/a.toml", CHECK, 0o600);
    let folder = setup.home.path().join(".config/dba-gpt/procedures.d");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(setup.mistakes().contains("procedures.d: every user can write into it"));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(setup.load().is_ok());
}

#[test]
fn hooks_are_whole_paths_of_programs_that_others_cannot_change() {
    let setup = Setup::with("[hooks]\nbefore_fix = [\"/bin/true\", \"a b\"]\ntimeout = \"3s\"\n");
    let hooks = setup.load().unwrap().hooks;
    assert_eq!((hooks.before_fix, hooks.timeout), (vec!["/bin/true".to_owned(), "a b".into()], Duration::from_secs(3)));
    let program = setup.home.path().join("hook");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o777)).unwrap();
    for (written, words) in [
        ("before_fix = [\"true\"]".to_owned(), "it is not a whole path"),
        (format!("after_fix = [\"{}\"]", program.display()), "every user can change"),
        ("before_fix = \"/bin/true\"".to_owned(), "no shell reads it"),
        ("before = []".to_owned(), "there is no `before` in [hooks]; did you mean `before_fix`?"),
        ("timeout = \"1h\"".to_owned(), "it must be a time between 100ms and 5m"),
    ] {
        let found = Setup::with(&format!("[hooks]\n{written}\n")).mistakes();
        assert!(found.contains(words) && found.starts_with("config.toml:2:"), "{found}");
    }
}

#[test]
fn functions_of_ones_own_are_named_one_by_one() {
    let setup = Setup::with(
        "[targets.a]\nurl = \"postgres://db1/a\"\nallow_functions = [\"app.total\", \"App.Total\"]\n\
         [targets.b]\nurl = \"postgres://db1/b\"\n",
    );
    let config = setup.load().unwrap();
    assert_eq!(config.targets[0].allow_functions, ["app.total", "App.Total"]);
    assert!(config.targets[1].allow_functions.is_empty());
    let (value, source) = source(&config, "targets.a.allow_functions");
    assert_eq!(value, "[\"app.total\", \"App.Total\"]");
    assert!(source.contains("config.toml:3"), "{source}");
}

#[test]
fn every_mistake_is_told_at_once_with_its_file() {
    let setup = Setup::with("[ui]\nthme = 1\nmax_fps = 0\n[targets.a]\nurl = \"gopher://x\"\n")
        .variable("DBA_GPT_UI_MOUSE", "perhaps");
    setup.write("conf.d/20-team.toml", "[limits]\nrows = \"many\"\n", 0o600);
    setup.write("conf.d/10-first.toml", "oops", 0o600);
    setup.write("conf.d/notes.txt", "not read", 0o600);
    let mistakes = setup.mistakes();
    let starts: Vec<&str> = mistakes.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(
        starts,
        [
            "config.toml:2:1",
            "config.toml:3:11",
            "config.toml:5:7",
            "conf.d/10-first.toml:1:5",
            "conf.d/20-team.toml:2:8",
            "DBA_GPT_UI_MOUSE in the environment",
        ],
        "{mistakes}"
    );
}

#[test]
fn a_target_in_two_files_is_a_mistake_that_names_both_places() {
    let setup = Setup::with("[targets.orders]\nurl = \"postgres://a/orders\"\n");
    setup.write("conf.d/team.toml", "\n[targets.orders]\nurl = \"postgres://b/orders\"\n", 0o600);
    let expected = "conf.d/team.toml:2:10: `orders` is already a target at config.toml:1:10: give it another name";
    assert_eq!(setup.mistakes(), expected);
}

#[test]
fn without_a_file_everything_is_a_default_and_the_demo_is_used() {
    let config = Setup::new().load().unwrap();
    assert_eq!(config.demo, Demo::NothingConfigured);
    assert_eq!(config.limits, Limits::default());
    assert_eq!((config.refresh, config.keep.raw_hours, config.keep.keep_days), (Duration::from_secs(2), 48, 35));
    assert_eq!((config.ui.theme, config.ui.mouse, config.ui.clipboard), (Theme::Default, false, Clipboard::Osc52));
    assert!(config.show().iter().all(|s| s.source.starts_with("default")), "{:?}", config.show());
    assert_eq!(config.show().len(), SETTINGS.len() + 1);
}

#[test]
fn the_environment_wins_over_files_and_the_last_file_over_the_first() {
    let setup = Setup::with("[ui]\ntheme = \"dark\"\nmax_fps = 20\n[limits]\nrows = 7\n")
        .variable("DBA_GPT_UI_THEME", "mono")
        .variable("SSH_TTY", "/dev/pts/1");
    setup.write("conf.d/a.toml", "[limits]\nrows = 8\n", 0o600);
    let config = setup.load().unwrap();
    assert_eq!((config.ui.theme, config.ui.max_fps, config.limits.rows), (Theme::Mono, 20, 8));
    let shown = |key: &str| source(&config, key);
    assert_eq!(shown("ui.theme"), ("\"mono\"".into(), "DBA_GPT_UI_THEME in the environment".into()));
    assert_eq!(shown("ui.max_fps"), ("20".into(), "config.toml:3:11".into()));
    assert_eq!(shown("limits.rows"), ("8".into(), "conf.d/a.toml:2:8".into()));
    assert_eq!(shown("limits.bytes"), ("\"16 MB\"".into(), "default".into()));
}

const TWO: &str = r#"
[health]
refresh = "5s"
[targets.orders]
url = "postgres://ann@db1:5432/orders"
environment = "prod"
read_only = true
refresh = "10s"
password_command = ["pass", "show", "db/orders"]
[targets.shop]
url = "sqlite:/srv/shop.db"
password = "${env:SHOP_PASSWORD}"
"#;

#[test]
fn targets_are_identified_and_keep_their_own_settings() {
    let config = Setup::with(TWO).load().unwrap();
    assert_eq!(config.demo, Demo::No);
    let [orders, shop] = &config.targets[..] else { panic!("{:?}", config.targets) };
    assert_eq!((orders.target.engine, orders.target.address.as_str()), (EngineId("postgres"), "db1:5432/orders"));
    assert_eq!((orders.target.environment, orders.refresh), (Environment::Production, Duration::from_secs(10)));
    let command = ["pass", "show", "db/orders"].map(str::to_owned).to_vec();
    assert_eq!(orders.password, Some(PasswordSource::Command(command)));
    assert_eq!((shop.target.environment, shop.refresh), (Environment::Unknown, Duration::from_secs(5)));
    assert_eq!(shop.password, Some(PasswordSource::Variable("SHOP_PASSWORD".into())));
    assert_eq!(source(&config, "targets.orders.refresh"), ("\"10s\"".into(), "config.toml:8:11".into()));
    assert_eq!(source(&config, "targets.shop.refresh"), ("\"5s\"".into(), "config.toml:3:11".into()));
    assert_eq!(source(&config, "targets.shop.environment"), ("\"unknown\"".into(), "default".into()));
}

const EVERY_KEY: &str = r#"
[vault]
key_file = "~/vault.key"
[targets.orders]
url = "postgres://ann@db1.cloud.example/orders"
preset = "cloud"
environment = "stage"
color = "cyan"
read_only = false
connect_timeout = "9s"
password_command = ["cloud-token", "--for", "orders"]
password_ttl = "5m"
tunnel = { ssh = "ann@bastion", port = 2222, identity = "~/.ssh/db", jump = "first,second:23" }
[targets.orders.fix]
user = "orders_fix"
password = "${vault:orders/fix}"
[targets.proxied]
url = "postgres://bob@db2/x"
password = "prompt"
tunnel = { command = ["proxy", "--port", "{port}", "{host_port}"] }
"#;

#[test]
fn every_key_of_a_target_is_used_and_shown_with_its_place() {
    let setup = Setup::with(EVERY_KEY);
    let config = setup.load().unwrap();
    assert_eq!(config.vault_key_file, Some(setup.home.path().join("vault.key")));
    let [orders, proxied] = &config.targets[..] else { panic!("{:?}", config.targets) };
    assert_eq!(orders.url.expose_secret(), "postgres://ann@db1.cloud.example/orders?sslmode=verify-full");
    assert_eq!((orders.target.accent, orders.target.access), (Some(Accent::Cyan), Access::Writable));
    assert_eq!((orders.connect_timeout, orders.password_ttl), (Duration::from_secs(9), Duration::from_mins(5)));
    let ssh = SshTunnel {
        destination: "ann@bastion".into(),
        port: Some(2222),
        identity: Some("~/.ssh/db".into()),
        jump: Some("first,second:23".into()),
    };
    assert_eq!(orders.tunnel, Some(TunnelConfig::Ssh(ssh)));
    let fix = orders.fix.as_ref().unwrap();
    assert_eq!((fix.user(), fix.source_words().as_deref()), ("orders_fix", Some("password = \"${vault:orders/fix}\"")));
    let command = ["proxy", "--port", "{port}", "{host_port}"].map(str::to_owned).to_vec();
    assert_eq!(proxied.tunnel, Some(TunnelConfig::Command(command)));
    assert_eq!((&proxied.password, proxied.target.access), (&Some(PasswordSource::Prompt), Access::ReadOnlyAtStart));
    assert_eq!((proxied.connect_timeout, proxied.password_ttl), (Duration::from_millis(4500), Duration::from_secs(10)));
    for (key, value, place) in [
        ("vault.key_file", setup.home.path().join("vault.key").to_str().unwrap(), "config.toml:3:12"),
        ("targets.orders.color", "cyan", "config.toml:8:9"),
        ("targets.orders.preset", "cloud", "config.toml:6:10"),
        ("targets.orders.tunnel", "ssh ann@bastion", "config.toml:13:10"),
        ("targets.orders.fix.user", "orders_fix", "config.toml:14:17"),
        ("targets.orders.fix.password", "${vault:orders/fix}", "config.toml:14:17"),
        ("targets.orders.connect_timeout", "9s", "config.toml:10:19"),
        ("targets.orders.password_ttl", "5m", "config.toml:12:16"),
        ("targets.proxied.password", "prompt", "config.toml:19:12"),
        ("targets.proxied.tunnel", "proxy", "config.toml:20:10"),
        ("targets.proxied.connect_timeout", "4500ms", "default"),
    ] {
        assert_eq!(source(&config, key), (format!("\"{value}\""), place.to_owned()), "{key}");
    }
    assert_eq!(source(&config, "targets.orders.read_only"), ("false".into(), "config.toml:9:13".into()));
    assert_eq!(source(&config, "targets.proxied.read_only"), ("true".into(), "default".into()));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let moved = Setup::with(EVERY_KEY).variable("DBA_GPT_VAULT_KEY_FILE", "/run/key").load().unwrap();
    assert_eq!(moved.vault_key_file, Some("/run/key".into()));
}

#[test]
fn every_procedure_that_there_is_may_be_named_to_run_unattended() {
    use dba_gpt::domain::guard::policy::What;
    use std::collections::BTreeSet;
    let ids: BTreeSet<&str> = ENGINES.iter().flat_map(|e| e.examination.procedures).map(|p| p.id).collect();
    let rule = |id: &&str| format!("{{ procedure = \"{id}\", rung = \"session\" }}");
    let rules: Vec<String> = ids.iter().map(rule).collect();
    let text = format!(
        "[targets.a]\nurl = \"postgres://db1/a\"\nenvironment = \"dev\"\nread_only = false\nunattended = [{}]\n",
        rules.join(", ")
    );
    let config = Setup::with(&text).load().unwrap();
    let named: Vec<_> = config.targets[0].unattended.iter().map(|rule| rule.what.clone()).collect();
    assert_eq!(named, ids.iter().map(|id| What::Procedure((*id).into())).collect::<Vec<_>>());
    assert!(ids.contains("PG18") && ids.contains("C5"), "{ids:?}");
}

#[test]
fn nothing_runs_unattended_unless_a_target_says_what() {
    use dba_gpt::domain::guard::policy::{Freeze, Rule, What, Window};
    use dba_gpt::domain::procedure::Rung;
    let text = "[unattended]\nconfidence = 90\n[targets.a]\nurl = \"postgres://db1/a\"\nenvironment = \"prod\"\n\
                read_only = false\n\
                unattended = [{ procedure = \"C5\", rung = \"session\", window = \"22:00-05:00\" },\n\
                { kind = \"maintain\", rung = \"additive\", window = \"01:00-02:00\", most_sessions = 0, most_rows = 9 }]\n\
                freeze = [\"2026-12-20..2027-01-03\", \"2027-04-02\"]\n\
                [targets.b]\nurl = \"postgres://db1/b\"\n";
    let config = Setup::with(text).load().unwrap();
    let [a, b] = &config.targets[..] else { panic!("{:?}", config.targets) };
    let window = |text| Window::read(text);
    assert_eq!(
        a.unattended,
        [
            Rule {
                what: What::Procedure("C5".into()),
                rung: Rung::Session,
                window: window("22:00-05:00"),
                most_sessions: 1,
                most_rows: 0
            },
            Rule {
                what: What::Kind("maintain".into()),
                rung: Rung::Additive,
                window: window("01:00-02:00"),
                most_sessions: 0,
                most_rows: 9
            },
        ]
    );
    assert_eq!(a.freeze, Freeze::Days(vec![(20_807, 20_821), (20_910, 20_910)]));
    assert_eq!((b.unattended.len(), &b.freeze), (0, &Freeze::Never));
    let policy = &config.unattended;
    assert_eq!((policy.confidence, policy.attempts, policy.recovery_ms), (90, 3, 30 * 60_000));
    assert!(policy.rules.is_empty() && !policy.lets_anything());
    assert_eq!(source(&config, "targets.a.freeze").0, "[\"2026-12-20..2027-01-03\", \"2027-04-02..2027-04-02\"]");
    assert!(source(&config, "targets.a.unattended").0.contains("window = \"22:00-05:00\""));
}

#[test]
fn doubtful_logins_and_addresses_are_warned_about() {
    let text = "[targets.a]\nurl = \"postgres://ann@db.cloud.example:6543/x\"\npreset = \"cloud\"\n\
                password = \"${env:P}\"\n[targets.a.fix]\nuser = \"ann\"\npassword = \"${env:P}\"\n";
    let warnings = Setup::with(text).load().unwrap().warnings;
    let starts = [
        "config.toml:3:10: settings do not stick",
        "config.toml:5:12: the fix login is the reading login ann",
        "config.toml:5:12: the fix login has the password of the reading one",
    ];
    assert_eq!(warnings.len(), starts.len(), "{warnings:?}");
    assert!(warnings.iter().zip(starts).all(|(warning, start)| warning.starts_with(start)), "{warnings:?}");
}

#[test]
fn flags_choose_targets_before_the_environment_does() {
    let names = |setup: Setup| -> Vec<String> {
        setup.load().unwrap().targets.iter().map(|t| t.target.id.as_str().to_owned()).collect()
    };
    assert_eq!(names(Setup::with(TWO)), ["orders", "shop"]);
    assert_eq!(names(Setup::with(TWO).variable("DBA_GPT_TARGET", "shop")), ["shop"]);
    assert_eq!(names(Setup::with(TWO).variable("DBA_GPT_TARGET", "shop").targets(&["orders"])), ["orders"]);
    assert_eq!(names(Setup::with(TWO).targets(&["shop", "orders", "shop"])), ["shop", "orders"]);
    assert_eq!(names(Setup::with(TWO).targets(&["postgres://bob@db9/x", "a.db"])), ["db9/x", "a.db"]);
}

#[test]
fn a_target_that_nobody_knows_is_a_mistake_that_suggests() {
    let mistakes = Setup::with(TWO).targets(&["ordres"]).mistakes();
    assert!(mistakes.starts_with("--target: there is no target `ordres`"), "{mistakes}");
    assert!(mistakes.ends_with("did you mean `orders`?"), "{mistakes}");
    let typed = Setup::with(TWO).targets(&["gopher://ann:S3cr3t!@db"]).mistakes();
    assert!(!typed.contains("S3cr3t!"), "{typed}");
}

#[test]
fn the_demo_wins_over_the_configuration_and_stands_alone() {
    let mut setup = Setup::with(TWO);
    setup.args.demo = true;
    let config = setup.load().unwrap();
    assert_eq!((config.demo, config.targets.len()), (Demo::Asked, 0));
    assert_eq!(source(&config, "demo"), ("true".into(), "--demo".into()));
    assert_eq!(setup.targets(&["demo"]).load().unwrap().demo, Demo::Asked);
    let mut setup = Setup::with(TWO).targets(&["orders"]);
    setup.args.demo = true;
    assert!(setup.mistakes().contains("with --demo the only target is `demo`"));
}

#[test]
fn a_named_file_replaces_the_usual_ones_and_has_to_be_there() {
    let mut setup = Setup::with("[ui]\ntheme = \"dark\"\n");
    let other = setup.write("other.conf", "[ui]\ntheme = \"light\"\n", 0o600);
    setup.args.config = Some(other.clone());
    assert_eq!(setup.load().unwrap().ui.theme, Theme::Light);
    setup.args.config = None;
    let mut setup = setup.variable("DBA_GPT_CONFIG", other.to_str().unwrap());
    assert_eq!(setup.load().unwrap().ui.theme, Theme::Light);
    setup.args.config = Some("/nowhere/x.toml".into());
    assert_eq!(setup.mistakes(), "cannot read /nowhere/x.toml: there is no such file");
}

#[test]
fn one_variable_moves_the_whole_program() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("config.toml"), "[ui]\ntheme = \"dark\"\n").unwrap();
    let setup = Setup::with("[ui]\ntheme = \"light\"\n").variable("DBA_GPT_HOME", home.path().to_str().unwrap());
    let config = setup.load().unwrap();
    assert_eq!(config.ui.theme, Theme::Dark);
    assert_eq!(config.places.demo_file(), home.path().join("data/demo.db"));
}

#[test]
fn files_that_cannot_be_trusted_or_read_are_said() {
    let setup = Setup::new();
    setup.write("config.toml", "[ui]\n", 0o666);
    assert_eq!(setup.mistakes(), "cannot read config.toml: every user can change it; run `chmod o-w` on it");
    let setup = Setup::new();
    setup.write("config.toml", b"[ui]\n# gr\xf6\xdfe\n", 0o600);
    assert_eq!(setup.mistakes(), "cannot read config.toml: it is not UTF-8 text at line 2, column 5");
    let setup = Setup::new();
    fs::create_dir(setup.home.path().join(".config/dba-gpt/config.toml")).unwrap();
    assert_eq!(setup.mistakes(), "cannot read config.toml: it is not a file");
}

#[test]
fn passwords_never_show() {
    let setup = Setup::with("[targets.a]\nurl = \"postgres://ann:S3cr3t!@db/x\"\n");
    let config = setup.load().unwrap();
    assert_eq!(config.targets[0].url.expose_secret(), "postgres://ann:S3cr3t!@db/x");
    assert!(config.warnings[0].starts_with("config.toml:2:7: a password stands in this URL"), "{:?}", config.warnings);
    let everything = format!("{config:?} {:?}", config.show());
    assert!(!everything.contains("S3cr3t!"), "{everything}");
    let typed = Setup::new().targets(&["postgres://ann:S3cr3t!@db/x"]).load().unwrap();
    assert!(typed.warnings[0].contains("can be seen by every user"), "{:?}", typed.warnings);
    assert!(!format!("{typed:?} {:?}", typed.show()).contains("S3cr3t!"));
}

#[test]
fn a_variable_that_is_nearly_ours_is_said() {
    let config = Setup::new().variable("DBA_GPT_UI_THEMES", "dark").load().unwrap();
    assert_eq!(config.warnings, ["DBA_GPT_UI_THEMES in the environment is not known; did you mean DBA_GPT_UI_THEME?"]);
}

#[test]
fn the_example_is_the_file_in_the_repository_and_changes_nothing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml");
    let committed = fs::read_to_string(path).unwrap();
    assert_eq!(committed, example(), "write the output of `dba-gpt config example` to config.example.toml");
    let (with, without) = (Setup::with(&committed).load().unwrap(), Setup::new().load().unwrap());
    assert_eq!(with.show(), without.show());
}

/// With the `#` before the keys removed, the example is valid for the real engines and has a target of each, holds every
/// setting, and holds the defaults.
#[test]
fn the_example_holds_every_key_with_its_default() {
    let live = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => rest.to_owned(),
        _ => line.to_owned(),
    };
    let text: String = example().lines().map(|line| live(line) + "\n").collect();
    let setup = Setup::with(&text);
    let home = setup.home.path().to_owned();
    let around = Surroundings { home: Some(home), user: Some("ann".into()), ..Surroundings::default() };
    let identify = |url: &SecretString| {
        let spec = engine::by_url(url.expose_secret())?;
        let identified = (spec.address)(url, &around).and_then(|address| {
            let Destination { servers, user, .. } = (spec.destination)(url, &around)?;
            let log_formats = spec.dialect.log_formats().iter().map(|format| format.name).collect();
            Ok(Identified { engine: spec.id, address, servers, user, log_formats })
        });
        Some(identified.map_err(|e| e.message))
    };
    let presets: Vec<&Preset> = ENGINES.iter().flat_map(|engine| engine.presets).collect();
    let names: Vec<&str> = presets.iter().map(|preset| preset.name).collect();
    let complete = |name: &str, url: &SecretString| {
        let preset = presets.iter().find(|preset| preset.name == name).unwrap();
        (preset.prepare)(url, &around).map(|Prepared { url, warnings }| Completed { url, warnings })
    };
    let config = setup.load_with(&identify, Presets { names: &names, complete: &complete }).unwrap();
    let defaults = Setup::new().load().unwrap();
    for setting in SETTINGS {
        let key = setting.name();
        let (value, from) = source(&config, &key);
        assert_eq!(value, source(&defaults, &key).0, "{key}");
        assert!(from.starts_with("config.toml:"), "{key} is not in the example");
    }
    for engine in ENGINES {
        assert!(config.targets.iter().any(|t| t.target.engine == engine.id), "no target of {}", engine.name);
    }
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

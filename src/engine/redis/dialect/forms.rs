//! Statement forms of our own, named after the switches of the engine's shell: bounded walks and reads for which the
//! engine has no single command. Each only reads, and says when it ended before the end.

/// A walk over the keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::engine::redis) struct Walk {
    /// Only keys that match this glob.
    pub(in crate::engine::redis) pattern: Option<Vec<u8>>,
    /// Only keys of this type.
    pub(in crate::engine::redis) kind: Option<String>,
}

/// A form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::redis) enum Form {
    /// `--scan`: keys with their type and time to live; with `--total` only how many there are.
    Scan {
        /// Over which keys.
        walk: Walk,
        /// The number alone.
        total: bool,
    },
    /// `--keyspace [DEPTH]`: keys by prefix.
    Keyspace {
        /// Over which keys.
        walk: Walk,
        /// Parts of a key, apart by `:`, that make a prefix.
        depth: usize,
    },
    /// `--bigkeys`: the keys with the most elements, by type.
    BigKeys(Walk),
    /// `--memkeys`: the keys that take the most memory.
    MemoryKeys(Walk),
    /// `--hotkeys`: the keys that are read and written most (needs an LFU policy).
    HotKeys(Walk),
    /// `--idlekeys`: the keys that were not touched for the longest time (not under an LFU policy).
    IdleKeys(Walk),
    /// `--no-ttl`: keys that never expire, by prefix.
    NoTtl(Walk),
    /// `--streams`: streams with their groups, pending entries and lag.
    Streams(Walk),
    /// `--show KEY`: a key of any type, cut at the limits of a read.
    Show(Vec<u8>),
    /// `--key KEY`: type, encoding, size, memory and time to live of a key.
    Key(Vec<u8>),
    /// `--config [GLOB]`: settings with their defaults, secrets left out.
    Config {
        /// Only names that match this glob.
        pattern: Option<String>,
        /// Only those that differ from the default.
        changed: bool,
    },
    /// `--clients`: connections, sorted or grouped by a field of CLIENT LIST.
    Clients {
        /// Counted by this field.
        by: Option<String>,
        /// Largest first by this field.
        sort: Option<String>,
        /// Only those that wait in a blocking command.
        blocked: bool,
    },
    /// `--commands`: statistics of commands, largest first by a field.
    Commands {
        /// `usec`, `calls`, `usec_per_call`, `rejected_calls` or `failed_calls`.
        sort: &'static str,
    },
    /// `--hits`: hits, misses, expired and evicted keys.
    Hits,
    /// `--memory`: where memory goes.
    Memory,
    /// `--replication`: role, link and lag of this server and its replicas.
    Replication,
    /// `--persistence`: snapshots and the append-only file.
    Persistence,
}

/// Every form as it is typed, with what it does: for messages and for completion.
pub(in crate::engine::redis) const FORMS: &[(&str, &str)] = &[
    ("--scan [--pattern P] [--type T] [--total]", "keys with type and time to live, or their number"),
    ("--keyspace [DEPTH] [--pattern P]", "keys by prefix"),
    ("--bigkeys [--pattern P] [--type T]", "the keys with the most elements"),
    ("--memkeys [--pattern P] [--type T]", "the keys that take the most memory"),
    ("--hotkeys [--pattern P]", "the keys used most (LFU policies)"),
    ("--idlekeys [--pattern P]", "the keys not used for the longest time (other policies)"),
    ("--no-ttl [--pattern P] [--type T]", "keys that never expire, by prefix"),
    ("--streams [--pattern P]", "streams, their groups, pending entries and lag"),
    ("--show KEY", "the value of a key of any type, cut at the limits"),
    ("--key KEY", "type, encoding, size, memory and time to live of a key"),
    ("--config [GLOB] [--changed]", "settings beside their defaults"),
    ("--clients [--by FIELD] [--sort FIELD] [--blocked]", "connections"),
    ("--commands [--sort FIELD]", "statistics of commands"),
    ("--hits", "hits, misses, expired and evicted keys"),
    ("--memory", "where memory goes"),
    ("--replication", "role, link and lag"),
    ("--persistence", "snapshots and the append-only file"),
];

const KINDS: &[&str] = &["string", "list", "set", "zset", "hash", "stream"];
const COMMAND_FIELDS: &[&str] = &["usec", "calls", "usec_per_call", "rejected_calls", "failed_calls"];
/// Deepest prefix.
const DEEPEST: usize = 8;

/// Options of a form, as typed.
#[derive(Default)]
struct Options {
    walk: Walk,
    total: bool,
    changed: bool,
    blocked: bool,
    by: Option<String>,
    sort: Option<String>,
    bare: Vec<Vec<u8>>,
}

/// The form of a line; none when the line is a command.
///
/// # Errors
/// What is wrong with it, in one sentence.
pub(in crate::engine::redis) fn parse(arguments: &[Vec<u8>]) -> Option<Result<Form, String>> {
    let first = std::str::from_utf8(arguments.first()?).ok()?;
    let name = first.strip_prefix("--")?.to_ascii_lowercase();
    Some(read(&name, &arguments[1..]))
}

fn read(name: &str, rest: &[Vec<u8>]) -> Result<Form, String> {
    let options = options(rest)?;
    let takes = |allowed: &[&str], bare: usize| options.check(name, allowed, bare);
    const WALK: &[&str] = &["--pattern", "--type"];
    let walk = || options.walk.clone();
    Ok(match name {
        "scan" => {
            takes(&["--pattern", "--type", "--total"], 0)?;
            Form::Scan { walk: walk(), total: options.total }
        }
        "keyspace" => {
            takes(WALK, 1)?;
            let depth = options.bare.first().map(|text| number(text)).transpose()?.unwrap_or(1);
            if !(1..=DEEPEST).contains(&depth) {
                return Err(format!("--keyspace takes a depth from 1 to {DEEPEST}"));
            }
            Form::Keyspace { walk: walk(), depth }
        }
        "bigkeys" => takes(WALK, 0).map(|()| Form::BigKeys(walk()))?,
        "memkeys" => takes(WALK, 0).map(|()| Form::MemoryKeys(walk()))?,
        "hotkeys" => takes(WALK, 0).map(|()| Form::HotKeys(walk()))?,
        "idlekeys" => takes(WALK, 0).map(|()| Form::IdleKeys(walk()))?,
        "no-ttl" => takes(WALK, 0).map(|()| Form::NoTtl(walk()))?,
        "streams" => {
            takes(&["--pattern"], 0)?;
            Form::Streams(Walk { kind: Some("stream".into()), ..walk() })
        }
        "show" | "key" => {
            takes(&[], 1)?;
            let key = options.bare.into_iter().next().ok_or_else(|| format!("--{name} takes the name of a key"))?;
            if name == "show" { Form::Show(key) } else { Form::Key(key) }
        }
        "config" => {
            takes(&["--changed"], 1)?;
            let pattern = options.bare.first().map(|text| word(text)).transpose()?;
            Form::Config { pattern, changed: options.changed }
        }
        "clients" => {
            takes(&["--by", "--sort", "--blocked"], 0)?;
            Form::Clients { by: options.by, sort: options.sort, blocked: options.blocked }
        }
        "commands" => {
            takes(&["--sort"], 0)?;
            let wanted = options.sort.as_deref().unwrap_or(COMMAND_FIELDS[0]);
            let found = COMMAND_FIELDS.iter().copied().find(|field| *field == wanted);
            Form::Commands { sort: found.ok_or_else(|| format!("--sort takes one of: {}", COMMAND_FIELDS.join(", ")))? }
        }
        "hits" => takes(&[], 0).map(|()| Form::Hits)?,
        "memory" => takes(&[], 0).map(|()| Form::Memory)?,
        "replication" => takes(&[], 0).map(|()| Form::Replication)?,
        "persistence" => takes(&[], 0).map(|()| Form::Persistence)?,
        _ => {
            let known: Vec<&str> = FORMS.iter().filter_map(|(form, _)| form.split(' ').next()).collect();
            return Err(format!("there is no form --{name}; the forms are: {}", known.join(", ")));
        }
    })
}

fn options(rest: &[Vec<u8>]) -> Result<Options, String> {
    let mut out = Options::default();
    let mut arguments = rest.iter();
    while let Some(argument) = arguments.next() {
        let text = std::str::from_utf8(argument).unwrap_or_default();
        let mut value = || arguments.next().cloned().ok_or_else(|| format!("{text} wants a value"));
        match text {
            "--pattern" => out.walk.pattern = Some(value()?),
            "--type" => {
                let kind = word(&value()?)?;
                if !KINDS.contains(&kind.as_str()) {
                    return Err(format!("--type takes one of: {}", KINDS.join(", ")));
                }
                out.walk.kind = Some(kind);
            }
            "--by" => out.by = Some(word(&value()?)?),
            "--sort" => out.sort = Some(word(&value()?)?),
            "--total" => out.total = true,
            "--changed" => out.changed = true,
            "--blocked" => out.blocked = true,
            // The shell's own hint of how many keys one step looks at: ours is fixed, so it changes nothing.
            "--count" => drop(number(&value()?)?),
            other if other.starts_with("--") => return Err(format!("{other} is no switch of this form")),
            _ => out.bare.push(argument.clone()),
        }
    }
    Ok(out)
}

impl Options {
    /// Refuses what the form does not take.
    fn check(&self, name: &str, allowed: &[&str], bare: usize) -> Result<(), String> {
        let given = [
            ("--pattern", self.walk.pattern.is_some()),
            ("--type", self.walk.kind.is_some()),
            ("--total", self.total),
            ("--changed", self.changed),
            ("--blocked", self.blocked),
            ("--by", self.by.is_some()),
            ("--sort", self.sort.is_some()),
        ];
        if let Some((switch, _)) = given.iter().find(|(switch, set)| *set && !allowed.contains(switch)) {
            return Err(format!("--{name} takes no {switch}"));
        }
        if self.bare.len() > bare {
            return Err(format!(
                "--{name} takes {} beside its switches",
                if bare == 0 { "nothing" } else { "one word" }
            ));
        }
        Ok(())
    }
}

/// A name of ours or of the server's fields: letters, digits and a few signs.
fn word(bytes: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let fits = !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'*' | b'?'));
    if fits { Ok(text) } else { Err("a switch of this form wants a plain word".into()) }
}

fn number(bytes: &[u8]) -> Result<usize, String> {
    std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).ok_or_else(|| "a number was expected".into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::line::split;
    use super::*;

    fn form(line: &str) -> Result<Form, String> {
        parse(&split(line).unwrap()).unwrap()
    }

    #[test]
    fn every_listed_form_is_read() {
        for (typed, _) in FORMS {
            let plain = typed.split(" [").next().unwrap().replace("KEY", "user:1");
            assert!(form(&plain).is_ok(), "{plain}: {:?}", form(&plain));
        }
        assert_eq!(parse(&split("SCAN 0").unwrap()), None);
    }

    #[test]
    fn switches_are_taken_where_they_belong() {
        let walk = Walk { pattern: Some(b"user:*".to_vec()), kind: Some("hash".into()) };
        assert_eq!(form("--SCAN --pattern user:* --type hash --count 10"), Ok(Form::Scan { walk, total: false }));
        assert_eq!(form("--keyspace 2"), Ok(Form::Keyspace { walk: Walk::default(), depth: 2 }));
        assert_eq!(form("--show '--odd key'"), Err("--odd key is no switch of this form".into()));
        for wrong in [
            "--scan x",
            "--keyspace 0",
            "--keyspace 99",
            "--keyspace a",
            "--bigkeys --total",
            "--show",
            "--show a b",
            "--scan --type json",
            "--scan --pattern",
            "--commands --sort name",
            "--clients --by 'a b'",
            "--rdb /tmp/x",
            "--eval x",
            "--",
        ] {
            assert!(form(wrong).is_err(), "{wrong}");
        }
    }
}

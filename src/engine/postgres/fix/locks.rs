//! Which lock a statement takes, whom it stops, and whether the table is written anew: by PostgreSQL's documentation
//! ("Explicit Locking", the pages of each statement). What is not known is said to be so and taken for the worst.

use super::shape::{Action, Constraint, Default, Shape, Verb, What};
use crate::domain::guard::ticket::Gravity;
use crate::domain::proposal::survey::Timeouts;

/// The server's lock modes that matter here, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lock {
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

impl Lock {
    fn words(self) -> &'static str {
        match self {
            Self::RowExclusive => {
                "ROW EXCLUSIVE: readers and writers of other rows go on; who wants one of these rows waits"
            }
            Self::ShareUpdateExclusive => {
                "SHARE UPDATE EXCLUSIVE: readers and writers go on; other maintenance and DDL wait"
            }
            Self::Share => "SHARE: readers go on, every writer waits until it ends",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE: readers go on, every writer waits until it ends",
            Self::Exclusive => "EXCLUSIVE: readers go on, every writer waits until it ends",
            Self::AccessExclusive => "ACCESS EXCLUSIVE: everybody waits until it ends, readers too",
        }
    }
}

/// What a statement does to its surroundings.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    /// Lock and whom it stops.
    pub(super) locks: String,
    /// Every row is written anew.
    pub(super) rewrite: Option<bool>,
    /// How grave it is at least.
    pub(super) gravity: Gravity,
    /// Its time limits.
    pub(super) timeouts: Timeouts,
    /// What the disk feels.
    pub(super) disk: Option<&'static str>,
    /// More to know.
    pub(super) notes: Vec<String>,
}

impl Effect {
    fn of(lock: Lock, gravity: Gravity) -> Self {
        Self {
            locks: lock.words().into(),
            rewrite: Some(false),
            gravity,
            timeouts: Timeouts::OBJECTS,
            disk: None,
            notes: Vec::new(),
        }
    }
    fn none(gravity: Gravity) -> Self {
        Self { locks: String::new(), ..Self::of(Lock::RowExclusive, gravity) }
    }
    fn unknown() -> Self {
        Self {
            locks: format!("not known here, take it for {}", Lock::AccessExclusive.words()),
            rewrite: None,
            ..Self::of(Lock::AccessExclusive, Gravity::Medium)
        }
    }
    fn slow(mut self) -> Self {
        // It reads or writes everything: the lock is waited for briefly, the work may take its time.
        self.timeouts = Timeouts { statement_ms: 0, ..Timeouts::OBJECTS };
        self
    }
    fn noting(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

const TWICE: &str =
    "a second copy of table and indexes stands beside the old one until it ends, and all of it goes into the WAL";
const BUILD: &str = "the new index, and as much WAL";

/// The types of the columns whose type changes, by column: what they are now.
pub(super) type OldTypes<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The effect of a statement on a server of this version (`server_version_num`).
pub(super) fn effect(shape: &Shape, version: u32, old_types: OldTypes<'_>) -> Effect {
    let mut effect = match &shape.what {
        What::Rows(change) => Effect {
            gravity: if change.verb == Verb::Merge || change.changes_more { Gravity::Medium } else { Gravity::Low },
            timeouts: Timeouts::ROWS,
            ..Effect::of(Lock::RowExclusive, Gravity::Low)
        },
        What::MakeIndex(_) if shape.concurrently => Effect {
            timeouts: Timeouts::CONCURRENT,
            disk: Some(BUILD),
            ..Effect::of(Lock::ShareUpdateExclusive, Gravity::Low)
        },
        What::MakeIndex(_) => Effect { disk: Some(BUILD), ..Effect::of(Lock::Share, Gravity::Medium) }.slow(),
        What::Drop("INDEX") if shape.concurrently => {
            Effect { timeouts: Timeouts::CONCURRENT, ..Effect::of(Lock::ShareUpdateExclusive, Gravity::Medium) }
        }
        What::Drop("INDEX") => Effect::of(Lock::AccessExclusive, Gravity::Medium)
            .noting("the lock is taken on the table of the index as well"),
        What::Drop("VIEW" | "SEQUENCE" | "TYPE" | "DOMAIN") => Effect::of(Lock::AccessExclusive, Gravity::Medium),
        What::Drop(_) | What::Truncate => Effect::of(Lock::AccessExclusive, Gravity::High),
        What::Make(_) => made(shape),
        What::Alter("TABLE", actions) => altered(actions, version, old_types),
        What::Alter(word, actions) => alter_other(word, actions),
        What::Comment { .. } => Effect::of(Lock::ShareUpdateExclusive, Gravity::Low),
        What::Setting(..) | What::RoleLimit(_) => Effect::none(Gravity::Medium),
        What::Checkpoint => Effect {
            disk: Some("everything that is changed in memory is written now, as fast as the disk takes it"),
            ..Effect::none(Gravity::Low)
        }
        .slow(),
        What::Vacuum { full: false } => Effect::of(Lock::ShareUpdateExclusive, Gravity::Low)
            .noting("empty pages at the end of a table are cut off under a short ACCESS EXCLUSIVE, which gives way to others")
            .slow(),
        What::Vacuum { full: true } | What::Cluster => rewritten().slow(),
        What::Analyze => Effect::of(Lock::ShareUpdateExclusive, Gravity::Low).slow(),
        What::Reindex if shape.concurrently => Effect {
            timeouts: Timeouts::CONCURRENT,
            disk: Some("a second copy of each index until it ends, and as much WAL"),
            ..Effect::of(Lock::ShareUpdateExclusive, Gravity::Low)
        },
        What::Reindex => Effect {
            locks: "SHARE on the table and ACCESS EXCLUSIVE on each index: writers wait, and so do readers whose plan looks at the index".into(),
            disk: Some("a second copy of each index until it ends, and as much WAL"),
            ..Effect::of(Lock::Share, Gravity::Medium)
        }
        .slow(),
        What::Refresh { beside_readers } => Effect {
            rewrite: None,
            disk: Some(TWICE),
            ..Effect::of(if *beside_readers { Lock::Exclusive } else { Lock::AccessExclusive }, Gravity::Medium)
        }
        .slow(),
        What::Call => Effect {
            locks: "not known here: it depends on what the called functions do".into(),
            rewrite: None,
            timeouts: Timeouts::ROWS,
            ..Effect::of(Lock::AccessExclusive, Gravity::Medium)
        },
        What::Other => Effect::unknown(),
    };
    if shape.cascades {
        effect.gravity = Gravity::High;
        effect.notes.push("CASCADE reaches everything that depends on it, also what is not named here".into());
    }
    effect
}

fn rewritten() -> Effect {
    Effect { rewrite: Some(true), disk: Some(TWICE), ..Effect::of(Lock::AccessExclusive, Gravity::High) }
}

fn made(shape: &Shape) -> Effect {
    let mut effect = Effect::none(Gravity::Low);
    if shape.or_replace {
        effect = Effect::of(Lock::AccessExclusive, Gravity::Medium);
    } else if !shape.named.is_empty() {
        effect.locks = "a short lock on each table that it names: SHARE ROW EXCLUSIVE on those that it references, \
                        which makes their writers wait, ACCESS SHARE on those that it reads"
            .into();
    }
    effect
}

fn alter_other(word: &str, actions: &[Action]) -> Effect {
    let known = actions
        .iter()
        .all(|a| matches!(a, Action::Rename { .. } | Action::Options { .. } | Action::RenameColumn { .. }));
    if !known {
        return Effect::unknown();
    }
    let renames = actions.iter().any(|a| matches!(a, Action::Rename { .. } | Action::RenameColumn { .. }));
    let lock = if word == "INDEX" { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive };
    Effect::of(lock, if renames { Gravity::Medium } else { Gravity::Low })
}

/// ALTER TABLE takes the strongest lock of its parts.
fn altered(actions: &[Action], version: u32, old_types: OldTypes<'_>) -> Effect {
    let mut all = Effect::of(Lock::RowExclusive, Gravity::Low);
    let mut strongest = Lock::ShareUpdateExclusive;
    let mut unknown = actions.is_empty();
    for action in actions {
        let Some((lock, mut part)) = part(action, version, old_types) else {
            unknown = true;
            continue;
        };
        strongest = strongest.max(lock);
        all.rewrite = match (all.rewrite, part.rewrite) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (None, _) | (_, None) => None,
            _ => Some(false),
        };
        all.gravity = all.gravity.max(part.gravity);
        all.disk = all.disk.or(part.disk);
        if part.timeouts.statement_ms == 0 {
            all.timeouts = part.timeouts;
        }
        all.notes.append(&mut part.notes);
    }
    if unknown {
        let Effect { locks, rewrite, gravity, .. } = Effect::unknown();
        return Effect {
            locks,
            rewrite: if all.rewrite == Some(true) { Some(true) } else { rewrite },
            gravity: gravity.max(all.gravity),
            ..all
        };
    }
    Effect { locks: strongest.words().into(), ..all }
}

fn part(action: &Action, version: u32, old_types: OldTypes<'_>) -> Option<(Lock, Effect)> {
    let quick = |gravity| (Lock::AccessExclusive, Effect::of(Lock::AccessExclusive, gravity));
    let scan = |lock, note: &str| (lock, Effect::of(lock, Gravity::Medium).noting(note).slow());
    Some(match action {
        Action::AddColumn { default, checks, references, .. } => {
            let mut effect = match default {
                Default::None | Default::Constant => Effect::of(Lock::AccessExclusive, Gravity::Low),
                Default::EachRow => rewritten().slow(),
                Default::Unknown => {
                    Effect { rewrite: None, disk: Some(TWICE), ..Effect::of(Lock::AccessExclusive, Gravity::Medium) }
                        .noting("if the default is a volatile function, every row is written anew")
                        .slow()
                }
            };
            if *checks || references.is_some() {
                effect = effect.noting("every row is checked against the new constraint").slow();
            }
            (Lock::AccessExclusive, effect)
        }
        Action::DropColumn { .. } => (
            Lock::AccessExclusive,
            Effect::of(Lock::AccessExclusive, Gravity::High)
                .noting("the values are gone at once, also for programs that still ask for the column"),
        ),
        Action::SetDefault { .. } | Action::DropNotNull { .. } => quick(Gravity::Low),
        Action::SetNotNull { .. } => scan(
            Lock::AccessExclusive,
            "every row is read under that lock, unless a valid CHECK constraint already shows that there is no NULL",
        ),
        Action::SetType { column, to, using } => {
            let same = !using && old_types(column).is_some_and(|old| keeps_bytes(&old, to));
            if same { quick(Gravity::Low) } else { (Lock::AccessExclusive, rewritten().slow()) }
        }
        Action::SetStatistics { .. } => {
            (Lock::ShareUpdateExclusive, Effect::of(Lock::ShareUpdateExclusive, Gravity::Low))
        }
        Action::Rename { .. } | Action::RenameColumn { .. } => {
            let (lock, effect) = quick(Gravity::Medium);
            (lock, effect.noting("programs that use the old name fail from that moment on"))
        }
        Action::RenameConstraint { .. } => quick(Gravity::Low),
        Action::AddConstraint { kind, not_valid, .. } => match kind {
            Constraint::ForeignKey if *not_valid => (
                Lock::ShareRowExclusive,
                Effect::of(Lock::ShareRowExclusive, Gravity::Low)
                    .noting("the same lock is taken on the table that is referenced"),
            ),
            Constraint::ForeignKey => scan(
                Lock::ShareRowExclusive,
                "every row is checked under that lock, which is taken on the table that is referenced as well; NOT VALID and a later VALIDATE avoid it",
            ),
            Constraint::Check | Constraint::NotNull if *not_valid => quick(Gravity::Low),
            Constraint::Check | Constraint::NotNull => scan(
                Lock::AccessExclusive,
                "every row is checked under that lock; NOT VALID and a later VALIDATE avoid it",
            ),
            Constraint::ReadyIndex => quick(Gravity::Low),
            Constraint::Index => {
                let (lock, effect) = scan(
                    Lock::AccessExclusive,
                    "an index is built under that lock; CREATE UNIQUE INDEX CONCURRENTLY and USING INDEX avoid it",
                );
                (lock, Effect { disk: Some(BUILD), ..effect })
            }
        },
        Action::DropConstraint { .. } => quick(Gravity::Medium),
        Action::ValidateConstraint { .. } => {
            let (lock, effect) = scan(Lock::ShareUpdateExclusive, "every row is read, while readers and writers go on");
            (lock, Effect { gravity: Gravity::Low, ..effect })
        }
        Action::Options { names } => {
            let weak = |name: &String| {
                name.starts_with("autovacuum_")
                    || name.starts_with("toast.autovacuum_")
                    || matches!(
                        name.as_str(),
                        "fillfactor"
                            | "toast_tuple_target"
                            | "parallel_workers"
                            | "n_distinct"
                            | "n_distinct_inherited"
                            | "vacuum_truncate"
                            | "vacuum_index_cleanup"
                            | "log_autovacuum_min_duration"
                    )
            };
            let lock = if names.iter().all(weak) { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive };
            (lock, Effect::of(lock, Gravity::Low))
        }
        Action::AttachPartition => scan(
            if version >= 120_000 { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive },
            "the new partition itself is locked with ACCESS EXCLUSIVE, and its rows are checked unless a CHECK constraint already shows that they fit",
        ),
        Action::Trigger => (Lock::ShareRowExclusive, Effect::of(Lock::ShareRowExclusive, Gravity::Medium)),
        Action::Rewrites => (Lock::AccessExclusive, rewritten().slow()),
        Action::SetSchema => quick(Gravity::Medium),
        Action::DetachPartition => quick(Gravity::Medium),
        Action::Other => return None,
    })
}

/// A change of type that leaves the stored bytes as they are. Both names as people or `format_type` write them.
fn keeps_bytes(old: &str, new: &str) -> bool {
    let (old, new) = (plain_type(old), plain_type(new));
    if old == new {
        return true;
    }
    match (old.0.as_str(), new.0.as_str()) {
        ("varchar", "text") => true,
        ("varchar", "varchar") => new.1.is_empty() || (old.1.len() == 1 && new.1.len() == 1 && old.1 <= new.1),
        ("text", "varchar") => new.1.is_empty(),
        ("numeric", "numeric") => {
            let scale = |m: &[u32]| m.get(1).copied().unwrap_or(0);
            new.1.is_empty() || (!old.1.is_empty() && old.1[0] <= new.1[0] && scale(&old.1) == scale(&new.1))
        }
        ("varbit", "varbit") => new.1.is_empty() || (!old.1.is_empty() && old.1 <= new.1),
        _ => false,
    }
}

/// The short name of a type and its modifiers.
fn plain_type(written: &str) -> (String, Vec<u32>) {
    let lower = written.to_ascii_lowercase();
    let (name, modifiers) = match lower.split_once('(') {
        Some((name, rest)) => {
            let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
            (format!("{}{after}", name.trim()), inside.split(',').filter_map(|m| m.trim().parse().ok()).collect())
        }
        None => (lower.clone(), Vec::new()),
    };
    let name = name.trim().trim_start_matches("pg_catalog.");
    let short = match name {
        "character varying" | "char varying" => "varchar",
        "bit varying" => "varbit",
        "decimal" | "dec" => "numeric",
        "int" | "int4" => "integer",
        "int8" => "bigint",
        "int2" => "smallint",
        "bool" => "boolean",
        "timestamptz" => "timestamp with time zone",
        "timestamp" => "timestamp without time zone",
        other => other,
    };
    (short.to_owned(), modifiers)
}

#[cfg(test)]
mod tests {
    use super::keeps_bytes;

    #[test]
    fn a_wider_type_of_the_same_kind_keeps_the_bytes() {
        let keeps = [
            ("character varying(10)", "varchar(20)"),
            ("character varying(10)", "text"),
            ("text", "varchar"),
            ("numeric(10,2)", "numeric(12,2)"),
            ("numeric(10,2)", "numeric"),
            ("integer", "int4"),
            ("timestamp with time zone", "timestamptz"),
        ];
        for (old, new) in keeps {
            assert!(keeps_bytes(old, new), "{old} -> {new}");
        }
        let writes = [
            ("character varying(20)", "varchar(10)"),
            ("text", "varchar(10)"),
            ("numeric(10,2)", "numeric(12,3)"),
            ("numeric", "numeric(10,2)"),
            ("integer", "bigint"),
            ("timestamp without time zone", "timestamptz"),
            ("character(3)", "text"),
        ];
        for (old, new) in writes {
            assert!(!keeps_bytes(old, new), "{old} -> {new}");
        }
    }
}

//! The parts of ALTER TABLE.

use super::objects::{Index, IndexKind};
use super::{How, Name, how, parts, skip_maybe, slice};
use crate::engine::sql::lexer::Kind;
use crate::engine::sql::words::Words;

/// One ALTER TABLE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Alter {
    pub(in crate::engine::mysql) table: Name,
    pub(in crate::engine::mysql) parts: Vec<Part>,
    pub(in crate::engine::mysql) how: How,
}

/// One part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) enum Part {
    /// `definition` is everything after the name; `placed` when FIRST or AFTER says where.
    AddColumn {
        name: String,
        definition: String,
        placed: bool,
    },
    DropColumn(String),
    /// MODIFY: `definition` is everything after the name.
    ModifyColumn {
        name: String,
        definition: String,
        placed: bool,
    },
    ChangeColumn {
        old: String,
        new: String,
        definition: String,
        placed: bool,
    },
    RenameColumn {
        old: String,
        new: String,
    },
    /// ALTER COLUMN ... SET DEFAULT or DROP DEFAULT.
    Default(String),
    AddIndex(Index),
    DropIndex(String),
    RenameIndex {
        old: String,
        new: String,
    },
    /// ALTER INDEX ... VISIBLE, INVISIBLE, IGNORED, NOT IGNORED: the word that undoes it.
    IndexUse {
        name: String,
        undone_by: &'static str,
    },
    AddPrimaryKey {
        columns: usize,
    },
    DropPrimaryKey,
    AddForeignKey {
        name: Option<String>,
        parent: Option<Name>,
    },
    DropForeignKey(String),
    AddCheck(Option<String>),
    /// DROP CHECK, DROP CONSTRAINT.
    DropConstraint(String),
    AutoIncrement,
    Engine(String),
    /// CONVERT TO CHARACTER SET, with the charset.
    Convert(String),
    Rename(Name),
    /// COMMENT and settings of statistics: words about the table alone.
    About(String),
    /// FORCE, `ROW_FORMAT` and the like: the table is written anew.
    Rebuild(String),
    /// Anything else, by its first words.
    Other(String),
}

/// ALTER TABLE, and not another ALTER.
pub(super) fn is_table(words: Words<'_>) -> bool {
    words.is(start(words), &["table"])
}

fn start(words: Words<'_>) -> usize {
    1 + usize::from(words.is(1, &["online", "offline"])) + usize::from((1..3).any(|i| words.is(i, &["ignore"])))
}

/// Reads it.
pub(super) fn read(words: Words<'_>) -> Option<Alter> {
    let (at, _) = skip_maybe(words, start(words) + 1);
    let (table, mut at) = Name::read(words, at)?;
    // `WAIT n`, `NOWAIT` of MariaDB.
    if words.is(at, &["wait"]) {
        at += 2;
    } else if words.is(at, &["nowait"]) {
        at += 1;
    }
    let mut alter = Alter { table, parts: Vec::new(), how: How::default() };
    for (start, end) in parts(words, at, words.len()) {
        if how(words, start, &mut alter.how) == Some(end) {
            continue;
        }
        // Options of a table may stand beside each other without a comma.
        part(words, start, end, &mut alter.parts)?;
    }
    (!alter.parts.is_empty()).then_some(alter)
}

fn part(words: Words<'_>, start: usize, end: usize, out: &mut Vec<Part>) -> Option<()> {
    let verb = words.at(start).to_ascii_lowercase();
    let found = match verb.as_str() {
        "add" => return add(words, start + 1, end, out),
        "drop" => dropped(words, start + 1, end)?,
        "modify" => {
            let at = start + 1 + usize::from(words.is(start + 1, &["column"]));
            let (at, _) = skip_maybe(words, at);
            let (definition, placed) = definition(words, at + 1, end);
            Part::ModifyColumn { name: words.identifier(at)?, definition, placed }
        }
        "change" => {
            let at = start + 1 + usize::from(words.is(start + 1, &["column"]));
            let (at, _) = skip_maybe(words, at);
            let (definition, placed) = definition(words, at + 2, end);
            Part::ChangeColumn { old: words.identifier(at)?, new: words.identifier(at + 1)?, definition, placed }
        }
        "alter" => altered(words, start + 1, end)?,
        "rename" => renamed(words, start + 1, end)?,
        "auto_increment" => Part::AutoIncrement,
        "engine" | "type" => Part::Engine(words.identifier(end - 1)?),
        "convert" => {
            let charset = (start..end).find(|&i| words.is(i, &["set", "charset"]))? + 1;
            Part::Convert(words.at(charset).trim_matches(['\'', '"', '`']).to_ascii_lowercase())
        }
        "comment" | "stats_persistent" | "stats_auto_recalc" | "stats_sample_pages" | "max_rows" | "min_rows"
            if end - start <= 3 =>
        {
            Part::About(verb)
        }
        "force" | "row_format" | "key_block_size" if end - start <= 3 => Part::Rebuild(verb),
        _ => Part::Other(slice(words, start, end.min(start + 3)).to_ascii_lowercase()),
    };
    out.push(found);
    Some(())
}

/// What describes a column from `at` on, without FIRST and AFTER, and whether one of them stood there.
fn definition(words: Words<'_>, at: usize, end: usize) -> (String, bool) {
    let mut until = end;
    if words.is(end - 1, &["first"]) {
        until = end - 1;
    } else if end >= 2 && words.is(end - 2, &["after"]) {
        until = end - 2;
    }
    (slice(words, at, until), until != end)
}

fn add(words: Words<'_>, at: usize, end: usize, out: &mut Vec<Part>) -> Option<()> {
    let mut at = at;
    let mut constraint = None;
    if words.is(at, &["constraint"]) {
        at += 1;
        if !words.is(at, &["primary", "unique", "foreign", "check"]) {
            let (after, _) = skip_maybe(words, at);
            constraint = Some(words.identifier(after)?);
            at = after + 1;
        }
    }
    let columns = |open: usize| parts(words, open + 1, words.after_bracket(open).saturating_sub(1)).len();
    let kind = IndexKind::of(words.at(at)).filter(|_| words.kind(at) == Some(Kind::Word));
    if kind.is_some() || words.is(at, &["index", "key"]) {
        let mut i = at + usize::from(kind.is_some());
        i += usize::from(words.is(i, &["index", "key"]));
        let (i, _) = skip_maybe(words, i);
        let open = (i..end).find(|&i| words.at(i) == "(")?;
        let name = if open > i && !words.is(i, &["using"]) { words.identifier(i) } else { constraint };
        let kind = kind.unwrap_or(IndexKind::Plain);
        out.push(Part::AddIndex(Index { name, kind, columns: columns(open) }));
        return Some(());
    }
    if words.is(at, &["primary"]) {
        let open = (at..end).find(|&i| words.at(i) == "(")?;
        out.push(Part::AddPrimaryKey { columns: columns(open) });
        return Some(());
    }
    if words.is(at, &["foreign"]) {
        let parent = (at..end).find(|&i| words.is(i, &["references"])).and_then(|i| Name::read(words, i + 1));
        out.push(Part::AddForeignKey { name: constraint, parent: parent.map(|(name, _)| name) });
        return Some(());
    }
    if words.is(at, &["check"]) {
        out.push(Part::AddCheck(constraint));
        return Some(());
    }
    if words.is(at, &["partition", "period", "system"]) {
        out.push(Part::Other(format!("add {}", words.at(at).to_ascii_lowercase())));
        return Some(());
    }
    at += usize::from(words.is(at, &["column"]));
    let (at, _) = skip_maybe(words, at);
    if words.at(at) == "(" {
        for (start, end) in parts(words, at + 1, words.after_bracket(at).saturating_sub(1)) {
            if words.is(
                start,
                &["index", "key", "unique", "primary", "constraint", "foreign", "check", "fulltext", "spatial"],
            ) {
                out.push(Part::Other("add (...)".into()));
            } else {
                out.push(Part::AddColumn {
                    name: words.identifier(start)?,
                    definition: slice(words, start + 1, end),
                    placed: false,
                });
            }
        }
        return Some(());
    }
    let (definition, placed) = definition(words, at + 1, end);
    out.push(Part::AddColumn { name: words.identifier(at)?, definition, placed });
    Some(())
}

fn dropped(words: Words<'_>, at: usize, end: usize) -> Option<Part> {
    let name_after = |at: usize| {
        let (at, _) = skip_maybe(words, at);
        words.identifier(at)
    };
    Some(match words.at(at).to_ascii_lowercase().as_str() {
        "index" | "key" => Part::DropIndex(name_after(at + 1)?),
        "primary" => Part::DropPrimaryKey,
        "foreign" => Part::DropForeignKey(name_after(at + 2)?),
        "constraint" | "check" => Part::DropConstraint(name_after(at + 1)?),
        "partition" | "system" | "period" => Part::Other(slice(words, at - 1, end.min(at + 1)).to_ascii_lowercase()),
        _ => Part::DropColumn(name_after(at + usize::from(words.is(at, &["column"])))?),
    })
}

fn altered(words: Words<'_>, at: usize, end: usize) -> Option<Part> {
    if words.is(at, &["index", "key"]) {
        let (at, _) = skip_maybe(words, at + 1);
        let undone_by = match (words.at(at + 1).to_ascii_lowercase().as_str(), words.is(at + 2, &["ignored"])) {
            ("invisible", _) => "VISIBLE",
            ("visible", _) => "INVISIBLE",
            ("ignored", _) => "NOT IGNORED",
            ("not", true) => "IGNORED",
            _ => return None,
        };
        return Some(Part::IndexUse { name: words.identifier(at)?, undone_by });
    }
    if words.is(at, &["check", "constraint"]) {
        return Some(Part::Other(slice(words, at - 1, end.min(at + 2)).to_ascii_lowercase()));
    }
    let at = at + usize::from(words.is(at, &["column"]));
    let (at, _) = skip_maybe(words, at);
    if words.is(at + 1, &["set", "drop"]) && words.is(at + 2, &["default"]) {
        words.identifier(at).map(Part::Default)
    } else {
        Some(Part::Other(slice(words, at - 1, end.min(at + 2)).to_ascii_lowercase()))
    }
}

fn renamed(words: Words<'_>, at: usize, end: usize) -> Option<Part> {
    let pair = |at: usize| {
        let (at, _) = skip_maybe(words, at);
        words.is(at + 1, &["to"]).then(|| Some((words.identifier(at)?, words.identifier(at + 2)?))).flatten()
    };
    if words.is(at, &["column"]) {
        let (old, new) = pair(at + 1)?;
        return Some(Part::RenameColumn { old, new });
    }
    if words.is(at, &["index", "key"]) {
        let (old, new) = pair(at + 1)?;
        return Some(Part::RenameIndex { old, new });
    }
    let at = at + usize::from(words.is(at, &["to", "as"]));
    let (name, after) = Name::read(words, at)?;
    (after == end).then_some(Part::Rename(name))
}

#[cfg(test)]
mod tests {
    use super::super::{Form, read};
    use super::*;

    fn alter(text: &str) -> Alter {
        match read(text) {
            Ok(Form::Alter(alter)) => alter,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_part_is_told() {
        let all = alter(
            "alter table shop.t add column a int not null default 5 after b, drop column if exists c, modify d varchar(9) first, \
             change e `f g` decimal(10,2) default 1.5, rename column h to i, alter column j set default 3, \
             add unique key u (a, b(3)), add index (c), drop index k, rename index l to m, alter index n invisible, \
             add constraint pk primary key (a, b), drop primary key, add constraint fk foreign key (a) references x (y), \
             drop foreign key o, add check (a > 1), drop constraint p, auto_increment = 5, engine=InnoDB, \
             convert to character set utf8mb4, rename to q, comment = 'x', row_format = dynamic, \
             partition by hash(a) partitions 4, algorithm=inplace, lock=none",
        );
        assert_eq!(all.how, How { algorithm: Some("INPLACE".into()), lock: Some("NONE".into()) });
        assert_eq!(all.parts.len(), 24);
        assert_eq!(
            all.parts[0],
            Part::AddColumn { name: "a".into(), definition: "int not null default 5".into(), placed: true }
        );
        assert_eq!(all.parts[1], Part::DropColumn("c".into()));
        assert_eq!(
            all.parts[2],
            Part::ModifyColumn { name: "d".into(), definition: "varchar(9)".into(), placed: true }
        );
        assert!(matches!(&all.parts[3], Part::ChangeColumn { old, new, definition, .. }
            if old == "e" && new == "f g" && definition == "decimal(10,2) default 1.5"));
        assert_eq!(all.parts[5], Part::Default("j".into()));
        assert_eq!(all.parts[6], Part::AddIndex(Index { name: Some("u".into()), kind: IndexKind::Unique, columns: 2 }));
        assert!(matches!(&all.parts[7], Part::AddIndex(Index { name: None, .. })));
        assert_eq!(all.parts[10], Part::IndexUse { name: "n".into(), undone_by: "VISIBLE" });
        assert_eq!(all.parts[11], Part::AddPrimaryKey { columns: 2 });
        assert!(matches!(&all.parts[13], Part::AddForeignKey { name: Some(name), parent: Some(parent) }
            if name == "fk" && parent.name == "x"));
        assert_eq!(all.parts[19], Part::Convert("utf8mb4".into()));
        assert!(matches!(&all.parts[20], Part::Rename(name) if name.name == "q"));
        assert!(matches!(&all.parts[23], Part::Other(_)));
        assert_eq!(alter("alter table t add (a int, b text)").parts.len(), 2);
        assert!(read("alter table t").is_err());
    }
}

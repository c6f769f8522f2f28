//! How a server changes a table: at once, beside the traffic, or by a copy that stops writers. By operation, product and
//! version, for InnoDB; what is not known is a copy.

use super::flavour::Flavour;
use super::forms::alter::{Alter, Part};
use super::forms::objects::IndexKind;

/// The ways, the lightest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine::mysql) enum Way {
    /// The definition alone changes.
    Instant,
    /// In place, readers and writers go on; nothing or an index is built.
    InPlace,
    /// In place, the whole table is written anew, readers and writers go on.
    Rebuild,
    /// In place, writers wait to the end.
    InPlaceShared,
    /// The whole table is copied, writers wait to the end.
    Copy,
}

impl Way {
    /// The table is written anew.
    pub(in crate::engine::mysql) fn rewrites(self) -> bool {
        matches!(self, Self::Rebuild | Self::Copy)
    }

    /// Writers wait to the end.
    pub(in crate::engine::mysql) fn stops_writers(self) -> bool {
        matches!(self, Self::InPlaceShared | Self::Copy)
    }

    /// The server's word for it.
    pub(in crate::engine::mysql) fn algorithm(self) -> &'static str {
        match self {
            Self::Instant => "INSTANT",
            Self::InPlace | Self::Rebuild | Self::InPlaceShared => "INPLACE",
            Self::Copy => "COPY",
        }
    }

    /// The clause by which the server refuses instead of falling back to something heavier; none for a copy, which is
    /// the heaviest.
    pub(in crate::engine::mysql) fn clause(self) -> Option<&'static str> {
        match self {
            Self::Instant => Some("ALGORITHM=INSTANT"),
            Self::InPlace | Self::Rebuild => Some("ALGORITHM=INPLACE, LOCK=NONE"),
            Self::InPlaceShared => Some("ALGORITHM=INPLACE, LOCK=SHARED"),
            Self::Copy => None,
        }
    }

    /// What it blocks.
    pub(in crate::engine::mysql) fn words(self) -> &'static str {
        match self {
            Self::Instant => {
                "a metadata lock for a moment: it waits for every open transaction on the table, and whoever comes later waits behind it"
            }
            Self::InPlace => "readers and writers go on; a metadata lock for a moment at the start and at the end",
            Self::Rebuild => {
                "readers and writers go on while the table is written anew; a metadata lock for a moment at the start and at the end"
            }
            Self::InPlaceShared => "readers go on, writers wait until it is done",
            Self::Copy => "readers go on, writers wait while the whole table is copied",
        }
    }
}

/// The way of a whole ALTER TABLE: the heaviest of its parts. `same_type` says of a column and its new definition that
/// only what needs no new rows changes.
pub(in crate::engine::mysql) fn of(alter: &Alter, flavour: Flavour, change: impl Fn(&str, &str) -> Option<Way>) -> Way {
    let new_key = alter.parts.iter().any(|p| matches!(p, Part::AddPrimaryKey { .. }));
    alter
        .parts
        .iter()
        .map(|part| match part {
            Part::DropPrimaryKey if new_key => Way::Rebuild,
            Part::ModifyColumn { name, definition, placed: false } => change(name, definition).unwrap_or(Way::Copy),
            Part::ChangeColumn { old, definition, placed: false, .. } => change(old, definition).unwrap_or(Way::Copy),
            part => of_part(part, flavour),
        })
        .max()
        .unwrap_or(Way::Copy)
}

fn of_part(part: &Part, flavour: Flavour) -> Way {
    let mariadb = flavour.is_mariadb();
    match part {
        Part::AddColumn { definition, placed, .. } => added_column(definition, *placed, flavour),
        Part::DropColumn(_) if since(flavour, 80_029, 100_400) => Way::Instant,
        Part::DropColumn(_) | Part::AddPrimaryKey { .. } | Part::Rebuild(_) => Way::Rebuild,
        Part::RenameColumn { .. } if since(flavour, 80_028, 100_400) => Way::Instant,
        Part::Default(_) | Part::Rename(_) if since(flavour, 80_012, 100_300) => Way::Instant,
        Part::RenameColumn { .. }
        | Part::Default(_)
        | Part::Rename(_)
        | Part::DropIndex(_)
        | Part::RenameIndex { .. }
        | Part::IndexUse { .. }
        | Part::DropForeignKey(_)
        | Part::AutoIncrement
        | Part::About(_) => Way::InPlace,
        Part::AddIndex(index) => of_index(index.kind),
        Part::DropConstraint(_) if mariadb => Way::Instant,
        Part::DropConstraint(_) if flavour.is_mysql_since(80_016) => Way::InPlace,
        Part::Engine(engine) if engine.eq_ignore_ascii_case("innodb") => Way::Rebuild,
        _ => Way::Copy,
    }
}

/// The way in which an index is built.
pub(in crate::engine::mysql) fn of_index(kind: IndexKind) -> Way {
    match kind {
        IndexKind::Plain | IndexKind::Unique => Way::InPlace,
        // The first of them adds a hidden column to the table as well.
        IndexKind::FullText | IndexKind::Spatial => Way::InPlaceShared,
        IndexKind::Vector => Way::Copy,
    }
}

fn added_column(definition: &str, placed: bool, flavour: Flavour) -> Way {
    let lower = format!(" {} ", definition.to_ascii_lowercase());
    let has = |word: &str| lower.contains(word);
    if has("auto_increment") {
        return Way::InPlaceShared;
    }
    if has(" as (") || has(" generated ") {
        return if has("stored") || has("persistent") { Way::Copy } else { Way::Instant };
    }
    if expression_default(&lower) || has(" check") || has("references") || has("unique") || has(" key") {
        return Way::Copy;
    }
    let instant = if placed { since(flavour, 80_029, 100_400) } else { since(flavour, 80_012, 100_300) };
    if instant { Way::Instant } else { Way::Rebuild }
}

/// A default that is computed for every row.
pub(in crate::engine::mysql) fn expression_default(lower: &str) -> bool {
    lower.split("default").nth(1).is_some_and(|after| {
        let after = after.trim_start();
        after.starts_with('(')
            || ["uuid", "rand", "now(", "curdate", "curtime", "sysdate", "concat", "json_"]
                .iter()
                .any(|f| after.starts_with(f))
    })
}

fn since(flavour: Flavour, mysql: u32, mariadb: u32) -> bool {
    match flavour {
        Flavour::Mysql(version) => version >= mysql,
        Flavour::Mariadb(version) => version >= mariadb,
    }
}

/// The way in which the type of a column changes, from the types as the server writes them; none when that is not
/// known. Nullability alone writes the table anew; a text that may grow within the same number of length bytes only
/// changes the definition.
pub(in crate::engine::mysql) fn of_types(old: &str, new: &str, flavour: Flavour) -> Option<Way> {
    if old == new {
        return Some(Way::Instant);
    }
    let limit = |text: &str| text.strip_prefix("varchar(")?.strip_suffix(')')?.parse::<u32>().ok();
    let (old, new) = (limit(old)?, limit(new)?);
    // Four bytes a character at most: below 64 and from 256 on the length bytes are sure to stay.
    let same_length_bytes = new < 64 || old >= 256;
    (new >= old && same_length_bytes).then_some(if flavour.is_mariadb() { Way::Instant } else { Way::InPlace })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::forms::{Form, read};
    use super::*;

    fn way(text: &str, flavour: Flavour) -> Way {
        let Form::Alter(alter) = read(text).unwrap() else { panic!("{text}") };
        of(&alter, flavour, |_, _| None)
    }

    #[test]
    fn the_heaviest_part_decides() {
        let (old, new, maria) = (Flavour::Mysql(80_011), Flavour::Mysql(90_700), Flavour::Mariadb(101_100));
        for (text, at_old, at_new, at_maria) in [
            ("alter table t add a int", Way::Rebuild, Way::Instant, Way::Instant),
            ("alter table t add a int first", Way::Rebuild, Way::Instant, Way::Instant),
            ("alter table t drop a", Way::Rebuild, Way::Instant, Way::Instant),
            ("alter table t add index (a)", Way::InPlace, Way::InPlace, Way::InPlace),
            ("alter table t add a int, add index (a)", Way::Rebuild, Way::InPlace, Way::InPlace),
            ("alter table t add fulltext (a)", Way::InPlaceShared, Way::InPlaceShared, Way::InPlaceShared),
            ("alter table t modify a bigint", Way::Copy, Way::Copy, Way::Copy),
            ("alter table t add a char(36) default (uuid())", Way::Copy, Way::Copy, Way::Copy),
            ("alter table t add a int as (b + 1) stored", Way::Copy, Way::Copy, Way::Copy),
            ("alter table t add a int auto_increment", Way::InPlaceShared, Way::InPlaceShared, Way::InPlaceShared),
            ("alter table t drop primary key", Way::Copy, Way::Copy, Way::Copy),
            ("alter table t drop primary key, add primary key (b)", Way::Rebuild, Way::Rebuild, Way::Rebuild),
            ("alter table t add foreign key (a) references x (y)", Way::Copy, Way::Copy, Way::Copy),
            ("alter table t engine=innodb", Way::Rebuild, Way::Rebuild, Way::Rebuild),
            ("alter table t engine=myisam", Way::Copy, Way::Copy, Way::Copy),
            ("alter table t convert to character set utf8mb4", Way::Copy, Way::Copy, Way::Copy),
            ("alter table t rename column a to b", Way::InPlace, Way::Instant, Way::Instant),
            ("alter table t partition by hash (a) partitions 2", Way::Copy, Way::Copy, Way::Copy),
        ] {
            assert_eq!((way(text, old), way(text, new), way(text, maria)), (at_old, at_new, at_maria), "{text}");
        }
    }

    #[test]
    fn a_text_grows_without_new_rows_only_within_its_length_bytes() {
        let mysql = Flavour::Mysql(80_040);
        assert_eq!(of_types("varchar(20)", "varchar(60)", mysql), Some(Way::InPlace));
        assert_eq!(of_types("varchar(60)", "varchar(300)", mysql), None);
        assert_eq!(of_types("varchar(300)", "varchar(400)", mysql), Some(Way::InPlace));
        assert_eq!(of_types("varchar(60)", "varchar(20)", mysql), None);
        assert_eq!(of_types("int", "bigint", mysql), None);
    }
}

//! Definitions of tables and views: what SHOW CREATE TABLE prints, qualified and without its conditional comments, and
//! the triggers.

use super::dialect::names::quote;
use super::fix::{Asks as _, Reading};
use crate::domain::definition::{Definition, Fingerprint, Fingerprints};
use crate::domain::error_event::SessionError;
use crate::domain::rows::{Rows, Value};
use crate::domain::text::hex;
use crate::engine::{Definitions, Param, Query, Session, Task};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The registry's entry.
pub(super) static DEFINITIONS: Definitions = Definitions { fingerprints, read };

/// Objects of a database that are looked at, at most.
const MOST: usize = 20_000;
/// Time for one look into the catalogue, milliseconds.
const TIME_MS: u64 = 5_000;

static OBJECTS: Query = Query {
    name: "definitions.objects",
    text: "SELECT t.TABLE_SCHEMA AS db, t.TABLE_NAME AS name,
                  CONCAT_WS('/', t.TABLE_TYPE, t.ENGINE, t.ROW_FORMAT, t.TABLE_COLLATION, t.CREATE_OPTIONS,
                    IF(t.TABLE_TYPE = 'VIEW', '', t.TABLE_COMMENT), t.CREATE_TIME) AS print
             FROM information_schema.TABLES t
            WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')
            ORDER BY t.TABLE_NAME LIMIT 20001",
    timeout_ms: TIME_MS,
};

/// What hangs on the objects, each with a sum over its rows in any order: a rebuild of a table shows in the time when
/// it was made, and what is changed without one shows here.
static DETAILS: [Query; 5] = [
    Query {
        name: "definitions.columns",
        text: "SELECT c.TABLE_NAME AS name, CONV(BIT_XOR(CAST(CONV(LEFT(SHA2(CONCAT_WS('/', c.COLUMN_NAME,
                 c.ORDINAL_POSITION, COALESCE(c.COLUMN_DEFAULT, '-'), c.IS_NULLABLE, c.COLUMN_TYPE,
                 COALESCE(c.COLLATION_NAME, '-'), c.EXTRA, c.COLUMN_COMMENT, c.GENERATION_EXPRESSION), 256), 16), 16, 10)
                 AS UNSIGNED)), 10, 16) AS print
                 FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = DATABASE() GROUP BY c.TABLE_NAME",
        timeout_ms: TIME_MS,
    },
    Query {
        name: "definitions.indexes",
        text: "SELECT s.TABLE_NAME AS name, CONV(BIT_XOR(CAST(CONV(LEFT(SHA2(CONCAT_WS('/', s.INDEX_NAME, s.SEQ_IN_INDEX,
                 COALESCE(s.COLUMN_NAME, '-'), s.NON_UNIQUE, s.INDEX_TYPE, COALESCE(s.SUB_PART, '-'),
                 COALESCE(s.COLLATION, '-'), s.INDEX_COMMENT, {visible}, COALESCE({expression}, '-')), 256), 16), 16, 10)
                 AS UNSIGNED)), 10, 16) AS print
                 FROM information_schema.STATISTICS s WHERE s.TABLE_SCHEMA = DATABASE() GROUP BY s.TABLE_NAME",
        timeout_ms: TIME_MS,
    },
    Query {
        name: "definitions.constraints",
        text: "SELECT k.TABLE_NAME AS name, CONV(BIT_XOR(CAST(CONV(LEFT(SHA2(CONCAT_WS('/', k.CONSTRAINT_NAME,
                 k.CONSTRAINT_TYPE), 256), 16), 16, 10) AS UNSIGNED)), 10, 16) AS print
                 FROM information_schema.TABLE_CONSTRAINTS k WHERE k.TABLE_SCHEMA = DATABASE() GROUP BY k.TABLE_NAME",
        timeout_ms: TIME_MS,
    },
    Query {
        name: "definitions.views",
        text: "SELECT v.TABLE_NAME AS name, SHA2(CONCAT_WS('/', v.VIEW_DEFINITION, v.DEFINER, v.SECURITY_TYPE,
                 v.CHECK_OPTION), 256) AS print
                 FROM information_schema.VIEWS v WHERE v.TABLE_SCHEMA = DATABASE()",
        timeout_ms: TIME_MS,
    },
    Query {
        name: "definitions.triggers",
        text: "SELECT t.EVENT_OBJECT_TABLE AS name, CONV(BIT_XOR(CAST(CONV(LEFT(SHA2(CONCAT_WS('/', t.TRIGGER_NAME,
                 t.EVENT_MANIPULATION, t.ACTION_TIMING, t.ACTION_ORDER, t.DEFINER, SHA2(t.ACTION_STATEMENT, 256)), 256), 16), 16, 10)
                 AS UNSIGNED)), 10, 16) AS print
                 FROM information_schema.TRIGGERS t WHERE t.EVENT_OBJECT_SCHEMA = DATABASE()
                GROUP BY t.EVENT_OBJECT_TABLE",
        timeout_ms: TIME_MS,
    },
];

static TRIGGERS: Query = Query {
    name: "definitions.trigger_texts",
    text: "SELECT t.TRIGGER_NAME AS name, t.EVENT_MANIPULATION AS event, t.ACTION_TIMING AS timing,
                  t.ACTION_STATEMENT AS body, t.DEFINER AS definer
             FROM information_schema.TRIGGERS t WHERE t.EVENT_OBJECT_SCHEMA = ? AND t.EVENT_OBJECT_TABLE = ?
            ORDER BY t.EVENT_MANIPULATION, t.ACTION_TIMING, t.ACTION_ORDER",
    timeout_ms: TIME_MS,
};

fn fingerprints(session: &mut dyn Session) -> Task<'_, Result<Fingerprints, SessionError>> {
    Box::pin(async move {
        let objects = session.own(&OBJECTS, &[]).await?;
        let mut prints: BTreeMap<String, (String, Sha256)> = BTreeMap::new();
        for row in objects.rows.iter().take(MOST) {
            let digest = Sha256::new().chain_update(objects.text(row, "print"));
            prints.insert(objects.text(row, "name"), (objects.text(row, "db"), digest));
        }
        for query in &DETAILS {
            let rows = session.own(query, &[]).await?;
            for row in &rows.rows {
                if let Some((_, digest)) = prints.get_mut(&rows.text(row, "name")) {
                    digest.update(format!("\0{}={}", query.name, rows.text(row, "print")));
                }
            }
        }
        let finish = |(name, (space, digest)): (String, (String, Sha256))| {
            let print = hex(&digest.finalize()[..16]);
            Fingerprint { space, name, print }
        };
        Ok(Fingerprints { all: prints.into_iter().map(finish).collect(), cut: objects.rows.len() > MOST })
    })
}

fn read(session: &mut dyn Session, objects: Vec<Fingerprint>) -> Task<'_, Result<Vec<Definition>, SessionError>> {
    Box::pin(async move {
        let mut asks = Reading::new(session);
        let mut found = Vec::new();
        for object in objects {
            let full = format!("{}.{}", quote(&object.space), quote(&object.name));
            let shown = match asks.read(&format!("SHOW CREATE TABLE {full}")).await {
                Ok(shown) => shown,
                // Locked just now, gone, or not for our eyes: it takes only itself away.
                Err(SessionError::Server(_) | SessionError::Deadline(_) | SessionError::Unsupported(_)) => continue,
                Err(error) => return Err(error),
            };
            let create = shown.rows.first().and_then(|row| row.get(1));
            let Some(Value::Text(create)) = create else { continue };
            let both = [Param::Text(object.space.clone()), Param::Text(object.name.clone())];
            let triggers = asks.own(&TRIGGERS, &both).await?;
            let mut statements = vec![qualified(&unwrapped(create), &object)];
            statements.extend(triggers.rows.iter().map(|row| trigger(&triggers, row, &object, &full)));
            let counts = create.contains(" AUTO_INCREMENT=");
            let missing =
                counts.then(|| "its numbers go on from where they were when its definition was read".to_owned());
            found.push(Definition { object, part_of: None, statements, missing: missing.into_iter().collect() });
        }
        Ok(found)
    })
}

/// With the database before the name that the statement makes: `CREATE TABLE` and a view's `VIEW` name it bare.
fn qualified(create: &str, object: &Fingerprint) -> String {
    let bare = backquoted(&object.name);
    for word in ["TABLE ", "VIEW "] {
        let marked = format!("{word}{bare}");
        if let Some(at) = create.find(&marked) {
            let (head, tail) = create.split_at(at + word.len());
            return format!("{head}{}.{tail}", backquoted(&object.space));
        }
    }
    create.to_owned()
}

/// As the server itself quotes names.
fn backquoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn trigger(rows: &Rows, row: &[Value], object: &Fingerprint, full: &str) -> String {
    let definer = rows.text(row, "definer");
    let definer =
        definer.rsplit_once('@').map(|(user, host)| format!("DEFINER={}@{} ", backquoted(user), backquoted(host)));
    format!(
        "CREATE {}TRIGGER {}.{} {} {} ON {full} FOR EACH ROW {}",
        definer.unwrap_or_default(),
        quote(&object.space),
        quote(&rows.text(row, "name")),
        rows.text(row, "timing"),
        rows.text(row, "event"),
        rows.text(row, "body")
    )
}

/// Without the marks around what only later versions understand (`/*!50100 ... */`): the server that printed it does.
fn unwrapped(create: &str) -> String {
    let mut out = String::with_capacity(create.len());
    let mut rest = create;
    let mut opened = false;
    while let Some(c) = rest.chars().next() {
        if matches!(c, '\'' | '"' | '`') {
            let end = end_of_quoted(rest, c);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if let Some(inside) = rest.strip_prefix("/*!").or_else(|| rest.strip_prefix("/*M!")) {
            rest = inside.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
            opened = true;
        } else if opened && rest.starts_with("*/") {
            out.truncate(out.trim_end().len());
            rest = &rest[2..];
            opened = false;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Where the quoted text at the beginning ends.
fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote != '`' {
            characters.next();
        } else if c == quote {
            if characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
            } else {
                return at + c.len_utf8();
            }
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditional_comments_lose_their_marks_and_literals_keep_theirs() {
        let printed = "CREATE TABLE `t` (\n  `a` int DEFAULT '/*!5 x */' /*!80023 INVISIBLE */,\n  `b` text COMMENT 'it''s \\' */'\n)\n\
                       /*!50100 PARTITION BY HASH (`a`)\nPARTITIONS 4 */";
        assert_eq!(
            unwrapped(printed),
            "CREATE TABLE `t` (\n  `a` int DEFAULT '/*!5 x */' INVISIBLE,\n  `b` text COMMENT 'it''s \\' */'\n)\n\
             PARTITION BY HASH (`a`)\nPARTITIONS 4"
        );
    }

    #[test]
    fn the_database_stands_before_the_name() {
        let object = Fingerprint { space: "shop".into(), name: "a`b".into(), print: String::new() };
        assert_eq!(qualified("CREATE TABLE `a``b` (`a``b` int)", &object), "CREATE TABLE `shop`.`a``b` (`a``b` int)");
        let view = "CREATE ALGORITHM=UNDEFINED DEFINER=`u`@`h` SQL SECURITY DEFINER VIEW `a``b` AS select 1";
        assert!(qualified(view, &object).contains("VIEW `shop`.`a``b` AS"));
    }
}

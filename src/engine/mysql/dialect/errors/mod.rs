//! MySQL and MariaDB's errors: which one a text is, and what it is about.
//!
//! The text is taken out of what clients, drivers and logs put around it ([`wrapping`]). A code that it has is believed;
//! otherwise the catalogue's skeletons tell it, in every language of the servers, and at last the words do ([`words`]).
//! What it is about stands among what the server put in ([`object`]).

mod object;
mod words;
mod wrapping;

use crate::domain::error::catalogue::{Catalogue, Tables};
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::error::messages::Recognised;
use crate::domain::error::naming::{ErrorNaming, Named};
use crate::domain::target::EngineId;
use std::collections::HashMap;
use std::sync::LazyLock;
use wrapping::{Level, Peeled, peel};

/// The files of a language, by the name of its file.
macro_rules! translations {
    ($($language:literal),+ $(,)?) => {
        &[$(include_str!(concat!("../../../../../assets/errors/messages/mysql.", $language, ".tsv"))),+]
    };
}

static CATALOGUE: Catalogue = Catalogue::new(Tables {
    codes: include_str!("../../../../../assets/errors/codes/mysql.tsv"),
    advice: include_str!("../../../../../assets/errors/advice/mysql.toml"),
    messages: include_str!("../../../../../assets/errors/messages/mysql.tsv"),
    translations: translations![
        "bg", "cs", "da", "de", "el", "es", "et", "fr", "hi", "hu", "it", "ja", "ka", "ko", "nb", "nl", "nn", "pl",
        "pt", "ro", "ru", "sk", "sr", "sv", "uk", "zh",
    ],
});

/// A text of more bytes than this is looked at in part: no message of a server is longer.
const LONGEST_TEXT: usize = 32 * 1024;

/// Lines of a text that are looked at one by one when the whole of it is no message.
const MOST_LINES: usize = 60;

/// A message somewhere within a text needs this many fixed characters to be believed.
const FEWEST_FIXED_WITHIN: usize = 14;

/// Names the errors.
pub(super) struct Errors;

impl ErrorNaming for Errors {
    fn engine(&self) -> EngineId {
        super::super::ID
    }

    fn catalogue(&self) -> &'static Catalogue {
        &CATALOGUE
    }

    fn name(&self, text: &str, code: Option<&str>) -> Named {
        let peeled = most_telling(start_of(text.trim()));
        let recognised = recognise(&peeled.message);
        let given = code.and_then(native_code);
        let state = code.filter(|c| given.is_none() && is_state(c)).or(peeled.state.as_deref());
        let told = given
            .or_else(|| peeled.code.clone())
            .or_else(|| recognised.as_ref().map(|found| found.code.to_owned()))
            .unwrap_or_default();
        let by_words = if told.is_empty() { words::code_and_kind(&peeled.message) } else { None };
        let code = by_words.map(|(code, _)| code.to_owned()).unwrap_or(told);
        let kind = kind_beyond(&code, &peeled, recognised.as_ref())
            .or(by_words.map(|(_, kind)| kind))
            .or_else(|| state.filter(|_| CATALOGUE.code(&code).is_none()).and_then(words::kind_of_state));
        Named {
            kind,
            severity: severity(&peeled, &code, kind),
            object: object::object(&code, recognised.as_ref(), &peeled.message),
            code,
            message: peeled.message,
        }
    }
}

/// What a code means, for records that have no text of their own.
pub(in crate::engine::mysql) fn meaning(code: &str) -> Option<&'static str> {
    CATALOGUE.code(code).map(|known| known.meaning)
}

/// The kind, where the words say more than the code.
fn kind_beyond(code: &str, peeled: &Peeled, recognised: Option<&Recognised<'_>>) -> Option<ErrorKind> {
    if peeled.replication {
        return Some(ErrorKind::ReplicationError);
    }
    // One code for every limit of an account: the connections at once are those that keep people out.
    let second = recognised.and_then(|found| found.inserted.get(1)).copied().unwrap_or_default();
    if code == "1226" && second == "max_user_connections" {
        return Some(ErrorKind::TooManyConnections);
    }
    let inserted = recognised.and_then(|found| found.inserted.first()).copied().unwrap_or_default();
    words::kind_by_inserted(code, inserted).or_else(|| match words::reason(code, &peeled.message)? {
        words::Reason::Kind(kind) => Some(kind),
        words::Reason::Engine(number) => CATALOGUE.code(&number.to_string()).map(|known| known.kind),
    })
}

/// What the log's own level says. A full disk, lost memory and damage stay what they are, however a log calls them.
fn severity(peeled: &Peeled, code: &str, kind: Option<ErrorKind>) -> Option<Severity> {
    let kind = kind.or_else(|| CATALOGUE.code(code).map(|known| known.kind));
    let grave = matches!(kind, Some(ErrorKind::DiskFull | ErrorKind::OutOfMemory | ErrorKind::Corruption));
    match peeled.level {
        Some(Level::Note) => Some(Severity::Info),
        Some(Level::Warning) if !grave => Some(Severity::Warning),
        _ => kind.filter(|_| peeled.replication || grave).map(ErrorKind::severity),
    }
}

/// The part of a text that is looked at.
fn start_of(text: &str) -> &str {
    let end = (0..=LONGEST_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// The text, or the line of it, in which a message of the server stands.
fn most_telling(text: &str) -> Peeled {
    let whole = peel(text);
    if CATALOGUE.recognise(&whole.message).is_some() || !text.contains('\n') {
        return whole;
    }
    let mut with_code = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()).take(MOST_LINES) {
        let mut part = peel(line);
        let known = CATALOGUE.recognise(&part.message).is_some();
        if known || (part.code.is_some() && with_code.is_none()) {
            part.take_missing(&whole);
            if known {
                return part;
            }
            with_code = Some(part);
        }
    }
    // Of several lines, that with the code begins the message, and the others may belong to it.
    if whole.code.is_some() { whole } else { with_code.unwrap_or(whole) }
}

/// The message that the text is, or holds.
fn recognise(message: &str) -> Option<Recognised<'_>> {
    CATALOGUE
        .recognise(message)
        .or_else(|| CATALOGUE.recognise_within(message).filter(|found| found.fixed >= FEWEST_FIXED_WITHIN))
}

/// The code as the catalogue writes it: `1146` for `1146`, `MY-001146` and `ER_NO_SUCH_TABLE`. Nothing for a SQLSTATE and
/// for a number that cannot be one of an error.
fn native_code(written: &str) -> Option<String> {
    static NUMBERS: LazyLock<HashMap<&'static str, &'static str>> =
        LazyLock::new(|| CATALOGUE.all_codes().map(|known| (known.name, known.code)).collect());
    let written = written.trim();
    let digits = written.strip_prefix("MY-").unwrap_or(written);
    let Ok(number) = digits.parse::<u32>() else {
        return NUMBERS.get(written).map(|code| (*code).to_owned());
    };
    match number {
        0 => None,
        1..10_000 => Some(number.to_string()),
        // Numbers of the error log; statements may raise any number from 10000 up by SIGNAL.
        _ if digits.len() < written.len() => Some(format!("MY-{number:06}")),
        _ => Some(number.to_string()),
    }
}

/// A SQLSTATE: five digits and capitals, and not a number of an error.
fn is_state(written: &str) -> bool {
    written.len() == 5 && written.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::naming::{Understood, understand};

    fn named(text: &str) -> Understood {
        understand(&Errors, text, None)
    }

    /// Every line of the catalogue is read, and every message leads to a code that it has.
    #[test]
    fn the_files_are_whole() {
        let lines =
            include_str!("../../../../../assets/errors/codes/mysql.tsv").lines().filter(|l| !l.starts_with('#'));
        assert_eq!(lines.count(), CATALOGUE.all_codes().count());
        for line in
            include_str!("../../../../../assets/errors/messages/mysql.tsv").lines().filter(|l| !l.starts_with('#'))
        {
            let (code, _) = line.split_once('\t').unwrap_or_default();
            assert!(CATALOGUE.code(code).is_some(), "{line}");
        }
        for known in CATALOGUE.all_codes() {
            assert!(known.meaning.chars().count() <= 140 && !known.meaning.ends_with('.'), "{known:?}");
        }
    }

    #[test]
    fn what_an_error_is_about() {
        for (text, code, object) in [
            ("Table 'shop.oders' doesn't exist", "1146", "shop.oders"),
            ("Unknown column 'o.nothing' in 'SELECT'", "1054", "o.nothing"),
            ("Duplicate entry '7' for key 'orders.PRIMARY'", "1062", "orders.PRIMARY"),
            ("Duplicate entry 'a's' for key 'PRIMARY'", "1062", "PRIMARY"),
            ("Access denied for user 'app'@'10.0.0.7' (using password: YES)", "1045", "app@10.0.0.7"),
            ("Access denied for user 'app'@'%' to database 'shop'", "1044", "shop"),
            ("SELECT command denied to user 'app'@'%' for table 'orders'", "1142", "orders"),
            ("SELECT command denied to user 'app'@'%' for table `shop`.`orders`", "1142", "shop.orders"),
            (
                "Cannot add or update a child row: a foreign key constraint fails (`shop`.`items`, CONSTRAINT `items_order` FOREIGN KEY (`order_id`) REFERENCES `orders` (`id`))",
                "1452",
                "items_order",
            ),
            ("Incorrect integer value: 'x' for column `shop`.`orders`.`id` at row 1", "1366", "shop.orders.id"),
            ("CONSTRAINT `positive` failed for `shop`.`orders`", "4025", "positive"),
            ("FUNCTION shop.nothing does not exist", "1305", "shop.nothing"),
            (
                "View 'shop.v' references invalid table(s) or column(s) or function(s) or definer/invoker of view lack rights to use them",
                "1356",
                "shop.v",
            ),
            ("Incorrect date value: 'x' for column 'd' at row 1", "1292", "d"),
            ("Operation DROP USER failed for 'nobody'@'%' (User account does not exist)", "1396", "nobody@%"),
            ("CHECK OPTION failed `shop`.`small`", "1369", "shop.small"),
            ("The table 'orders' is full", "1114", "orders"),
            ("Tabelle 'shop.oders' existiert nicht", "1146", "shop.oders"),
            ("表 'shop.oders' は存在しません。", "1146", "shop.oders"),
        ] {
            let error = named(text);
            assert_eq!((error.code.as_str(), error.object.as_deref()), (code, Some(object)), "{text}");
        }
    }

    #[test]
    fn full_disks_are_full_disks_whatever_file_it_was() {
        for text in [
            "Got error 28 from storage engine",
            "ERROR 1030 (HY000): Got error 28 \"No space left on device\" from storage engine InnoDB",
            "ERROR 3 (HY000): Error writing file '/tmp/MLGSVHtl' (OS errno 28 - No space left on device)",
            "2026-05-01T12:00:00.000000Z 9 [ERROR] [MY-013132] [Server] The table 'orders' is full!",
            "2026-05-01 12:00:00 9 [Warning] mysqld: Disk is full writing './bin.000042' (Errcode: 28 \"No space left on device\")",
        ] {
            let error = named(text);
            assert_eq!((error.kind, error.severity), (ErrorKind::DiskFull, Severity::Critical), "{text}: {error:?}");
        }
    }

    #[test]
    fn logs_without_codes_are_told_by_their_words() {
        for (text, kind, severity) in [
            (
                "2026-05-01 12:00:00 0 [ERROR] InnoDB: Database page corruption on disk or a failed read of file './shop/orders.ibd' page [page id: space=12, page number=3]. You may have to recover from a backup.",
                ErrorKind::Corruption,
                Severity::Critical,
            ),
            (
                "2026-05-01 12:00:00 42 [Warning] Aborted connection 42 to db: 'shop' user: 'app' host: '10.0.0.7' (Got timeout reading communication packets)",
                ErrorKind::ConnectionError,
                Severity::Warning,
            ),
            (
                "2026-05-01 12:00:00 5 [ERROR] Slave SQL: Error 'Table 'shop.x' doesn't exist' on query. Default database: 'shop'. Query: 'drop table x', Gtid 0-1-7, Internal MariaDB error code: 1146",
                ErrorKind::ReplicationError,
                Severity::Critical,
            ),
            ("2026-05-01 12:00:00 0 [Note] mariadbd: ready for connections.", ErrorKind::Other, Severity::Info),
        ] {
            let error = named(text);
            assert_eq!((error.kind, error.severity), (kind, severity), "{text}: {error:?}");
        }
    }

    #[test]
    fn a_given_code_is_believed_in_each_way_of_writing_it() {
        for code in ["1146", "MY-001146", "ER_NO_SUCH_TABLE"] {
            assert_eq!(understand(&Errors, "whatever it says", Some(code)).code, "1146");
        }
        let by_state = understand(&Errors, "whatever it says", Some("42S02"));
        assert_eq!((by_state.code.as_str(), by_state.kind), ("", ErrorKind::TableNotFound));
        assert_eq!(understand(&Errors, "x", Some("MY-010931")).code, "MY-010931");
    }

    #[test]
    fn no_text_is_too_strange() {
        for text in ["", " ", "\n\n", "''", "(", "ERROR", "ERROR 1146", "[[[[", "\u{0}", "'\n'", &"é".repeat(40_000)] {
            let _ = named(text);
        }
    }
}

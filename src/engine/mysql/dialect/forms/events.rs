//! Upkeep that the server does by itself: an EVENT of one exact form, which nobody can put other code into.

use super::{Name, tokens};
use crate::domain::proposal::kind::{ObjectRef, Upkeep};
use crate::domain::text::risky;
use crate::engine::mysql::dialect::names::quote;
use crate::engine::sql::words::Words;

/// What an event of ours says about itself.
const COMMENT: &str = "made by DBA-GPT, approved by a person";
/// Hours between two runs, at least and at most: a week.
const HOURS: (u32, u32) = (1, 168);
/// Characters of a name, at most.
const LONGEST_NAME: usize = 64;

/// Upkeep of one table, every so many hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Event {
    /// The event.
    pub(in crate::engine::mysql) object: ObjectRef,
    /// Between two runs. The first is so many hours after it was made.
    pub(in crate::engine::mysql) every_hours: u32,
    /// The table whose statistics are read.
    pub(in crate::engine::mysql) table: ObjectRef,
}

impl Event {
    /// The event of a typed kind.
    ///
    /// # Errors
    /// One sentence when a parameter cannot be one, or when the upkeep is none that may run by itself.
    pub(in crate::engine::mysql) fn new(
        event: &ObjectRef,
        every_hours: u32,
        upkeep: Upkeep,
        table: &ObjectRef,
    ) -> Result<Self, String> {
        if upkeep != Upkeep::Analyze {
            return Err(format!("to {} a table by itself is nothing that these servers need", upkeep.words()));
        }
        if !(HOURS.0..=HOURS.1).contains(&every_hours) {
            return Err(format!("upkeep runs every {} to {} hours", HOURS.0, HOURS.1));
        }
        for name in [event, table].into_iter().flat_map(|object| object.space.iter().chain([&object.name])) {
            let plain = (1..=LONGEST_NAME).contains(&name.chars().count())
                && !name.ends_with(' ')
                && !name.chars().any(|c| c.is_control() || risky(c));
            if !plain {
                return Err("a name has 1 to 64 plain characters".to_owned());
            }
        }
        if event.space.is_none() || event.space != table.space {
            return Err("an event stands in the database of its table, which is written before both names".to_owned());
        }
        Ok(Self { object: event.clone(), every_hours, table: table.clone() })
    }

    /// What the server runs.
    pub(in crate::engine::mysql) fn body(&self) -> String {
        format!("ANALYZE NO_WRITE_TO_BINLOG TABLE {}", full(&self.table))
    }

    /// The statement that makes it.
    pub(in crate::engine::mysql) fn create(&self) -> String {
        let Self { object: event, every_hours, .. } = self;
        format!(
            "CREATE EVENT {} ON SCHEDULE EVERY {every_hours} HOUR STARTS CURRENT_TIMESTAMP + INTERVAL {every_hours} HOUR \
             COMMENT '{COMMENT}' DO {}",
            full(event),
            self.body()
        )
    }

    /// The statement that takes it away.
    pub(in crate::engine::mysql) fn drop(&self) -> String {
        format!("DROP EVENT {}", full(&self.object))
    }
}

/// A name in quotes where it needs them.
fn full(object: &ObjectRef) -> String {
    let space = object.space.as_ref().map_or_else(String::new, |space| format!("{}.", quote(space)));
    format!("{space}{}", quote(&object.name))
}

fn object(name: Name) -> ObjectRef {
    ObjectRef { space: name.database, name: name.name }
}

/// The event that such a statement makes; none for any other statement.
pub(in crate::engine::mysql) fn made(text: &str) -> Option<Event> {
    let tokens = tokens(text);
    let words = Words { text, tokens: &tokens };
    if !words.starts_with_at(0, &["create", "event"]) {
        return None;
    }
    let (event, after) = Name::read(words, 2)?;
    let every = words.at(after + 3).parse().ok()?;
    let body = (after..words.len()).find(|&at| words.is(at, &["table"]))?;
    let (table, _) = Name::read(words, body + 1)?;
    let read = Event::new(&object(event), every, Upkeep::Analyze, &object(table)).ok()?;
    // Exactly this, so that nothing is overlooked.
    (read.create() == text).then_some(read)
}

/// The event that a statement takes away: `DROP EVENT shop.name` and nothing more.
pub(in crate::engine::mysql) fn dropped(text: &str) -> Option<ObjectRef> {
    let tokens = tokens(text);
    let words = Words { text, tokens: &tokens };
    if !words.starts_with_at(0, &["drop", "event"]) {
        return None;
    }
    let (name, after) = Name::read(words, 2)?;
    (after == words.len() && name.database.is_some()).then(|| object(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn event(name: &str, table: &str) -> Event {
        Event::new(&ObjectRef::new("sh`op", name), 6, Upkeep::Analyze, &ObjectRef::new("sh`op", table)).unwrap()
    }

    #[test]
    fn it_has_one_exact_form_and_its_way_back() {
        let event = event("dba_gpt_analyze_orders", "or ders");
        assert_eq!(
            event.create(),
            "CREATE EVENT `sh``op`.dba_gpt_analyze_orders ON SCHEDULE EVERY 6 HOUR STARTS CURRENT_TIMESTAMP + INTERVAL \
             6 HOUR COMMENT 'made by DBA-GPT, approved by a person' DO ANALYZE NO_WRITE_TO_BINLOG TABLE `sh``op`.`or ders`"
        );
        assert_eq!(made(&event.create()).as_ref(), Some(&event));
        assert_eq!(dropped(&event.drop()).as_ref(), Some(&event.object));
    }

    #[test]
    fn nothing_else_is_taken_for_one() {
        let whole = event("e", "t").create();
        for other in [
            whole.replace("ANALYZE", "OPTIMIZE"),
            whole.replace("CREATE EVENT", "CREATE DEFINER = root EVENT"),
            format!("{whole}, `sh``op`.x"),
            whole.replace("6 HOUR STARTS", "1 SECOND STARTS"),
            whole.replace(" DO ", " DO BEGIN DELETE FROM t; "),
            whole.to_lowercase(),
        ] {
            assert_eq!(made(&other), None, "{other}");
        }
        for other in ["DROP EVENT e", "DROP EVENT a.e, a.f", "DROP EVENT IF EXISTS a.e", "DROP TABLE a.e"] {
            assert_eq!(dropped(other), None, "{other}");
        }
    }

    #[test]
    fn what_cannot_be_one_says_why() {
        let (here, there) = (ObjectRef::new("a", "e"), ObjectRef::new("b", "t"));
        let table = ObjectRef::new("a", "t");
        assert!(Event::new(&here, 24, Upkeep::Analyze, &there).unwrap_err().contains("database of its table"));
        assert!(Event::new(&ObjectRef::new("", "e"), 24, Upkeep::Analyze, &ObjectRef::new("", "t")).is_err());
        assert!(Event::new(&here, 0, Upkeep::Analyze, &table).unwrap_err().contains("1 to 168 hours"));
        assert!(Event::new(&here, 24, Upkeep::Vacuum, &table).is_err());
        assert!(Event::new(&ObjectRef::new("a", "e\n"), 24, Upkeep::Analyze, &table).is_err());
    }
}

//! Events that keep a table in shape, before they are made or dropped: whether the scheduler runs, what is there
//! already, and what is run.

use super::asks::{Asks, Reading};
use super::rights::{self, Need, On};
use super::survey::Found;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Gravity, TouchedObject};
use crate::domain::procedure::Verified;
use crate::domain::proposal::kind::{ObjectRef, Upkeep};
use crate::domain::proposal::survey::{Inverse, Rights};
use crate::engine::mysql::dialect::forms::events::Event;
use crate::engine::mysql::dialect::forms::{self, Form};
use crate::engine::{Param, Query};

const TIME_MS: u64 = 3_000;

static EVENT: Query = Query {
    name: "fix.event",
    text: "SELECT e.STATUS AS state, e.EVENT_DEFINITION AS body, e.INTERVAL_VALUE AS every, e.INTERVAL_FIELD AS field,
                  e.DEFINER AS definer
             FROM information_schema.EVENTS e WHERE e.EVENT_SCHEMA = ? AND e.EVENT_NAME = ?",
    timeout_ms: TIME_MS,
};

/// An event as the server has it.
struct Known {
    state: String,
    body: String,
    every: String,
    field: String,
    definer: String,
}

impl Known {
    fn words(&self) -> String {
        let Self { state, body, every, field, definer } = self;
        format!("{state}, every {every} {field}, by {definer}: {body}")
    }
    fn is(&self, event: &Event) -> bool {
        self.state == "ENABLED"
            && self.field == "HOUR"
            && self.every == event.every_hours.to_string()
            && self.body == event.body()
    }
}

async fn known(asks: &mut dyn Asks, event: &ObjectRef) -> Result<Option<Known>, SessionError> {
    let params = [Param::Text(event.space.clone().unwrap_or_default()), Param::Text(event.name.clone())];
    let rows = asks.own(&EVENT, &params).await?;
    Ok(rows.rows.first().map(|row| Known {
        state: rows.text(row, "state"),
        body: rows.text(row, "body"),
        every: rows.text(row, "every"),
        field: rows.text(row, "field"),
        definer: rows.text(row, "definer"),
    }))
}

/// An event as an approval names it. Most logins see none without the right to make them, so what it runs is no part of
/// it.
pub(super) fn touched(event: &ObjectRef) -> TouchedObject {
    let name = format!("event {}", event.words());
    TouchedObject { id: name.clone(), name, definition: "an event of this name".to_owned() }
}

fn right(event: &ObjectRef) -> Need {
    Need { one_of: vec!["EVENT"], on: On::Database(event.space.clone().unwrap_or_default()) }
}

/// This login sees the events of that database: the server hides them from everybody else.
async fn sees(asks: &mut dyn Asks, event: &ObjectRef) -> Result<bool, SessionError> {
    Ok(rights::of(asks, &[right(event)], "", None).await? == Rights::Held)
}

fn refuse<T>(why: impl Into<String>) -> Result<T, SessionError> {
    Err(SessionError::Unsupported(why.into()))
}

/// Looks at the making of one.
pub(super) async fn make(asks: &mut Reading<'_>, event: &Event, found: &mut Found) -> Result<(), SessionError> {
    let scheduler = super::sessions::setting_now(asks, "event_scheduler").await?.map(|now| now.definition);
    if scheduler.as_deref() != Some("ON") {
        let is = scheduler.unwrap_or_else(|| "hidden from this login".to_owned());
        return refuse(format!("event_scheduler is {is}: no event would run"));
    }
    if let Some(there) = known(asks, &event.object).await? {
        return refuse(format!("there is an event {} already: {}", event.object.words(), there.words()));
    }
    found.objects.push(touched(&event.object));
    found.check("event_scheduler", "ON");
    found.check(format!("no event {}", event.object.words()), "none");
    found.inverse = Inverse::Statements(vec![event.drop()]);
    found.blast.locks = "none when it is made; each run reads statistics beside the traffic".into();
    found.blast.at_least = Gravity::Medium;
    found.blast.notes.push(format!(
        "from then on the server itself runs, every {} hours and with the rights of the login that made it: {}",
        event.every_hours,
        event.body()
    ));
    found.blast.replicas = Some("they have it too, and do not run it".into());
    let (database, table) = (event.object.space.clone().unwrap_or_default(), &event.table.name);
    found.needs.push(right(&event.object));
    for privilege in ["SELECT", "INSERT"] {
        found.needs.push(Need::on_table(privilege, &database, table));
    }
    Ok(())
}

/// Looks at the dropping of one. What is of our form can be made again as it was.
pub(super) async fn remove(asks: &mut Reading<'_>, event: &ObjectRef, found: &mut Found) -> Result<(), SessionError> {
    found.objects.push(touched(event));
    found.inverse = match known(asks, event).await? {
        Some(there) => {
            found.blast.notes.push(format!("it is {}", there.words()));
            match ours(event, &there) {
                Some(event) => Inverse::Statements(vec![event.create()]),
                None => Inverse::None(format!("it is not of our making; it was {}", there.words())),
            }
        }
        None if sees(asks, event).await? => return refuse(format!("there is no event {}", event.words())),
        None => Inverse::None("events are hidden from the reading login; the fix login looks before it is sent".into()),
    };
    found.blast.locks = "none".into();
    found.blast.at_least = Gravity::Medium;
    found.needs.push(right(event));
    Ok(())
}

/// The event as we would make it, where that is what is there.
fn ours(event: &ObjectRef, there: &Known) -> Option<Event> {
    let every: u32 = there.every.parse().ok()?;
    let Form::Upkeep { tables, .. } = forms::read(&there.body).ok()? else { return None };
    let [table] = tables.as_slice() else { return None };
    let table = ObjectRef { space: table.database.clone(), name: table.name.clone() };
    let event = Event::new(event, every, Upkeep::Analyze, &table).ok()?;
    there.is(&event).then_some(event)
}

/// Whether an event is there, and does what it was made for.
pub(super) async fn in_force(asks: &mut Reading<'_>, event: &Event) -> Result<Verified, SessionError> {
    let name = event.object.words();
    Ok(match known(asks, &event.object).await? {
        Some(there) if there.is(event) => Verified::new(true, format!("{name} is enabled")),
        Some(there) => Verified::new(false, format!("{name} is {}", there.words())),
        None if sees(asks, &event.object).await? => Verified::new(false, format!("there is no event {name}")),
        None => Verified::unknown("events are hidden from a login without the right to make them"),
    })
}

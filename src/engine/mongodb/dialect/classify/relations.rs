//! Which collections a command reads: names that hold secrets are refused, views and collections that the catalogue
//! has a word about are looked up.

use super::Checked;
use super::shape::{text, unknown};
use crate::domain::guard::{Catalog, CatalogView, Class, Judgement};
use bson::Bson;

/// Collections of the server itself that hold no secret: the profiler's, the definitions of views, the buckets of
/// time series, and the configuration of a replica set.
const SYSTEM: &[&str] = &["system.profile", "system.views", "system.replset"];
/// Beginnings of such names.
const SYSTEM_FAMILIES: &[&str] = &["system.buckets."];
/// Collections with secrets outside `system.`: key material that shards trade.
const SECRET: &[&str] = &["external_validation_keys"];

/// The collections that a command reads, and what there is to say about them.
pub(super) struct Relations<'a> {
    database: Option<&'a str>,
    catalog: &'a Catalog,
    reservation: Option<Judgement>,
}

impl<'a> Relations<'a> {
    pub(super) fn new(database: Option<&'a str>, catalog: &'a Catalog) -> Self {
        Self { database, catalog, reservation: None }
    }

    /// Why a person should be asked before these are read.
    pub(super) fn into_reservation(self) -> Option<Judgement> {
        self.reservation
    }

    /// Notes that a collection is read.
    pub(super) fn read(&mut self, name: &Bson, of: &str) -> Checked {
        let name = text(name, of)?;
        well_formed(name)?;
        refuse_secret(name)?;
        if let Some(why) = self.asks(name, &mut Vec::new()) {
            self.reservation.get_or_insert_with(|| Judgement::needs_approval(Class::Read, why));
        }
        Ok(())
    }

    /// What the catalogue says about a collection or view, and about what that view reads.
    fn asks(&self, name: &str, seen: &mut Vec<String>) -> Option<String> {
        if seen.iter().any(|known| known == name) {
            return None;
        }
        seen.push(name.to_owned());
        let is = |listed: &str| {
            listed == name
                || self
                    .database
                    .is_some_and(|db| listed.strip_prefix(db).is_some_and(|rest| rest.strip_prefix('.') == Some(name)))
        };
        if self.catalog.foreign_tables.iter().any(|table| is(table)) {
            return Some(format!("{name} makes another server work"));
        }
        let view = self.catalog.views.iter().find(|view| is(&view.name))?;
        let unreviewed = |f: &&String| !self.catalog.safe_functions.contains(*f);
        if let Some(function) = view.functions.iter().find(unreviewed) {
            return Some(format!("the view {name} uses {function}, which is not known to only read"));
        }
        let CatalogView { relations, .. } = view;
        relations.iter().find_map(|relation| match refuse_secret(relation) {
            Err(refusal) => Some(format!("the view {name} reads {relation}: {}", refusal.reason)),
            Ok(()) => self.asks(relation, seen),
        })
    }
}

/// A collection's name that a server would take as one.
pub(super) fn well_formed(name: &str) -> Checked {
    if name.is_empty() || name.starts_with('.') || name.contains(['$', '\0']) {
        return Err(unknown("a collection's name is not empty and holds no `$`"));
    }
    Ok(())
}

/// Refuses collections of the server that hold secrets, or that are not known to hold none.
fn refuse_secret(name: &str) -> Checked {
    let lower = name.to_ascii_lowercase();
    // A name may be written with its database in front of it.
    let system = lower.starts_with("system.") || lower.contains(".system.");
    let known = SYSTEM.contains(&name) || SYSTEM_FAMILIES.iter().any(|family| name.starts_with(family));
    if system && !known || SECRET.iter().any(|secret| lower == *secret || lower.ends_with(&format!(".{secret}"))) {
        let reason = format!("{name} is a collection of the server that may hold credentials or keys");
        return Err(Judgement::deny(Class::Secret, reason));
    }
    Ok(())
}

/// Refuses changes of the server's own collections.
pub(super) fn own(name: &Bson) -> Result<&str, Judgement> {
    let name = text(name, "the collection")?;
    well_formed(name)?;
    if name.to_ascii_lowercase().starts_with("system.") {
        return Err(Judgement::deny(Class::Admin, format!("{name} belongs to the server")));
    }
    Ok(name)
}

//! Who keeps the incidents of a scenario: the rules alone, in memory, or the store.

use dba_gpt::domain::error::event::ErrorEvent;
use dba_gpt::domain::incident::book::{Book, Change};
use dba_gpt::domain::incident::limits::Terms;
use dba_gpt::domain::incident::{Act, Ended, Filter, Incident, Pattern};
use dba_gpt::domain::target::Timestamp;
use dba_gpt::store::{Retention, Store};
use tempfile::TempDir;

pub enum Keeper {
    /// A book that is never closed.
    Rules(Box<Book>),
    /// A store in a folder of its own.
    Store(TempDir, Option<Store>),
}

impl Keeper {
    pub fn rules() -> Self {
        Self::Rules(Box::default())
    }

    pub fn store() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        Self::Store(folder, Some(store))
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Rules(_) => "rules",
            Self::Store(..) => "store",
        }
    }

    pub async fn report(&mut self, events: Vec<ErrorEvent>, terms: &Terms, now: Timestamp) -> Vec<Change> {
        match self {
            Self::Rules(book) => {
                book.take(events, now, terms);
                book.close().changes
            }
            Self::Store(_, store) => store.as_ref().unwrap().report(events, terms.clone(), now).await.unwrap(),
        }
    }

    pub async fn end(&mut self, ended: Vec<Ended>) -> Vec<Change> {
        match self {
            Self::Rules(book) => {
                for ended in ended {
                    book.end(&ended);
                }
                book.close().changes
            }
            Self::Store(_, store) => store.as_ref().unwrap().end_conditions(ended).await.unwrap(),
        }
    }

    pub async fn settle(&mut self, terms: &Terms, now: Timestamp) -> Vec<Change> {
        match self {
            Self::Rules(book) => {
                book.settle(now, terms);
                book.close().changes
            }
            Self::Store(_, store) => store.as_ref().unwrap().settle_incidents(terms.clone(), now).await.unwrap(),
        }
    }

    pub async fn act(&mut self, id: u64, act: Act, at: Timestamp, who: Option<&str>) -> Result<(), String> {
        match self {
            Self::Rules(book) => {
                let done = book.act(id, &act, at, who).ok_or("there is no such incident")?;
                book.close();
                done.map_err(|refused| refused.to_string())
            }
            Self::Store(_, store) => {
                let store = store.as_ref().unwrap();
                store.act_on_incident(id, act, at, who).await.map(drop).map_err(|error| error.to_string())
            }
        }
    }

    /// The program ends and starts again.
    pub async fn restart(&mut self) {
        match self {
            Self::Rules(book) => {
                let mut again = Book::default();
                for incident in book.incidents() {
                    let written = serde_json::to_string(incident).unwrap();
                    again.know(serde_json::from_str(&written).unwrap());
                }
                let signatures: Vec<String> = book.incidents().map(|incident| incident.signature.clone()).collect();
                for pattern in signatures.iter().filter_map(|signature| book.pattern(signature)) {
                    again.know_pattern(pattern.clone());
                }
                **book = again;
            }
            Self::Store(folder, store) => {
                store.take().unwrap().close().await.unwrap();
                *store = Some(open(folder));
            }
        }
    }

    /// All incidents, by their numbers.
    pub async fn incidents(&self) -> Vec<Incident> {
        let mut incidents = match self {
            Self::Rules(book) => book.incidents().cloned().collect(),
            Self::Store(_, store) => {
                let resolved_since = Some(Timestamp(i64::MIN));
                let filter = Filter { resolved_since, most_resolved: 9999, ..Filter::default() };
                store.as_ref().unwrap().incidents(filter).await.unwrap()
            }
        };
        incidents.sort_by_key(|incident| incident.id);
        incidents
    }

    pub async fn pattern(&self, signature: &str) -> Option<Pattern> {
        match self {
            Self::Rules(book) => book.pattern(signature).cloned(),
            Self::Store(_, store) => store.as_ref().unwrap().pattern(signature, Timestamp(0)).await.unwrap(),
        }
    }
}

fn open(folder: &TempDir) -> Store {
    Store::open(&folder.path().join("data"), Timestamp(0), &Retention::default()).unwrap().store
}

//! For the tests of judges: the case that stands around observations written by hand.

use crate::domain::diagnosis::{Case, Observation};
use crate::domain::target::{Environment, Identity, Timestamp};
use std::collections::BTreeMap;

/// Works on a case of a development server whose database is `shop`, with no incident, nothing usual and no focus.
pub(super) fn with_case<T>(observation: &Observation, now: Timestamp, work: impl FnOnce(&Case<'_>) -> T) -> T {
    let identity = Identity { database: "shop".into(), ..Identity::default() };
    let usual = BTreeMap::new();
    work(&Case {
        now,
        identity: &identity,
        environment: Environment::Development,
        observation,
        incident: None,
        usual: &usual,
        focus: None,
        definitions: &[],
    })
}

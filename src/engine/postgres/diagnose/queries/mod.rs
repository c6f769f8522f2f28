//! What a diagnosis asks. Every query is a constant, reads system catalogues and statistics alone, is bounded in rows
//! and time, and waits for no lock: functions that open a relation leave out those that somebody shuts everybody out
//! of. `search_path` is `pg_catalog`.

mod counters;
mod further;
mod objects;
mod sessions;
mod state;

pub(super) use further::{COLUMNS, DEFINITIONS, LOCKS, RELATIONS, STATEMENT_TEXTS, WIDTHS};

use crate::domain::target::Identity;
use crate::engine::{Probe, Query, When};

/// Time for what is asked every half second.
const LIGHT_MS: u64 = 1_500;
/// Time for what is asked once or twice.
const HEAVY_MS: u64 = 3_000;

/// What is read on a server of this version.
pub(super) fn probes(identity: &Identity) -> Vec<Probe> {
    let version = identity.version_number;
    let often = |query| Probe { query, when: When::Often };
    let ends = |query| Probe { query, when: When::Ends };
    let once = |query| Probe { query, when: When::Once };
    let mut probes = vec![
        often(&sessions::SESSIONS),
        ends(&counters::DATABASES),
        ends(if version >= 130_000 { &counters::TABLES } else { &counters::TABLES_12 }),
        ends(&counters::INDEX_USE),
        ends(if version >= 170_000 { &counters::CHECKPOINTS } else { &counters::CHECKPOINTS_16 }),
        ends(if version >= 170_000 { &state::SLOTS } else { older_slots(version) }),
        ends(&state::PROGRESS),
        ends(&counters::ARCHIVER),
        once(&state::SERVER),
        once(&state::SETTINGS),
        once(&state::ROLE_SETTINGS),
        once(&state::ROLES),
        once(&state::SIZES),
        once(&state::AGES),
        once(&state::PREPARED),
        once(&state::REPLICATION),
        once(&state::RECEIVER),
        once(&state::WAL_FILES),
        ends(&state::TEMP_FILES),
        once(&objects::INDEXES),
        once(&objects::FOREIGN_KEYS),
        once(&objects::TABLE_SIZES),
    ];
    if version >= 140_000 {
        probes.push(ends(&counters::WAL));
    }
    if version >= 160_000 {
        probes.push(ends(&counters::IO));
    }
    // Without the extension it is refused with the words that tell how to get it.
    probes.push(ends(if version >= 130_000 { &counters::STATEMENTS } else { &counters::STATEMENTS_12 }));
    probes
}

fn older_slots(version: u32) -> &'static Query {
    if version >= 130_000 { &state::SLOTS_16 } else { &state::SLOTS_12 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_version_is_asked_for_the_same_names_but_what_came_later() {
        let names = |version| {
            let identity = Identity { version_number: version, ..Identity::default() };
            probes(&identity).iter().map(|probe| probe.query.name).collect::<Vec<_>>()
        };
        let oldest = names(120_000);
        for version in [130_000, 150_004, 160_000, 170_002, 180_000] {
            let now = names(version);
            let set: BTreeSet<&str> = now.iter().copied().collect();
            assert_eq!(set.len(), now.len(), "a name is asked once");
            assert!(oldest.iter().all(|name| set.contains(name)), "{version}");
        }
        assert!(names(180_000).contains(&"diagnose.io") && !names(150_000).contains(&"diagnose.io"));
    }
}

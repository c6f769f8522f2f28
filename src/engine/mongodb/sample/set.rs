//! `replSetGetStatus` -> the members of a set, and what they say as readings.

use crate::domain::metric::{self, Readings};
use crate::engine::mongodb::connect::Role;
use crate::engine::mongodb::wire::Fields as _;
use bson::RawDocument;
use std::collections::HashMap;

/// A member of a replica set, as the asked server sees it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mongodb) struct Member {
    /// `host:port`.
    pub(in crate::engine::mongodb) name: String,
    /// The server's number of its state.
    pub(in crate::engine::mongodb) state: i64,
    /// The server's word for it: `PRIMARY`.
    pub(in crate::engine::mongodb) state_word: String,
    /// It answers.
    pub(in crate::engine::mongodb) healthy: bool,
    /// It is the server that we asked.
    pub(in crate::engine::mongodb) is_self: bool,
    /// The last operation that it has, milliseconds since 1970; none for an arbiter.
    pub(in crate::engine::mongodb) optime: Option<i64>,
    /// Where it copies from.
    pub(in crate::engine::mongodb) source: String,
    /// Round trip from the asked server, milliseconds.
    pub(in crate::engine::mongodb) ping_ms: Option<i64>,
    /// Seconds since it started.
    pub(in crate::engine::mongodb) uptime: Option<i64>,
    /// How far it is kept behind on purpose, seconds.
    pub(in crate::engine::mongodb) delay: f64,
    /// What it says about itself or why it cannot be reached.
    pub(in crate::engine::mongodb) message: String,
}

impl Member {
    /// Its state is one in which it does its work: primary, secondary or arbiter.
    pub(in crate::engine::mongodb) fn works(&self) -> bool {
        self.healthy && matches!(self.state, 1 | 2 | 7)
    }
}

/// A replica set.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::engine::mongodb) struct Set {
    pub(in crate::engine::mongodb) members: Vec<Member>,
}

impl Set {
    /// From the reply of `replSetGetStatus`.
    pub(in crate::engine::mongodb) fn of(status: &RawDocument) -> Self {
        let text = |member: &RawDocument, field: &str| member.text(field).unwrap_or_default().to_owned();
        let members = status
            .documents("members")
            .into_iter()
            .map(|member| Member {
                name: text(member, "name"),
                state: member.int("state").unwrap_or(6),
                state_word: text(member, "stateStr"),
                healthy: member.flag("health"),
                is_self: member.flag("self"),
                // A member that holds no data has the beginning of time here.
                optime: member.moment("optimeDate").or_else(|| member.moment("optime.ts")).filter(|&at| at > 0),
                source: text(member, "syncSourceHost"),
                ping_ms: member.int("pingMs"),
                uptime: member.int("uptime"),
                delay: 0.0,
                message: [text(member, "lastHeartbeatMessage"), text(member, "infoMessage")]
                    .into_iter()
                    .find(|words| !words.is_empty())
                    .unwrap_or_default(),
            })
            .collect();
        Self { members }
    }

    /// Takes in how far members are kept behind on purpose, by name.
    pub(in crate::engine::mongodb) fn with_delays(mut self, delays: &HashMap<String, f64>) -> Self {
        for member in &mut self.members {
            member.delay = delays.get(&member.name).copied().unwrap_or(0.0);
        }
        self
    }

    /// How far a member is behind the newest operation that any member has, beyond what is wanted; seconds.
    pub(in crate::engine::mongodb) fn lag(&self, member: &Member) -> Option<f64> {
        let newest = self.members.iter().filter_map(|m| m.optime).max()?;
        let own = member.optime.filter(|_| member.state == 2)?;
        Some(((newest - own) as f64 / 1000.0 - member.delay).max(0.0))
    }
}

/// Delays of members by name, seconds, from the reply of `replSetGetConfig`.
pub(in crate::engine::mongodb) fn delays(config: &RawDocument) -> HashMap<String, f64> {
    let members = config.documents("config.members");
    let delay = |member: &&RawDocument| {
        let seconds = member.number("secondaryDelaySecs").or_else(|| member.number("slaveDelay"))?;
        Some((member.text("host")?.to_owned(), seconds))
    };
    members.iter().filter_map(delay).collect()
}

/// Readings of a set. A primary tells the worst lag of those that answer; others tell their own.
pub(super) fn read(set: &Set, role: Role, readings: &mut Readings) {
    let count = |wanted: &dyn Fn(&Member) -> bool| set.members.iter().filter(|m| wanted(m)).count() as f64;
    readings.insert(metric::PRIMARIES, count(&|m| m.healthy && m.state == 1));
    readings.insert(metric::MEMBERS_DOWN, count(&|m| !m.works()));
    readings.insert(metric::REPLICAS, count(&|m| m.healthy && m.state == 2));
    let lag = if role == Role::Primary {
        set.members.iter().filter(|m| m.healthy).filter_map(|m| set.lag(m)).reduce(f64::max)
    } else {
        set.members.iter().find(|m| m.is_self).and_then(|m| set.lag(m))
    };
    readings.extend(lag.map(|seconds| (metric::LAG, seconds)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{DateTime, RawDocumentBuf, rawdoc};

    fn status() -> RawDocumentBuf {
        let at = |seconds: i64| DateTime::from_millis(seconds * 1000);
        rawdoc! { "set": "rs0", "members": [
            { "name": "a:1", "health": 1.0, "state": 1, "stateStr": "PRIMARY", "optimeDate": at(1000), "self": true },
            { "name": "b:1", "health": 1.0, "state": 2, "stateStr": "SECONDARY", "optimeDate": at(993), "pingMs": 2_i64 },
            { "name": "c:1", "health": 0.0, "state": 8, "stateStr": "(not reachable/healthy)", "optimeDate": at(0) },
            { "name": "d:1", "health": 1.0, "state": 7, "stateStr": "ARBITER" },
        ] }
    }

    #[test]
    fn a_primary_tells_the_worst_lag_of_those_that_answer() {
        let mut readings = Readings::new();
        read(&Set::of(&status()), Role::Primary, &mut readings);
        for (id, value) in
            [(metric::LAG, 7.0), (metric::MEMBERS_DOWN, 1.0), (metric::PRIMARIES, 1.0), (metric::REPLICAS, 1.0)]
        {
            assert_eq!(readings.get(&id), Some(&value), "{id:?}");
        }
    }

    #[test]
    fn a_delay_that_is_wanted_is_no_lag() {
        let config = rawdoc! { "config": { "members": [
            { "host": "a:1", "secondaryDelaySecs": 0_i64 }, { "host": "b:1", "secondaryDelaySecs": 5_i64 },
        ] } };
        let mut readings = Readings::new();
        read(&Set::of(&status()).with_delays(&delays(&config)), Role::Primary, &mut readings);
        assert_eq!(readings.get(&metric::LAG), Some(&2.0));
    }

    #[test]
    fn a_set_of_one_has_no_lag() {
        let alone = rawdoc! { "members": [{ "name": "a:1", "health": 1.0, "state": 1, "self": true }] };
        let mut readings = Readings::new();
        read(&Set::of(&alone), Role::Primary, &mut readings);
        assert_eq!((readings.get(&metric::LAG), readings.get(&metric::MEMBERS_DOWN)), (None, Some(&0.0)));
    }
}

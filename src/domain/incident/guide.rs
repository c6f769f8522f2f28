//! What a fix does with the incident that it is for, from wherever that stands: another process, a person or time may
//! have moved it on. Acts that would be illegal there are not among them.

use super::stage::Stage;
use super::{Act, Incident};
use crate::domain::target::Timestamp;

/// A moment in the life of a fix, by the number of its proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// It waits for a person, also again.
    Waits,
    /// It was approved.
    Approved,
    /// It is being sent.
    Runs,
    /// It happened; whether it helped is looked at.
    Ran,
    /// It helped. The incident ends at this time, unless it comes again before; at once without one.
    Helped(Option<Timestamp>),
    /// It did not run, or did not help, and why.
    Failed(String),
}

/// The acts that bring an incident to where its fix is, in order; none when it is over or nothing is to be done.
pub fn acts(incident: &Incident, fix: u64, turn: &Turn) -> Vec<Act> {
    let way = [Act::Propose(fix), Act::Approve(fix), Act::Begin(fix), Act::Verify(fix)];
    let stands = match incident.stage {
        Stage::Resolved => return Vec::new(),
        Stage::Open | Stage::Reopened | Stage::Diagnosing => 0,
        Stage::Proposed => 1,
        Stage::Approved => 2,
        Stage::Acting => 3,
        Stage::Verifying => 4,
    };
    let to = match turn {
        Turn::Waits => 1,
        Turn::Approved => 2,
        Turn::Runs => 3,
        Turn::Ran => 4,
        Turn::Helped(until) if stands == 4 => {
            return vec![until.map_or(Act::Helped(fix), |until| Act::Hold(fix, until))];
        }
        Turn::Failed(words) if stands >= 1 => return vec![Act::Failed(fix, words.clone())],
        Turn::Helped(_) | Turn::Failed(_) => return Vec::new(),
    };
    if stands < to {
        return way[stands..to].to_vec();
    }
    // One fix after another: what was approved or looked at before makes way for this one. What runs does not.
    if stands > to && stands != 3 { way[..to].to_vec() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::error::event::{ErrorEvent, Source};
    use crate::domain::error::kind::{ErrorKind, Severity};
    use crate::domain::incident::Hold;
    use crate::domain::target::TargetId;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn at(stage: Stage) -> Incident {
        let event = ErrorEvent {
            at: NOW,
            target: TargetId::new("db"),
            engine: "any".into(),
            source: Source::Log,
            code: String::new(),
            kind: ErrorKind::Deadlock,
            severity: Severity::Error,
            object: None,
            message: "m".into(),
            statement: None,
            more: None,
            user: None,
            database: None,
            signature: "s".into(),
            group: "g".into(),
            title: "t".into(),
            transient: false,
            count: 1,
        };
        Incident { stage, ..Incident::new(1, &event, NOW) }
    }

    #[test]
    fn no_act_is_ever_refused() {
        let turns = [
            Turn::Waits,
            Turn::Approved,
            Turn::Runs,
            Turn::Ran,
            Turn::Helped(None),
            Turn::Helped(Some(NOW.plus_ms(1))),
            Turn::Failed("no".into()),
        ];
        for stage in Stage::ALL {
            for turn in &turns {
                let mut incident = at(stage);
                for act in acts(&incident.clone(), 7, turn) {
                    let done = incident.act(&act, NOW, Some("ann"));
                    assert_eq!(done, Ok(()), "{stage:?} {turn:?} {act:?}");
                }
            }
        }
    }

    #[test]
    fn a_fix_that_has_to_hold_ends_its_incident_later_and_not_when_it_comes_again() {
        let mut incident = at(Stage::Verifying);
        let until = NOW.plus_ms(60_000);
        for act in acts(&incident.clone(), 7, &Turn::Helped(Some(until))) {
            incident.act(&act, NOW, None).unwrap();
        }
        assert_eq!((incident.stage, incident.hold), (Stage::Verifying, Some(Hold { fix: 7, until })));
        incident.act(&Act::ComeAgain, NOW.plus_ms(1), None).unwrap();
        assert_eq!((incident.stage, incident.hold), (Stage::Reopened, None));
    }

    #[test]
    fn a_fix_takes_its_incident_all_the_way() {
        let mut incident = at(Stage::Open);
        let turns = [
            (Turn::Waits, Stage::Proposed),
            (Turn::Approved, Stage::Approved),
            (Turn::Runs, Stage::Acting),
            (Turn::Ran, Stage::Verifying),
            (Turn::Helped(None), Stage::Resolved),
        ];
        for (turn, stage) in turns {
            for act in acts(&incident.clone(), 7, &turn) {
                incident.act(&act, NOW, Some("ann")).unwrap();
            }
            assert_eq!(incident.stage, stage, "{turn:?}");
        }
        assert_eq!(incident.proposals, [7]);
    }
}

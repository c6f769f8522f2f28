//! What persons, fixes, errors and time do with an incident, and the timeline that tells of it.
//!
//! ```text
//! open --> diagnosing --> proposed --> approved --> acting --> verifying --> resolved --> reopened --> (as open)
//!   \________________________ resolved: quiet, condition ended, cause over, a person ____/
//! ```
//!
//! Acknowledged, silenced and escalated are no stages: each goes with any of the open ones.

use super::stage::{Resolution, Stage};
use super::{Hold, Incident, Silence};
use crate::domain::error::event::keep;
use crate::domain::target::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Most entries of a timeline that are kept: the first few and the newest.
pub const TIMELINE_ENTRIES: usize = 200;
/// Entries of the beginning that stay whatever comes after.
const FIRST_ENTRIES: usize = 20;

/// Something that touched an incident. Its words may hold untrusted text, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// In words.
    pub words: String,
    /// The stage that it led to, where it led to another one.
    pub stage: Option<Stage>,
    /// Whose doing it was; none for our own.
    pub who: Option<String>,
}

/// What can be done with an incident. Numbers are those of proposals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Causes are looked for.
    Diagnose,
    /// What was found when causes were looked for, in words. May hold untrusted text.
    Find(String),
    /// A fix was proposed, or another one.
    Propose(u64),
    /// A person wants none of the proposed fixes: this was the last one, and why.
    Decline(u64, String),
    /// A person approved the fix.
    Approve(u64),
    /// The fix begins.
    Begin(u64),
    /// The fix ran; whether it helped is looked at.
    Verify(u64),
    /// The fix helped; it is over when it does not come again before this time.
    Hold(u64, Timestamp),
    /// The fix helped.
    Helped(u64),
    /// The fix did not run, or did not help, and why.
    Failed(u64, String),
    /// A person takes care of it.
    Acknowledge,
    /// A person wants to hear nothing of it for a while.
    Silence {
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// A person wants to hear of it again.
    Unsilence,
    /// A person writes something down.
    Note(String),
    /// A person says that it is over, and why.
    Resolve(String),
    /// It is over by itself.
    End(Resolution),
    /// It came again after it was over or while the fix was looked at.
    ComeAgain,
    /// Nobody took care of it for too long.
    Escalate,
    /// The silence is over.
    EndSilence,
}

/// Why an act was not done, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// It does not go together with where the incident stands.
    #[error("{name} is {} and cannot become {}", .from.word(), .to.word())]
    Stage {
        /// The incident.
        name: String,
        /// Where it stands.
        from: Stage,
        /// Where it would have gone.
        to: Stage,
    },
    /// Only a person can do that.
    #[error("only a person can do that")]
    NoPerson,
    /// It is over.
    #[error("{0} is resolved")]
    Over(String),
    /// A silence has to end some time later, and to have a reason.
    #[error("a silence needs a reason and an end that is still to come")]
    EndlessSilence,
    /// There is nothing to do.
    #[error("{0}")]
    Already(String),
}

impl Incident {
    /// Does one thing and writes it down.
    ///
    /// # Errors
    /// When it cannot be done; nothing has changed then.
    pub fn act(&mut self, act: &Act, at: Timestamp, who: Option<&str>) -> Result<(), Refused> {
        match act {
            Act::Diagnose => self.go(Stage::Diagnosing, at, "causes are looked for", who),
            // Nobody looks for causes any more.
            Act::Find(words) if self.stage == Stage::Diagnosing => self.go(Stage::Open, at, words, who),
            Act::Find(words) => {
                self.tell(at, words, None, who);
                Ok(())
            }
            Act::Decline(id, why) => {
                let why = if why.trim().is_empty() { String::new() } else { format!(": {}", why.trim()) };
                self.go(Stage::Open, at, &format!("fix #{id} was declined{why}"), who)
            }
            Act::Propose(id) => {
                let words = format!("fix #{id} is proposed");
                if self.stage == Stage::Proposed {
                    self.tell(at, &words, None, who);
                } else {
                    self.go(Stage::Proposed, at, &words, who)?;
                }
                if !self.proposals.contains(id) {
                    self.proposals.push(*id);
                }
                Ok(())
            }
            Act::Approve(id) => {
                person(who)?;
                self.go(Stage::Approved, at, &format!("fix #{id} is approved"), who)?;
                if !self.proposals.contains(id) {
                    self.proposals.push(*id);
                }
                Ok(())
            }
            Act::Begin(id) => self.go(Stage::Acting, at, &format!("fix #{id} runs"), who),
            Act::Verify(id) => self.go(Stage::Verifying, at, &format!("fix #{id} ran; it is watched"), who),
            Act::Hold(id, until) => self.hold(*id, *until, at),
            Act::Helped(id) => self.end(Resolution::Fixed(*id), at, "", who),
            Act::Failed(id, words) => self.go(Stage::Open, at, &format!("fix #{id} did not help: {words}"), who),
            Act::Resolve(note) => {
                person(who)?;
                self.end(Resolution::Person, at, note, who)
            }
            Act::End(resolution) => self.end(resolution.clone(), at, "", who),
            Act::ComeAgain => {
                let held = self.hold.as_ref().map(|hold| hold.fix);
                let words = held.map_or_else(
                    || "it came again".to_owned(),
                    |fix| format!("it came again: fix #{fix} did not last"),
                );
                self.go(Stage::Reopened, at, &words, who)?;
                self.reopened += 1;
                self.resolved_at = None;
                self.resolution = None;
                // Whoever took care of it the last time may not be there any more.
                self.acknowledged_by = None;
                self.escalated_at = None;
                Ok(())
            }
            Act::Acknowledge | Act::Silence { .. } | Act::Unsilence | Act::Note(_) => {
                self.attend(act, at, person(who)?)
            }
            Act::Escalate => {
                self.escalated_at = Some(at);
                self.tell(at, "escalated: nobody has acknowledged it", None, None);
                Ok(())
            }
            Act::EndSilence => {
                self.silence = None;
                self.tell(at, "the silence is over", None, None);
                Ok(())
            }
        }
    }

    /// What a person does beside the stages.
    fn attend(&mut self, act: &Act, at: Timestamp, who: &str) -> Result<(), Refused> {
        if !self.stage.is_open() && !matches!(act, Act::Note(_)) {
            return Err(Refused::Over(self.name()));
        }
        match act {
            Act::Acknowledge => {
                if self.acknowledged_by.as_deref() == Some(who) {
                    return Err(Refused::Already(format!("{} is acknowledged by {who} already", self.name())));
                }
                self.acknowledged_by = Some(who.to_owned());
                self.tell(at, "acknowledged", None, Some(who));
            }
            Act::Silence { until, reason } => {
                if *until <= at || reason.trim().is_empty() {
                    return Err(Refused::EndlessSilence);
                }
                let reason = keep(reason.trim());
                self.tell(at, &format!("silenced until {} UTC: {reason}", until.date_time(0)), None, Some(who));
                self.silence = Some(Silence { until: *until, reason, by: who.to_owned() });
            }
            Act::Unsilence => {
                if self.silence.take().is_none() {
                    return Err(Refused::Already(format!("{} is not silenced", self.name())));
                }
                self.tell(at, "the silence was lifted", None, Some(who));
            }
            Act::Note(words) => self.tell(at, words.trim(), None, Some(who)),
            _ => {}
        }
        Ok(())
    }

    /// Writes down what happened. Secrets go, and so does the middle of a timeline that grows too long.
    pub(super) fn tell(&mut self, at: Timestamp, words: &str, stage: Option<Stage>, who: Option<&str>) {
        self.timeline.push(Happening { at, words: keep(words), stage, who: who.map(str::to_owned) });
        if self.timeline.len() > TIMELINE_ENTRIES {
            self.timeline.remove(FIRST_ENTRIES);
        }
    }

    fn go(&mut self, to: Stage, at: Timestamp, words: &str, who: Option<&str>) -> Result<(), Refused> {
        if !self.stage.may_become(to) {
            return Err(Refused::Stage { name: self.name(), from: self.stage, to });
        }
        self.stage = to;
        self.hold = None;
        self.tell(at, words, Some(to), who);
        Ok(())
    }

    fn hold(&mut self, fix: u64, until: Timestamp, at: Timestamp) -> Result<(), Refused> {
        if self.stage != Stage::Verifying {
            return Err(Refused::Stage { name: self.name(), from: self.stage, to: Stage::Verifying });
        }
        self.hold = Some(Hold { fix, until });
        let words = format!("fix #{fix} helped; it is over when nothing comes again until {} UTC", until.date_time(0));
        self.tell(at, &words, None, None);
        Ok(())
    }

    fn end(&mut self, how: Resolution, at: Timestamp, note: &str, who: Option<&str>) -> Result<(), Refused> {
        let mut words = format!("resolved: {}", how.words());
        if !note.trim().is_empty() {
            words.push_str(": ");
            words.push_str(note.trim());
        }
        self.go(Stage::Resolved, at, &words, who)?;
        // Nothing is over before it was seen, and what went quiet was over with its last error: the wait for more of
        // them is ours.
        let over = if how == Resolution::Quiet { self.last_at } else { at };
        self.resolved_at = Some(over.max(self.detected_at));
        self.resolution = Some(how);
        Ok(())
    }
}

fn person(who: Option<&str>) -> Result<&str, Refused> {
    who.filter(|who| !who.is_empty()).ok_or(Refused::NoPerson)
}

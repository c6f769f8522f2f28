//! Checking the audit log: every record against its link, its place and the anchors.

use super::anchor::{Anchor, Found};
use super::chain::{Key, ORIGIN, Stored};
use crate::domain::text::hex;

/// Something that is wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tampering {
    /// A record's text, time or kind is not what was written, or it was never written by us.
    Changed {
        /// Its number.
        number: i64,
    },
    /// Records are missing from the middle or the beginning.
    Missing {
        /// The first that is missing.
        from: i64,
        /// The last that is missing.
        to: i64,
    },
    /// A record stands where another one stood: records were put in another order, or one was put in.
    Misplaced {
        /// Its number.
        number: i64,
    },
    /// Records are missing from the end: an anchor knows more.
    CutShort {
        /// The last that is there.
        last: i64,
        /// The last that an anchor knows.
        anchored: i64,
    },
    /// The anchor belongs to another log, or to another history of this one: an old copy was put back and written on.
    Replaced {
        /// The number at which they differ.
        number: i64,
    },
    /// The anchor was not written with this log's key.
    AnchorForged,
    /// The log has no anchor, and was begun with one: somebody removed it.
    AnchorMissing,
    /// The log's file is gone, or nothing is in it.
    Gone {
        /// The last record that an anchor knows.
        anchored: i64,
    },
    /// The log's file is damaged, or no database any more.
    Unreadable,
}

impl Tampering {
    /// The word in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "changed",
            Self::Missing { .. } => "missing",
            Self::Misplaced { .. } => "misplaced",
            Self::CutShort { .. } => "cut-short",
            Self::Replaced { .. } => "replaced",
            Self::AnchorForged => "anchor-forged",
            Self::AnchorMissing => "anchor-missing",
            Self::Gone { .. } => "gone",
            Self::Unreadable => "unreadable",
        }
    }
}

impl std::fmt::Display for Tampering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed { number } => write!(f, "record {number} is not as it was written"),
            Self::Missing { from, to } if from == to => write!(f, "record {from} is missing"),
            Self::Missing { from, to } => write!(f, "records {from} to {to} are missing"),
            Self::Misplaced { number } => write!(f, "record {number} does not follow the one before it"),
            Self::CutShort { last, anchored } => {
                write!(f, "the log ends at record {last}, and the anchor knows of {anchored}")
            }
            Self::Replaced { number } => {
                write!(f, "another log stands here: it differs from the anchored one at record {number}")
            }
            Self::AnchorForged => f.write_str("the anchor was not written with this log's key"),
            Self::AnchorMissing => f.write_str("the anchor is missing"),
            Self::Gone { anchored } => {
                write!(f, "the log's file is gone or empty, and the anchor knows of {anchored} records")
            }
            Self::Unreadable => f.write_str("the log's file is damaged, or no database any more"),
        }
    }
}

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Records looked at.
    pub records: u64,
    /// The newest link in hexadecimal digits, to be compared with a copy kept elsewhere.
    pub head: String,
    /// What is wrong; empty when nothing is.
    pub tampering: Vec<Tampering>,
}

/// Most findings that are listed: after so many, more say nothing new.
const MOST: usize = 100;

/// Checks records one after the other.
pub(super) struct Check<'a> {
    key: &'a Key,
    log: &'a [u8],
    anchors: Vec<Anchor>,
    number: i64,
    link: Vec<u8>,
    out: Verified,
}

impl<'a> Check<'a> {
    /// Of this log, against these anchors.
    pub(super) fn new(key: &'a Key, log: &'a [u8], found: Vec<Found>) -> Self {
        let mut out = Verified::default();
        let mut anchors = Vec::new();
        for each in found {
            match each {
                Found::Nothing => {}
                Found::Forged => out.tampering.push(Tampering::AnchorForged),
                Found::Anchor(anchor) if anchor.log != log => {
                    out.tampering.push(Tampering::Replaced { number: 1 });
                }
                Found::Anchor(anchor) => anchors.push(anchor),
            }
        }
        if anchors.is_empty() && out.tampering.is_empty() {
            out.tampering.push(Tampering::AnchorMissing);
        }
        Self { key, log, anchors, number: 0, link: ORIGIN.to_vec(), out }
    }

    /// The next record in the order of numbers.
    pub(super) fn record(&mut self, record: &Stored) {
        self.out.records += 1;
        let next = self.number + 1;
        let gap = record.number != next;
        if gap {
            self.add(Tampering::Missing { from: next, to: record.number - 1 });
        }
        // A record is judged by the link it claims to follow, so that one change is told once and where it is.
        if record.expected(self.key, self.log, &record.before).as_slice() != record.link {
            self.add(Tampering::Changed { number: record.number });
        } else if !gap && record.before != self.link {
            self.add(Tampering::Misplaced { number: record.number });
        }
        let differs = self.anchors.iter().any(|a| a.number == record.number && a.link != record.link);
        if differs {
            self.add(Tampering::Replaced { number: record.number });
        }
        self.number = record.number;
        self.link.clone_from(&record.link);
    }

    /// The verdict, after the last record.
    pub(super) fn end(mut self) -> Verified {
        let anchored = self.anchors.iter().map(|a| a.number).max().unwrap_or(0);
        if anchored > self.number {
            let last = self.number;
            self.add(Tampering::CutShort { last, anchored });
        }
        self.out.head = hex(&self.link);
        self.out
    }

    fn add(&mut self, finding: Tampering) {
        if self.out.tampering.len() < MOST {
            self.out.tampering.push(finding);
        }
    }
}

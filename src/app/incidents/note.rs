//! What is typed about an incident in one line: how long it is silenced and why, how it ended, why it is open again.

use super::words;
use crate::app::line::Line;
use crate::domain::incident::Act;
use crate::domain::target::Timestamp;
use crate::domain::text::redact;

/// What the line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// For how long nobody wants to hear of it, and why.
    Silence,
    /// How it ended.
    Resolve,
    /// Why it is open again.
    Reopen,
    /// Something to remember of it.
    Note,
}

/// A line that is typed about an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The incident.
    pub id: u64,
    /// What the line is for.
    pub about: About,
    /// What is typed.
    pub line: Line,
}

impl Note {
    /// An empty one.
    pub fn new(id: u64, about: About) -> Self {
        Self { id, about, line: Line::default() }
    }

    /// What is asked, before the line.
    pub fn prompt(&self) -> &'static str {
        match self.about {
            About::Silence => "silence for how long, and why: ",
            About::Resolve => "resolved by: ",
            About::Reopen => "open again because: ",
            About::Note => "write down: ",
        }
    }

    /// An example, where the line is empty.
    pub fn example(&self) -> &'static str {
        match self.about {
            About::Silence => "2h the disk is being swapped",
            About::Resolve => "restarted the worker; may stay empty",
            About::Reopen => "it is still slow; may stay empty",
            About::Note => "asked the network team",
        }
    }

    /// The acts that the line stands for, in order.
    ///
    /// # Errors
    /// Words for a silence without its length or its reason, and for a note that says nothing.
    pub fn acts(&self, now: Timestamp) -> Result<Vec<Act>, String> {
        let text = redact(self.line.text().trim());
        Ok(match self.about {
            About::Silence => {
                let (ms, reason) = words::silence(&text)?;
                let until = now.plus_ms(i64::try_from(ms).unwrap_or(0));
                vec![Act::Silence { until, reason }]
            }
            About::Resolve => vec![Act::Resolve(text)],
            About::Reopen if text.is_empty() => vec![Act::ComeAgain],
            About::Reopen => vec![Act::ComeAgain, Act::Note(text)],
            About::Note if text.is_empty() => return Err("write something down, or Esc".to_owned()),
            About::Note => vec![Act::Note(text)],
        })
    }
}

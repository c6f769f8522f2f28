//! Server logs as values: bytes of a file, a pipe or a command become events, whatever the server and its format.
//!
//! ```text
//! bytes --Lines--> lines --Envelope--> lines --LogReader (of an engine)--> LogEvent, each given to a sink once
//!      (bounded)        (syslog, journal,       continuation lines joined
//!                        container logs)        per process (OpenEvents)
//! ```
//!
//! Nothing here reads a file or a clock. A reader holds at most [`event::EVENT_BYTES`] of each open event, whatever comes; what
//! is left out is counted in the event. All text of an event is untrusted.

pub mod envelope;
pub mod event;
pub mod format;
pub mod json;
pub mod lines;
pub mod namer;
pub mod open;
pub mod rules;
pub mod shape;
pub mod stream;
pub mod time;

pub use event::{Level, LogEvent, Sink};
pub use format::{Line, LogFormat, LogOptions, LogReader, open};
pub use namer::LogNamer;
pub use rules::{LogRule, LogRules};
pub use stream::LogStream;

//! How safe a target's connection is: facts about it -> a score with reasons, and a comparison with the targets beside
//! it. Pure: the configuration and the engine give the facts, and what a login saw is added when there was one.
//!
//! ```text
//! facts     what is known, with "not known" as a case of its own
//! rules     one table: each rule with its points and the reason for them
//! patterns  what most other targets do and this one does not
//! address   where an address leads: this machine, a private network, everybody's
//! ```

mod address;
mod facts;
mod patterns;
mod rules;

pub use address::Reach;
pub use facts::{Encryption, Facts, KeptIn, Seen, Strength};
pub use patterns::{Pattern, patterns};
pub use rules::{RULES, Reason, Report, Rule, SERIOUS, judge};

//! When to try a target again: how a failure can go away, how long to wait, and when to stop asking.
//!
//! ```text
//! recovery   a failure goes away by itself, by a change of settings, or by a new secret
//! backoff    exponential waits with full jitter between quick retries
//! breaker    closed -> open -> half-open (one probe) -> closed
//! contact    the three together, for one target: its collector's next attempt, and whether a login may be tried
//! ```
//!
//! Pure: time is an argument, and chance comes from a seeded generator, so a year of failures is tested in a moment.

mod backoff;
mod breaker;
mod contact;
mod recovery;

pub use backoff::{Backoff, Jitter};
pub use breaker::{Breaker, BreakerLimits, Gate, Permission};
pub use contact::Contact;
pub use recovery::Recovery;

/// How patient the program is with a target that fails. From the configuration; the defaults are those of the
/// settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Quick retries after a failure that may go away by itself.
    pub backoff: Backoff,
    /// When the collector stops trying quickly.
    pub breaker: BreakerLimits,
    /// When logins and a person's own retries are held back: servers lock accounts after some wrong passwords, so
    /// these failures are counted over a longer time and cost a longer wait.
    pub logins: BreakerLimits,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            breaker: BreakerLimits::default(),
            logins: BreakerLimits { failures: 10, within_ms: 3_600_000, open_ms: 3_600_000 },
        }
    }
}

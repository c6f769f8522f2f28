//! Connecting, as a DBA thinks about it: what a URL says, why a connection failed, and which setting would mend it.
//!
//! ```text
//! url        a URL's parts, to change one and leave the others
//! change     a changed setting: proposed, applied by one key, remembered when it worked
//! approach   what an engine's servers look like from outside
//! probe      which few looks tell most about a failure, and what they found
//! diagnosis  all of it -> likely causes, each with the setting that would mend it
//! ```

mod approach;
mod change;
mod diagnosis;
mod probe;
mod url;

pub use approach::{Approach, UsualPort};
pub use change::{Change, KnownFix};
pub use diagnosis::{Case, Finding, address_parts, diagnose};
pub use probe::{Answer, FamilyAnswer, Found, Language, MOST_PROBES, PROBE_MS, Probe, plan};
pub use url::UrlParts;

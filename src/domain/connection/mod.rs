//! Connecting, as a DBA thinks about it: what a URL says, why a connection failed, and which setting would mend it.
//!
//! ```text
//! url      a URL's parts, to change one and leave the others
//! change   a changed setting: proposed, applied by one key, remembered when it worked
//! ```

mod change;
mod url;

pub use change::{Change, KnownFix};
pub use url::UrlParts;

//! Where the bytes of server logs come from: files that grow, rotate and are compressed, with the place kept at which
//! the last look ended. What the bytes say is the engines' business (`Dialect`); when to look, the runtime's.
//!
//! ```text
//! file       one file from its beginning to its end
//! identity   which file this is, whatever it is called now
//! follow     files that match a pattern: what was added since the last look
//! resume     a program that prints a log: what it did not print before
//! ```

pub mod file;
pub mod follow;
pub mod identity;
pub mod resume;

//! Errors: what a server or a client said went wrong, named by engine, code and kind, and made comparable.
//!
//! ```text
//! text (+ code) --ErrorNaming--> code, object --Catalogue--> kind, severity, meaning, advice
//!                                     |
//!                                     +--> signature (the key of a pattern), group (the better one)
//! ```

pub mod catalogue;
pub mod event;
pub mod group;
pub mod kind;
pub mod messages;
pub mod naming;
pub mod signature;
pub mod words;
pub mod wrapping;

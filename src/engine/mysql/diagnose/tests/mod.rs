//! Judges and procedures on rows written by hand, with the look-alike of each case.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod locks;
mod objects;
mod work;
mod written;

//! Plans for scenes that were written by hand, each with the look-alike that must be left alone.
#![allow(clippy::unwrap_used)]

mod objects;
mod scene;
mod sessions;
mod storage;

//! RESP, the protocol of Redis, in versions 2 and 3: commands out, bounded replies in.
//!
//! Our own, because the ready-made client holds every reply whole: reading one value of 512 MB took it to 1.0 GB of
//! memory (redis 1.8.1, measured), and no setting cuts a reply while it arrives. Ours keeps the beginning of a cell
//! and passes over the rest.

mod client;
mod decode;
mod fence;
mod pulse;
mod reply;

pub(crate) use client::{Wire, WireError};
pub(crate) use decode::Bounds;
pub(crate) use fence::Fence;
pub(crate) use pulse::Pulse;
pub(crate) use reply::Reply;

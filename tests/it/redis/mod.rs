//! Redis and Valkey on real servers: connections, reads and their bounds, gates, samples, questions.

mod acts;
mod connect;
mod guard;
mod observe;
mod questions;
mod read;
pub mod support;

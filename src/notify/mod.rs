//! Delivers news of incidents outside of the program: to one webhook, if the configuration names one.

mod payload;
mod webhook;

pub use payload::payload;
pub use webhook::{Undelivered, Webhook};

//! Statements of one exact form, made by us alone and read back only when every byte is as we would write it.

pub(in crate::engine::postgres) mod cron;

//! The headless commands: their output, their talk, their exit codes.

mod approvals;
mod approve;
mod audit;
mod diagnose;
mod fixes;
mod incidents;
mod postgres;
mod program;
mod questions;
mod rig;
mod rules;
mod selftest;
mod statements;
mod surroundings;
mod targets;

//! What several groups of tests share: the real servers, a terminal for the real program, a network that fails on
//! command, and what a process costs.
#![allow(dead_code, reason = "a box of tools: each group of tests takes what it needs")]

pub mod at_hand;
pub mod clock;
pub mod demo;
pub mod hands;
pub mod mongo;
pub mod process;
pub mod proxy;
pub mod servers;
pub mod terminal;
pub mod trusting;

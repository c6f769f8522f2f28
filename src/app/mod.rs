//! The program as one pure state machine: `update(&mut Model, Event) -> Vec<Effect>`.
//!
//! The same machine runs behind the screens and without one. It knows no driver, no screen, no clock and no async:
//! time arrives in events, and everything it wants done leaves as an effect.

mod access;
pub mod action;
pub mod analysis;
pub mod approvals;
mod boxes;
pub mod chat;
pub mod command;
pub mod connection;
pub mod connection_pane;
pub mod conversation;
mod detection;
pub mod diagnosis;
pub mod dossier;
pub mod effect;
pub mod event;
pub mod export;
pub mod fleet;
pub mod healing;
pub mod health;
mod history;
pub mod incidents;
pub mod library;
pub mod line;
pub mod list;
pub mod model;
pub mod overlay;
pub mod pane;
pub mod registry;
mod respond;
pub mod rules;
pub mod security;
mod sessions;
pub mod simulate;
pub mod table;
pub mod turn;
pub mod update;

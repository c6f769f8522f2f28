//! Errors of real servers, named from their words alone: what the server answers is handed over without the code that it
//! came with, and code and kind must come back. Lines of our own stand in for what cannot be provoked here.

#![allow(clippy::enum_glob_use, reason = "tables of kinds read better without the name of the list before each")]

mod mongodb;
mod oracle;
mod postgres;
mod mysql;

//! The fixing door on real servers: every form from the survey through an approval to its effect and back again, and
//! every way in which something may move in between.

mod bench;
mod events;
mod kinds;
mod objects;
mod refused;
mod rows;

//! Acts on real servers: looked at by a login that can only read, approved the honest way, carried out by the fix
//! login, and undone.

mod beside;
mod broken;
mod cron;
mod kinds;
mod moved;
mod objects;
mod rig;
mod rows;
mod words;

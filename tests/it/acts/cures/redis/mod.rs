//! Redis and Valkey, on servers of the tests' own: each cause is brought about on both, found as a root, and its plan is
//! approved, carried out and verified, and taken back where it can be; look-alikes are left alone.

mod clients;
mod commands;
mod memory;
mod replication;
mod snapshots;

use super::registry::{self, Dice};
use super::*;
use crate::redis::support::{Own, PATIENCE, Raw, skipped};
use crate::support::servers;
use dba_gpt::domain::procedure::Check;
use std::time::Instant;

/// Every scenario of these servers.
pub(super) fn all() -> impl Iterator<Item = &'static registry::Cure> {
    [clients::CURES, commands::CURES, memory::CURES, replication::CURES, snapshots::CURES].into_iter().flatten()
}

fn at_hand() -> bool {
    !skipped()
}

/// Runs a scenario on Redis, and on Valkey where that is at hand, both with what one seed says.
async fn on_both<F: Future<Output = ()>>(seed: u64, scenario: impl Fn(Program, Dice) -> F) {
    scenario(Program("redis-server".into()), Dice::new(seed)).await;
    if let Some(url) = servers::valkey_url() {
        let info = Raw::connect(&url).ask_whole(&["INFO", "server"]);
        let program = info.lines().find_map(|line| line.strip_prefix("executable:")).unwrap().trim();
        scenario(Program(program.into()), Dice::new(seed)).await;
    }
}

/// A server program.
struct Program(String);

impl Program {
    /// A server with these lines of configuration, the program's way to it, and a client.
    fn start(&self, configuration: &[&str]) -> (Own, Bed, Raw) {
        let own = Own::start_program(&self.0, configuration);
        let (bed, raw) = (Bed::at(&own.url()), Raw::connect(&own.url()));
        (own, bed, raw)
    }
}

/// A setting as the server has it.
fn setting(raw: &mut Raw, name: &str) -> String {
    raw.ask_whole(&["CONFIG", "GET", name]).lines().nth(1).unwrap_or_default().to_owned()
}

/// A number of INFO.
fn number(raw: &mut Raw, name: &str) -> u64 {
    let info = raw.ask(&["INFO"]);
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name} in {info}")).trim().parse().unwrap()
}

/// Waits until INFO has this line.
fn until(raw: &mut Raw, line: &str) {
    let begun = Instant::now();
    while !raw.ask(&["INFO"]).lines().any(|own| own == line) {
        assert!(begun.elapsed() < PATIENCE, "{line} never came: {}", raw.ask(&["INFO"]));
        pause(raw);
    }
}

/// Lets the server wait for a moment: a client that blocks there takes nobody's time.
fn pause(raw: &mut Raw) {
    raw.ask_whole(&["BLPOP", "nobody-pushes-this", "0.02"]);
}

/// Keys `k:1`, `k:2` ... of so many bytes each. Those whose number is not above `expiring` expire in some hours.
fn fill(raw: &mut Raw, keys: std::ops::RangeInclusive<u32>, bytes: u32, expiring: u32) {
    let script = "for i = ARGV[1], ARGV[2] do \
                  if i <= tonumber(ARGV[4]) then redis.call('SET', 'k:' .. i, string.rep('x', ARGV[3]), 'EX', 10000) \
                  else redis.call('SET', 'k:' .. i, string.rep('x', ARGV[3])) end end return 1";
    let [first, last, bytes, expiring] = [*keys.start(), *keys.end(), bytes, expiring].map(|n| n.to_string());
    assert_eq!(raw.ask(&["EVAL", script, "0", &first, &last, &bytes, &expiring]), ":1");
}

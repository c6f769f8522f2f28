//! Memory: the limit and what happens at it, keys thrown out, and memory that the allocator cannot give back.

use super::picture::Picture;
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};
use crate::domain::metric::bytes;

/// Share of the limit from which writes are about to be refused (awesome-prometheus-alerts: 90 %).
const FULL: f64 = 0.9;
/// Below this share there is room.
const ROOMY: f64 = 0.8;
/// With fewer expiring keys than this share, a `volatile-*` policy has next to nothing to throw out.
const SOME_EXPIRE: f64 = 0.05;
/// Keys a second that are thrown out from here on are felt whatever the hit ratio is.
const MANY_EVICTIONS: f64 = 10.0;
/// A cache that answers less than this share of its reads helps little.
const GOOD_HITS: f64 = 0.8;
/// Reads below which a hit ratio says nothing.
const ENOUGH_READS: f64 = 100.0;
/// The resident memory is this much larger than what is in use (Redis doctor: 1.4) ...
const FRAGMENTED: f64 = 1.5;
/// ... and by this many bytes: the default of active-defrag-ignore-bytes.
const FRAGMENTED_BYTES: f64 = 104_857_600.0;

pub(super) fn judge(picture: &Picture<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    let mut found = Vec::new();
    found.extend(pressure(picture, unknown));
    found.extend(evictions(picture));
    found.extend(fragmentation(picture));
    found
}

/// Whether the policy finds something to throw out at the limit.
pub(in crate::engine::redis) fn makes_room(picture: &Picture<'_>) -> bool {
    let policy = picture.policy();
    policy.starts_with("allkeys-")
        || (policy.starts_with("volatile-") && picture.expiring_share().is_some_and(|share| share >= SOME_EXPIRE))
}

fn pressure(picture: &Picture<'_>, unknown: &mut Vec<String>) -> Option<Hypothesis> {
    let cause = Cause::MemoryPressure;
    let refused = picture.errors("OOM");
    let Some((used, limit)) = picture.memory() else { return unlimited(picture, unknown) };
    let share = used / limit;
    let mut evidence = vec![format!(
        "{} of {} (maxmemory) are used, {:.0} %; the policy is {}",
        bytes(used),
        bytes(limit),
        share * 100.0,
        picture.policy()
    )];
    evidence.extend(takers(picture));
    if refused > 0.0 {
        evidence.push(format!("{refused:.0} commands were refused with OOM in {:.0} s", picture.seconds));
        return Some(Hypothesis::new(cause, Verdict::Supported, 0.97, evidence));
    }
    let (verdict, confidence) = match share {
        _ if share >= FULL && !makes_room(picture) => (Verdict::Supported, 0.9),
        _ if share >= FULL => {
            evidence.push("at the limit the policy makes room: that is how a cache works".to_owned());
            (Verdict::Refuted, 0.7)
        }
        _ if share >= ROOMY && !makes_room(picture) => (Verdict::Inconclusive, 0.5),
        _ => (Verdict::Refuted, 0.9),
    };
    Some(Hypothesis::new(cause, verdict, confidence, evidence))
}

/// Without a limit the machine's memory is the limit, and its end is the server's.
fn unlimited(picture: &Picture<'_>, unknown: &mut Vec<String>) -> Option<Hypothesis> {
    let used = picture.now("used_memory")?;
    let (Some(resident), Some(all)) =
        (picture.now("used_memory_rss"), picture.now("total_system_memory").filter(|all| *all > 0.0))
    else {
        unknown.push(
            "how much memory the machine has is not said by this server: without a maxmemory the limit is not known"
                .to_owned(),
        );
        return None;
    };
    let share = resident / all;
    let evidence = vec![format!(
        "{} are used and {} resident, {:.0} % of the machine's {}; there is no maxmemory",
        bytes(used),
        bytes(resident),
        share * 100.0,
        bytes(all)
    )];
    let (verdict, confidence) = match share {
        _ if share >= FULL => (Verdict::Supported, 0.85),
        _ if share >= ROOMY => (Verdict::Inconclusive, 0.5),
        _ => (Verdict::Refuted, 0.85),
    };
    Some(Hypothesis::new(Cause::MemoryPressure, verdict, confidence, evidence))
}

/// Who takes the memory, where it is not mostly the data.
pub(in crate::engine::redis) fn takers(picture: &Picture<'_>) -> Vec<String> {
    let Some(used) = picture.now("used_memory").filter(|used| *used > 0.0) else { return Vec::new() };
    [
        ("mem_clients_normal", "buffers of clients"),
        ("mem_clients_slaves", "buffers of replicas"),
        ("mem_replication_backlog", "the replication backlog"),
        ("mem_aof_buffer", "the buffer of the append-only file"),
        ("used_memory_scripts", "scripts and functions"),
    ]
    .into_iter()
    .filter_map(|(name, words)| {
        let taken = picture.now(name).filter(|taken| *taken >= used * 0.1)?;
        Some(format!("{words} take {} ({:.0} %)", bytes(taken), taken / used * 100.0))
    })
    .collect()
}

fn evictions(picture: &Picture<'_>) -> Option<Hypothesis> {
    let (gone, rate) = (picture.grew("evicted_keys")?, picture.rate("evicted_keys")?);
    if gone == 0.0 {
        let evidence = vec![format!("no key was thrown out in {:.0} s", picture.seconds)];
        return Some(Hypothesis::new(Cause::Evictions, Verdict::Refuted, 0.9, evidence));
    }
    let mut evidence = vec![format!(
        "{gone:.0} keys were thrown out in {:.0} s ({rate:.1} a second, {})",
        picture.seconds,
        picture.policy()
    )];
    let (hits, misses) = (picture.grew("keyspace_hits").unwrap_or(0.0), picture.grew("keyspace_misses").unwrap_or(0.0));
    let ratio = (hits + misses >= ENOUGH_READS).then(|| hits / (hits + misses));
    evidence.extend(ratio.map(|ratio| format!("{:.0} % of the reads found their key", ratio * 100.0)));
    let loses_data =
        picture.policy().starts_with("allkeys-") && picture.expiring_share().is_some_and(|s| s < SOME_EXPIRE);
    if loses_data {
        evidence.push(
            "next to no key expires by itself: what is thrown out may be data that nobody has elsewhere".to_owned(),
        );
    }
    let (verdict, confidence) = if ratio.is_some_and(|ratio| ratio < GOOD_HITS) {
        (Verdict::Supported, 0.9)
    } else if rate >= MANY_EVICTIONS || loses_data {
        (Verdict::Supported, 0.85)
    } else {
        (Verdict::Inconclusive, 0.5)
    };
    Some(Hypothesis::new(Cause::Evictions, verdict, confidence, evidence))
}

/// Bytes that the allocator holds beyond what is in use, where they matter.
pub(in crate::engine::redis) fn fragmented(picture: &Picture<'_>) -> Option<(f64, f64)> {
    let (used, resident) = (picture.now("used_memory")?, picture.now("used_memory_rss")?);
    let ratio = resident / used.max(1.0);
    (ratio >= FRAGMENTED && resident - used >= FRAGMENTED_BYTES).then_some((ratio, resident - used))
}

fn fragmentation(picture: &Picture<'_>) -> Option<Hypothesis> {
    let (ratio, more) = fragmented(picture)?;
    let evidence = vec![format!(
        "the server holds {} more than is in use, {ratio:.1} times as much (used_memory_rss against used_memory)",
        bytes(more)
    )];
    Some(Hypothesis::new(Cause::Bloat, Verdict::Supported, 0.8, evidence))
}

//! Numbers of INFO as readings. What INFO does not say is missing.

use crate::domain::metric::{self, MetricId, Readings};
use crate::engine::redis::session::{Info, field};

/// Seconds between two pings of a primary to its replicas (`repl-ping-replica-period`): a link that was silent for no
/// longer is up to date.
const PING_PERIOD: f64 = 10.0;

/// Every reading that INFO gives.
pub(super) fn of(info: &Info) -> Readings {
    let mut readings = Readings::new();
    let mut insert = |id: MetricId, value: Option<f64>| {
        if let Some(value) = value {
            readings.insert(id, value);
        }
    };
    let number = |name: &str| info.number(name);
    insert(metric::CONNECTIONS, number("connected_clients"));
    insert(metric::CONNECTION_LIMIT, number("maxclients"));
    insert(metric::BLOCKED_CLIENTS, number("blocked_clients"));
    insert(metric::REJECTED_CONNECTIONS, number("rejected_connections"));
    insert(metric::STATEMENTS, number("total_commands_processed"));
    insert(metric::STATEMENT_TIME, command_milliseconds(info));
    insert(metric::CACHE_HITS, number("keyspace_hits"));
    insert(metric::CACHE_READS, number("keyspace_misses"));
    insert(metric::MEMORY_USED, number("used_memory"));
    insert(metric::DATA_BYTES, number("used_memory"));
    insert(metric::MEMORY_PEAK, number("used_memory_peak"));
    insert(metric::MEMORY_RESIDENT, number("used_memory_rss"));
    // No limit is no reading, else everything would be above it.
    insert(metric::MEMORY_LIMIT, number("maxmemory").filter(|limit| *limit > 0.0));
    insert(metric::FRAGMENTATION, number("mem_fragmentation_ratio"));
    insert(metric::EVICTIONS, number("evicted_keys"));
    insert(metric::EXPIRATIONS, number("expired_keys"));
    insert(metric::KEYS, total(info, "keys"));
    insert(metric::KEYS_EXPIRING, total(info, "expires"));
    insert(metric::NETWORK_IN, number("total_net_input_bytes"));
    insert(metric::NETWORK_OUT, number("total_net_output_bytes"));
    insert(
        metric::CPU_SECONDS,
        number("used_cpu_user").zip(number("used_cpu_sys")).map(|(user, sys)| 100.0 * (user + sys)),
    );
    insert(metric::SNAPSHOT_FAILED, failed(info, "rdb_last_bgsave_status"));
    insert(metric::APPEND_FILE_FAILED, append_file(info));
    insert(metric::UNSAVED_CHANGES, number("rdb_changes_since_last_save"));
    replication(info, &mut insert);
    readings
}

/// Milliseconds spent in commands, all of them together.
fn command_milliseconds(info: &Info) -> Option<f64> {
    let mut spent = None;
    for (_, stats) in info.section("commandstats") {
        *spent.get_or_insert(0.0) += field(stats, "usec")? / 1000.0;
    }
    spent
}

/// A number of all databases. A server without keys has no line for any, and says so by the section alone.
fn total(info: &Info, name: &str) -> Option<f64> {
    info.get("redis_version")?;
    Some(info.section("keyspace").filter_map(|(_, stats)| field(stats, name)).sum())
}

/// 1 when the last try failed, 0 when it succeeded.
fn failed(info: &Info, name: &str) -> Option<f64> {
    info.get(name).map(|status| f64::from(u8::from(status != "ok")))
}

fn append_file(info: &Info) -> Option<f64> {
    if info.text("aof_enabled") != "1" {
        return None;
    }
    let (write, rewrite) = (failed(info, "aof_last_write_status")?, failed(info, "aof_last_bgrewrite_status")?);
    Some(write.max(rewrite))
}

fn replication(info: &Info, insert: &mut impl FnMut(MetricId, Option<f64>)) {
    let number = |name: &str| info.number(name);
    insert(metric::REPLICAS, number("connected_slaves"));
    if info.text("role") == "slave" {
        let down = number("master_link_down_since_seconds");
        if info.text("master_link_status") == "up" {
            insert(metric::LINK_DOWN, Some(0.0));
            let silent = number("master_last_io_seconds_ago").filter(|s| *s >= 0.0);
            insert(metric::LAG, silent.map(|s| if s > PING_PERIOD + 1.0 { s } else { 0.0 }));
        } else {
            // A link that never was up is down since the beginning.
            let since = down.filter(|s| *s >= 0.0).or_else(|| number("uptime_in_seconds"));
            insert(metric::LINK_DOWN, since);
            insert(metric::LAG, since);
        }
        return;
    }
    let worst = info
        .section("replication")
        .filter(|(name, stats)| name.starts_with("slave") && stats.contains("state=online"))
        .filter_map(|(_, stats)| field(stats, "lag").filter(|lag| *lag >= 0.0))
        .reduce(f64::max);
    insert(metric::LAG, worst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_info_does_not_say_is_missing() {
        assert_eq!(of(&Info::parse("")), Readings::new());
        let readings = of(&Info::parse("# Memory\nused_memory:10\nmaxmemory:0\nmem_fragmentation_ratio:nan\n"));
        assert_eq!(readings.get(&metric::MEMORY_USED), Some(&10.0));
        assert_eq!(readings.get(&metric::MEMORY_LIMIT), None);
        assert_eq!(readings.get(&metric::FRAGMENTATION), None);
        assert_eq!(readings.get(&metric::LAG), None);
    }

    #[test]
    fn lag_is_the_worst_replicas_or_our_own_links() {
        let primary = "# Replication\nrole:master\nconnected_slaves:2\nslave0:ip=a,port=1,state=online,offset=5,lag=1\n\
                       slave1:ip=b,port=1,state=online,offset=5,lag=7\n";
        assert_eq!(of(&Info::parse(primary)).get(&metric::LAG), Some(&7.0));
        let replica = |rest: &str| of(&Info::parse(&format!("# Replication\nrole:slave\n{rest}")));
        let quiet = replica("master_link_status:up\nmaster_last_io_seconds_ago:9\n");
        assert_eq!((quiet.get(&metric::LAG), quiet.get(&metric::LINK_DOWN)), (Some(&0.0), Some(&0.0)));
        let down =
            replica("master_link_status:down\nmaster_last_io_seconds_ago:-1\nmaster_link_down_since_seconds:42\n");
        assert_eq!((down.get(&metric::LAG), down.get(&metric::LINK_DOWN)), (Some(&42.0), Some(&42.0)));
    }

    #[test]
    fn keys_and_times_are_added_up() {
        let readings = of(&Info::parse(
            "# Server\nredis_version:7\n# Commandstats\ncmdstat_get:calls=1,usec=500\ncmdstat_set:calls=1,usec=1500\n\
             # Keyspace\ndb0:keys=3,expires=1,avg_ttl=0\ndb1:keys=4,expires=0,avg_ttl=0\n",
        ));
        assert_eq!(readings.get(&metric::STATEMENT_TIME), Some(&2.0));
        assert_eq!((readings.get(&metric::KEYS), readings.get(&metric::KEYS_EXPIRING)), (Some(&7.0), Some(&1.0)));
    }
}

//! Who runs Redis and Valkey for others: managed services by host name, and what they do not allow.
//!
//! Sources: the providers' own documentation of host names, ports and commands that are taken away, as of 2026.

use crate::domain::hosting::{Hosting, Pooler, Restriction, Service};

const AMAZON: &[Restriction] = &[
    Restriction {
        what: "CONFIG, BGSAVE, SAVE, DEBUG and REPLICAOF are taken away",
        by_hand: "change the parameter group with `aws elasticache modify-cache-parameter-group`, make snapshots with \
                  `aws elasticache create-snapshot`",
    },
    Restriction { what: "ACL SETUSER is taken away", by_hand: "`aws elasticache create-user` and a user group" },
];
const MEMORYDB: &[Restriction] = &[
    Restriction {
        what: "CONFIG, BGSAVE, SAVE, DEBUG and REPLICAOF are taken away",
        by_hand: "change the parameter group with `aws memorydb update-parameter-group`, make snapshots with `aws \
                  memorydb create-snapshot`",
    },
    Restriction {
        what: "ACL SETUSER is taken away",
        by_hand: "`aws memorydb create-user` and `aws memorydb create-acl`",
    },
];
const AZURE: &[Restriction] = &[Restriction {
    what: "CONFIG SET, BGSAVE, SAVE, DEBUG, ACL SETUSER and SHUTDOWN are taken away",
    by_hand: "change settings with `az redis update --set redisConfiguration...`, export and reboot in the portal",
}];
const AZURE_MANAGED: &[Restriction] = &[Restriction {
    what: "CONFIG is limited, and databases other than 0 are not to be had",
    by_hand: "`az redisenterprise database update`, or the portal",
}];
const GOOGLE: &[Restriction] = &[Restriction {
    what: "CONFIG, BGSAVE, SAVE, DEBUG, ACL and SHUTDOWN are taken away",
    by_hand: "`gcloud redis instances update --update-redis-config`, `gcloud redis instances export`",
}];
const UPSTASH: &[Restriction] = &[Restriction {
    what: "INFO, SLOWLOG, CLIENT LIST and CONFIG say little or nothing",
    by_hand: "what is missing here stands on its console",
}];
const CLOUD: &[Restriction] = &[Restriction {
    what: "CONFIG is limited; BGSAVE, ACL SETUSER and databases other than 0 are not to be had",
    by_hand: "change settings and users on its console or with its API",
}];

/// The tables.
pub(super) static HOSTING: Hosting = Hosting {
    services: &[
        Service {
            name: "Amazon ElastiCache",
            hosts: &["*.cache.amazonaws.com", "*.cache.amazonaws.com.cn"],
            restrictions: AMAZON,
        },
        Service {
            name: "Amazon MemoryDB",
            hosts: &["*.memorydb.*.amazonaws.com", "*.memorydb.*.amazonaws.com.cn"],
            restrictions: MEMORYDB,
        },
        Service { name: "Azure Cache for Redis", hosts: &["*.redis.cache.windows.net"], restrictions: AZURE },
        Service {
            name: "Azure Managed Redis",
            hosts: &["*.redis.azure.net", "*.redisenterprise.cache.azure.net"],
            restrictions: AZURE_MANAGED,
        },
        Service { name: "Google Memorystore", hosts: &["*.memorystore.googleapis.com"], restrictions: GOOGLE },
        Service { name: "Upstash", hosts: &["*.upstash.io"], restrictions: UPSTASH },
        Service {
            name: "Redis Cloud",
            hosts: &["*.redis-cloud.com", "*.redislabs.com", "*.rlrcp.com"],
            restrictions: CLOUD,
        },
    ],
    poolers: &[Pooler {
        name: "A Redis proxy (Twemproxy, Envoy)",
        hosts: &[],
        ports: &[22121],
        advice: "it hands commands out to several servers, so INFO, SCAN, SLOWLOG and CLIENT LIST speak of one of them or \
                 of none; give the servers' own addresses",
    }],
};

#[cfg(test)]
mod tests {
    use super::HOSTING;

    #[test]
    fn services_are_known_by_their_hosts() {
        let name = |host: &str| HOSTING.service(host).map(|service| service.name);
        assert_eq!(name("x.abc.0001.euw1.cache.amazonaws.com"), Some("Amazon ElastiCache"));
        assert_eq!(name("clustercfg.m.abc.memorydb.eu-west-1.amazonaws.com"), Some("Amazon MemoryDB"));
        assert_eq!(name("Shop.Redis.Cache.Windows.Net."), Some("Azure Cache for Redis"));
        assert_eq!(name("eu1-shop-1.upstash.io"), Some("Upstash"));
        assert_eq!(name("ec2-1.compute.amazonaws.com"), None);
        assert_eq!(name("evilupstash.io"), None);
    }
}

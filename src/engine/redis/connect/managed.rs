//! Services that run the server for others: known by the host's name, told with what they do not allow.

/// A service by the ending of its host names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Managed {
    ending: &'static str,
    /// What to know about it, one sentence.
    pub(super) words: &'static str,
}

const SERVICES: &[Managed] = &[
    Managed {
        ending: ".cache.amazonaws.com",
        words: "Amazon ElastiCache: CONFIG, BGSAVE, DEBUG, REPLICAOF and ACL SETUSER are not to be had; settings are \
                changed in a parameter group, users in a user group",
    },
    Managed {
        ending: ".amazonaws.com",
        words: "Amazon MemoryDB: CONFIG, BGSAVE, DEBUG and ACL SETUSER are not to be had; settings are changed in a \
                parameter group, users in an ACL",
    },
    Managed {
        ending: ".redis.cache.windows.net",
        words: "Azure Cache for Redis: CONFIG, BGSAVE, DEBUG, SAVE and SHUTDOWN are not to be had; settings are changed \
                in the portal, and the TLS port is 6380",
    },
    Managed {
        ending: ".redis.azure.net",
        words: "Azure Managed Redis: CONFIG is limited and its port is 10000; settings are changed in the portal",
    },
    Managed {
        ending: ".redisenterprise.cache.azure.net",
        words: "Azure Cache for Redis Enterprise: CONFIG is limited and its port is 10000; settings are changed in the portal",
    },
    Managed {
        ending: ".upstash.io",
        words: "Upstash: INFO, SLOWLOG, CLIENT LIST and CONFIG say little or nothing; what is missing stands on its console",
    },
    Managed {
        ending: ".redis-cloud.com",
        words: "Redis Cloud: CONFIG is limited, databases other than 0 and BGSAVE are not to be had; settings are changed \
                on its console",
    },
    Managed {
        ending: ".redislabs.com",
        words: "Redis Cloud: CONFIG is limited, databases other than 0 and BGSAVE are not to be had; settings are changed \
                on its console",
    },
    Managed {
        ending: ".memorystore.googleapis.com",
        words: "Google Memorystore: CONFIG, BGSAVE, DEBUG and ACL are not to be had; settings are changed with gcloud",
    },
];

/// The service of a host, if it is one's.
pub(super) fn by_host(host: &str) -> Option<Managed> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    SERVICES.iter().copied().find(|service| match service.ending {
        ".amazonaws.com" => host.contains(".memorydb.") && host.ends_with(service.ending),
        ending => host.ends_with(ending),
    })
}

#[cfg(test)]
mod tests {
    use super::by_host;

    #[test]
    fn services_are_known_by_their_hosts() {
        let word = |host: &str| by_host(host).map(|m| m.words.split(':').next().unwrap_or_default());
        assert_eq!(word("x.abc.0001.euw1.cache.amazonaws.com"), Some("Amazon ElastiCache"));
        assert_eq!(word("clustercfg.m.abc.memorydb.eu-west-1.amazonaws.com"), Some("Amazon MemoryDB"));
        assert_eq!(word("Shop.Redis.Cache.Windows.Net."), Some("Azure Cache for Redis"));
        assert_eq!(word("eu1-shop-1.upstash.io"), Some("Upstash"));
        assert_eq!(word("ec2-1.compute.amazonaws.com"), None);
        assert_eq!(word("evilupstash.io"), None);
    }
}

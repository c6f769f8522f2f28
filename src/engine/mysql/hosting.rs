//! Who runs MySQL and MariaDB servers for others: managed services by host name with what they do not allow, and
//! poolers.
//!
//! Sources: the providers' own documentation of host names, ports and missing rights, as of 2026.

use crate::domain::hosting::{Hosting, Pooler, Restriction, Service};

/// What sharing server connections takes away.
const SHARED: &str = "each statement may run in another server session, so user variables, limits of time, GET_LOCK and \
     stopping a statement may not stick; for watching give the server's own address";

const NO_SUPER: &str = "no SUPER and no server files";
const NO_SET_GLOBAL: &str = "no SET GLOBAL of most settings";

const AMAZON: &[Restriction] = &[
    Restriction {
        what: NO_SUPER,
        by_hand: "end a session with CALL mysql.rds_kill(ID), a statement with CALL mysql.rds_kill_query(ID); read logs \
                  with `aws rds download-db-log-file-portion`",
    },
    Restriction {
        what: NO_SET_GLOBAL,
        by_hand: "change the DB parameter group with `aws rds modify-db-parameter-group`, and reboot for static ones",
    },
];
const AZURE: &[Restriction] = &[
    Restriction {
        what: NO_SUPER,
        by_hand: "end a session with CALL mysql.az_kill(ID); read logs with `az mysql flexible-server server-logs`",
    },
    Restriction { what: NO_SET_GLOBAL, by_hand: "`az mysql flexible-server parameter set`" },
];
const GOOGLE: &[Restriction] = &[
    Restriction { what: NO_SUPER, by_hand: "read logs in Cloud Logging; KILL works for sessions of the same login" },
    Restriction {
        what: NO_SET_GLOBAL,
        by_hand: "set database flags with `gcloud sql instances patch --database-flags`; some of them restart it",
    },
];
const PLANETSCALE: &[Restriction] = &[Restriction {
    what: "this is Vitess: no processlist of others, no InnoDB state, no SHOW REPLICA STATUS",
    by_hand: "look at Insights in the dashboard or with `pscale`; ALTERs go through deploy requests",
}];
const BY_CONSOLE: &[Restriction] = &[
    Restriction { what: NO_SUPER, by_hand: "read logs in the provider's console, or send them to a log service" },
    Restriction { what: NO_SET_GLOBAL, by_hand: "change settings in the provider's console, API or Terraform" },
];

/// The tables.
pub(super) static HOSTING: Hosting = Hosting {
    services: &[
        Service { name: "Amazon RDS Proxy", hosts: &["*.proxy-*.rds.amazonaws.com"], restrictions: AMAZON },
        Service {
            name: "Amazon Aurora",
            hosts: &["*.cluster-*.rds.amazonaws.com", "*.cluster-*.rds.amazonaws.com.cn"],
            restrictions: AMAZON,
        },
        Service { name: "Amazon RDS", hosts: &["*.rds.amazonaws.com", "*.rds.amazonaws.com.cn"], restrictions: AMAZON },
        Service {
            name: "Azure Database for MySQL",
            hosts: &["*.mysql.database.azure.com", "*.mysql.database.chinacloudapi.cn"],
            restrictions: AZURE,
        },
        Service { name: "Google Cloud SQL", hosts: &["*.sql.goog"], restrictions: GOOGLE },
        Service { name: "PlanetScale", hosts: &["*.connect.psdb.cloud", "*.psdb.cloud"], restrictions: PLANETSCALE },
        Service { name: "Aiven", hosts: &["*.aivencloud.com"], restrictions: BY_CONSOLE },
        Service {
            name: "DigitalOcean Managed Databases",
            hosts: &["*.db.ondigitalocean.com"],
            restrictions: BY_CONSOLE,
        },
        Service { name: "Oracle HeatWave", hosts: &["*.mysql.*.oraclecloud.com"], restrictions: BY_CONSOLE },
        Service { name: "MariaDB SkySQL", hosts: &["*.skysql.com", "*.skysql.net"], restrictions: BY_CONSOLE },
    ],
    poolers: &[
        Pooler { name: "RDS Proxy", hosts: &["*.proxy-*.rds.amazonaws.com"], ports: &[], advice: SHARED },
        Pooler { name: "ProxySQL", hosts: &[], ports: &[6033], advice: SHARED },
        Pooler { name: "MaxScale", hosts: &[], ports: &[4006, 4008], advice: SHARED },
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_poolers_are_known_by_their_address() {
        let name = |host| HOSTING.service(host).map(|service| service.name);
        assert_eq!(name("shop.cluster-ro-abc.eu-west-1.rds.amazonaws.com"), Some("Amazon Aurora"));
        assert_eq!(name("shop.abc.eu-west-1.rds.amazonaws.com"), Some("Amazon RDS"));
        assert_eq!(name("shop.mysql.database.azure.com"), Some("Azure Database for MySQL"));
        assert_eq!(name("db.example"), None);
        assert_eq!(HOSTING.pooler("db.example", 6033).map(|pooler| pooler.name), Some("ProxySQL"));
        assert!(HOSTING.pooler("db.example", 3306).is_none());
    }
}

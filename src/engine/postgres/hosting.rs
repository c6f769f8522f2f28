//! Who runs PostgreSQL servers for others: managed services by host name with what they do not allow, and poolers.
//!
//! Sources: the providers' own documentation of host names, ports and missing rights, as of 2026.

use crate::domain::hosting::{Hosting, Pooler, Restriction, Service};

/// What transaction pooling takes away.
const TRANSACTION_MODE: &str = "in transaction mode each transaction may run in another server session, so settings, \
     advisory locks, temporary tables, LISTEN and stopping a statement do not stick; for watching give the server's \
     own address or a session-mode port";

const NO_FILES: &str = "no superuser, so pg_read_file and the server's log files are out of reach";
const NO_ALTER_SYSTEM: &str = "no ALTER SYSTEM";

const AMAZON: &[Restriction] = &[
    Restriction {
        what: NO_FILES,
        by_hand: "read logs in the console or with `aws rds download-db-log-file-portion`; rds_superuser is the most \
                  that a login can be",
    },
    Restriction {
        what: NO_ALTER_SYSTEM,
        by_hand: "change the DB parameter group with `aws rds modify-db-parameter-group`, and reboot for static ones",
    },
];
const AZURE: &[Restriction] = &[
    Restriction {
        what: NO_FILES,
        by_hand: "send the server logs to Log Analytics, or `az postgres flexible-server server-logs download`; \
                  azure_pg_admin is the most that a login can be",
    },
    Restriction {
        what: NO_ALTER_SYSTEM,
        by_hand: "`az postgres flexible-server parameter set`; an extension must also be named in azure.extensions",
    },
];
const GOOGLE: &[Restriction] = &[
    Restriction {
        what: NO_FILES,
        by_hand: "read logs in Cloud Logging; cloudsqlsuperuser (alloydbsuperuser) is the most that a login can be",
    },
    Restriction {
        what: NO_ALTER_SYSTEM,
        by_hand: "set database flags with `gcloud sql instances patch --database-flags`; some of them restart it",
    },
];
const SUPABASE: &[Restriction] = &[
    Restriction { what: NO_FILES, by_hand: "read logs in the dashboard (Logs, Postgres)" },
    Restriction {
        what: NO_ALTER_SYSTEM,
        by_hand: "`supabase postgres-config update`, or ALTER ROLE and ALTER DATABASE for what a session may set",
    },
];
const NEON: &[Restriction] = &[
    Restriction {
        what: "no superuser, and the compute is suspended when idle, so watching keeps it awake and is charged",
        by_hand: "raise `refresh` of this target, or watch only when needed; statistics begin anew after a suspension",
    },
    Restriction { what: NO_ALTER_SYSTEM, by_hand: "ALTER ROLE and ALTER DATABASE; the rest through their support" },
];
const HEROKU: &[Restriction] = &[Restriction {
    what: "no superuser and no other roles on the small plans; the password changes by itself",
    by_hand: "read logs with `heroku logs -p postgres`, settings with `heroku pg:settings`, and fetch the URL with \
              `password_command` or anew",
}];
const BY_CONSOLE: &[Restriction] = &[
    Restriction { what: NO_FILES, by_hand: "read logs in the provider's console, or send them to a log service" },
    Restriction { what: NO_ALTER_SYSTEM, by_hand: "change settings in the provider's console, API or Terraform" },
];
const CRUNCHY: &[Restriction] = &[Restriction {
    what: "the postgres role is a superuser, but server files stay with the provider",
    by_hand: "read logs with `cb logs` or a log drain, and change settings with `cb config-param set`",
}];

/// The tables.
pub(super) static HOSTING: Hosting = Hosting {
    services: &[
        Service { name: "Amazon RDS Proxy", hosts: &["*.proxy-*.rds.amazonaws.com"], restrictions: AMAZON },
        Service {
            name: "Amazon Aurora",
            hosts: &["*.cluster-*.rds.amazonaws.com", "*.cluster-*.rds.amazonaws.com.cn", "*.dsql.*.on.aws"],
            restrictions: AMAZON,
        },
        Service {
            name: "Amazon RDS",
            hosts: &["*.rds.amazonaws.com", "*.rds.*.amazonaws.com.cn", "*.rds.amazonaws.com.cn"],
            restrictions: AMAZON,
        },
        Service {
            name: "Azure Database for PostgreSQL",
            hosts: &[
                "*.postgres.database.azure.com",
                "*.postgres.database.usgovcloudapi.net",
                "*.postgres.database.chinacloudapi.cn",
            ],
            restrictions: AZURE,
        },
        Service {
            name: "Azure Cosmos DB for PostgreSQL",
            hosts: &["*.postgres.cosmos.azure.com"],
            restrictions: AZURE,
        },
        Service { name: "Google AlloyDB", hosts: &["*.alloydb.goog", "*.alloydb-psc.goog"], restrictions: GOOGLE },
        Service { name: "Google Cloud SQL", hosts: &["*.sql.goog", "*.sql-psc.goog"], restrictions: GOOGLE },
        Service {
            name: "Supabase",
            hosts: &["db.*.supabase.co", "*.pooler.supabase.com", "db.*.supabase.com"],
            restrictions: SUPABASE,
        },
        Service { name: "Neon", hosts: &["*.neon.tech", "*.neon.build"], restrictions: NEON },
        Service { name: "Aiven", hosts: &["*.aivencloud.com"], restrictions: BY_CONSOLE },
        Service { name: "DigitalOcean", hosts: &["*.db.ondigitalocean.com"], restrictions: BY_CONSOLE },
        Service { name: "Crunchy Bridge", hosts: &["*.db.postgresbridge.com"], restrictions: CRUNCHY },
        Service { name: "PlanetScale", hosts: &["*.pg.psdb.cloud"], restrictions: BY_CONSOLE },
        Service { name: "Timescale Cloud", hosts: &["*.tsdb.cloud.timescale.com"], restrictions: BY_CONSOLE },
        Service { name: "Render", hosts: &["*-postgres.render.com"], restrictions: BY_CONSOLE },
        Service { name: "Railway", hosts: &["*.proxy.rlwy.net", "*.railway.internal"], restrictions: BY_CONSOLE },
        Service { name: "ScaleGrid", hosts: &["*.servers.scalegrid.io"], restrictions: BY_CONSOLE },
        // Heroku's servers are plain EC2 machines; nothing else gives a database such a public name.
        Service { name: "Heroku Postgres", hosts: &["ec2-*.compute-1.amazonaws.com"], restrictions: HEROKU },
    ],
    poolers: &[
        Pooler { name: "Supavisor", hosts: &["*.pooler.supabase.com"], ports: &[6543], advice: TRANSACTION_MODE },
        Pooler { name: "PgBouncer", hosts: &["db.*.supabase.co"], ports: &[6543], advice: TRANSACTION_MODE },
        Pooler {
            name: "Supavisor in session mode",
            hosts: &["*.pooler.supabase.com"],
            ports: &[5432],
            advice: "a session stays yours, but the pool has few places: the direct address leaves them to the app",
        },
        Pooler { name: "PgBouncer", hosts: &["*-pooler.*.neon.tech"], ports: &[], advice: TRANSACTION_MODE },
        Pooler {
            name: "Amazon RDS Proxy",
            hosts: &["*.proxy-*.rds.amazonaws.com"],
            ports: &[],
            advice: "a session that changes settings is pinned to it; for watching give the instance's own address",
        },
        Pooler {
            name: "PgBouncer",
            hosts: &["*.postgres.database.azure.com", "*.pg.psdb.cloud"],
            ports: &[6432],
            advice: TRANSACTION_MODE,
        },
        Pooler { name: "PgBouncer", hosts: &["*.db.ondigitalocean.com"], ports: &[25061], advice: TRANSACTION_MODE },
        Pooler { name: "PgBouncer or Odyssey", hosts: &[], ports: &[6432], advice: TRANSACTION_MODE },
        Pooler { name: "Pgpool-II", hosts: &[], ports: &[9999], advice: "reads may go to another member each time" },
    ],
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn services_are_known_by_their_host_names() {
        for (host, name) in [
            ("orders.c1a2b3.eu-west-1.rds.amazonaws.com", "Amazon RDS"),
            ("orders.cluster-c1a2b3.eu-west-1.rds.amazonaws.com", "Amazon Aurora"),
            ("orders.cluster-ro-c1a2b3.eu-west-1.rds.amazonaws.com", "Amazon Aurora"),
            ("orders.proxy-c1a2b3.eu-west-1.rds.amazonaws.com", "Amazon RDS Proxy"),
            ("orders.c1.rds.cn-north-1.amazonaws.com.cn", "Amazon RDS"),
            ("orders.postgres.database.azure.com", "Azure Database for PostgreSQL"),
            ("c-orders.x1.postgres.cosmos.azure.com", "Azure Cosmos DB for PostgreSQL"),
            ("abc.def.europe-west1.sql.goog", "Google Cloud SQL"),
            ("abc.alloydb-psc.goog", "Google AlloyDB"),
            ("db.abcdefghijklmnopqrst.supabase.co", "Supabase"),
            ("aws-0-eu-central-1.pooler.supabase.com", "Supabase"),
            ("ep-cool-name-123456.eu-central-1.aws.neon.tech", "Neon"),
            ("pg-1234-shop.f.aivencloud.com", "Aiven"),
            ("db-postgresql-fra1-1-do-user-1-0.b.db.ondigitalocean.com", "DigitalOcean"),
            ("p.abcdefgh.db.postgresbridge.com", "Crunchy Bridge"),
            ("ec2-1-2-3-4.compute-1.amazonaws.com", "Heroku Postgres"),
        ] {
            assert_eq!(HOSTING.service(host).map(|s| s.name), Some(name), "{host}");
        }
        for host in ["localhost", "10.0.0.5", "rds.amazonaws.com.evil.example", "db.example.com", "supabase.co"] {
            assert_eq!(HOSTING.service(host), None, "{host}");
        }
    }

    #[test]
    fn poolers_are_known_by_host_and_port() {
        let name = |host, port| HOSTING.pooler(host, port).map(|p| p.name);
        assert_eq!(name("aws-0-eu-central-1.pooler.supabase.com", 6543), Some("Supavisor"));
        assert_eq!(name("aws-0-eu-central-1.pooler.supabase.com", 5432), Some("Supavisor in session mode"));
        assert_eq!(name("ep-cool-1-pooler.eu-central-1.aws.neon.tech", 5432), Some("PgBouncer"));
        assert_eq!(name("ep-cool-1.eu-central-1.aws.neon.tech", 5432), None);
        assert_eq!(name("10.0.0.1", 6432), Some("PgBouncer or Odyssey"));
        assert_eq!(name("10.0.0.1", 5432), None);
    }

    /// A narrow pattern behind a wide one would never be reached.
    #[test]
    fn every_service_can_be_reached() {
        for service in HOSTING.services {
            for pattern in service.hosts {
                let host = pattern.replace('*', "x1");
                let found = HOSTING.service(&host).unwrap();
                assert_eq!(found.name, service.name, "{pattern}");
                assert!(!found.restrictions.is_empty());
            }
        }
    }
}

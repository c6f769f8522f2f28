//! Who runs MongoDB servers for others: managed services by host name, with what they do not allow.
//!
//! Sources: the providers' own documentation of host names and unsupported commands, as of 2026.

use crate::domain::hosting::{Hosting, Restriction, Service};

const ATLAS: &[Restriction] = &[
    Restriction {
        what: "no server parameters, no configuration file, and on small clusters no currentOp of others, no profiler",
        by_hand: "change the cluster's configuration and watch its profiler in the Atlas console or with `atlas clusters`",
    },
    Restriction {
        what: "users live in Atlas, so createUser is refused",
        by_hand: "`atlas dbusers create --role clusterMonitor@admin --role read@DATABASE`",
    },
];
const DOCUMENT_DB: &[Restriction] = &[
    Restriction {
        what: "this is Amazon's own engine, not MongoDB: no WiredTiger counters, no oplog, no getLog",
        by_hand: "watch its instances in CloudWatch; slow operations with the cluster parameter group's `profiler`",
    },
    Restriction {
        what: "no server parameters",
        by_hand: "`aws docdb modify-db-cluster-parameter-group`, and reboot for static ones",
    },
];
const COSMOS: &[Restriction] = &[Restriction {
    what: "this is Azure's own engine, not MongoDB: most of serverStatus, currentOp and replica sets are missing",
    by_hand: "watch request units and throttling in Azure Monitor",
}];
const ALIBABA: &[Restriction] = &[Restriction {
    what: "no root, so server parameters cannot be changed",
    by_hand: "change them in the ApsaraDB console",
}];

/// The table.
pub(super) static HOSTING: Hosting = Hosting {
    services: &[
        Service { name: "MongoDB Atlas", hosts: &["*.mongodb.net", "*.mongodbgov.net"], restrictions: ATLAS },
        Service {
            name: "Amazon DocumentDB",
            hosts: &["*.docdb.amazonaws.com", "*.docdb.*.amazonaws.com.cn", "*.docdb-elastic.amazonaws.com"],
            restrictions: DOCUMENT_DB,
        },
        Service {
            name: "Azure Cosmos DB",
            hosts: &["*.cosmos.azure.com", "*.documents.azure.com", "*.mongocluster.cosmos.azure.com"],
            restrictions: COSMOS,
        },
        Service { name: "ApsaraDB for MongoDB", hosts: &["*.mongodb.rds.aliyuncs.com"], restrictions: ALIBABA },
    ],
    poolers: &[],
};

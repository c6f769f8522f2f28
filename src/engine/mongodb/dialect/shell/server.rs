//! `rs.` and `sh.`: the replica set and the shards, where a form is one command.

use super::arguments::Call;
use super::{Placed, SyntaxError};
use bson::{Bson, Document, doc};

/// `rs.method(..)`.
pub(super) fn replica_set(mut call: Call) -> Result<Placed, SyntaxError> {
    let in_admin = |command: Document| Ok((Some("admin".to_owned()), command));
    match call.name.as_str() {
        "status" | "printSecondaryReplicationInfo" | "printSlaveReplicationInfo" => {
            call.at_most(0)?;
            in_admin(doc! {"replSetGetStatus": 1})
        }
        "conf" | "config" => {
            call.at_most(0)?;
            in_admin(doc! {"replSetGetConfig": 1})
        }
        "hello" | "isMaster" => {
            call.at_most(0)?;
            in_admin(doc! {"hello": 1})
        }
        // The two ends of the oplog, which this section of the server's status tells without reading it.
        "printReplicationInfo" => {
            call.at_most(0)?;
            in_admin(doc! {"serverStatus": 1, "oplog": 1})
        }
        "stepDown" => in_admin(doc! {"replSetStepDown": call.take(0).unwrap_or(Bson::Int32(60))}),
        "freeze" => in_admin(doc! {"replSetFreeze": call.take(0).unwrap_or(Bson::Null)}),
        "reconfig" => in_admin(doc! {"replSetReconfig": call.take(0).unwrap_or(Bson::Null)}),
        "initiate" => in_admin(doc! {"replSetInitiate": call.take(0).unwrap_or(Bson::Null)}),
        "syncFrom" => in_admin(doc! {"replSetSyncFrom": call.take(0).unwrap_or(Bson::Null)}),
        _ => Err(call.unknown("rs", "write rs.status(), rs.conf() or rs.printReplicationInfo()")),
    }
}

/// `sh.method(..)`.
pub(super) fn sharding(call: &Call) -> Result<Placed, SyntaxError> {
    let command = match call.name.as_str() {
        "getBalancerState" | "isBalancerRunning" => doc! {"balancerStatus": 1},
        "getShardedDataDistribution" => {
            doc! {"aggregate": 1, "pipeline": [{"$shardedDataDistribution": {}}], "cursor": {}}
        }
        "startBalancer" => doc! {"balancerStart": 1},
        "stopBalancer" => doc! {"balancerStop": 1},
        "status" => {
            return Err(call.error(
                "sh.status() is several commands; ask {\"listShards\": 1}, {\"balancerStatus\": 1} or \
                 sh.getShardedDataDistribution()",
            ));
        }
        _ => return Err(call.unknown("sh", "write sh.getBalancerState() or sh.getShardedDataDistribution()")),
    };
    call.at_most(0)?;
    Ok((Some("admin".to_owned()), command))
}

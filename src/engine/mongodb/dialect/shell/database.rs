//! Methods of the database and of the server that stand after `db`.

use super::arguments::Call;
use super::{Chain, Placed, SyntaxError, collection, cursor};
use bson::{Bson, Document, doc};

/// The command of `db.method(..)`.
pub(super) fn read(call: Call, chain: &mut Chain, named: Option<String>) -> Result<Placed, SyntaxError> {
    if call.name == "aggregate" {
        let command = cursor::aggregate(collection::aggregate(&Bson::Int32(1), call)?, chain.calls()?)?;
        return Ok((named, command));
    }
    chain.nothing_more()?;
    if call.name == "adminCommand" {
        return Ok((Some("admin".to_owned()), given_command(call)?));
    }
    if call.name == "runCommand" {
        return Ok((named, given_command(call)?));
    }
    let document = match plain(&call.name) {
        Some(command) => {
            call.at_most(0)?;
            command
        }
        None => with_arguments(call)?,
    };
    Ok((named, document))
}

/// The document of `runCommand(..)`, or the command of a bare name.
fn given_command(mut call: Call) -> Result<Document, SyntaxError> {
    call.at_most(1)?;
    match call.take(0) {
        Some(Bson::Document(command)) => Ok(command),
        Some(Bson::String(name)) => {
            let mut command = Document::new();
            command.insert(name, 1);
            Ok(command)
        }
        _ => Err(call.error(format!("{}(..) wants a command document", call.name))),
    }
}

/// Methods without arguments.
fn plain(method: &str) -> Option<Document> {
    Some(match method {
        "version" | "serverBuildInfo" => doc! {"buildInfo": 1},
        "hello" => doc! {"hello": 1},
        "isMaster" => doc! {"isMaster": 1},
        "hostInfo" => doc! {"hostInfo": 1},
        "serverCmdLineOpts" => doc! {"getCmdLineOpts": 1},
        "listCommands" => doc! {"listCommands": 1},
        "getCollectionNames" => {
            doc! {"listCollections": 1, "nameOnly": true, "authorizedCollections": true, "cursor": {}}
        }
        "getProfilingStatus" | "getProfilingLevel" => doc! {"profile": -1},
        "getReplicationInfo" | "printReplicationInfo" => doc! {"serverStatus": 1, "oplog": 1},
        "printSecondaryReplicationInfo" | "printSlaveReplicationInfo" => doc! {"replSetGetStatus": 1},
        "fsyncLock" => doc! {"fsync": 1, "lock": true},
        "fsyncUnlock" => doc! {"fsyncUnlock": 1},
        "dropAllUsers" => doc! {"dropAllUsersFromDatabase": 1},
        "dropAllRoles" => doc! {"dropAllRolesFromDatabase": 1},
        "logout" => doc! {"logout": 1},
        "rotateCertificates" => doc! {"rotateCertificates": 1},
        _ => return None,
    })
}

/// Methods with arguments.
fn with_arguments(mut call: Call) -> Result<Document, SyntaxError> {
    let (mut command, options, used) = match call.name.as_str() {
        "stats" => match call.take(0) {
            Some(scale @ (Bson::Int32(_) | Bson::Int64(_))) => (doc! {"dbStats": 1, "scale": scale}, None, 1),
            Some(Bson::Document(options)) => {
                let mut command = doc! {"dbStats": 1};
                command.extend(options);
                (command, None, 1)
            }
            Some(_) => return Err(call.error("stats(..) wants a scale")),
            None => (doc! {"dbStats": 1}, None, 0),
        },
        "serverStatus" => (doc! {"serverStatus": 1}, Some(0), 1),
        "currentOp" => match call.take(0) {
            Some(Bson::Boolean(all)) => (doc! {"currentOp": 1, "$all": all}, None, 1),
            Some(Bson::Document(filter)) => {
                let mut command = doc! {"currentOp": 1};
                command.extend(filter);
                (command, None, 1)
            }
            Some(_) => return Err(call.error("currentOp(..) wants true or a filter")),
            None => (doc! {"currentOp": 1}, None, 0),
        },
        "killOp" => (doc! {"killOp": 1, "op": call.take(0).unwrap_or(Bson::Null)}, None, 1),
        "getCollectionInfos" => {
            let mut command = doc! {"listCollections": 1};
            if call.given(0) {
                command.insert("filter", call.document(0)?);
            }
            command.insert("cursor", Document::new());
            (command, Some(1), 2)
        }
        "dropDatabase" => (doc! {"dropDatabase": 1}, None, 1),
        "createCollection" => (doc! {"create": call.text(0)?}, Some(1), 2),
        "createView" => {
            let (name, source, pipeline) = (call.text(0)?, call.text(1)?, call.take(2));
            let pipeline = match pipeline {
                Some(Bson::Array(stages)) => stages,
                Some(stage @ Bson::Document(_)) => vec![stage],
                _ => return Err(call.error("createView(..) wants a pipeline")),
            };
            (doc! {"create": name, "viewOn": source, "pipeline": pipeline}, Some(3), 4)
        }
        "setProfilingLevel" => {
            let mut command = doc! {"profile": call.number(0)?};
            match call.take(1) {
                Some(Bson::Document(options)) => command.extend(options),
                Some(slow) => {
                    command.insert("slowms", slow);
                }
                None => {}
            }
            (command, None, 2)
        }
        "getUsers" => (doc! {"usersInfo": 1}, Some(0), 1),
        "getUser" => (doc! {"usersInfo": call.text(0)?}, Some(1), 2),
        "getRoles" => (doc! {"rolesInfo": 1}, Some(0), 1),
        "getRole" => (doc! {"rolesInfo": call.text(0)?}, Some(1), 2),
        "dropUser" => (doc! {"dropUser": call.text(0)?}, None, 2),
        "dropRole" => (doc! {"dropRole": call.text(0)?}, None, 2),
        "createUser" | "updateUser" | "createRole" | "updateRole" | "auth" | "changeUserPassword" => {
            return Err(call.error("users, roles and logins are not handled here"));
        }
        "shutdownServer" => (doc! {"shutdown": 1}, Some(0), 1),
        "eval" => (doc! {"eval": call.take(0).unwrap_or(Bson::Null)}, None, usize::MAX),
        _ => {
            return Err(call.unknown(
                "a database",
                "write db.collection.find(..), db.runCommand({..}), db.stats(), db.serverStatus() or a command document",
            ));
        }
    };
    if let Some(index) = options {
        call.options(index, &mut command)?;
    }
    call.at_most(used)?;
    Ok(command)
}

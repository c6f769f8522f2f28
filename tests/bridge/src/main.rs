//! Speaks MongoDB's wire protocol and forwards what is asked to the DocumentDB engine, an extension of PostgreSQL. The
//! tests get real answers to real queries from it (find, aggregate, indexes, statistics, cursors, explain); it is not
//! MongoDB: no replica set, no logins, no TLS, no profiler, and of the storage engine's counters only what PostgreSQL
//! can tell. What it does not know it refuses as an unknown command, as a server does.
//!
//!     mongo-bridge 127.0.0.1:27017 'host=/run/socket port=5432 user=me dbname=postgres' [COMMANDS.jsonl]
//!
//! The file, when there is one, holds one command a line as extended JSON, for database `shop` unless its `$db` says
//! otherwise; they run before the first client is served.

mod cursors;
mod engine;
mod explain;
mod forward;
mod status;
mod wire;

use anyhow::{Context, Result, bail};
use bson::Document;
use engine::Engine;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, postgres, commands @ ..] = arguments.as_slice() else {
        bail!("usage: mongo-bridge LISTEN POSTGRES [COMMANDS.jsonl]");
    };
    let server = Arc::new(status::Server::new(postgres.clone()));
    if let [file] = commands {
        load(&server, file).await.with_context(|| format!("{file} did not load"))?;
    }
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (client, _) = listener.accept().await?;
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            server.connections.fetch_add(1, Ordering::Relaxed);
            server.connections_ever.fetch_add(1, Ordering::Relaxed);
            if let Err(problem) = serve(client, &server).await {
                eprintln!("{problem:#}");
            }
            server.connections.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Runs a file of commands; the first that fails ends it.
async fn load(server: &Arc<status::Server>, file: &str) -> Result<()> {
    let engine = Arc::new(Engine::connect(&server.postgres).await?);
    for (number, line) in std::fs::read_to_string(file)?.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with("//") {
            continue;
        }
        let json: serde_json::Value = serde_json::from_str(line).with_context(|| format!("line {}", number + 1))?;
        let bson::Bson::Document(mut command) = bson::Bson::try_from(json)? else {
            bail!("line {}: no object", number + 1)
        };
        if !command.contains_key("$db") {
            command.insert("$db", "shop");
        }
        let answer = forward::answer(&engine, server, command, None).await;
        if forward::whole_number(answer.get("ok")) != Some(1) || answer.contains_key("writeErrors") {
            bail!("line {}: {answer}", number + 1);
        }
    }
    Ok(())
}

/// One client until it leaves. It has a connection to the engine of its own.
async fn serve(mut client: TcpStream, server: &Arc<status::Server>) -> Result<()> {
    client.set_nodelay(true)?;
    let engine = Arc::new(Engine::connect(&server.postgres).await?);
    while let Some(request) = wire::read(&mut client).await? {
        let reply_expected = request.reply_expected;
        let answer = match request.kind {
            wire::Kind::LegacyHello => status::hello(server),
            wire::Kind::Command { document, sequence } => {
                tokio::select! {
                    answer = forward::answer(&engine, server, document, sequence) => answer,
                    // A client that goes away takes its query with it, as on a real server.
                    () = gone(&client) => {
                        engine.cancel().await;
                        return Ok(());
                    }
                }
            }
        };
        if reply_expected {
            wire::write(&mut client, request.id, request.legacy, &answer).await?;
        }
    }
    Ok(())
}

/// Waits until the client has closed its end. Bytes that it has sent already mean that it is still there.
async fn gone(client: &TcpStream) {
    let mut byte = [0];
    if !matches!(client.peek(&mut byte).await, Ok(0) | Err(_)) {
        std::future::pending::<()>().await;
    }
}

/// An error as MongoDB words it.
fn refusal(code: i32, name: &str, message: impl Into<String>) -> Document {
    bson::doc! {"ok": 0.0, "errmsg": message.into(), "code": code, "codeName": name}
}

//! A hand on each real server that is not the program's own: what the program must never do, the tests must, to set
//! the scene. Each engine's statements go by another client than ours.

use super::at_hand::Server;
use super::servers;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

/// Runs SQL on a server as its administrator, in a database.
pub async fn sql(server: Server, database: &str, text: &str) {
    match server {
        Server::Postgres15 | Server::Postgres18 => {
            let url = server.url().unwrap().replace("/shop", &format!("/{database}"));
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(text).await.unwrap_or_else(|e| panic!("{text}: {e:?}"));
        }
        Server::MariaDb => mysql(&servers::mariadb_socket().display().to_string(), database, text),
        Server::MySql9 => mysql(&std::env::var("DBA_GPT_TEST_MYSQL_SOCKET").unwrap(), database, text),
        Server::Sqlite => {
            let url = server.url().unwrap();
            let file = rusqlite::Connection::open(url.strip_prefix("sqlite:").unwrap()).unwrap();
            file.execute_batch(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        }
        _ => panic!("{server:?} speaks no SQL"),
    }
}

fn mysql(socket: &str, database: &str, text: &str) {
    let mut client = Command::new("mariadb")
        .args(["--no-defaults", "--protocol=SOCKET", "--user=root", "--default-character-set=utf8mb4"])
        .args([&format!("--socket={socket}"), database])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let ended = client.wait_with_output().unwrap();
    assert!(ended.status.success(), "{text}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// A connection to a Redis-like server as its administrator.
pub struct Redis(BufReader<TcpStream>);

impl Redis {
    /// Connects, logs in and selects a database.
    pub fn connect(server: Server, database: u8) -> Self {
        let address = servers::Address::of(&server.url().unwrap());
        let mut redis = Self(BufReader::new(TcpStream::connect((address.host.as_str(), address.port)).unwrap()));
        redis.run(&[b"AUTH", address.user.as_bytes(), address.password.as_bytes()]);
        redis.run(&[b"SELECT", database.to_string().as_bytes()]);
        redis
    }

    /// Runs one command of any bytes; an error is a failed test. Gives the first line of the answer.
    pub fn run(&mut self, words: &[&[u8]]) -> String {
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend(format!("${}\r\n", word.len()).into_bytes());
            request.extend_from_slice(word);
            request.extend(b"\r\n");
        }
        self.0.get_mut().write_all(&request).unwrap();
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        assert!(!line.starts_with('-'), "{line}");
        if let Some(length) = line.strip_prefix('$').and_then(|n| n.trim().parse::<usize>().ok()) {
            std::io::copy(&mut self.0.by_ref().take(length as u64 + 2), &mut std::io::sink()).unwrap();
        }
        line
    }
}

/// Runs a command on the MongoDB-like server.
pub async fn mongo(database: &str, command: mongodb::bson::Document) {
    let client = mongodb::Client::with_uri_str(servers::mongo_url().unwrap()).await.unwrap();
    client.database(database).run_command(command.clone()).await.unwrap_or_else(|e| panic!("{command}: {e}"));
}

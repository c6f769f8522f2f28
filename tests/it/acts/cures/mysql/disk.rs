//! A full disk that binary logs have filled, and one whose logs a replica still reads.

use super::*;

registry::cures! {
    "mysql", at_hand;
    binary_logs_that_nobody_reads_make_room,
}

/// Logs that stay in any case.
const STAY: usize = 3;

/// A server whose binary logs no replica of another test reads.
fn alone(server: Server) -> Server {
    match servers::replica_mariadb_url().filter(|_| server.is_mariadb) {
        Some(admin) => {
            let mut reader = servers::Address::of(&admin);
            reader.user = "dbagpt_ro".into();
            Server { read_only: support::url(&reader), admin, is_mariadb: true }
        }
        None => server,
    }
}

async fn binary_logs_that_nobody_reads_make_room(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let server = alone(server);
        let mut scene = Scene::new(&server, "disk", &mut dice);
        let table = dice.table();
        scene.run(&format!("CREATE TABLE {table} (id INT PRIMARY KEY, note TEXT)"));
        for _ in 0..dice.between(4, 9) {
            let (rows, bytes) = (dice.between(50, 400), dice.between(100, 2_000));
            scene.run(&format!("DELETE FROM {table}"));
            scene.fill(&table, &format!("n, REPEAT('x', {bytes})"), rows);
            scene.run("FLUSH BINARY LOGS");
        }
        let before = logs(&mut scene);
        let incident = scene.bed.incident(
            "Disk full (/var/lib/mysql/data); waiting for someone to free some space... (errno: 28 \"No space left on device\")",
            Some("1021"),
            Some(&format!("INSERT INTO {table} VALUES (1, 'x')")),
        );
        let is_root = |found: &Examined| roots(found).contains(&Cause::DiskFull);
        let found = scene.until("the full disk", Some(&incident), is_root).await;
        let cure = plan(&found, "C20", "").clone();
        let waits = scene.proposed(&cure, 0).await.unwrap();
        let told = format!("{:?}", waits.survey.inverse);
        assert!(told.contains("the files are gone"), "that there is no way back is said before: {told}");

        // A replica comes before anybody approves: it may need them.
        if let Some(reader) = Reader::of(&mut scene, &server, &before[0]) {
            let refused = scene.refused_at_last(&waits).await;
            assert_eq!(logs(&mut scene), before, "{refused}");
            let twin = scene.until("the full disk with a replica", Some(&incident), is_root).await;
            let blocked = &plan(&twin, "C20", "").blocked;
            assert!(blocked.iter().any(|why| why.contains("replica(s) read these logs")), "{blocked:?}");
            reader.leaves(&mut scene).await;
        }

        let found = scene.until("the full disk with nobody else", Some(&incident), is_root).await;
        let cure = plan(&found, "C20", "").clone();
        let before = logs(&mut scene);
        let done = scene.cured(&cure).await;
        assert!(matches!(done[0].survey.inverse, Inverse::None(_)));
        let left = logs(&mut scene);
        assert_eq!(left, before[before.len() - STAY..], "{}", scene.product);

        // Its twin: those that are left stay.
        let found = scene.until("the full disk again", Some(&incident), is_root).await;
        let blocked = &plan(&found, "C20", "").blocked;
        assert!(blocked.iter().any(|why| why.contains("stay in any case")), "{blocked:?}");
    })
    .await;
}

fn logs(scene: &mut Scene) -> Vec<String> {
    let lines = scene.run("SHOW BINARY LOGS");
    lines.iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// A client that reads the binary log as a replica does.
struct Reader(Child);

impl Reader {
    /// None where the tool for it is not at hand, or does not speak with this server: MariaDB's knows no newer MySQL.
    fn of(scene: &mut Scene, server: &Server, log: &str) -> Option<Self> {
        let address = server.address();
        let mut tool = std::process::Command::new("mariadb-binlog");
        tool.args(["--no-defaults", "--read-from-remote-server", "--stop-never", "--protocol=TCP"]);
        tool.args(["--host", &address.host, "--port", &address.port.to_string(), "--user", &address.user, log]);
        tool.env("MYSQL_PWD", &address.password).stdout(Stdio::null()).stderr(Stdio::null());
        let mut reader = Self(tool.spawn().ok()?);
        let begun = Instant::now();
        while Self::there(scene) == 0 {
            if reader.0.try_wait().unwrap().is_some() || begun.elapsed() > support::PATIENCE {
                return None;
            }
        }
        Some(reader)
    }

    fn there(scene: &mut Scene) -> i64 {
        scene.admin.number("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'")
    }

    /// Ends it, on both sides, and waits until the server has noticed.
    async fn leaves(self, scene: &mut Scene) {
        drop(self);
        for id in scene.run("SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'") {
            scene.run(&format!("KILL {id}"));
        }
        support::eventually("the reader is gone", || Self::there(scene) == 0).await;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

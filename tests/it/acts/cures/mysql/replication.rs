//! A replica that somebody has stopped, and one that an error has stopped: MariaDB and MySQL, from one server to a
//! second.

use super::*;

registry::cures! {
    "mysql", replica_at_hand;
    a_replica_that_was_stopped_goes_on_and_one_with_an_error_is_left,
}

/// A server and a second one of its product, which can follow it.
#[derive(Clone)]
struct Pair {
    source: String,
    replica: String,
    is_mariadb: bool,
}

fn pairs() -> Vec<Pair> {
    let mariadb = servers::replica_mariadb_url();
    let mariadb = mariadb.map(|replica| Pair { source: servers::mariadb_url(), replica, is_mariadb: true });
    let mysql = servers::mysql_url().zip(servers::replica_mysql_url());
    let mysql = mysql.map(|(source, replica)| Pair { source, replica, is_mariadb: false });
    mariadb.into_iter().chain(mysql).collect()
}

fn replica_at_hand() -> bool {
    at_hand() && !pairs().is_empty()
}

/// The second server, which follows the first in one database.
struct Following {
    scene: Scene,
    source: Admin,
    is_mariadb: bool,
    _turn: Admin,
}

impl Following {
    fn new(pair: &Pair, dice: &mut Dice) -> Self {
        let Pair { source: from, replica: admin, is_mariadb } = pair.clone();
        let mut turn = Admin::at(&from);
        assert_eq!(turn.run("SELECT GET_LOCK('the replica', 100)"), ["1"]);
        let mut reader = servers::Address::of(&admin);
        reader.user = "dbagpt_ro".into();
        let server = Server { read_only: support::url(&reader), admin, is_mariadb };
        let mut scene = Scene::new(&server, "follows", dice);
        let mut source = Admin::at(&from);
        let status = if is_mariadb { "SHOW MASTER STATUS" } else { "SHOW BINARY LOG STATUS" };
        let at = source.run(status).remove(0);
        let mut at = at.split('\t');
        let (log, position) = (at.next().unwrap(), at.next().unwrap());
        let from = servers::Address::of(&from);
        let database = scene.database.clone();
        // MySQL has other words for it, and asks a source without TLS for its key.
        let (change, word, more) = if is_mariadb {
            ("CHANGE MASTER", "MASTER", "MASTER_USE_GTID = no")
        } else {
            ("CHANGE REPLICATION SOURCE", "SOURCE", "GET_SOURCE_PUBLIC_KEY = 1")
        };
        let only = only(is_mariadb, &format!("'{}.%'", database.replace('_', "\\\\_")));
        scene.run(&format!(
            "STOP REPLICA; RESET REPLICA ALL; {only}; \
             {change} TO {word}_HOST = '{}', {word}_PORT = {}, {word}_USER = '{}', {word}_PASSWORD = '{}', \
             {word}_LOG_FILE = '{log}', {word}_LOG_POS = {position}, {word}_CONNECT_RETRY = 1, {more}; START REPLICA",
            from.host, from.port, from.user, from.password,
        ));
        source.run(&format!(
            "CREATE DATABASE IF NOT EXISTS {database}; USE {database}; CREATE TABLE t (id INT PRIMARY KEY, v INT)"
        ));
        Self { scene, source, is_mariadb, _turn: turn }
    }

    /// Waits until the replica has what the source has.
    async fn caught_up(&mut self) {
        let rows = format!("SELECT COALESCE(MAX(id), -1) FROM {}.t", self.scene.database);
        let wanted = self.source.run(&rows);
        let scene = &mut self.scene;
        support::eventually("the replica has caught up", || scene.admin.run(&rows) == wanted).await;
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.source.run(&format!("DROP DATABASE IF EXISTS {}", self.scene.database));
        let all = only(self.is_mariadb, if self.is_mariadb { "''" } else { "" });
        self.scene.run(&format!("STOP REPLICA; RESET REPLICA ALL; {all}"));
    }
}

/// Follows these tables alone.
fn only(is_mariadb: bool, tables: &str) -> String {
    if is_mariadb {
        format!("SET GLOBAL replicate_wild_do_table = {tables}")
    } else {
        format!("CHANGE REPLICATION FILTER REPLICATE_WILD_DO_TABLE = ({tables})")
    }
}

async fn a_replica_that_was_stopped_goes_on_and_one_with_an_error_is_left(seed: u64) {
    for pair in pairs() {
        let mut dice = Dice::new(seed);
        Box::pin(goes_on(Following::new(&pair, &mut dice), dice)).await;
    }
}

async fn goes_on(mut following: Following, mut dice: Dice) {
    following.source.run("INSERT INTO t VALUES (0, 0)");
    following.caught_up().await;

    let stops = ["STOP REPLICA", "STOP REPLICA SQL_THREAD", "STOP REPLICA IO_THREAD"];
    let stop = *dice.pick(&stops);
    following.scene.run(stop);
    for id in 1..=dice.between(1, 30) {
        following.source.run(&format!("INSERT INTO t VALUES ({id}, {id})"));
    }
    let cure = following.scene.curable(Cause::ReplicationBroken, "C8b", |_| true).await;
    // Somebody starts it before anybody approves.
    let waits = following.scene.proposed(&cure, 0).await.unwrap();
    following.scene.run("START REPLICA");
    following.caught_up().await;
    following.scene.refused_at_last(&waits).await;
    following.scene.run("STOP REPLICA");
    following.source.run("INSERT INTO t VALUES (100, 100)");
    let cure = following.scene.curable(Cause::ReplicationBroken, "C8b", |_| true).await;
    let done = following.scene.cured(&cure).await;
    assert!(matches!(done[0].survey.inverse, Inverse::None(_)), "what was applied stays applied");
    following.caught_up().await;

    // Its twin: a row here is not what it is on the source. Starting again would meet it again, and skipping loses it.
    following.scene.run("SET sql_log_bin = 0; INSERT INTO t VALUES (200, 1); SET sql_log_bin = 1");
    following.source.run("INSERT INTO t VALUES (200, 200)");
    let stopped = |found: &Examined| roots(found).contains(&Cause::ReplicationBroken);
    let found = following.scene.until("the error", None, stopped).await;
    let twin = plan(&found, "C8b", "");
    assert!(twin.blocked.iter().any(|why| why.contains("error 1062")), "{:?}", twin.blocked);
    assert!(twin.advice.iter().any(|advice| advice.contains("never skip")), "{:?}", twin.advice);
    assert_eq!(following.scene.run("SELECT v FROM t WHERE id = 200"), ["1"], "nothing was skipped or changed");
}

//! A replica that somebody has stopped, and one that an error has stopped: MariaDB, from one server to a second.

use super::*;

registry::cures! {
    "mysql", replica_at_hand;
    a_replica_that_was_stopped_goes_on_and_one_with_an_error_is_left,
}

fn replica_at_hand() -> bool {
    at_hand() && servers::replica_mariadb_url().is_some()
}

/// The second server, which follows the first in one database.
struct Following {
    scene: Scene,
    source: Admin,
    _turn: Admin,
}

impl Following {
    fn new(dice: &mut Dice) -> Self {
        let mut turn = Admin::at(&servers::mariadb_url());
        assert_eq!(turn.run("SELECT GET_LOCK('the replica', 100)"), ["1"]);
        let admin = servers::replica_mariadb_url().unwrap();
        let mut reader = servers::Address::of(&admin);
        reader.user = "dbagpt_ro".into();
        let server = Server { read_only: support::url(&reader), admin, is_mariadb: true };
        let mut scene = Scene::new(&server, "follows", dice);
        let mut source = Admin::at(&servers::mariadb_url());
        let at = source.run("SHOW MASTER STATUS").remove(0);
        let mut at = at.split('\t');
        let (log, position) = (at.next().unwrap(), at.next().unwrap());
        let from = servers::Address::of(&servers::mariadb_url());
        let database = scene.database.clone();
        scene.run(&format!(
            "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL replicate_wild_do_table = '{}.%'; \
             CHANGE MASTER TO MASTER_HOST = '{}', MASTER_PORT = {}, MASTER_USER = '{}', MASTER_PASSWORD = '{}', \
             MASTER_LOG_FILE = '{log}', MASTER_LOG_POS = {position}, MASTER_USE_GTID = no, MASTER_CONNECT_RETRY = 1; \
             START SLAVE",
            database.replace('_', "\\\\_"),
            from.host,
            from.port,
            from.user,
            from.password,
        ));
        source.run(&format!(
            "CREATE DATABASE IF NOT EXISTS {database}; USE {database}; CREATE TABLE t (id INT PRIMARY KEY, v INT)"
        ));
        Self { scene, source, _turn: turn }
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
        self.scene.run("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL replicate_wild_do_table = ''");
    }
}

async fn a_replica_that_was_stopped_goes_on_and_one_with_an_error_is_left(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut following = Following::new(&mut dice);
    following.source.run("INSERT INTO t VALUES (0, 0)");
    following.caught_up().await;

    let stops = ["STOP SLAVE", "STOP SLAVE SQL_THREAD", "STOP SLAVE IO_THREAD"];
    let stop = *dice.pick(&stops);
    following.scene.run(stop);
    for id in 1..=dice.between(1, 30) {
        following.source.run(&format!("INSERT INTO t VALUES ({id}, {id})"));
    }
    let cure = following.scene.curable(Cause::ReplicationBroken, "C8b", |_| true).await;
    // Somebody starts it before anybody approves.
    let waits = following.scene.proposed(&cure, 0).await.unwrap();
    following.scene.run("START SLAVE");
    following.caught_up().await;
    following.scene.refused_at_last(&waits).await;
    following.scene.run("STOP SLAVE");
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

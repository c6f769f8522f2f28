//! Connections that are used up, on a MariaDB that a dozen clients fill.

use super::*;
use dba_gpt::domain::procedure::Check;

registry::cures! {
    "mysql", small_at_hand;
    the_longest_idle_of_the_largest_group_make_room,
    a_limit_that_is_too_low_is_raised,
    connections_that_wait_for_one_lock_are_not_ended_for_room,
}

/// Connections of the small server.
const MOST: usize = 12;

fn small_at_hand() -> bool {
    at_hand() && servers::small_mariadb_url().is_some()
}

/// The small server, for one test alone.
struct Small {
    scene: Scene,
    /// Clients that stay.
    crowd: Vec<Admin>,
    _turn: Admin,
}

impl Small {
    fn new(name: &str, dice: &mut Dice) -> Self {
        let turn = support::small_server_alone();
        let admin = servers::small_mariadb_url().unwrap();
        let mut reader = servers::Address::of(&admin);
        reader.user = "dbagpt_ro".into();
        let server = Server { read_only: support::url(&reader), admin, is_mariadb: true };
        Self { scene: Scene::new(&server, name, dice), crowd: Vec::new(), _turn: turn }
    }

    /// Lets so many more clients in, who may do nothing.
    fn crowd(&mut self, many: usize) {
        let mut nobody = servers::Address::of(&self.scene.url);
        nobody.user = "dbagpt_nobody".into();
        nobody.database = "information_schema".into();
        for _ in 0..many {
            let mut client = Admin::at(&support::url(&nobody));
            client.run("SELECT 1");
            self.crowd.push(client);
        }
    }

    fn ids(&mut self) -> Vec<i64> {
        let ids =
            self.scene.run("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'dbagpt_nobody' ORDER BY 1");
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // A session whose statement goes on does not notice that its client is gone.
        for id in self.ids() {
            self.scene.run(&format!("KILL {id}"));
        }
        let begun = Instant::now();
        while !self.ids().is_empty() && begun.elapsed() < support::PATIENCE {}
    }
}

async fn the_longest_idle_of_the_largest_group_make_room(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut small = Small::new("room", &mut dice);
    let busy = dice.between(0, 3) as usize;
    // The administrator of the test and the reader of the program take a place each.
    small.crowd(MOST - 3);
    for client in &mut small.crowd[..busy] {
        client.send("SELECT SLEEP(120)");
    }
    let all = small.ids();
    let scene = &small.scene;
    let is_saturated = |found: &Examined| roots(found).contains(&Cause::ConnectionSaturation);
    // The twin: they have been idle for a moment only, as those of a pool are.
    let fresh = scene.until("the full server", None, is_saturated).await;
    let blocked = &plan(&fresh, "C6", "End the longest idle").blocked;
    assert!(blocked.iter().any(|why| why.contains("idle for 10 s or longer")), "{blocked:?}");

    let idle = |plan: &Plan| plan.title.starts_with("End the longest idle");
    let cure = scene.curable(Cause::ConnectionSaturation, "C6", idle).await;
    let named = sessions(&cure);
    assert_eq!(named.len(), ((all.len() - busy) / 5).max(1), "a fifth of the group: {cure:#?}");

    // One of them works again before anybody approves.
    let waits = scene.proposed(&cure, 0).await.unwrap();
    for client in &mut small.crowd[busy..] {
        client.run("SELECT 1");
    }
    scene.refused_at_last(&waits).await;
    assert_eq!(small.ids(), all, "nobody is ended");

    let cure = small.scene.curable(Cause::ConnectionSaturation, "C6", idle).await;
    let named = sessions(&cure);
    let done = small.scene.cured(&cure).await;
    assert_eq!(done.len(), named.len());
    let left: Vec<i64> = all.iter().copied().filter(|id| !named.contains(id)).collect();
    assert_eq!(small.ids(), left, "those and nobody else");
}

async fn a_limit_that_is_too_low_is_raised(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut small = Small::new("limit", &mut dice);
    small.crowd(MOST - 3);
    let scene = &mut small.scene;
    let raise = |plan: &Plan| plan.title.starts_with("Allow ");
    let cure = scene.curable(Cause::ConnectionSaturation, "C6", raise).await;
    let limit = "SELECT @@global.max_connections";
    let never = Check::SettingIs { name: "max_connections".into(), value: "1".into() };
    scene.broken_and_taken_back(&cure, never).await;
    assert_eq!(scene.run(limit), [MOST.to_string()], "what did not help is taken back");
    let done = scene.cured(&cure).await;
    assert_eq!(scene.run(limit), ["15"]);
    scene.bed.undone(&done[0]).await;
    assert_eq!(scene.run(limit), [MOST.to_string()]);
}

async fn connections_that_wait_for_one_lock_are_not_ended_for_room(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut small = Small::new("behind", &mut dice);
    let waiting = dice.between(6, 8) as usize;
    small.scene.run("CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 0)");
    let mut root = small.scene.client();
    let id = root.number("SELECT CONNECTION_ID()");
    root.run("BEGIN; UPDATE t SET v = 100 WHERE id = 1");
    let mut waiters: Vec<Admin> = (0..waiting).map(|_| small.scene.client()).collect();
    for waiter in &mut waiters {
        waiter.send("SET SESSION innodb_lock_wait_timeout = 60; UPDATE t SET v = v + 1 WHERE id = 1");
    }
    small.crowd(MOST - 4 - waiting);
    let follows = |found: &Examined| {
        let full = found.diagnosis.of(Cause::ConnectionSaturation);
        full.is_some_and(|full| full.consequence_of == Some(Cause::LockWaitChain))
    };
    let found = small.scene.until("the root of the full server", None, follows).await;
    assert!(!roots(&found).contains(&Cause::ConnectionSaturation));
    assert!(offered(&found, "C6", |_| true).is_none(), "{:#?}", found.plans);
    let cure = offered(&found, "C5", |plan| sessions(plan) == [id]).unwrap();
    small.scene.cured(cure).await;
    for waiter in &mut waiters {
        waiter.run("SELECT 1");
    }
    assert_eq!(small.scene.run("SELECT v FROM t"), [waiting.to_string()]);
}

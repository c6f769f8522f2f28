//! Every kind of act that needs no cause to be tried: proposed, approved, seen, undone, and seen to be as before.

use super::*;
use dba_gpt::domain::proposal::kind::{ObjectRef, Upkeep};

registry::cures! {
    "mysql", at_hand;
    every_kind_is_done_and_undone_and_what_would_do_harm_is_refused,
}

impl Scene {
    /// Does a typed act, looks at the state in between, and undoes it.
    async fn there_and_back(&mut self, kind: FixKind, state: &str) {
        let before = self.run(state);
        let words = kind.words();
        let proposal = self.bed.offered(kind).await.unwrap_or_else(|e| panic!("{words}: {e:?}"));
        assert_eq!(self.run(state), before, "{words}: a proposal changes nothing");
        let done = self.bed.site.approve(proposal.id, &consent(&proposal)).await.unwrap();
        assert_eq!(done.stage, Stage::Done, "{words}: {:?}", done.happenings);
        assert_ne!(self.run(state), before, "{words}");
        self.bed.undone(&done).await;
        // An index that comes back stands behind the others.
        let parts = |lines: &[String]| {
            let all = lines.iter().flat_map(|line| line.split("\\n")).map(|part| part.trim_end_matches(',').to_owned());
            let mut parts: Vec<String> = all.collect();
            parts.sort();
            parts
        };
        assert_eq!(parts(&self.run(state)), parts(&before), "{words}");
    }
}

async fn every_kind_is_done_and_undone_and_what_would_do_harm_is_refused(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "kinds", &mut dice);
        scene.run(
            "CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, note TEXT, p INT, \
             KEY spare (a), KEY wide (a, b DESC), KEY f (p), UNIQUE KEY u (b), FOREIGN KEY fk (p) REFERENCES p (id)); \
             INSERT INTO t (id, a, b) VALUES (1, 1, 1), (2, 2, 2)",
        );
        let database = scene.database.clone();
        let table = ObjectRef::new(&database, "t");
        let create = format!("SHOW CREATE TABLE {database}.t");
        let index = |name: &str, columns: &[&str]| FixKind::CreateIndex {
            table: table.clone(),
            name: name.into(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        };
        let drop = |name: &str| FixKind::DropIndex { table: table.clone(), name: name.into() };
        let user = format!("cure_limited_{}", dice.between(0, 999));
        scene.run(&format!("DROP USER IF EXISTS {user}@'10.0.0.%'; CREATE USER {user}@'10.0.0.%' IDENTIFIED BY 'x'"));
        // The recommended reader does not see the limits of accounts.
        scene.bed.site.ways.read = ways(&scene.url).read;
        let limit = FixKind::LimitConnections(format!("{user}@10.0.0.%"), Some(dice.between(1, 50)));
        let limited = format!("SELECT max_user_connections FROM mysql.user WHERE User = '{user}'");
        let rounds = [(index("in`x", &["b", "-a"]), &create), (drop("spare"), &create), (limit, &limited)];
        for (kind, state) in dice.shuffled(&rounds) {
            scene.there_and_back(kind, state).await;
        }
        scene.run(&format!("DROP USER {user}@'10.0.0.%'"));
        for (kind, why) in [
            (index("more", &["a"]), "begins with these columns already"),
            (index("more", &["note"]), "only a part"),
            (index("more", &["nothing"]), "no column"),
            (drop("f"), "foreign key"),
            (drop("u"), "keeps values unique"),
            (drop("nothing"), "no index"),
            (FixKind::StartReplication, "follows no other"),
            (FixKind::PurgeLogs("nothing.000001".into()), "no binary log"),
            (FixKind::LimitConnections("nobody_at_all@%".into(), Some(5)), "no account"),
        ] {
            match scene.bed.offered(kind.clone()).await {
                Err(NotProposed::Refused(said) | NotProposed::Failed(said)) => {
                    assert!(said.contains(why), "{kind:?}: {said}");
                }
                other => panic!("{kind:?}: {other:?}"),
            }
        }
        for upkeep in dice.shuffled(&[Upkeep::Analyze, Upkeep::Compact]) {
            let done = scene.bed.act(FixKind::Maintain(upkeep, Some(table.clone()))).await;
            assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
            assert!(matches!(done.survey.inverse, Inverse::None(_)), "{:?}", done.survey.inverse);
        }
    })
    .await;
}

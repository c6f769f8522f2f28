//! Several processes at one store, some of which are killed.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_worth_of_writers_lose_nothing() {
    let home = Home::new();
    let writer = |name: &'static str| {
        // A handle of its own has a connection of its own.
        let store = home.try_open().unwrap().store;
        tokio::spawn(async move {
            let id = store.begin_conversation(name, None, after(0)).await.unwrap();
            for i in 0..60 {
                store.append(id, vec![entry(&format!("{i}"))]).await.unwrap();
                let at = after(i * 10_000);
                keep(&store, name, sample(at, &[(ACTIVE, i as f64)])).await;
                store.remember_line(&format!("{name} {i}")).await.unwrap();
            }
            store.close().await.unwrap();
            id
        })
    };
    let (first, second) = (writer("a"), writer("b"));
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let store = home.open();
    for (id, name) in [(first, "a"), (second, "b")] {
        let (conversation, entries) = store.conversation(id).await.unwrap();
        assert_eq!((conversation.name.as_str(), entries.len()), (name, 60));
        let points = store.series(&TargetId::new(name), ACTIVE, after(0), after(DAY)).await.unwrap();
        assert_eq!(points.len(), 60);
    }
    assert_eq!(store.lines().await.unwrap().len(), 120);
    store.check().await.unwrap();
}

/// Names the folder in which the writer below works; set by the test that kills it.
const WRITER_FOLDER: &str = "DBA_GPT_TEST_WRITER_FOLDER";

/// Not a test: the process that is killed. Says each entry's number when the store has acknowledged it.
#[tokio::test]
#[ignore = "a part of the test that kills it"]
async fn the_writer_that_is_killed() {
    let Some(folder) = std::env::var_os(WRITER_FOLDER) else { return };
    let store = Store::open(Path::new(&folder), after(0), &Retention::default()).unwrap().store;
    let id = store.begin_conversation("killed", None, after(0)).await.unwrap();
    let mut out = std::io::stdout();
    for number in 0.. {
        store.append(id, vec![entry(&number.to_string())]).await.unwrap();
        writeln!(out, "kept {id} {number}").unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_writers_are_killed() {
    let home = Home::new();
    home.make().await;
    let mut acknowledged: BTreeMap<i64, usize> = BTreeMap::new();
    for round in 0..6 {
        let writer = || {
            std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "store::processes::the_writer_that_is_killed", "--ignored", "--nocapture"])
                .env(WRITER_FOLDER, home.folder())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap()
        };
        // Two at once, as the screen and a watcher would be; each is killed in the middle of its work.
        let mut writers = [writer(), writer()];
        for writer in &mut writers {
            let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
            let kept = lines.map(Result::unwrap).filter_map(|line| {
                let (id, number) = line.split_once("kept ")?.1.split_once(' ')?;
                Some((id.parse::<i64>().unwrap(), number.parse::<usize>().unwrap()))
            });
            acknowledged.extend(kept.take(5 + round * 7));
            writer.kill().unwrap();
            writer.wait().unwrap();
        }
        let store = home.open();
        for (&id, &number) in &acknowledged {
            let entries = store.conversation(id).await.unwrap().1;
            assert!(entries.len() > number, "conversation {id} lost entry {number}");
            let numbers: Vec<String> = (0..entries.len()).map(|n| n.to_string()).collect();
            assert!(entries.iter().zip(&numbers).all(|(e, n)| e.body["text"] == *n), "conversation {id} has a gap");
        }
        store.check().await.unwrap();
        store.close().await.unwrap();
    }
    assert_eq!(acknowledged.len(), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_may_make_the_store_at_the_same_moment() {
    for _ in 0..10 {
        let home = Home::new();
        let folder = home.folder();
        let open = move || open(&folder).map(|opened| opened.notices);
        let (one, two) = (tokio::task::spawn_blocking(open.clone()), tokio::task::spawn_blocking(open));
        assert_eq!((one.await.unwrap(), two.await.unwrap()), (Ok(Vec::new()), Ok(Vec::new())));
    }
}

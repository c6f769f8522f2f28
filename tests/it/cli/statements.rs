//! `sql` and `guard`: what runs, what is refused, and in which form it is printed.

use super::rig::{Ran, Rig, argument};
use dba_gpt::cli::Terminal;

fn sql(rig: &Rig, arguments: &[&str]) -> Ran {
    let shop = rig.shop_once();
    rig.run(&[&["sql", "--target", argument(&shop)], arguments].concat())
}

#[test]
fn a_result_is_printed_in_every_format() {
    let rig = Rig::new();
    let statement = "select id, note, total from orders order by id";
    let csv = sql(&rig, &[statement, "--format", "csv"]);
    assert_eq!((csv.code, csv.out.as_str()), (0, "id,note,total\n1,,9.5\n2,a|b,20\n3,x,1\n"), "{csv:?}");
    let json = sql(&rig, &[statement, "--format", "json"]);
    let lines: Vec<serde_json::Value> = json.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines[0], serde_json::json!({"id": 1, "note": null, "total": 9.5}));
    assert_eq!(lines.len(), 3);
    let markdown = sql(&rig, &[statement, "--format", "md"]);
    assert!(markdown.out.contains("| 2 | a\\|b | 20 |"), "{}", markdown.out);
    let table = sql(&rig, &[statement]);
    assert!(table.out.starts_with("id  note  total\n"), "{}", table.out);
    assert!(table.err.starts_with("3 rows (all)"), "counting is talk: {}", table.err);
}

#[test]
fn one_object_tells_everything_about_a_run() {
    let rig = Rig::new();
    let object = sql(&rig, &["select id, note from orders order by id", "--json", "--limit", "2"]).object();
    assert_eq!(object["columns"], serde_json::json!(["id", "note"]));
    assert_eq!(object["rows"], serde_json::json!([[1, null], [2, "a|b"]]));
    assert_eq!((object["truncated"].as_bool(), object["source"].as_str()), (Some(true), Some("sql")));
    assert_eq!(object["statements"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_left_out_is_said() {
    let rig = Rig::new();
    for format in ["csv", "json", "md"] {
        let ran = sql(&rig, &["select id from orders order by id", "--format", format, "--limit", "2"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.err.contains("cut at 2 rows"), "{ran:?}");
        let all = sql(&rig, &["select id from orders order by id", "--format", format, "--limit", "3"]);
        assert_eq!(all.err, "", "nothing was left out");
    }
    let table = sql(&rig, &["select id from orders", "--limit", "2"]);
    assert!(table.err.contains("cut at 2"), "{table:?}");
}

#[test]
fn many_rows_stream_without_a_cap_of_bytes_when_their_number_is_given() {
    let rig = Rig::new();
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 40000) \
                select i, printf('%0500d', i) as wide from n";
    let ran = sql(&rig, &[many, "--format", "csv", "--limit", "40000"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out.lines().count(), 40_001);
    assert!(ran.out.len() > 16 << 20);
    let capped = sql(&rig, &[many, "--format", "csv"]);
    assert!(capped.err.contains("cut at 500 rows"), "{}", capped.err);
}

#[test]
fn a_statement_comes_from_a_pipe_too() {
    let rig = Rig::new();
    let shop = rig.shop_once();
    let ran = rig.run_with(&["sql", "-", "--format", "csv", "--target", argument(&shop)], "-- why\nselect 1 as n\n");
    assert_eq!((ran.code, ran.out.as_str()), (0, "n\n1\n"), "{ran:?}");
}

#[test]
fn each_way_to_fail_has_its_exit_code_and_its_words() {
    let rig = Rig::new();
    for (statement, code, words) in [
        ("delete from orders where id = 1", 4, "[dml]"),
        ("drop table orders", 4, "[ddl]"),
        ("select 1; select 2", 4, "[multi]"),
        ("selec 1", 4, "[unparsed]"),
        ("select nowhere from orders", 1, "no such column"),
    ] {
        let ran = sql(&rig, &[statement]);
        assert_eq!(ran.code, code, "{statement}: {ran:?}");
        assert!(ran.err.contains(words) && ran.out.is_empty(), "{statement}: {ran:?}");
        let object = sql(&rig, &[statement, "--json"]);
        assert_eq!(object.code, code, "{statement}");
        let object = object.object();
        assert!(object["answer"].as_str().unwrap().contains(words) && object["source"].is_null(), "{object}");
    }
    let gone = rig.path("gone.db");
    let ran = rig.run(&["sql", "select 1", "--target", argument(&gone)]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("gone.db"), "{}", ran.err);
    let rows = sql(&rig, &["select count(*) as n from orders", "--format", "csv"]);
    assert_eq!(rows.out, "n\n3\n", "the refused statements changed nothing");
}

#[test]
fn which_target_is_asked_when_there_are_several() {
    let rig = Rig::new();
    let shop = rig.shop_once();
    rig.configure(&format!("[targets.a]\nurl = \"sqlite:{0}\"\n[targets.b]\nurl = \"sqlite:{0}\"\n", shop.display()));
    let ran = rig.run(&["sql", "select 1"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("a, b"), "{}", ran.err);
    assert_eq!(rig.run(&["sql", "select 1", "--target", "b"]).code, 0);
}

#[test]
fn a_terminal_gets_nothing_that_acts_on_it_and_a_file_gets_what_was_stored() {
    let mut rig = Rig::new();
    let statement = "select name from customers where id = 2";
    for format in ["table", "csv", "json", "md"] {
        rig.terminal = Terminal { is_terminal: true, size: Some((80, 24)), ..Terminal::default() };
        let shown = sql(&rig, &[statement, "--format", format]);
        assert!(!shown.out.chars().any(|c| c.is_control() && c != '\n'), "{format}: {:?}", shown.out);
        rig.terminal = Terminal::default();
        let stored = sql(&rig, &[statement, "--format", format]);
        assert_eq!(stored.out.contains("Bo\u{1b}[2Jb"), format == "csv", "{format}: {:?}", stored.out);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut rig = Rig::new();
    rig.output_room = 3_000;
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n";
    let ran = sql(&rig, &[many, "--format", "csv", "--limit", "1000000000"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn an_interrupt_stops_the_statement() {
    let rig = Rig::new();
    rig.interrupt.cancel();
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let ran = sql(&rig, &[endless]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("stopped"), "{}", ran.err);
}

#[test]
fn every_line_gets_its_verdict_in_order() {
    let rig = Rig::new();
    let lines = [
        (r"select 1", "allow\tread\t"),
        ("", "deny\tunparsed\t"),
        (r"select\n1 --\u{20}x", "allow\tread\t"),
        (r"select '\u{zz}'", "deny\tunparsed\t"),
        (r"select 1\", "deny\tunparsed\t"),
        (r"drop table x", ""),
        ("select 1; select 2", "deny\tmulti\t"),
        ("\u{feff}\u{202e}select 1", "deny\tunparsed\t"),
        ("   ", "deny\tunparsed\t"),
    ];
    for ending in ["", "\n"] {
        let input = lines.map(|(line, _)| line).join("\n") + ending;
        for engine in ["postgres", "sqlite"] {
            let ran = rig.run_with(&["guard", "--engine", engine, "--lines"], &input);
            assert_eq!(ran.code, 0);
            assert_eq!(ran.out.lines().count(), lines.len(), "{engine}: {}", ran.out);
            for ((line, expected), verdict) in lines.iter().zip(ran.out.lines()) {
                assert!(verdict.starts_with(expected), "{engine}: {line:?} -> {verdict}");
                assert_eq!(verdict.split('\t').count(), 3, "{verdict}");
                assert_ne!(verdict.split('\t').nth(2), Some(""), "a verdict has a reason: {verdict}");
            }
            let objects = rig.run_with(&["guard", "--engine", engine, "--lines", "--json"], &input).objects();
            assert_eq!(objects.len(), lines.len());
            assert_eq!(objects[0]["verdict"], "allow");
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_denied_and_do_not_end_the_run() {
    let rig = Rig::new();
    let ran = rig.run_with(&["guard", "--engine", "sqlite", "--lines"], b"select 1\nselect '\xff'\nselect 2\n");
    let verdicts: Vec<&str> = ran.out.lines().map(|l| l.split('\t').next().unwrap()).collect();
    assert_eq!((ran.code, verdicts), (0, vec!["allow", "deny", "allow"]));
}

#[test]
fn without_lines_the_input_is_one_statement() {
    let rig = Rig::new();
    let one = rig.run_with(&["guard", "--engine", "postgres"], "select a,\n  b\nfrom t\n");
    assert_eq!((one.code, one.out.lines().count()), (0, 1));
    assert!(one.out.starts_with("allow\tread\t"), "{}", one.out);
    let two = rig.run_with(&["guard", "--engine", "postgres"], "select 1;\nselect 2\n");
    assert!(two.out.starts_with("deny\tmulti\t"), "{}", two.out);
    assert!(rig.run_with(&["guard", "--engine", "postgres"], "").out.starts_with("deny\tunparsed\t"));
}

#[test]
fn a_catalogue_tells_the_guard_what_views_hide() {
    let rig = Rig::new();
    let path = rig.path("catalog.json");
    std::fs::write(&path, r#"{"views": [{"name": "app.v", "functions": ["app.evil"], "relations": []}]}"#).unwrap();
    let judge = |more: &[&str]| {
        let ran = rig.run_with(&[&["guard", "--engine", "postgres"], more].concat(), "select * from app.v");
        (ran.code, ran.out.split('\t').next().unwrap_or_default().to_owned())
    };
    assert_eq!(judge(&[]), (0, "allow".to_owned()));
    let (code, verdict) = judge(&["--catalog", argument(&path)]);
    assert_eq!(code, 0);
    assert_ne!(verdict, "allow");

    std::fs::write(&path, r#"{"vues": []}"#).unwrap();
    let ran = rig.run_with(&["guard", "--engine", "postgres", "--catalog", argument(&path)], "select 1");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("catalog.json") && ran.err.contains("vues"), "{}", ran.err);
}

#[test]
fn an_engine_that_is_not_there_is_wrong_usage() {
    let ran = Rig::new().run_with(&["guard", "--engine", "oracle", "--lines"], "select 1\n");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("oracle") && ran.err.contains("sqlite"), "{}", ran.err);
}

#[test]
fn the_guard_needs_no_sound_configuration() {
    let rig = Rig::new();
    rig.configure("not toml at all");
    assert_eq!(rig.run_with(&["guard", "--engine", "sqlite"], "select 1").code, 0);
}

#[test]
fn a_statement_that_would_break_a_parser_is_denied_like_any_other() {
    let rig = Rig::new();
    let deep = |open: &str, close: &str, n: usize| format!("select {}1{}", open.repeat(n), close.repeat(n));
    let lines = [
        deep("(", ")", 200_000),
        deep("(", "", 100_000),
        deep("- ", "", 100_000),
        deep("not ", "", 100_000),
        deep("case when 1 then ", " end", 30_000),
        deep("(select ", ")", 30_000),
        deep("array[", "]", 30_000),
        deep("1+", "", 100_000),
        format!("select 1{}", " union select 1".repeat(30_000)),
        format!("select 1 where 1{}", " and 1".repeat(50_000)),
        deep("/*", "*/", 100_000),
        "select 1".to_owned(),
    ];
    for engine in ["postgres", "sqlite"] {
        let ran = rig.run_with(&["guard", "--engine", engine, "--lines"], lines.join("\n"));
        assert_eq!((ran.code, ran.out.lines().count()), (0, lines.len()), "{engine}");
        assert!(ran.out.lines().last().unwrap().starts_with("allow\tread"), "{engine}");
    }
}

//! Replies as servers send them, and the tables they become.

use super::*;

fn words(line: &str) -> Vec<Vec<u8>> {
    line.split(' ').map(|w| w.as_bytes().to_vec()).collect()
}
fn text(t: &str) -> Reply {
    Reply::Text(t.into())
}
fn array(items: Vec<Reply>) -> Reply {
    Reply::Array { total: items.len() as u64, items }
}
fn shown(line: &str, reply: &Reply) -> Vec<String> {
    let words = words(line);
    let table = table(&Asked::new(&words), reply);
    let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    let mut out = vec![names.join("|")];
    for row in &table.rows {
        assert_eq!(row.len(), table.columns.len(), "{line}: {row:?}");
        out.push(row.iter().map(|v| v.plain().unwrap_or_default()).collect::<Vec<_>>().join("|"));
    }
    out.extend(table.notices);
    out
}

#[test]
fn clients_become_columns() {
    let list = "id=3 addr=127.0.0.1:5 laddr=x name=app age=9 idle=0 db=0 cmd=client|list user=default\nid=4 addr=/tmp/s name= age=1 idle=1 db=2 cmd=get user=ro\n";
    assert_eq!(
        shown("client list", &text(list)),
        [
            "id|addr|laddr|name|age|idle|db|cmd|user",
            "3|127.0.0.1:5|x|app|9|0|0|client|list|default",
            "4|/tmp/s|||1|1|2|get|ro"
        ]
    );
    assert_eq!(shown("client list", &text("")), ["id|addr|name"]);
}

#[test]
fn pairs_look_the_same_in_both_protocols() {
    let map = Reply::Map(vec![(text("maxmemory"), text("0")), (text("requirepass"), text("S3cr3t"))]);
    let list = array(vec![text("maxmemory"), text("0"), text("requirepass"), text("S3cr3t")]);
    for reply in [map, list] {
        assert_eq!(shown("CONFIG GET maxmemory", &reply), ["name|value", "maxmemory|0", "requirepass|***"]);
    }
    let flat = array(vec![text("a"), text("1.5")]);
    let nested = array(vec![array(vec![text("a"), Reply::Double(1.5)])]);
    for reply in [flat, nested] {
        assert_eq!(shown("ZRANGE z 0 9 WITHSCORES", &reply), ["member|score", "a|1.5"]);
    }
}

#[test]
fn the_slow_log_has_no_passwords() {
    let entry = |command: &[&str]| {
        let words = array(command.iter().map(|w| text(w)).collect());
        array(vec![Reply::Int(1), Reply::Int(0), Reply::Int(12), words, text("1.2.3.4:5"), text("")])
    };
    let reply = array(vec![
        entry(&["GET", "a b"]),
        entry(&["ACL", "SETUSER", "joe", ">S3cr3t"]),
        entry(&["HELLO", "3", "AUTH", "joe", "S3cr3t"]),
        entry(&["config", "set", "requirepass", "S3cr3t"]),
    ]);
    assert_eq!(
        shown("SLOWLOG GET 10", &reply),
        [
            "id|at_utc|duration_us|command|client|client_name",
            "1|1970-01-01 00:00:00|12|GET \"a b\"|1.2.3.4:5|",
            "1|1970-01-01 00:00:00|12|ACL SETUSER joe ***|1.2.3.4:5|",
            "1|1970-01-01 00:00:00|12|HELLO 3 ***|1.2.3.4:5|",
            "1|1970-01-01 00:00:00|12|config set requirepass ***|1.2.3.4:5|",
        ]
    );
}

#[test]
fn scans_say_where_they_go_on() {
    let reply = array(vec![text("17"), array(vec![text("f"), text("v"), text("g"), text("w")])]);
    assert_eq!(shown("HSCAN h 0", &reply), ["field|value", "f|v", "g|w", "there is more: HSCAN KEY 17 goes on"]);
    let end = array(vec![text("0"), array(vec![text("k")])]);
    assert_eq!(shown("SCAN 0", &end), ["key", "k"]);
}

#[test]
fn statistics_stand_by_what_they_cost() {
    let info = "# Commandstats\r\ncmdstat_get:calls=10,usec=20,usec_per_call=2.00,rejected_calls=0,failed_calls=1\r\n\
                cmdstat_hset:calls=1,usec=60,usec_per_call=60.00,rejected_calls=0,failed_calls=0\r\n";
    assert_eq!(
        shown("INFO commandstats", &text(info)),
        [
            "command|calls|usec|usec_per_call|percent_of_time|rejected_calls|failed_calls",
            "hset|1|60|60.00|75.0|0|0",
            "get|10|20|2.00|25.0|0|1",
        ]
    );
}

#[test]
fn what_is_not_known_goes_by_its_shape() {
    assert_eq!(shown("DBSIZE", &Reply::Int(7)), ["dbsize", "7"]);
    assert_eq!(shown("ACL USERS", &array(vec![text("default"), text("ro")])), ["n|value", "1|default", "2|ro"]);
    let maps = array(vec![Reply::Map(vec![(text("name"), text("g")), (text("lag"), Reply::Int(2))])]);
    assert_eq!(shown("XINFO GROUPS s", &maps), ["name|lag", "g|2"]);
    let entries = array(vec![array(vec![text("1-0"), array(vec![text("a"), text("b")])])]);
    assert_eq!(shown("XRANGE s - + COUNT 1", &entries), ["id|fields", "1-0|{\"a\": \"b\"}"]);
}

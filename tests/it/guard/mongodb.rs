//! The guard of MongoDB: its own cases, every attack in every disguise and every ordinary read in the same ones.

use dba_gpt::domain::guard::{Author, Catalog, CatalogView, Judgement, Verdict, decode_line};
use dba_gpt::engine::mongodb::DIALECT;

const BENIGN: &str = include_str!("mongodb_benign.txt");
const CASES: &str = include_str!("mongodb_cases.tsv");

fn judge(statement: &str, author: Author) -> Judgement {
    DIALECT.classify(statement, author, &Catalog::default())
}

/// Statements of the case list that are not to be allowed, and those that are.
fn listed(allowed: bool) -> Vec<String> {
    include_str!("../../../assets/attacks/cases.tsv")
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|fields| fields[0] == "mongodb" && (fields[3] == "allow") == allowed)
        .map(|fields| decode_line(fields[2]).unwrap())
        .collect()
}

#[test]
fn every_case_gets_its_verdict() {
    let mut wrong = String::new();
    for line in include_str!("../../../assets/attacks/cases.tsv").lines().filter(|line| line.starts_with("mongodb\t")) {
        let fields: Vec<&str> = line.split('\t').collect();
        let judged = judge(&decode_line(fields[2]).unwrap(), Author::Model);
        if judged.verdict.word() != fields[3] {
            wrong.push_str(&format!("{line}\n    {judged:?}\n"));
        }
    }
    for line in CASES.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let judged = judge(&decode_line(fields[2]).unwrap(), Author::Model);
        if (judged.verdict.word(), judged.class.word()) != (fields[0], fields[1]) {
            wrong.push_str(&format!("{line}\n    {judged:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_person_is_asked_where_a_model_is_refused() {
    for (statement, verdict, class) in [
        (r#"{"insert":"c","documents":[{"a":1}]}"#, "needs-approval", "dml"),
        ("db.c.insertMany([{a: 1}, {a: 2}])", "needs-approval", "dml"),
        ("db.createCollection('c')", "needs-approval", "ddl"),
        ("db.c.drop()", "needs-approval", "ddl"),
        ("db.c.dropIndexes()", "needs-approval", "ddl"),
        ("db.adminCommand({renameCollection: 'a.b', to: 'a.c'})", "needs-approval", "ddl"),
        ("db.c.hideIndex('a_1')", "needs-approval", "ddl"),
        ("db.c.updateMany({}, {$set: {a: 1}})", "deny", "dml"),
        ("db.c.deleteMany({})", "deny", "dml"),
        ("db.dropDatabase()", "deny", "ddl"),
        ("db.fsyncLock()", "deny", "lock"),
        ("db.shutdownServer()", "deny", "admin"),
        ("db.eval('1')", "deny", "resource"),
        ("db.c.mapReduce('f', 'g', {out: 'x'})", "deny", "resource"),
        ("db.c.watch()", "deny", "resource"),
        ("db.c.find({$where: '1'})", "deny", "resource"),
        ("db.c.find().forEach(x => x)", "deny", "unparsed"),
        ("use admin", "deny", "unparsed"),
        ("show log", "deny", "secret"),
        ("db.getSiblingDB('admin').system.users.find()", "deny", "secret"),
        ("db.c.find().explain('executionStats')", "needs-approval", "explain"),
        ("db.c.find().explain()", "allow", "explain"),
        ("db.c.find({a: 1}).sort({b: -1}).limit(5)", "allow", "read"),
        ("db.setProfilingLevel(1, {slowms: 20})", "needs-approval", "setting"),
        ("db.getProfilingStatus()", "allow", "read"),
        ("db.killOp(5)", "needs-approval", "kill"),
        ("rs.stepDown()", "deny", "admin"),
        ("rs.status()", "allow", "read"),
        ("rs.printReplicationInfo()", "allow", "read"),
        ("show collections", "allow", "read"),
        ("show profile", "allow", "read"),
        ("db.orders.getIndexes()", "allow", "read"),
        ("db.orders.countDocuments({})", "allow", "read"),
        ("sh.getBalancerState()", "allow", "read"),
    ] {
        let judged = judge(statement, Author::Person);
        assert_eq!((judged.verdict.word(), judged.class.word()), (verdict, class), "{statement}: {}", judged.reason);
    }
}

#[test]
fn the_catalogue_decides_on_views() {
    let view = |name: &str, functions: &[&str], relations: &[&str]| CatalogView {
        name: name.to_owned(),
        functions: functions.iter().map(|&f| f.to_owned()).collect(),
        relations: relations.iter().map(|&r| r.to_owned()).collect(),
    };
    let catalog = Catalog {
        views: vec![
            view("plain", &[], &["orders"]),
            view("scripted", &["$function"], &["orders"]),
            view("outer", &[], &["scripted"]),
            view("leak", &[], &["system.users"]),
            view("round", &[], &["round"]),
        ],
        foreign_tables: vec!["far".into()],
        ..Catalog::default()
    };
    for (collection, verdict) in [
        ("plain", "allow"),
        ("scripted", "needs-approval"),
        ("outer", "needs-approval"),
        ("leak", "needs-approval"),
        ("round", "allow"),
        ("far", "needs-approval"),
        ("orders", "allow"),
    ] {
        for statement in [
            format!(r#"{{"find":"{collection}"}}"#),
            format!(
                r#"{{"aggregate":"a","pipeline":[{{"$facet":{{"x":[{{"$unionWith":"{collection}"}}]}}}}],"cursor":{{}}}}"#
            ),
            format!(r#"{{"explain":{{"count":"{collection}"}},"verbosity":"queryPlanner"}}"#),
        ] {
            let judged = DIALECT.classify(&statement, Author::Model, &catalog);
            assert_eq!(judged.verdict.word(), verdict, "{statement}: {}", judged.reason);
        }
    }
}

/// Stages that do more than read, or have no end.
const STAGES: &[&str] = &[
    r#"{"$out":"x"}"#,
    r#"{"$out":{"db":"d","coll":"x"}}"#,
    r#"{"$merge":{"into":"x"}}"#,
    r#"{"$merge":"x"}"#,
    r#"{"$Out":"x"}"#,
    r#"{"$MERGE":"x"}"#,
    r#"{"$changeStream":{}}"#,
    r#"{"$queryStats":{}}"#,
    r#"{"$backupCursor":{}}"#,
    r#"{"$_internalInhibitOptimization":{}}"#,
    r#"{"$listSessions":{}}"#,
    r#"{"$sample":{"size":99999999}}"#,
    r#"{"$unionWith":"system.users"}"#,
    r#"{"$lookup":{"from":"system.keys","localField":"a","foreignField":"b","as":"c"}}"#,
    r#"{"$graphLookup":{"from":"system.users","startWith":"$a","connectFromField":"a","connectToField":"b","as":"c"}}"#,
    r#"{"$group":{"_id":1,"x":{"$accumulator":{"init":"f","accumulate":"f","accumulateArgs":[],"merge":"f","lang":"js"}}}}"#,
    r#"{"$match":{},"$out":"x"}"#,
];

/// Conditions in a filter.
const CONDITIONS: &[&str] = &[
    r#""$where":"while(1){}""#,
    r#""a":{"$where":"1"}"#,
    r#""a":{"$elemMatch":{"$where":"1"}}"#,
    r#""a":{"$all":[{"$elemMatch":{"$where":"1"}}]}"#,
    r#""a":{"$not":{"$function":1}}"#,
    r#""a":{"$regex":"^(a+)+$"}"#,
    r#""a":{"$in":[/(x+x+)+y/]}"#,
    r#""$jsonSchema":{"properties":{"a":{"pattern":"(a|a)*$"}}}"#,
    r#""$evil":1"#,
    r#""$expr":{"$function":{"body":"f","args":[],"lang":"js"}}"#,
];

/// Expressions.
const EXPRESSIONS: &[&str] = &[
    r#"{"$function":{"body":"function(){}","args":[],"lang":"js"}}"#,
    r#"{"$Function":{"body":"function(){}","args":[],"lang":"js"}}"#,
    r#"{"$accumulator":{"init":"f"}}"#,
    r#"{"$where":"1"}"#,
    r#"{"$_internalJsEmit":{"eval":"f","this":"$$ROOT"}}"#,
    r#"{"$regexMatch":{"input":"$a","regex":"^(a+)+$"}}"#,
    r#"{"$regexFindAll":{"input":"$a","regex":"$b"}}"#,
    r#"{"$add":[1,2],"b":3}"#,
];

/// What ordinary reads have in the same places.
const GOOD_STAGES: &[&str] = &[
    r#"{"$match":{"a":{"$gt":5}}}"#,
    r#"{"$group":{"_id":"$a","n":{"$sum":1}}}"#,
    r#"{"$unionWith":"other"}"#,
    r#"{"$project":{"out":"$merge"}}"#,
];
const GOOD_CONDITIONS: &[&str] = &[r#""a":{"$regex":"^abc"}"#, r#""where":"$where""#, r#""a":{"$elemMatch":{"b":1}}"#];
const GOOD_EXPRESSIONS: &[&str] =
    &[r#"{"$add":["$a",1]}"#, r#"{"$literal":{"$out":"x"}}"#, r#"{"$cond":[{"$eq":["$a",1]},"$out","b"]}"#];

/// Where an expression can stand: as a stage.
const IN_STAGES: &[&str] = &[
    r#"{"$project":{"x":@}}"#,
    r#"{"$project":{"x":{"y":@}}}"#,
    r#"{"$addFields":{"x":[1,@]}}"#,
    r#"{"$set":{"x":{"$cond":{"if":@,"then":1,"else":2}}}}"#,
    r#"{"$set":{"x":{"$let":{"vars":{"v":@},"in":"$$v"}}}}"#,
    r#"{"$set":{"x":{"$map":{"input":"$a","as":"e","in":@}}}}"#,
    r#"{"$set":{"x":{"$reduce":{"input":"$a","initialValue":@,"in":"$$this"}}}}"#,
    r#"{"$set":{"x":{"$switch":{"branches":[{"case":@,"then":1}],"default":2}}}}"#,
    r#"{"$group":{"_id":@}}"#,
    r#"{"$group":{"_id":{"k":@},"n":{"$sum":1}}}"#,
    r#"{"$group":{"_id":null,"n":{"$push":@}}}"#,
    r#"{"$bucket":{"groupBy":@,"boundaries":[1,2]}}"#,
    r#"{"$bucketAuto":{"groupBy":"$a","buckets":2,"output":{"n":{"$max":@}}}}"#,
    r#"{"$sortByCount":@}"#,
    r#"{"$redact":@}"#,
    r#"{"$replaceRoot":{"newRoot":@}}"#,
    r#"{"$replaceWith":{"x":@}}"#,
    r#"{"$setWindowFields":{"partitionBy":@,"output":{"r":{"$rank":{}}}}}"#,
    r#"{"$setWindowFields":{"output":{"r":{"$sum":@,"window":{"documents":[0,1]}}}}}"#,
    r#"{"$fill":{"output":{"f":{"value":@}}}}"#,
    r#"{"$lookup":{"from":"d","let":{"v":@},"pipeline":[],"as":"x"}}"#,
    r#"{"$graphLookup":{"from":"d","startWith":@,"connectFromField":"a","connectToField":"b","as":"c"}}"#,
    r#"{"$match":{"$expr":@}}"#,
    r#"{"$match":{"$and":[{"$or":[{"$expr":{"$eq":[1,@]}}]}]}}"#,
];

/// Where conditions can stand: as a stage.
const FILTERS_IN_STAGES: &[&str] = &[
    r#"{"$match":{@}}"#,
    r#"{"$match":{"$and":[{"b":1},{@}]}}"#,
    r#"{"$match":{"$nor":[{"$or":[{@}]}]}}"#,
    r#"{"$match":{"l":{"$elemMatch":{"$or":[{@}]}}}}"#,
    r#"{"$geoNear":{"near":[1,2],"distanceField":"d","query":{@}}}"#,
    r#"{"$graphLookup":{"from":"d","startWith":"$a","connectFromField":"a","connectToField":"b","as":"c","restrictSearchWithMatch":{@}}}"#,
];

/// Where conditions can stand: as a command.
const FILTERS_IN_COMMANDS: &[&str] = &[
    r#"{"find":"c","filter":{@}}"#,
    r#"{"find":"c","projection":{"l":{"$elemMatch":{@}}}}"#,
    r#"{"count":"c","query":{@}}"#,
    r#"{"distinct":"c","key":"k","query":{"$or":[{@}]}}"#,
    r#"{"listCollections":1,"filter":{@}}"#,
    r#"{"explain":{"find":"c","filter":{"b":1,@}},"verbosity":"queryPlanner"}"#,
];

/// Where a stage can stand.
const PIPELINES: &[&str] = &[
    r#"{"aggregate":"c","pipeline":[@],"cursor":{}}"#,
    r#"{"aggregate":"c","pipeline":[{"$match":{}},@,{"$limit":1}],"cursor":{}}"#,
    r#"{"aggregate":"c","pipeline":[{"$facet":{"a":[{"$match":{}}],"b":[@]}}],"cursor":{}}"#,
    r#"{"aggregate":"c","pipeline":[{"$lookup":{"from":"d","pipeline":[@],"as":"x"}}],"cursor":{}}"#,
    r#"{"aggregate":"c","pipeline":[{"$unionWith":{"coll":"d","pipeline":[{"$match":{}},@]}}],"cursor":{}}"#,
    r#"{"aggregate":"c","pipeline":[{"$facet":{"a":[{"$lookup":{"from":"d","pipeline":[{"$unionWith":{"coll":"e","pipeline":[@]}}],"as":"x"}}]}}],"cursor":{}}"#,
    r#"{"explain":{"aggregate":"c","pipeline":[@],"cursor":{}},"verbosity":"queryPlanner"}"#,
    r#"{"aggregate":"c","pipeline":[@],"explain":true}"#,
];

/// The same command in other writings.
const SPELLINGS: &[fn(&str) -> String] = &[
    |text| text.to_owned(),
    |text| text.replace('$', "\\u0024"),
    |text| text.replace("\"$", "\"\\u{24}"),
    |text| text.replace("\"$", "\"\\x24"),
    |text| text.replace('{', "{ /* { */ ").replace(',', " , // ,\n"),
    |text| format!("\u{20}\n// first\n{text};"),
    |text| text.replace('}', " ,}").replace("{ ,}", "{}").replace(":{", " : {\n\t").replace("] ,}", "]}"),
    |text| format!("db.runCommand({text})"),
    |text| format!("db\n .getSiblingDB(\"shop\")\n .runCommand({text}) ;"),
];

fn spellings(statement: &str) -> Vec<String> {
    // A text that holds a quotation mark or a comma inside a string would say something else.
    SPELLINGS.iter().map(|spell| spell(statement)).collect()
}

/// Every stage, condition and expression in every place.
fn places(stages: &[&str], conditions: &[&str], expressions: &[&str]) -> Vec<String> {
    let fill = |places: &[&str], pieces: &[&str]| -> Vec<String> {
        pieces
            .iter()
            .flat_map(|piece| places.iter().map(|place| place.replace('@', piece)).collect::<Vec<_>>())
            .collect()
    };
    let mut all: Vec<String> = stages.iter().map(|&stage| stage.to_owned()).collect();
    all.extend(fill(FILTERS_IN_STAGES, conditions));
    all.extend(fill(IN_STAGES, expressions));
    let as_text: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut commands = fill(PIPELINES, &as_text);
    commands.extend(fill(FILTERS_IN_COMMANDS, conditions));
    commands
}

#[test]
fn no_attack_on_mongodb_is_allowed_in_any_disguise() {
    let cases = CASES.lines().skip(1).map(|line| decode_line(line.split('\t').next_back().unwrap()).unwrap());
    let mut attacks = listed(false);
    attacks.extend(cases);
    attacks.extend(places(STAGES, CONDITIONS, EXPRESSIONS));
    let (mut tried, mut allowed) = (0, Vec::new());
    for attack in &attacks {
        for text in spellings(attack) {
            // What makes a shell's text an attack is its author.
            for author in [Author::Model, Author::Person] {
                let shell = !text.trim_start().starts_with('{') && !text.contains("runCommand(");
                if shell && author == Author::Person && attack.starts_with("db.") {
                    continue;
                }
                tried += 1;
                if judge(&text, author).verdict == Verdict::Allow {
                    allowed.push(format!("{author:?}: {text}\n"));
                }
            }
        }
    }
    eprintln!("{tried} disguised attacks on mongodb, {} allowed", allowed.len());
    assert!(allowed.is_empty(), "{} allowed\n{}", allowed.len(), allowed.concat());
    assert!(tried >= 1_500, "only {tried} attacks were tried");
}

#[test]
fn no_ordinary_read_of_mongodb_is_refused_in_any_disguise() {
    let mut reads = listed(true);
    reads.extend(BENIGN.lines().map(str::to_owned));
    reads.extend(places(GOOD_STAGES, GOOD_CONDITIONS, GOOD_EXPRESSIONS));
    assert!(BENIGN.lines().count() >= 100);
    let (mut tried, mut refused) = (0, Vec::new());
    for read in &reads {
        for text in spellings(read) {
            let author = if text.contains("runCommand(") { Author::Person } else { Author::Model };
            tried += 1;
            let judged = judge(&text, author);
            if judged.verdict != Verdict::Allow {
                refused.push(format!("{text}\n    {judged:?}\n"));
            }
        }
    }
    eprintln!("{tried} disguised reads of mongodb, {} refused", refused.len());
    assert!(refused.is_empty(), "{} refused\n{}", refused.len(), refused.iter().take(20).cloned().collect::<String>());
    assert!(tried >= 800, "only {tried} reads were tried");
}

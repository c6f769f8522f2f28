//! Every attack in every disguise, which must never be allowed, and every ordinary read in the same disguises, which
//! must always be.

use super::{Case, cases, judge};
use dba_gpt::domain::guard::{Author, Verdict};

/// Wraps a query into a statement of which it is a part. `@` is the query.
const POSTGRES_QUERIES: &[&str] = &[
    "WITH w AS (@\n) SELECT * FROM w",
    "WITH w AS NOT MATERIALIZED (@\n) SELECT 1 FROM app.canary",
    "WITH RECURSIVE w AS (SELECT 1 UNION ALL (@\n)) TABLE w",
    "SELECT * FROM (@\n) s",
    "SELECT c.id FROM app.canary c, LATERAL (@\n) s",
    "SELECT c.id FROM app.canary c LEFT JOIN LATERAL (@\n) s ON true",
    "SELECT EXISTS (@\n)",
    "SELECT id FROM app.canary WHERE id IN (@\n)",
    "SELECT id FROM app.canary WHERE id > ALL (@\n)",
    "SELECT ARRAY(@\n)",
    "SELECT (@\n) AS x",
    "SELECT (@\n)::text",
    "SELECT 1 UNION ALL (@\n)",
    "(@\n) INTERSECT (SELECT 1)",
    "EXPLAIN @",
    "EXPLAIN (ANALYZE, FORMAT JSON) @",
    "EXPLAIN ANALYZE VERBOSE @",
    "SELECT id FROM app.canary ORDER BY (@\n) DESC NULLS LAST",
    "SELECT id FROM app.canary LIMIT (@\n)",
    "SELECT id FROM app.canary OFFSET (@\n) ROWS",
    "SELECT count(*) FILTER (WHERE EXISTS (@\n)) FROM app.canary",
    "SELECT sum(id) OVER w FROM app.canary WINDOW w AS (PARTITION BY (@\n) ORDER BY id)",
    "SELECT sum(id) OVER (ORDER BY (@\n)) FROM app.canary",
    "SELECT CASE WHEN EXISTS (@\n) THEN 1 ELSE 2 END",
    "SELECT CASE (@\n) WHEN 1 THEN (@\n) END",
    "SELECT coalesce(NULL, (@\n))",
    "SELECT jsonb_build_object('a', (@\n))",
    "SELECT ROW(1, (@\n))",
    "SELECT (1, (@\n)) = (1, 2)",
    "SELECT ARRAY[1, (@\n)]",
    "SELECT (ARRAY[1, 2])[(@\n)]",
    "SELECT count(*) FROM app.canary GROUP BY GROUPING SETS (((@\n)), ())",
    "SELECT count(*) FROM app.canary HAVING EXISTS (@\n)",
    "SELECT DISTINCT ON ((@\n)) id FROM app.canary",
    "SELECT 1 FROM app.canary a JOIN app.customers b ON a.id = b.id AND EXISTS (@\n)",
    "VALUES (1), ((@\n))",
    "SELECT * FROM generate_series(1, (@\n)) AS g",
    "SELECT * FROM ROWS FROM (generate_series(1, (@\n)), unnest(ARRAY[1])) AS t(a, b)",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY (@\n)) FROM app.canary",
    "SELECT 1 BETWEEN (@\n) AND 2 AND NOT (@\n) IS NULL",
    "SELECT 'a' || (@\n) COLLATE \"C\"",
    "SELECT extract(epoch FROM (@\n)), substring('a' FROM (@\n))",
    "SELECT * FROM XMLTABLE('/r' PASSING (@\n) COLUMNS a int PATH '.')",
    "SELECT id FROM app.canary TABLESAMPLE SYSTEM ((@\n))",
    "/* a /* b */ c */ @ -- d",
    "@\n;",
    "  -- first a comment\n@",
];

const SQLITE_QUERIES: &[&str] = &[
    "WITH w AS (@\n) SELECT * FROM w",
    "WITH w AS MATERIALIZED (@\n) SELECT 1 FROM canary",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM (@\n)) SELECT * FROM r",
    "SELECT * FROM (@\n) s",
    "SELECT c.id FROM canary c LEFT JOIN (@\n) s ON 1",
    "SELECT EXISTS (@\n)",
    "SELECT id FROM canary WHERE id IN (@\n)",
    "SELECT (@\n) AS x",
    "SELECT CAST((@\n) AS VARCHAR(20))",
    "SELECT 1 UNION ALL SELECT * FROM (@\n) ORDER BY 1",
    "EXPLAIN @",
    "EXPLAIN QUERY PLAN @",
    "SELECT id FROM canary ORDER BY (@\n) DESC",
    "SELECT id FROM canary LIMIT (@\n) OFFSET (@\n)",
    "SELECT count(*) FILTER (WHERE EXISTS (@\n)) FROM canary",
    "SELECT sum(id) OVER w FROM canary WINDOW w AS (PARTITION BY (@\n) ORDER BY id)",
    "SELECT CASE WHEN EXISTS (@\n) THEN 1 ELSE (@\n) END",
    "SELECT coalesce(NULL, (@\n)), json_array((@\n))",
    "SELECT (1, (@\n)) = (1, 2)",
    "SELECT count(*) FROM canary GROUP BY (@\n) HAVING EXISTS (@\n)",
    "SELECT 1 FROM canary a JOIN canary b ON a.id = b.id AND EXISTS (@\n)",
    "VALUES (1), ((@\n))",
    "SELECT value FROM generate_series(1, (@\n))",
    "SELECT 1 BETWEEN (@\n) AND 2 AND (@\n) IS NOT NULL",
    "SELECT 'a' || (@\n) COLLATE NOCASE",
    "/* a /* b */ @ -- d",
    "@\n;",
    "  -- first a comment\n@",
];

const MYSQL_QUERIES: &[&str] = &[
    "WITH w AS (@\n) SELECT * FROM w",
    "WITH w (a) AS (@\n), v AS (SELECT 1) SELECT 1 FROM v",
    "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n FROM (@\n) s) SELECT * FROM r",
    "SELECT * FROM (@\n) s",
    "SELECT * FROM (@\n) AS s (a)",
    "SELECT c.id FROM canary c LEFT JOIN (@\n) s ON 1",
    "SELECT c.id FROM canary c STRAIGHT_JOIN (@\n) s",
    "SELECT c.id FROM canary c, LATERAL (@\n) s",
    "SELECT c.id FROM (canary c, my m) JOIN (@\n) s USING (id)",
    "SELECT EXISTS (@\n)",
    "SELECT NOT EXISTS (@\n) XOR 1",
    "SELECT id FROM canary WHERE id IN (@\n)",
    "SELECT id FROM canary WHERE (id, 1) NOT IN (@\n)",
    "SELECT id FROM canary WHERE id > ALL (@\n) OR id = ANY (@\n)",
    "SELECT (@\n) AS x",
    "SELECT SQL_NO_CACHE DISTINCT (@\n) x FROM canary USE INDEX (a) FORCE KEY FOR JOIN (b)",
    "SELECT CAST((@\n) AS CHAR(20) CHARACTER SET utf8mb4), CONVERT((@\n), UNSIGNED)",
    "SELECT CONVERT((@\n) USING utf8mb4) COLLATE utf8mb4_bin",
    "SELECT 1 UNION ALL SELECT * FROM (@\n) s ORDER BY 1",
    "(SELECT 1) EXCEPT (SELECT * FROM (@\n) s)",
    "EXPLAIN @",
    "EXPLAIN FORMAT=JSON @",
    "EXPLAIN ANALYZE @",
    "DESC @",
    "ANALYZE FORMAT=JSON @",
    "SELECT id FROM canary ORDER BY (@\n) DESC",
    "SELECT GROUP_CONCAT(DISTINCT (@\n) ORDER BY (@\n) SEPARATOR ';') FROM canary",
    "SELECT sum(id) OVER w FROM canary WINDOW w AS (PARTITION BY (@\n) ORDER BY id)",
    "SELECT sum(id) OVER (ORDER BY (@\n) ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM canary",
    "SELECT CASE WHEN EXISTS (@\n) THEN 1 ELSE (@\n) END",
    "SELECT CASE (@\n) WHEN 1 THEN (@\n) END",
    "SELECT coalesce(NULL, (@\n)), IF((@\n), 1, 2), JSON_ARRAY((@\n))",
    "SELECT ROW(1, (@\n)) = (1, 2)",
    "SELECT count(*) FROM canary GROUP BY (@\n) WITH ROLLUP HAVING EXISTS (@\n)",
    "SELECT 1 FROM canary a JOIN canary b ON a.id = b.id AND EXISTS (@\n)",
    "VALUES ROW(1, (@\n))",
    "SELECT * FROM JSON_TABLE((@\n), '$[*]' COLUMNS (a INT PATH '$.a')) AS j",
    "SELECT 1 BETWEEN (@\n) AND 2 AND (@\n) IS NOT NULL",
    "SELECT NOW() - INTERVAL (@\n) DAY, DATE_ADD('2024-01-01', INTERVAL (@\n) MINUTE)",
    "SELECT EXTRACT(YEAR FROM (@\n)), TRIM(LEADING (@\n) FROM 'a'), SUBSTRING('a' FROM (@\n) FOR 1), POSITION('a' IN (@\n))",
    "SELECT MATCH(a, b) AGAINST ((@\n) IN BOOLEAN MODE) FROM canary",
    "SELECT 'a' REGEXP (@\n), 1 DIV (@\n), 5 MOD (@\n), (@\n) <=> NULL, ~(@\n), !(@\n)",
    "SELECT 'a' LIKE (@\n) ESCAPE '|'",
    "SELECT _utf8mb4'a' 'b', N'c', x'41', (@\n)",
    "SELECT {fn COALESCE((@\n), 1)}",
    "SHOW TABLES WHERE (@\n) = 1",
    "/* a /* b */ @ -- d",
    "@\n;",
    "  # first a comment\n@",
];

/// Wraps a statement that is no query: still the same act, or nothing that parses.
const STATEMENTS: &[&str] = &[
    "@",
    "@;",
    "/* a */ @ /* b */",
    "-- a\n@",
    "EXPLAIN @",
    "EXPLAIN ANALYZE @",
    "EXPLAIN QUERY PLAN @",
    "EXPLAIN (ANALYZE, BUFFERS) @",
    "EXPLAIN FORMAT=JSON @",
    "ANALYZE @",
    "# a\n@ # b",
    "BEGIN NOT ATOMIC @; END",
    "SET STATEMENT max_statement_time = 0 FOR @",
    "EXECUTE IMMEDIATE '@'",
    "WITH w AS (@) SELECT * FROM w",
    "WITH w AS (SELECT 1) @",
    "SELECT 1; @",
    "@; SELECT 1",
    "@;;",
    "PREPARE p AS @",
    "DO '@'",
    "\n\t@\r\n",
];

/// A small generator with a fixed seed, so that every run tries the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// The same text in other clothes: letters in any case, comments for blanks. Literals and quoted names stay.
fn disguise(text: &str, dice: &mut Dice) -> Option<String> {
    if text.contains(['"', '$', '\\', '-', '[', '`', '#']) || text.contains("/*") {
        return None;
    }
    let mut out = String::new();
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '\'';
        match c {
            ' ' if !quoted => out.push_str([" ", "\n", "/**/ ", "\t", " -- x\n"][dice.below(5)]),
            _ if !quoted && dice.below(2) == 0 => out.push(c.to_ascii_uppercase()),
            _ => out.push(c),
        }
    }
    Some(out)
}

/// The same call with its name in quotes: `"pg_sleep"(1)`, `U&"\0070g_sleep"(1)`, `[edit](1)`, `` `sleep` (1)``.
fn quoted_calls(engine: &str, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let forms: &[fn(&str) -> String] = match engine {
        "postgres" => &[
            |name| format!("\"{name}\""),
            |name| format!("U&\"\\{:04x}{}\"", u32::from(name.as_bytes()[0]), &name[1..]),
            |name| format!("U&\"!+{:06x}{}\" UESCAPE '!' ", u32::from(name.as_bytes()[0]), &name[1..]),
        ],
        "mysql" => &[|name| format!("`{name}`"), |name| format!("`{name}` "), |name| format!("{name} /**/ ")],
        _ => &[|name| format!("\"{name}\""), |name| format!("[{name}]"), |name| format!("`{name}` ")],
    };
    let wanted = |name: &str| match engine {
        "postgres" => {
            ["pg_", "lo_", "dblink", "txid_", "ts_stat", "query_to", "database_to"].iter().any(|p| name.starts_with(p))
        }
        "mysql" => {
            ["sleep", "bench", "get_lock", "load_", "release_", "master_", "sys_", "nextval", "json_len", "concat"]
                .iter()
                .any(|p| name.to_ascii_lowercase().starts_with(p))
        }
        _ => ["load_", "writefile", "edit", "randomblob", "json_", "date"].iter().any(|p| name.starts_with(p)),
    };
    for (open, _) in text.match_indices('(') {
        let start = text[..open].rfind(|c: char| !(c.is_ascii_alphabetic() || c == '_')).map_or(0, |at| at + 1);
        let name = &text[start..open];
        if wanted(name)
            && !text[..start].ends_with(['"', '\''])
            && text[..start].matches('\'').count().is_multiple_of(2)
        {
            out.extend(forms.iter().map(|form| format!("{}{}{}", &text[..start], form(name), &text[open..])));
        }
    }
    out
}

fn is_query(statement: &str) -> bool {
    let start = statement.trim_start_matches(['(', ' ']).to_ascii_lowercase();
    ["select", "with", "values", "table "].iter().any(|verb| start.starts_with(verb))
}

/// How thoroughly a statement is disguised: wrappers around its own text, around each other form of it, and pairs of
/// wrappers around each other.
struct Effort {
    wrappers: usize,
    per_form: usize,
    pairs: usize,
}

/// Disguises of one statement.
fn disguises(engine: &str, statement: &str, effort: &Effort, dice: &mut Dice) -> Vec<String> {
    let statement = statement.trim_end_matches(';');
    let mut forms = quoted_calls(engine, statement);
    forms.extend(disguise(statement, dice));
    if !is_query(statement) {
        forms.push(statement.to_owned());
        return forms.iter().flat_map(|form| STATEMENTS.iter().map(|w| w.replace('@', form))).collect();
    }
    let all = match engine {
        "postgres" => POSTGRES_QUERIES,
        "mysql" => MYSQL_QUERIES,
        _ => SQLITE_QUERIES,
    };
    let mut out = Vec::new();
    let first = dice.below(all.len());
    out.extend(all.iter().cycle().skip(first).take(effort.wrappers.min(all.len())).map(|w| w.replace('@', statement)));
    for form in &forms {
        out.extend((0..effort.per_form).map(|_| all[dice.below(all.len())].replace('@', form)));
    }
    // Those that are no value in brackets stay outermost, and SQLite knows no VALUES as a value.
    let nests = |wrapper: &&&str| {
        !(["EXPLAIN", "DESC", "ANALYZE", "SHOW", "(@"].iter().any(|start| wrapper.starts_with(start))
            || wrapper.ends_with(';')
            || engine == "sqlite" && wrapper.starts_with("VALUES"))
    };
    let inner: Vec<&&str> = all.iter().filter(nests).collect();
    for _ in 0..effort.pairs {
        let (outer, inner) = (all[dice.below(all.len())], inner[dice.below(inner.len())]);
        out.push(outer.replace('@', &inner.replace('@', statement)));
    }
    out
}

/// Rows whose danger is their place in the text, not what they say: wrapped, they would say something else.
fn keeps_its_meaning(case: &Case) -> bool {
    !case.statement.trim().is_empty() && !case.statement.trim_start().starts_with("--")
}

#[test]
fn no_attack_is_allowed_in_any_disguise() {
    let mut dice = Dice(1);
    let mut tried = 0;
    let mut allowed = Vec::new();
    for case in cases().iter().filter(|case| case.verdict != Verdict::Allow && keeps_its_meaning(case)) {
        for text in
            disguises(case.engine, &case.statement, &Effort { wrappers: usize::MAX, per_form: 4, pairs: 6 }, &mut dice)
        {
            tried += 1;
            if judge(case.engine, &text, Author::Model).verdict == Verdict::Allow {
                allowed.push(format!("{}: {text}\n", case.id));
            }
        }
    }
    eprintln!("{tried} disguised attacks, {} allowed", allowed.len());
    assert!(allowed.is_empty(), "{} allowed\n{}", allowed.len(), allowed.concat());
    assert!(tried >= 5_000, "only {tried} attacks were tried");
}

#[test]
fn no_ordinary_read_is_refused_in_any_disguise() {
    let mut dice = Dice(2);
    let mut tried = 0;
    let mut refused = Vec::new();
    let listed =
        cases().into_iter().filter(|case| case.verdict == Verdict::Allow).map(|case| (case.engine, case.statement));
    let own = [
        ("postgres", include_str!("postgres_benign.sql")),
        ("sqlite", include_str!("sqlite_benign.sql")),
        ("mysql", include_str!("mysql_benign.sql")),
    ];
    let own = own.into_iter().flat_map(|(engine, file)| file.lines().map(move |line| (engine, line.to_owned())));
    // The grammar lacks one valid form: a bracketed UNION with its own ORDER BY as a value.
    let whole_only = |statement: &str| !is_query(statement) || statement.starts_with("((");
    for (engine, statement) in listed.chain(own).filter(|(_, statement)| !whole_only(statement)) {
        for text in disguises(engine, &statement, &Effort { wrappers: 6, per_form: 2, pairs: 3 }, &mut dice) {
            // MySQL's TABLE is no part of ANALYZE, which would then take statistics.
            if statement.starts_with("TABLE") && text.to_ascii_uppercase().contains("ANALYZE") {
                continue;
            }
            tried += 1;
            let judged = judge(engine, &text, Author::Model);
            if judged.verdict != Verdict::Allow {
                refused.push(format!("{text}\n    {judged:?}\n"));
            }
        }
    }
    eprintln!("{tried} disguised reads, {} refused", refused.len());
    assert!(refused.is_empty(), "{} refused\n{}", refused.len(), refused.iter().take(40).cloned().collect::<String>());
    assert!(tried >= 2_000, "only {tried} reads were tried");
}

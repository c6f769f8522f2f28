"""Causes that are brought about on a scratch MariaDB: for each, several templates with names, sizes and numbers drawn at
random. A template gives what is made before, what runs meanwhile, and the settings the server starts with. The last
template of each cause is kept apart: it is measured, and no rule was ever tried on it.

A client's script is a list of statements; `{r:LOW:HIGH}` in one becomes a number drawn anew for each run.
"""

import random

WORDS = "orders invoices parcels tickets readings visits payments stock shipments claims meters calls".split()
COLUMNS = "code state region owner batch kind origin channel bucket account".split()


class Injection:
    """What is made (SQL), what runs meanwhile, and with what settings the server was started."""

    def __init__(self, make="", clients=(), sessions=(), settings=None, wait=3.0):
        self.make = make            # statements before
        self.clients = clients      # (number of clients, [statements]) that run over and over
        self.sessions = sessions    # [statements] of a client each, kept open, in order of start
        self.settings = settings or {}
        self.wait = wait            # seconds before we look


def table(rng):
    return f"{rng.choice(WORDS)}_{rng.randrange(100)}"


def columns(rng, n):
    return rng.sample(COLUMNS, n)


def filled(name, rows, cols, extra="", text="md5(seq)", of="InnoDB"):
    """A table with a key, whole-number columns of many values, and some text."""
    made = ", ".join(f"{c} int" for c in cols)
    values = ", ".join(f"floor(rand() * {rows})" for _ in cols)
    return (f"create table {name} (id bigint auto_increment primary key, {made}, note text) engine={of};"
            f"insert into {name} ({', '.join(cols)}, note) select {values}, {text} from seq_1_to_{rows};"
            f"{extra} analyze table {name};")


def missing_index(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    rows, n = rng.randrange(150_000, 400_000), rng.randrange(2, 6)
    x = f"{{r:1:{rows}}}"
    made = filled(t, rows, [a, b])
    yield Injection(made, [(n, [f"select * from {t} where {a} = {x}"])])
    yield Injection(made, [(n, [f"update {t} set note = 'n' where {b} = {x}"])])
    yield Injection(made, [(n, [f"select count(*), max({b}) from {t} where {a} = {x}",
                                f"select id from {t} where {b} = {x} and {a} > 5 order by id limit 10"])])
    yield Injection(made, [(n, [f"select note from {t} where {a} between {x} and {x} + 3"])])


def redundant_indexes(rng):
    t, cs = table(rng), columns(rng, 6)
    n, rows = rng.randrange(3, 7), rng.randrange(50_000, 100_000)
    insert = f"insert into {t} ({', '.join(cs)}, note) select " + ", ".join("floor(rand() * 1000000)" for _ in cs) \
        + ", md5(seq) from seq_1_to_200"
    doubles = "".join(f"create index x{i} on {t} ({cs[0]}, {cs[1]});" for i in range(rng.randrange(4, 8)))
    yield Injection(filled(t, rows, cs, doubles), [(n, [insert])])
    prefixes = "".join(f"create index p{i} on {t} ({', '.join(cs[:i])});" for i in range(1, 6))
    yield Injection(filled(t, rows, cs, prefixes),
                    [(n, [f"update {t} set {cs[0]} = {cs[0]} + 1 where id between {{r:1:{rows}}} and {{r:1:{rows}}} + 50"])])
    both = doubles + "".join(f"create index q{i} on {t} ({cs[i]});" for i in range(3))
    yield Injection(filled(t, rows, cs, both), [(n, [insert])])


def heavy_inserts(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n = rng.randrange(4, 12)
    made = f"create table {t} (id bigint auto_increment primary key, {a} int, {b} int, note text);"
    yield Injection(made, [(n, [f"insert into {t} ({a}, {b}, note) select seq, seq, md5(seq) from seq_1_to_500"])])
    yield Injection(made, [(n * 2, [f"insert into {t} ({a}, {b}, note) values ({{r:1:999}}, {{r:1:999}}, 'a note of a few words')"])])
    rows = ", ".join("({r:1:999}, {r:1:999}, 'some')" for _ in range(60))
    yield Injection(made, [(n, [f"insert into {t} ({a}, {b}, note) values {rows}"])])


def heavy_commits(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n = rng.randrange(8, 20)
    made = filled(t, 50_000, [a, b])
    yield Injection(made, [(n, [f"update {t} set {a} = {a} + 1 where id = {{r:1:50000}}"])])
    yield Injection(made, [(n, ["begin", f"update {t} set {a} = {{r:1:99}} where id = {{r:1:50000}}", "commit"])])
    yield Injection(made, [(n, [f"update {t} set {b} = {{r:1:99}}, note = 'x' where id = {{r:1:50000}}",
                                f"delete from {t} where id = {{r:1:50000}}"])])


def heavy_workload(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n, rows = rng.randrange(14, 30), 60_000
    made = filled(t, rows, [a, b], f"create index i_{a} on {t} ({a});")
    yield Injection(made, [(n, [f"select * from {t} where id = {{r:1:{rows}}}"])])
    yield Injection(made, [(n, [f"select count(*) from {t} where {a} between {{r:1:{rows // 2}}} and {rows}"])])
    yield Injection(made, [(n, [f"select id, {b} from {t} where {a} = {{r:1:{rows}}}",
                                f"select max(note) from {t} where id between {{r:1:{rows}}} and {{r:1:{rows}}} + 900"])])


def large_fetch(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n, rows = rng.randrange(2, 5), rng.randrange(100_000, 250_000)
    made = filled(t, rows, [a, b], text="repeat('w', 120)")
    yield Injection(made, [(n, [f"select * from {t}"])])
    yield Injection(made, [(n, [f"select id, note from {t} order by id"])])
    yield Injection(made, [(n, [f"select * from {t} where id > {{r:1:1000}}"])])


def correlated_subquery(rng):
    t, u, (a, b) = table(rng), table(rng) + "_b", columns(rng, 2)
    n, rows = rng.randrange(2, 5), rng.randrange(3_000, 6_000)
    made = filled(t, rows, [a, b]) + filled(u, rows, [a, b])
    yield Injection(made, [(n, [f"select count(*) from {t} x where x.{a} > (select avg(y.{a}) from {u} y where y.{b} > x.{b})"])])
    yield Injection(made, [(n, [f"select x.id, (select count(*) from {u} y where y.{a} < x.{a}) c from {t} x order by c desc limit 5"])])
    yield Injection(made, [(n, [f"select max(x.{b}) from {t} x where x.{b} = (select min(y.{b}) from {u} y where y.{a} >= x.{a} and y.{b} > x.{b})"])])


def poor_join(rng):
    t, u, (a, b) = table(rng), table(rng) + "_b", columns(rng, 2)
    n, rows = rng.randrange(2, 5), rng.randrange(8_000, 20_000)
    made = filled(t, rows, [a, b]) + filled(u, rows, [a + "2", b + "2"])
    yield Injection(made, [(n, [f"select count(*) from {t} x join {u} y on x.{a} = y.{a}2 where x.{b} < y.{b}2"])])
    yield Injection(made, [(n, [f"select count(*) from {t} x, {u} y where x.{a} < y.{a}2"])])
    yield Injection(made, [(n, [f"select x.{b}, count(*) from {t} x left join {u} y on y.{b}2 = x.{b} and y.{a}2 <> x.{a} group by 1 order by 2 desc limit 20"])])


def bad_statistics(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n, rows = rng.randrange(2, 5), rng.randrange(150_000, 300_000)
    made = (f"create table {t} (id bigint auto_increment primary key, {a} int, {b} int, note text, key k_{a} ({a}))"
            f" engine=InnoDB stats_persistent=1 stats_auto_recalc=0;"
            f"insert into {t} ({a}, {b}, note) values (1, 1, 'one'); analyze table {t};"
            f"insert into {t} ({a}, {b}, note) select floor(rand() * {rows}), seq, md5(seq) from seq_1_to_{rows};")
    yield Injection(made, [(n, [f"select count(*) from {t} x where x.{a} + 0 = {{r:1:{rows}}} or x.{a} < {{r:1:90}}"])])
    yield Injection(made, [(n, [f"select max(note) from {t} where {a} between 1 and {rows}"])])


def lock_wait_chain(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    made, k, n = filled(t, 500, [a, b]), rng.randrange(1, 400), rng.randrange(2, 12)
    wait = "set innodb_lock_wait_timeout = 200;"
    update = f"{wait} update {t} set {a} = 0 where id = {k};"
    yield Injection(made, (), [f"begin; update {t} set {a} = 1 where id = {k};"] + [update] * n)
    yield Injection(made, (), [f"begin; update {t} set {a} = 1 where id = {k}; select sleep(100);"] + [update] * n)
    yield Injection(made, (), [f"begin; select * from {t} where id < {k} + 2 for update;", f"{wait} begin; update {t} set {b} = 1 where id = {k + 2}; update {t} set {b} = 0 where id = {k};"]
                    + [f"{wait} delete from {t} where id = {k + 2};"] * n)


def metadata_lock(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    made, n = filled(t, 500, [a, b]), rng.randrange(2, 9)
    ddl = f"set lock_wait_timeout = 200; alter table {t} add column extra int;"
    read = f"set lock_wait_timeout = 200; select count(*) from {t};"
    yield Injection(made, (), [f"begin; select * from {t} limit 1;", ddl] + [read] * n)
    yield Injection(made, (), [f"select sleep(100) from {t} limit 1;", ddl] + [read] * n)
    yield Injection(made, (), [f"begin; update {t} set {a} = 3 where id = 4;", f"set lock_wait_timeout = 200; truncate table {t};"]
                    + [f"set lock_wait_timeout = 200; insert into {t} ({a}) values (5);"] * n)


def lock_contention(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    made, n = filled(t, 500, [a, b]), rng.randrange(8, 20)
    yield Injection(made, [(n, ["begin", f"update {t} set {a} = {a} + 1 where id = 7", "do sleep(0.05)", "commit"])])
    yield Injection(made, [(n, ["begin", f"update {t} set {b} = {b} + 1 where id = {{r:1:2}}", "do sleep(0.1)", "commit"])])
    yield Injection(made, [(n, ["begin", f"select * from {t} where id = 3 for update", "do sleep(0.03)", f"update {t} set {a} = 5 where id = 3", "commit"])])


def idle_in_transaction(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    made, k = filled(t, 2_000, [a, b]), rng.randrange(1, 900)
    yield Injection(made, (), [f"begin; update {t} set {a} = 1 where id = {k};"])
    yield Injection(made, (), [f"begin; select count(*) from {t};"] * rng.randrange(1, 4))
    yield Injection(made, (), [f"set autocommit = 0; delete from {t} where id between {k} and {k} + 50;"])


def deadlock(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    made, n = filled(t, 20, [a, b]), rng.randrange(3, 7)
    def script(first, second, pause="0.02"):
        return ["begin", f"update {t} set {a} = 1 where id = {first}", f"do sleep({pause})", f"update {t} set {a} = 2 where id = {second}", "commit", "do sleep(0.3)"]
    yield Injection(made, [(n, script(3, 7)), (n, script(7, 3))])
    yield Injection(made, [(n, script("{r:1:6}", "{r:1:6}", "0.01"))])
    yield Injection(made, [(2, script(1, 2)), (2, script(2, 3)), (2, script(3, 1))])


def connection_saturation(rng):
    few = rng.randrange(20, 40)
    for statement in ("select 1;", "set @pool = 1; select now();", "select count(*) from information_schema.schemata;"):
        yield Injection("", (), [statement] * (few - 2), settings={"max_connections": str(few)}, wait=4)


def disk_spill(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n, rows = rng.randrange(2, 5), rng.randrange(100_000, 250_000)
    made = filled(t, rows, [a, b])
    tight = {"tmp_table_size": "1M", "max_heap_table_size": "1M", "sort_buffer_size": "256K"}
    yield Injection(made, [(n, [f"select note, count(*) c from {t} group by note order by c desc, note limit 5"])], settings=tight)
    yield Injection(made, [(n, [f"select count(*) from (select distinct note, {a} from {t}) s"])], settings=tight)
    yield Injection(made, [(n, [f"select substr(note, 1, 8) p, max({a}), count(*) from {t} group by p order by 2 limit 9"])], settings=tight)


def small_buffer_pool(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n, rows = rng.randrange(4, 10), rng.randrange(400_000, 700_000)
    made = filled(t, rows, [a, b], text="repeat('p', 150)")
    small = {"innodb_buffer_pool_size": "8M", "innodb_buffer_pool_chunk_size": "1M"}
    yield Injection(made, [(n, [f"select {a} from {t} where id = {{r:1:{rows}}}"])], settings=small)
    yield Injection(made, [(n, [f"select max({b}) from {t} where id between {{r:1:{rows}}} and {{r:1:{rows}}} + 20",
                                f"select note from {t} where id = {{r:1:{rows}}}"])], settings=small)


def config_regression(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    made = filled(t, 5_000, [a, b])
    for setting in ("tmp_table_size = 1024", "general_log = ON", "sort_buffer_size = 32768", "innodb_stats_auto_recalc = OFF"):
        yield Injection(made + f"set global {setting};")


CAUSES = {f.__name__: f for f in (
    missing_index, redundant_indexes, heavy_inserts, heavy_commits, heavy_workload, large_fetch, correlated_subquery,
    poor_join, bad_statistics, lock_wait_chain, metadata_lock, lock_contention, idle_in_transaction, deadlock,
    connection_saturation, disk_spill, small_buffer_pool, config_regression)}


def templates(cause, seed):
    """All templates of a cause with values drawn from a seed."""
    return list(CAUSES[cause](random.Random(seed)))


def quiet(seed):
    """A server that is idle, or lightly used."""
    rng = random.Random(seed)
    t, (a, b) = table(rng), columns(rng, 2)
    made = filled(t, 20_000, [a, b], f"create index i_{a} on {t} ({a});")
    pause = f"do sleep({rng.uniform(0.05, 0.3):.2f})"
    light = ["select * from " + t + " where id = {r:1:20000}", pause, "update " + t + " set note = 'l' where id = {r:1:20000}", pause]
    if rng.random() < 0.4:
        return Injection(made, wait=1)
    return Injection(made, [(rng.randrange(1, 4), light)], wait=1)

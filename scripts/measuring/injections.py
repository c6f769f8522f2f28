"""Causes that are brought about on a scratch PostgreSQL: for each, several templates with names, sizes and numbers drawn
at random. A template gives what is made before, what runs meanwhile, and the settings the server starts with.

The last template of each cause is kept apart: it is measured, and no rule was ever tried on it.
"""

import random

WORDS = "orders invoices parcels tickets readings visits payments stock shipments claims meters calls".split()
COLUMNS = "code state region owner batch kind origin channel bucket account".split()


class Injection:
    """What is made (SQL), what runs meanwhile, and with what settings the server was started."""

    def __init__(self, make="", clients=(), sessions=(), settings=None, after="", wait=3.0, files=()):
        self.make = make            # statements before
        self.clients = clients      # (number of pgbench clients, [scripts]) that run meanwhile
        self.sessions = sessions    # [statements] of a psql each, kept open, in order of start
        self.settings = settings or {}
        self.after = after          # statements when the clients have begun
        self.wait = wait            # seconds before we look
        self.files = files


def table(rng):
    return f"{rng.choice(WORDS)}_{rng.randrange(100)}"


def filled(name, rows, columns, extra=""):
    """A table with a key, whole-number columns of many values, and some text."""
    made = ", ".join(f"{c} int" for c in columns)
    values = ", ".join(f"(random() * {rows})::int" for _ in columns)
    return (f"create table {name} (id bigserial primary key, {made}, note text);"
            f"insert into {name} ({', '.join(columns)}, note) select {values}, md5(i::text)"
            f" from generate_series(1, {rows}) i; {extra} vacuum analyze {name};")


def columns(rng, n):
    return rng.sample(COLUMNS, n)


# --- one function a cause: its templates, the last one kept apart ---

def missing_index(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    rows, n = rng.randrange(150_000, 500_000), rng.randrange(2, 8)
    yield Injection(filled(t, rows, [a, b]),
                    [(n, [f"\\set x random(1, {rows})\nselect * from {t} where {a} = :x;"])])
    yield Injection(filled(t, rows, [a, b]),
                    [(n, [f"\\set x random(1, {rows})\nupdate {t} set note = 'n' where {b} = :x;"])])
    yield Injection(filled(t, rows, [a, b]),
                    [(n, [f"\\set x random(1, {rows})\nselect count(*), max({b}) from {t} where {a} = :x;",
                          f"\\set x random(1, {rows})\nselect id from {t} where {b} = :x and {a} > 5 order by id limit 10;"])])
    p = t + "_parent"
    yield Injection(f"create table {p} (id int primary key); insert into {p} select generate_series(1, 200000);"
                    f"create table {t} (id bigserial primary key, {a} int references {p}, note text);"
                    f"insert into {t} ({a}, note) select 1 + (random() * 1000)::int, md5(i::text) from generate_series(1, {rows}) i;"
                    f"vacuum analyze {p}; vacuum analyze {t};",
                    [(n, [f"\\set x random(1100, 200000)\ndelete from {p} where id = :x;"])])
    yield Injection(filled(t, rows, [a, b]),
                    [(n, [f"\\set x random(1, {rows})\nselect note from {t} where {a} between :x and :x + 3;"])])


def redundant_indexes(rng):
    t, cs = table(rng), columns(rng, 6)
    n, rows = rng.randrange(2, 7), rng.randrange(50_000, 150_000)
    singles = "".join(f"create index on {t} ({c});" for c in cs)
    yield Injection(filled(t, rows, cs, singles),
                    [(n, [f"insert into {t} ({', '.join(cs)}, note) select " + ", ".join("(random()*1e6)::int" for _ in cs)
                          + ", md5(i::text) from generate_series(1, 200) i;"])])
    doubles = "".join(f"create index {t}_x{i} on {t} ({cs[0]}, {cs[1]});" for i in range(rng.randrange(4, 8)))
    yield Injection(filled(t, rows, cs, doubles),
                    [(n, [f"\\set x random(1, {rows} - 300)\nupdate {t} set {cs[0]} = {cs[0]} + 1, {cs[1]} = 7 where id between :x and :x + 100;"])])
    mixed = "".join(f"create index on {t} ({', '.join(rng.sample(cs, 2))});" for _ in range(8))
    yield Injection(filled(t, rows, cs, mixed),
                    [(n, [f"insert into {t} ({', '.join(cs)}, note) select " + ", ".join("(random()*1e6)::int" for _ in cs)
                          + ", md5(i::text) from generate_series(1, 100) i;",
                          f"\\set x random(1, {rows})\nupdate {t} set {cs[2]} = {cs[2]} + 1, {cs[3]} = 1, {cs[4]} = 5 where id between :x and :x + 50;"])])


def lock_contention(rng):
    t, (a,) = table(rng), columns(rng, 1)
    n, hot = rng.randrange(12, 24), rng.randrange(1, 4)
    small = f"create table {t} (id int primary key, {a} int); insert into {t} select i, 0 from generate_series(1, 100) i; vacuum analyze {t};"
    yield Injection(small, [(n, [f"\\set x random(1, {hot})\nbegin;\nupdate {t} set {a} = {a} + 1 where id = :x;\n\\sleep 20 ms\ncommit;"])])
    yield Injection(small, [(n, [f"begin;\nselect * from {t} where id = 1 for update;\n\\sleep 30 ms\nupdate {t} set {a} = 1 where id = 1;\nend;"])])
    yield Injection(small, [(n, [f"begin;\nlock table {t} in exclusive mode;\n\\sleep 15 ms\ninsert into {t} values (1, 1) on conflict do nothing;\ncommit;"])])


def lock_wait_chain(rng):
    t, (a,) = table(rng), columns(rng, 1)
    n = rng.randrange(3, 9)
    small = f"create table {t} (id int primary key, {a} int); insert into {t} select i, 0 from generate_series(1, 1000) i; vacuum analyze {t};"
    yield Injection(small, [(n, [f"update {t} set {a} = {a} + 1 where id = 7;"])],
                    [f"begin; update {t} set {a} = 5 where id = 7; select pg_sleep(60);"])
    yield Injection(small, [(n, [f"select count(*) from {t};"])],
                    [f"begin; lock table {t} in access exclusive mode; select count(*) from generate_series(1, 2000000000);"])
    yield Injection(small, [(n, [f"\\set x random(1, 1000)\nupdate {t} set {a} = 1 where id = :x;"])],
                    [f"do $$ begin update {t} set {a} = 2; perform pg_sleep(60); end $$;"])


def idle_in_transaction(rng):
    t, (a,) = table(rng), columns(rng, 1)
    small = f"create table {t} (id int primary key, {a} int); insert into {t} select i, 0 from generate_series(1, 1000) i; vacuum analyze {t};"
    yield Injection(small, [(rng.randrange(2, 8), [f"update {t} set {a} = {a} + 1 where id = 3;"])],
                    [f"begin; update {t} set {a} = 9 where id = 3;"])
    yield Injection(small, (), [f"begin; select * from {t} where id = 3;"] * rng.randrange(1, 4), wait=14)
    yield Injection(small, [(rng.randrange(2, 5), [f"select * from {t} where id = 4;"])],
                    [f"begin; lock table {t} in access exclusive mode;"])


def deadlock(rng):
    t, (a,) = table(rng), columns(rng, 1)
    small = f"create table {t} (id int primary key, {a} int); insert into {t} select i, 0 from generate_series(1, 1000) i; vacuum analyze {t};"
    one = f"begin;\nupdate {t} set {a} = 1 where id = 1;\n\\sleep 50 ms\nupdate {t} set {a} = 1 where id = 2;\ncommit;"
    two = f"begin;\nupdate {t} set {a} = 1 where id = 2;\n\\sleep 50 ms\nupdate {t} set {a} = 1 where id = 1;\ncommit;"
    yield Injection(small, [(1, [one]), (1, [two])])
    yield Injection(small, [(rng.randrange(2, 4), [one]), (rng.randrange(2, 4), [two])])
    three = f"begin;\nselect * from {t} where id = 5 for update;\n\\sleep 40 ms\nselect * from {t} where id = 6 for update;\nend;"
    four = f"begin;\nselect * from {t} where id = 6 for update;\n\\sleep 40 ms\nselect * from {t} where id = 5 for update;\nend;"
    yield Injection(small, [(2, [three]), (2, [four])])


def dead_tuples(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    rows, n = rng.randrange(150_000, 400_000), rng.randrange(1, 5)
    off = f"alter table {t} set (autovacuum_enabled = false);"
    yield Injection(filled(t, rows, [a, b], off) + f"delete from {t} where id % 5 <> 0;",
                    [(n, [f"select * from {t};"])])
    yield Injection(filled(t, rows, [a, b], off) + f"update {t} set {a} = {a} + 1; update {t} set {b} = 1;",
                    [(n, [f"select count(*), sum({a}) from {t};"])])
    yield Injection(filled(t, rows, [a, b], off) + f"delete from {t} where id < {rows * 3 // 4};",
                    [(n, [f"\\set x random(1, {rows})\nselect * from {t} where id = :x;",
                          f"select avg({a}) from {t};"])])


def heavy_inserts(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n = rng.randrange(5, 13)
    made = f"create table {t} (id bigserial primary key, {a} int, {b} int, note text);"
    yield Injection(made, [(n, [f"insert into {t} ({a}, {b}, note) select i, i, md5(i::text) from generate_series(1, 500) i;"])])
    yield Injection(made, [(n, [f"insert into {t} ({a}, {b}, note) values " + ", ".join("(1, 2, 'some words here')" for _ in range(40)) + ";"])])
    yield Injection(made, [(n, ["begin;\n" + f"insert into {t} ({a}, {b}, note) values (1, 2, 'x');\n" * 30 + "commit;"])])
    yield Injection(made, [(n, [f"insert into {t} ({a}, {b}, note) select i, 2, repeat('y', 200) from generate_series(1, 20000) i;"])])


def heavy_commits(rng):
    t, (a,) = table(rng), columns(rng, 1)
    n = rng.randrange(6, 17)
    made = f"create table {t} (id int primary key, {a} int); insert into {t} select i, 0 from generate_series(1, 20000) i; vacuum analyze {t};"
    yield Injection(made, [(n, [f"\\set x random(1, 20000)\nupdate {t} set {a} = {a} + 1 where id = :x;"])])
    yield Injection(f"create table {t} (at timestamptz, {a} int);",
                    [(n, [f"begin;\ninsert into {t} values (now(), 1);\ncommit;"])])
    yield Injection(made, [(n, [f"\\set x random(1, 20000)\nbegin;\ndelete from {t} where id = :x;\nend;",
                                f"\\set x random(1, 20000)\nbegin;\ninsert into {t} values (:x, 1) on conflict do nothing;\nend;"])])


def heavy_workload(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n = rng.randrange(12, 30)
    made = filled(t, 100_000, [a, b], f"create index on {t} ({a});")
    read = f"\\set x random(1, 100000)\nselect * from {t} where id = :x;"
    by = f"\\set x random(1, 100000)\nselect count(*) from {t} where {a} = :x;"
    write = f"\\set x random(1, 100000)\nupdate {t} set note = 'w' where id = :x;"
    yield Injection(made, [(n, [read, by])])
    yield Injection(made, [(n, [read, by, by, read, read, write])])
    yield Injection(made, [(n, [f"\\set x random(1, 99000)\nselect sum({b}) from {t} where id between :x and :x + 100;", read, by])])


def small_buffer_pool(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n, rows = rng.randrange(3, 9), rng.randrange(300_000, 700_000)
    tiny = {"shared_buffers": rng.choice(["512kB", "1MB", "2MB", "4MB", "8MB"])}
    made = filled(t, rows, [a, b], f"create index on {t} ({a});")
    read = f"\\set x random(1, {rows})\nselect * from {t} where id = :x;"
    by = f"\\set x random(1, {rows})\nselect note from {t} where {a} = :x;"
    yield Injection(made, [(n, [read])], settings=tiny)
    yield Injection(made, [(n, [read, by])], settings=tiny)
    yield Injection(made, [(n, [f"\\set x random(1, {rows})\nselect sum({b}) from {t} where {a} between :x and :x + 200;"])], settings=tiny)


def large_fetch(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n, rows = rng.randrange(2, 6), rng.randrange(150_000, 400_000)
    made = filled(t, rows, [a, b])
    yield Injection(made, [(n, [f"select * from {t};"])])
    yield Injection(made, [(n, [f"select id, note from {t} where {a} > {rows // 10};"])])
    yield Injection(made, [(n, [f"select * from {t} where id > 100 order by id;"])])


def correlated_subquery(rng):
    t, u, (a, b) = table(rng), table(rng) + "_lines", columns(rng, 2)
    n, rows = rng.randrange(2, 5), rng.randrange(20_000, 60_000)
    made = filled(t, 4_000, [a]) + filled(u, rows, [b, a + "2"], f"create index on {u} ({b});")
    plain = filled(t, 3_000, [a]) + filled(u, rows, [b, a + "2"])
    yield Injection(plain, [(n, [f"select count(*) from {t} x where x.{a} > (select avg(y.{a}2) from {u} y where y.{b} = x.id);"])])
    yield Injection(made, [(n, [f"select x.id, (select max(y.id) from {u} y where y.{b} between x.id and x.id + 500) from {t} x;"])])
    yield Injection(plain, [(n, [f"select * from {t} o where o.{a} <> (select coalesce(sum(l.{a}2), 0) from {u} l where l.{b} = o.{a} and l.id > o.id) limit 900;"])])


def poor_join(rng):
    t, u, (a, b) = table(rng), table(rng) + "_b", columns(rng, 2)
    n, rows = rng.randrange(2, 5), rng.randrange(100_000, 250_000)
    made = filled(t, rows, [a, b]) + filled(u, rows, [a + "2", b + "2"])
    yield Injection(made, [(n, [f"select count(*) from {t} x join {u} y on x.{a} = y.{a}2 where x.{b} < y.{b}2;"])])
    yield Injection(filled(t, 6_000, [a, b]) + filled(u, 6_000, [a + "2", b + "2"]),
                    [(n, [f"select count(*) from {t} x, {u} y where x.{a} < y.{a}2;"])])
    yield Injection(made, [(n, [f"select x.{b}, count(*) from {t} x left join {u} y on y.{b}2 = x.{b} and y.{a}2 <> x.{a} group by 1 order by 2 desc limit 20;"])])


def io_saturation(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n, rows = rng.randrange(4, 9), rng.randrange(1_200_000, 2_000_000)
    made = f"create table {t} (id bigserial, {a} int, {b} int, note text); insert into {t} ({a}, {b}, note) select i, i, repeat('z', 120) from generate_series(1, {rows}) i; vacuum analyze {t};"
    yield Injection(made, [(n, [f"select count(*) from {t};"])], settings={"shared_buffers": "128MB", "max_parallel_workers_per_gather": "0"})
    yield Injection(made, [(n, [f"select sum({a}), max({b}) from {t};", f"select avg({b}) from {t} where id > 7;"])])
    yield Injection(made, [(n, [f"select min(note) from {t} where {a} % 2 = 0;"])])


def idle_slot(rng):
    t = table(rng)
    grow = f"create table {t} as select i, repeat('w', 300) from generate_series(1, {rng.randrange(200_000, 400_000)}) i;"
    yield Injection(f"select pg_create_physical_replication_slot('s_{t}', true);{grow}")
    yield Injection(f"select pg_create_logical_replication_slot('l_{t}', 'test_decoding');{grow}")
    yield Injection(f"select pg_create_physical_replication_slot('replica_{rng.randrange(9)}', true);{grow} update {t} set i = i + 1;")


def invalid_index(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    made = f"create table {t} (id bigserial primary key, {a} int); insert into {t} ({a}) select i % 50 from generate_series(1, 20000) i; analyze {t};"
    for name in (f"{t}_{a}_key", f"{t}_{b}_uq", f"i_{rng.randrange(99)}"):
        yield Injection(made + f"/*may fail*/ create unique index concurrently {name} on {t} ({a});")


def disk_spill(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n, rows = rng.randrange(2, 5), rng.randrange(200_000, 400_000)
    made = filled(t, rows, [a, b])
    tight = {"work_mem": rng.choice(["64kB", "256kB", "1MB"])}
    yield Injection(made, [(n, [f"select count(*) from (select * from {t} order by note, {a} offset 10) s;"])], settings=tight)
    yield Injection(made, [(n, [f"select note, count(*) from {t} group by note order by 2 desc, 1 limit 5;"])], settings=tight)
    yield Injection(made, [(n, [f"select max(r) from (select row_number() over (order by note) as r from {t}) s;"])], settings=tight)


def connection_saturation(rng):
    few = rng.randrange(20, 40)
    full = {"max_connections": str(few)}
    for statement in ("select 1;", "set application_name = 'pool'; select now();", "select count(*) from pg_class;"):
        yield Injection("", (), [statement] * (few - 4), settings=full, wait=4)


def checkpoint_pressure(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n, rows = rng.randrange(2, 6), 150_000
    tight = {"max_wal_size": rng.choice(["32MB", "48MB", "64MB"]), "min_wal_size": "32MB"}
    made = filled(t, rows, [a, b])
    wide = f"\\set x random(1, {rows} - 2000)\nupdate {t} set {a} = {a} + 1 where id between :x and :x + 1500;"
    yield Injection(made, [(n, [wide])], settings=tight)
    yield Injection(made, [(n, [f"insert into {t} ({a}, {b}, note) select i, i, repeat('c', 500) from generate_series(1, 2000) i;"])], settings=tight)
    yield Injection(made, [(n, [wide, f"\\set x random(1, {rows})\ndelete from {t} where id between :x and :x + 200;"])], settings=tight)


def cpu_saturation(rng):
    n, many = rng.randrange(3, 8), rng.randrange(2_000_000, 5_000_000)
    yield Injection("", [(n, [f"select sum(sqrt(i::float8)) from generate_series(1, {many}) i;"])])
    yield Injection("", [(n, [f"select count(md5(i::text)) from generate_series(1, {many}) i;"])])
    yield Injection("create function spin(n int) returns bigint language plpgsql as $$declare s bigint := 0; begin for i in 1..n loop s := s + i * 3; end loop; return s; end$$;",
                    [(n, [f"select spin({many});"])])


def bad_statistics(rng):
    t, u, (a, b) = table(rng), table(rng) + "_c", columns(rng, 2)
    rows = rng.randrange(150_000, 300_000)
    quiet = "set (autovacuum_enabled = false);"
    made = (f"create table {t} (id bigserial primary key, {a} int, {b} int); alter table {t} {quiet}"
            f"create table {u} (id int primary key, {a}2 int, w int); alter table {u} {quiet} create index on {u} ({a}2);"
            f"insert into {t} ({a}, {b}) select i, i % 1000 from generate_series(1, 1000) i;"
            f"insert into {u} select i, i % 500, 1 from generate_series(1, 50000) i; analyze {t}; analyze {u};"
            f"insert into {t} ({a}, {b}) select 7, 999999 from generate_series(1, {rows}) i;")
    n = rng.randrange(1, 4)
    yield Injection(made, [(n, [f"select count(*) from {t} x join {u} y on y.{a}2 = x.{a} where x.{b} = 999999 and x.id > 5;"])])
    yield Injection(made, [(n, [f"select sum(y.w) from {t} x, {u} y where y.{a}2 = x.{a} and x.{b} > 999990;"])])


def config_regression(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    n, rows = rng.randrange(2, 6), rng.randrange(200_000, 400_000)
    made = filled(t, rows, [a, b], f"create index on {t} ({a});")
    by = f"\\set x random(1, {rows})\nselect * from {t} where {a} = :x;"
    yield Injection(made, [(n, [by])], settings={"random_page_cost": "2000000", "max_parallel_workers_per_gather": "0"})
    yield Injection(made, [(n, [by])], settings={"enable_indexscan": "off", "enable_bitmapscan": "off", "enable_indexonlyscan": "off"})


def long_transaction(rng):
    t, (a,) = table(rng), columns(rng, 1)
    small = f"create table {t} (id int primary key, {a} int); insert into {t} select i, 0 from generate_series(1, 1000) i; vacuum analyze {t};"
    yield Injection(small, (), [f"begin isolation level repeatable read; select * from {t}; select pg_sleep(300);"], wait=20)
    yield Injection(small, (), [f"begin; insert into {t} values (5000, 1); select pg_sleep(600);"], wait=25)


def bloat(rng):
    t, (a, b) = table(rng), columns(rng, 2)
    rows = rng.randrange(600_000, 900_000)
    yield Injection(filled(t, rows, [a, b]) + f"delete from {t} where id % 10 <> 0; vacuum analyze {t};", wait=1)


CAUSES = {
    "heavy_inserts": heavy_inserts, "heavy_commits": heavy_commits, "missing_index": missing_index,
    "redundant_indexes": redundant_indexes, "lock_contention": lock_contention, "dead_tuples": dead_tuples,
    "heavy_workload": heavy_workload, "small_buffer_pool": small_buffer_pool, "io_saturation": io_saturation,
    "large_fetch": large_fetch, "correlated_subquery": correlated_subquery, "poor_join": poor_join,
    "lock_wait_chain": lock_wait_chain, "idle_in_transaction": idle_in_transaction, "deadlock": deadlock,
    "stuck_slot": idle_slot, "invalid_index": invalid_index, "disk_spill": disk_spill,
    "connection_saturation": connection_saturation, "checkpoint_pressure": checkpoint_pressure,
    "cpu_saturation": cpu_saturation, "bad_statistics": bad_statistics, "config_regression": config_regression,
    "long_transaction": long_transaction, "bloat": bloat,
}
# The causes that published work on this injects.
PUBLISHED = list(CAUSES)[:13]


def templates(cause, seed):
    """All templates of a cause with values drawn from a seed."""
    return list(CAUSES[cause](random.Random(seed)))


def quiet(seed):
    """A server that is idle, or lightly used."""
    rng = random.Random(seed)
    t, (a, b) = table(rng), columns(rng, 2)
    made = filled(t, 20_000, [a, b], f"create index on {t} ({a});")
    light = [f"\\set x random(1, 20000)\nselect * from {t} where id = :x;\n\\sleep {rng.randrange(40, 200)} ms",
             f"\\set x random(1, 20000)\nupdate {t} set note = 'l' where id = :x;\n\\sleep {rng.randrange(60, 300)} ms"]
    if rng.random() < 0.4:
        return Injection(made, wait=1)
    return Injection(made, [(rng.randrange(1, 4), light)], wait=1)

"""How fast server logs are read, in how much memory, and beside the programs that people use for it.

The logs are those of the test servers, which are made to write some, repeated with other times, processes, tables and
values until they are long enough."""

import json, os, re, shlex, shutil, subprocess, sys, time
from datetime import datetime, timedelta
from pathlib import Path

MEGABYTE = 1_000_000
PREFIX = "%t [%p]: user=%u,db=%d,app=%a,client=%h "
# Ours takes at most this part of the time of the other program.
OF_THEIRS = 1 / 20
MEMORY_MIB = 64
LINES_A_SECOND = 400_000

ERRORS = """
SELECT * FROM missing_table_7 WHERE id = 7;
INSERT INTO pgbench_branches (bid) VALUES (1);
SELECT 1/0;
SELECT nothing
  FROM pgbench_accounts
 WHERE aid = 'seven';
DO $$ BEGIN RAISE EXCEPTION 'order 7 is late' USING DETAIL = 'by 7 days', HINT = 'call'; END $$;
SELEC 7;
"""


def run(command, **more):
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)


def at_hand(program, package):
    """The program's path, installed where that can be done; nothing otherwise."""
    if not shutil.which(program) and os.getuid() == 0 and not os.environ.get("DBA_GPT_TEST_OFFLINE"):
        run(["apt-get", "install", "--yes", "--no-install-recommends", package], timeout=600)
    return shutil.which(program)


# The kernel counts what a child held before it became the program, so the child is made by a small interpreter.
RUN = """
import json, os, subprocess, sys, time
begun = time.monotonic()
with open(os.devnull, "r+b") as nothing:
    child = subprocess.Popen(sys.argv[1:], stdin=nothing, stdout=nothing, stderr=nothing)
    _, status, used = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
print(json.dumps([child.returncode, time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


def measured(command):
    """Seconds by the clock, seconds of processor, and peak memory in MiB of one run."""
    said = subprocess.check_output([sys.executable, "-I", "-S", "-c", RUN, *command])
    code, wall, processor, memory = json.loads(said)
    if code != 0:
        raise SystemExit(f"measure: {shlex.join(command)} ended with {code}")
    return wall, processor, memory


def postgres_seed(variables):
    """What the logging server writes while pgbench runs and statements fail."""
    server, folder = variables.get("DBA_GPT_TEST_PG_LOGS"), variables.get("DBA_GPT_TEST_PG_LOGS_DIR")
    if not server:
        return None
    psql = ["psql", "--no-psqlrc", "--quiet", server]
    log = Path(folder, "server.log")
    settings = ["log_min_duration_statement = 0", f"log_line_prefix = '{PREFIX}'", "log_connections = on",
                "log_disconnections = on", "log_checkpoints = on"]
    for setting in settings:
        run([*psql, "--command", f"ALTER SYSTEM SET {setting}"])
    run([*psql, "--command", "SELECT pg_reload_conf(), pg_sleep(1)"])
    begun = log.stat().st_size
    place = dict(word.split("=", 1) for word in server.split())
    at = ["--host", place["host"], "--port", place["port"], "--username", place["user"], place["dbname"]]
    run(["pgbench", "--initialize", "--quiet", "--scale=1", *at])
    for _ in range(4):
        run(["pgbench", "--client=3", "--time=1", *at])
        run(psql, input=ERRORS.encode() * 10)
    for setting in settings:
        run([*psql, "--command", f"ALTER SYSTEM RESET {setting.split()[0]}"])
    run([*psql, "--command", "SELECT pg_reload_conf()"])
    return log.read_bytes()[begun:]


def slow_seed(variables):
    """What MariaDB writes into its slow log when every statement is slow."""
    socket = variables.get("DBA_GPT_TEST_MARIADB_SOCKET")
    if not socket:
        return None
    login = re.fullmatch(r"mysql://(.*):(.*)@.*", variables["DBA_GPT_TEST_MARIADB"])
    statements = ["SET GLOBAL slow_query_log_file = 'measured.log'", "SET GLOBAL slow_query_log = 1",
                  "SET SESSION slow_query_log = 1", "SET SESSION long_query_time = 0"]
    for number in range(300):
        statements += [f"SELECT COUNT(*) FROM orders WHERE id BETWEEN {number} AND {number + 7} AND note <> 'a{number}'",
                       f"SELECT *\n  FROM customers c\n  JOIN orders o ON o.customer_id = c.id\n WHERE c.id IN ({number}, 2, 3)",
                       f"UPDATE customers SET name = name WHERE id = {number}"]
    statements.append("SET GLOBAL slow_query_log = 0")
    run(["mariadb", "--no-defaults", f"--socket={socket}", f"--user={login[1]}", f"--password={login[2]}", "--force",
         "shop"], input=(";\n".join(statements) + ";\n").encode())
    return Path(socket).parent.joinpath("data/measured.log").read_bytes()


def repeated(seed, path, size, vary):
    """Writes the seed, varied, until the file is long enough. Gives the number of lines."""
    lines = 0
    with open(path, "wb") as out:
        number = 0
        while out.tell() < size:
            piece = vary(seed, number)
            lines += piece.count(b"\n")
            out.write(piece)
            number += 1
    return lines


def vary_postgres(seed, number):
    """Later by some minutes, other processes, and now and then another table, value or order."""
    def later(found):
        moment = datetime.strptime(found[1].decode(), "%Y-%m-%d %H:%M:%S") + timedelta(minutes=5 * number)
        return moment.strftime("%Y-%m-%d %H:%M:%S").encode() + found[2]
    seed = re.sub(rb"(?m)^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)( \w+ \[)", later, seed)
    seed = re.sub(rb"(?m)^(.{20,26}\[)(\d+)", lambda f: f[1] + str(int(f[2]) + number % 20000).encode(), seed)
    return re.sub(rb"(missing_table_|order )7", lambda f: f[1] + str(number).encode(), seed)


def vary_slow(seed, number):
    seed = re.sub(rb"timestamp=(\d+)", lambda f: b"timestamp=%d" % (int(f[1]) + 60 * number), seed)
    return re.sub(rb"Thread_id: (\d+)", lambda f: b"Thread_id: %d" % (int(f[1]) + number), seed)


def compare(figures, name, ours, theirs, rival, path, lines):
    """Ours and another program on the same file, one after the other."""
    size = path.stat().st_size / MEGABYTE
    wall, processor, memory = measured(ours)
    figures.tell(f"{name}: {size:.0f} MB, {lines} lines")
    figures.add(f"{name}: lines a second, of a core", lines / processor, "1/s")
    figures.add(f"{name}: megabytes a second", size / wall, "MB/s")
    figures.add(f"{name}: peak memory", memory, "MiB", MEMORY_MIB)
    if theirs is None:
        figures.tell(f"SKIPPED: {rival} cannot be installed here")
        return lines / processor
    their_wall, their_processor, their_memory = measured(theirs)
    figures.add(f"    {rival}: lines a second, of a core", lines / their_processor, "1/s")
    figures.add(f"    {rival}: peak memory", their_memory, "MiB")
    figures.add("    our processor time to theirs", processor / their_processor, "x", OF_THEIRS)
    figures.add("    our time to theirs", wall / their_wall, "x", OF_THEIRS)
    return lines / processor


def measure_logs(figures, command, home, server):
    text, slow = home / "server.log", home / "slow.log"
    ingest = [*command, "logs", "ingest", "--dry-run"]
    seed = postgres_seed(server["variables"])
    if seed is None:
        figures.tell("SKIPPED: there is no PostgreSQL with three logs")
    else:
        lines = repeated(seed, text, 80 * MEGABYTE, vary_postgres)
        badger = at_hand("pgbadger", "pgbadger")
        theirs = badger and [badger, "--quiet", "--jobs", "1", "--prefix", PREFIX, "--outfile", str(home / "badger.json"), str(text)]
        speed = compare(figures, "PostgreSQL's log", [*ingest, "--engine", "postgres", str(text)], theirs, "pgbadger", text, lines)
        figures.add("    share of the lines a second that are wanted", LINES_A_SECOND / speed, "x", 1)
        large = home / "large.log"
        with open(large, "wb") as out:
            while out.tell() < 2000 * MEGABYTE:
                with open(text, "rb") as part:
                    shutil.copyfileobj(part, out, 1 << 20)
        wall, _, memory = measured([*ingest, "--engine", "postgres", str(large)])
        figures.add("2 GB of it: seconds", wall, "s")
        figures.add("2 GB of it: peak memory", memory, "MiB", MEMORY_MIB)
        large.unlink()
        text.unlink()
    seed = slow_seed(server["variables"])
    if seed is not None:
        lines = repeated(seed, slow, 40 * MEGABYTE, vary_slow)
        digest = at_hand("pt-query-digest", "percona-toolkit")
        theirs = digest and [digest, "--no-version-check", str(slow)]
        compare(figures, "MariaDB's slow log", [*ingest, "--engine", "mysql", str(slow)], theirs, "pt-query-digest", slow, lines)
        slow.unlink()

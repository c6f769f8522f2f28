"""What watching costs a server: processor time of our own sessions, and the throughput of a load with and without us."""

import math, os, re, shutil, statistics, subprocess
from pathlib import Path

from .many_targets import configure, states, there
from .terminal import NOW, Program

PAIRS, SECONDS = 20, 6
# Two-sided 95 per cent of Student's distribution, by degrees of freedom.
STUDENT = {4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 11: 2.201, 14: 2.145, 19: 2.093, 29: 2.045}
WATCHED = 60


def nanoseconds(task):
    """Processor time of one thread or process of one thread."""
    return int(Path(f"/proc/{task}/schedstat").read_text().split()[0])


def of_postgres(server):
    """The processes that serve us."""
    query = "select pid from pg_stat_activity where application_name like 'dba-gpt%'"
    return subprocess.check_output(["psql", "--no-psqlrc", "-Atc", query, server["bench"]], text=True).split()


def of_mysql(socket, server_pid):
    """The threads that serve us: those that were not there before we came are told by their user."""
    query = ("SELECT THREAD_OS_ID FROM performance_schema.threads"
             " WHERE PROCESSLIST_USER = 'dbagpt_ro' AND THREAD_OS_ID IS NOT NULL")
    found = subprocess.check_output(["mariadb", "--no-defaults", f"--socket={socket}", "--user=root", "-BNe", query], text=True)
    return [f"{server_pid}/task/{thread}" for thread in found.split()]


def backends(name, server):
    """Tasks of the kernel whose processor time is ours, and what of it is not."""
    folder = server["folder"]
    if name == "postgres":
        return of_postgres(server)
    if name in ("mariadb", "mysql"):
        return of_mysql(folder / name / "s.sock", (folder / name / "pid").read_text().strip())
    return [(folder / name / "pid").read_text().strip()]         # one thread serves everybody


def spent(tasks, seconds, idle):
    """Share of a core that these tasks use, in per cent."""
    before, start = {task: nanoseconds(task) for task in tasks}, NOW()
    idle(seconds)
    return sum(nanoseconds(task) - earlier for task, earlier in before.items()) / (NOW() - start) / 1e7


def measure_cost(figures, command, home, server):
    variables = server["variables"]
    urls = {"postgres": variables["DBA_GPT_TEST_PG_RO"], "mariadb": variables["DBA_GPT_TEST_MARIADB_RO"],
            "mysql": variables.get("DBA_GPT_TEST_MYSQL_RO"), "redis": variables["DBA_GPT_TEST_REDIS_RO"],
            "valkey": variables.get("DBA_GPT_TEST_VALKEY_RO")}
    for name, url in urls.items():
        if not url:
            figures.tell(f"SKIPPED: what watching costs {name}: it is not there")
            continue
        alone = 0.0
        if name in ("redis", "valkey"):
            import time
            alone = spent(backends(name, server), 15, time.sleep)
        file = configure(home, "10s", [(name, url)])
        try:
            with Program(command, home, size=(160, 50)) as program:
                program.wait("health values", lambda text: states(text)[0] >= 1, 60)
                program.idle(3)
                cost = spent(backends(name, server), WATCHED, program.idle) - alone
        finally:
            file.unlink()
        figures.add(f"{name} watched at 10 s: processor time of our sessions", max(cost, 0), "% core", 0.5)


def measure_pairs(figures, command, home, server):
    """The same load with and without us watching, in pairs."""
    urls = there(server["variables"], home)
    pairs(figures, command, home, server, "pgbench", urls["postgres"], pgbench(server))
    if shutil.which("sysbench"):
        pairs(figures, command, home, server, "sysbench", urls["mariadb"], sysbench(server))
    else:
        figures.tell("SKIPPED: sysbench is not installed, so MariaDB has no paired runs")


def pgbench(server):
    """One run of pgbench; gives transactions a second."""
    def run():
        words = ["pgbench", "-n", "-c", "2", "-T", str(SECONDS), server["bench"]]
        found = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        return float(re.search(r"tps = ([\d.]+)", found)[1])
    return run


def sysbench(server):
    """One run of sysbench's point and range reads with writes; gives transactions a second."""
    words = ["sysbench", "oltp_read_write", "--mysql-db=bench", "--mysql-user=root", "--tables=1", "--table-size=10000",
             f"--mysql-socket={server['folder'] / 'mariadb/s.sock'}", "--threads=2", f"--time={SECONDS}"]
    subprocess.run([*words, "prepare"], check=True, capture_output=True)

    def run():
        found = subprocess.run([*words, "run"], check=True, capture_output=True, text=True).stdout
        return float(re.search(r"transactions: .*\(([\d.]+) per sec", found)[1])
    return run


def pairs(figures, command, home, server, words, url, run):
    """Runs a load in pairs, watched and not, in an order that changes; prints the mean difference and its interval."""
    file = configure(home, "10s", [("watched", url)])
    run()      # caches are filled before anything counts
    differences = []
    try:
        for number in range(PAIRS):
            results = {}
            for watched in (number % 2 == 0, number % 2 == 1):
                if watched:
                    with Program(command, home, size=(160, 50)) as program:
                        program.wait("health values", lambda text: states(text)[0] >= 1, 60)
                        results[watched] = run()
                else:
                    results[watched] = run()
            differences.append((results[False] - results[True]) / results[False] * 100)
    finally:
        file.unlink()
    mean = statistics.mean(differences)
    half = STUDENT[PAIRS - 1] * statistics.stdev(differences) / math.sqrt(PAIRS)
    figures.add(f"{words}: throughput lost while watched, mean of {PAIRS} pairs", mean, "%")
    figures.tell(f"    95 % interval: {mean - half:+.2f} % to {mean + half:+.2f} %")

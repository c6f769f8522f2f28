"""How often the cause that was brought about on a scratch PostgreSQL is the one that `dba-gpt diagnose` names first, and
how often a quiet server is said to have one.

`DBA_GPT_MEASURE_CAUSES='missing_index ...'` takes some causes, `DBA_GPT_MEASURE_RUNS=N` the runs of each (the last
template, on which no rule was tried, is among them from the number of templates on), `DBA_GPT_MEASURE_QUIET=N` the quiet
ones, `DBA_GPT_MEASURE_SEED=N` the values drawn, `DBA_GPT_MEASURE_KEPT=1` takes only the templates kept apart.
"""

import contextlib, json, os, pwd, shutil, socket, subprocess, tempfile, time
from pathlib import Path

from . import injections

SECONDS = 10


def programs():
    """The folder with PostgreSQL's server programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return (found[0] if found else Path(shutil.which("initdb"))).parent


class Scratch:
    """A server of its own, which has nothing but what an injection makes."""

    def __init__(self, settings):
        self.settings, self.running = settings, []

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="dba-gpt-diagnose.", dir="/tmp"))
        self.become = []
        if os.geteuid() == 0:
            user = "postgres" if any(u.pw_name == "postgres" for u in pwd.getpwall()) else "nobody"
            shutil.chown(self.folder, user)
            self.become = ["setpriv", f"--reuid={user}", "--clear-groups", "--"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgres://dba@127.0.0.1:{self.port}/postgres"
        try:
            self.program("initdb", "--no-sync", "--auth=trust", "--username=dba", "--encoding=UTF8", "--locale=C",
                         f"--pgdata={self.folder}/data")
            settings = {"wal_level": "logical", "max_connections": "60", "listen_addresses": "'127.0.0.1'",
                        "unix_socket_directories": "''", "log_min_messages": "fatal", **self.settings}
            lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
            file = self.folder / "data/postgresql.conf"
            file.write_text(file.read_text() + lines)
            self.program("pg_ctl", "-D", f"{self.folder}/data", "-o", f"-p {self.port}", "-l", f"{self.folder}/log", "-w", "start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def program(self, name, *words):
        subprocess.run([*self.become, programs() / name, *words], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def sql(self, text):
        """Statements, one at a time; one that may fail says so."""
        for statement in filter(str.strip, split(text)):
            done = subprocess.run(["psql", "-Xqc", statement, self.url], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
            if done.returncode and "may fail" not in statement:
                raise RuntimeError(f"{statement}: {done.stderr}")

    def begin(self, injection):
        """Starts what runs meanwhile."""
        for statements in injection.sessions:
            client = subprocess.Popen(["psql", "-Xq", self.url], stdin=subprocess.PIPE, text=True,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            client.stdin.write(statements + "\n")
            client.stdin.flush()
            self.running.append(client)
        if injection.sessions:
            time.sleep(1)
        for number, (clients, scripts) in enumerate(injection.clients):
            words = []
            for part, script in enumerate(scripts):
                file = self.folder / f"{number}.{part}.sql"
                file.write_text(script + "\n")
                words += ["-f", file]
            self.running.append(subprocess.Popen(
                ["pgbench", "-n", "-c", str(clients), "-j", "1", "-T", "120", "--max-tries=1000000", *words, self.url],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def __exit__(self, *_):
        for client in self.running:
            client.kill()
        with contextlib.suppress(Exception):
            self.program("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")
        for client in self.running:
            client.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def split(text):
    """Statements of a text; what stands between $$ stays together."""
    parts = text.split("$$")
    whole, at = [""], 0
    for at, part in enumerate(parts):
        if at % 2:
            whole[-1] += f"$${part}$$"
            continue
        first, *more = part.split(";")
        whole[-1] += first
        whole += more
    return whole


def diagnose(command, home, url):
    """The hypotheses, and how long it took."""
    started = time.monotonic()
    done = subprocess.run([*command, "diagnose", "--target", url, "--seconds", str(SECONDS), "--json"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "DBA_GPT_HOME": str(home)})
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode not in (0, 1):
        raise RuntimeError(f"diagnose ended with {done.returncode}: {done.stderr}")
    return [row for row in found if "cause" in row], time.monotonic() - started


def run(command, home, injection):
    """One injection, looked at."""
    with Scratch(injection.settings) as server:
        server.sql(injection.make)
        server.begin(injection)
        time.sleep(injection.wait)
        return diagnose(command, home, server.url)


def supported(found):
    return [row["cause"] for row in found if row["verdict"] == "supported"]


def measure_diagnose(figures, command, home, _server):
    asked = os.environ.get("DBA_GPT_MEASURE_CAUSES", "").split()
    runs, quiet = int(os.environ.get("DBA_GPT_MEASURE_RUNS", "3")), int(os.environ.get("DBA_GPT_MEASURE_QUIET", "10"))
    seed, kept = int(os.environ.get("DBA_GPT_MEASURE_SEED", "1")), os.environ.get("DBA_GPT_MEASURE_KEPT")
    right, score, times, all_runs = 0, 0.0, [], 0
    for cause in asked or injections.CAUSES:
        hits = 0
        count = len(injections.templates(cause, seed))
        chosen = [count - 1] * runs if kept else [number % count for number in range(runs)]
        for number, which in enumerate(chosen):
            injection = injections.templates(cause, f"{seed}/{cause}/{number}")[which]
            found, took = run(command, home, injection)
            named = supported(found)
            hit = named[:1] == [cause]
            hits, all_runs, times = hits + hit, all_runs + 1, [*times, took]
            score += max(0.0, (cause in named) - 0.1 * len([other for other in named if other != cause]))
            if not hit or len(named) > 1:
                figures.tell(f"  {cause} by template {which + 1} of {count}: {' '.join(named) or 'nothing'}")
                keep(cause, number, found)
        right += hits
        figures.add(f"diagnose {cause}: named first", hits / runs, "of 1")
    if all_runs:
        figures.add(f"diagnose: the true cause named first, of {all_runs} runs", right / all_runs, "of 1")
        figures.add("diagnose: the same, a tenth off for each wrong one", score / all_runs, "of 1")
    alarms = 0
    for number in range(quiet):
        found, took = run(command, home, injections.quiet(f"{seed}/quiet/{number}"))
        times.append(took)
        if supported(found):
            alarms += 1
            figures.tell(f"  quiet run {number}: {' '.join(supported(found))}")
            keep("quiet", number, found)
    if quiet:
        figures.add(f"diagnose: quiet servers said to have a cause, of {quiet}", alarms, "", quiet / 60)
    figures.add("diagnose: the longest", max(times, default=0), "s", 15)


def keep(cause, number, found):
    """What was found where it was wrong, for whoever wants to know why."""
    folder = os.environ.get("DBA_GPT_MEASURE_KEEP")
    if folder:
        file = Path(folder) / f"{cause}.{number}.json"
        file.write_text("".join(json.dumps(row) + "\n" for row in found))

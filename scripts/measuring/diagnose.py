"""How often the cause that was brought about on a scratch PostgreSQL is the one that `dba-gpt diagnose` names first, and
how often a quiet server is said to have one. `judging` says what can be set.
"""

import contextlib, shutil, subprocess, time
from pathlib import Path

from . import injections, judging


def programs():
    """The folder with PostgreSQL's server programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return (found[0] if found else Path(shutil.which("initdb"))).parent


class Scratch(judging.Scratch):
    """A PostgreSQL, with psql and pgbench as what runs meanwhile."""

    def __init__(self, settings):
        super().__init__(settings, "postgres")

    def start(self):
        self.url = f"postgres://dba@127.0.0.1:{self.port}/postgres"
        self.program("initdb", "--no-sync", "--auth=trust", "--username=dba", "--encoding=UTF8", "--locale=C",
                     f"--pgdata={self.folder}/data")
        settings = {"wal_level": "logical", "max_connections": "60", "listen_addresses": "'127.0.0.1'",
                    "unix_socket_directories": "''", "log_min_messages": "fatal", **self.settings}
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        file = self.folder / "data/postgresql.conf"
        file.write_text(file.read_text() + lines)
        self.program("pg_ctl", "-D", f"{self.folder}/data", "-o", f"-p {self.port}", "-l", f"{self.folder}/log", "-w", "start")

    def stop(self):
        with contextlib.suppress(Exception):
            self.program("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")

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


def run(command, home, injection):
    """One injection, looked at."""
    with Scratch(injection.settings) as server:
        server.sql(injection.make)
        server.begin(injection)
        time.sleep(injection.wait)
        return judging.look(command, home, server.url)


def measure_diagnose(figures, command, home, _server):
    judging.measure(figures, "PostgreSQL", injections, lambda injection: run(command, home, injection))

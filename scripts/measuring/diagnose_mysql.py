"""How often the cause that was brought about on a scratch MariaDB is the one that `dba-gpt diagnose` names first, and how
often a quiet server is said to have one. The server is as its package starts it: without `performance_schema`, unless
`DBA_GPT_MEASURE_SCHEMA=ON` says otherwise.

`DBA_GPT_MEASURE_CAUSES`, `_RUNS`, `_QUIET`, `_SEED`, `_KEPT`, `_KEEP` and `_SECONDS` as for PostgreSQL.
"""

import contextlib, os, pwd, random, re, shutil, signal, socket, subprocess, tempfile, threading, time
from pathlib import Path

from . import diagnose, injections_mysql

DRAWN = re.compile(r"\{r:(\d+):(\d+)\}")


class Scratch:
    """A server of its own, which has nothing but what an injection makes."""

    def __init__(self, settings):
        self.settings, self.running, self.stopped, self.server = settings, [], threading.Event(), None

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="dba-gpt-diagnose.", dir="/tmp"))
        self.become = []
        if os.geteuid() == 0:
            user = "mysql" if any(u.pw_name == "mysql" for u in pwd.getpwall()) else "nobody"
            shutil.chown(self.folder, user)
            self.become = ["setpriv", f"--reuid={user}", "--clear-groups", "--"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"mariadb://dba:x@127.0.0.1:{self.port}/app"
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        subprocess.run([*self.become, "mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal",
                        "--skip-test-db", f"--datadir={self.folder}/data"], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        settings = {"innodb_buffer_pool_size": "128M", "innodb_flush_log_at_trx_commit": "1", "skip_name_resolve": "1",
                    "innodb_flush_method": "fsync", "performance_schema": os.environ.get("DBA_GPT_MEASURE_SCHEMA", "OFF"),
                    **self.settings}
        self.server = subprocess.Popen(
            [*self.become, shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.folder}/data",
             "--bind-address=127.0.0.1", f"--port={self.port}", f"--socket={self.folder}/s.sock",
             *(f"--{name.replace('_', '-')}={value}" for name, value in settings.items())],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            if self.client("select 1", "mysql", check=False).returncode == 0:
                break
            time.sleep(0.1)
        self.client("create user dba@'%' identified by 'x'; grant all on *.* to dba@'%'; create database app", "mysql")

    def words(self, database="app"):
        return ["mariadb", "--no-defaults", "--protocol=SOCKET", f"--socket={self.folder}/s.sock", "--user=root",
                "--batch", "--skip-column-names", "--quick", "--force", database]

    def client(self, text, database="app", check=True):
        return subprocess.run(self.words(database), input=text, text=True, check=check, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)

    def begin(self, injection):
        """Starts what runs meanwhile. Sessions come over the network as the application's, which the watch must see."""
        over_network = ["mariadb", "--no-defaults", "--skip-ssl", "--host=127.0.0.1", f"--port={self.port}", "--user=dba",
                        "--password=x", "--batch", "--force", "app"]
        for statements in injection.sessions:
            client = subprocess.Popen(over_network, stdin=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
            client.stdin.write(statements + "\n")
            client.stdin.flush()
            self.running.append(client)
            time.sleep(0.15)
        for clients, statements in injection.clients:
            for number in range(clients):
                client = subprocess.Popen(self.words(), stdin=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL)
                self.running.append(client)
                threading.Thread(target=self.feed, args=(client, statements, number), daemon=True).start()

    def feed(self, client, statements, number):
        rng = random.Random(number)
        with contextlib.suppress(OSError, ValueError):
            while not self.stopped.is_set():
                for statement in statements:
                    text = DRAWN.sub(lambda drawn: str(rng.randint(int(drawn[1]), int(drawn[2]))), statement)
                    client.stdin.write(text + ";\n")
                client.stdin.flush()

    def __exit__(self, *_):
        self.stopped.set()
        for client in self.running:
            client.kill()
        if self.server:
            self.server.send_signal(signal.SIGKILL)
            self.server.wait()
        for client in self.running:
            client.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def run(command, home, injection):
    """One injection, looked at."""
    with Scratch(injection.settings) as server:
        server.client(injection.make)
        server.begin(injection)
        time.sleep(injection.wait)
        return diagnose.diagnose(command, home, server.url)


def measure_diagnose_mysql(figures, command, home, _server):
    asked = os.environ.get("DBA_GPT_MEASURE_CAUSES", "").split()
    runs, quiet = int(os.environ.get("DBA_GPT_MEASURE_RUNS", "3")), int(os.environ.get("DBA_GPT_MEASURE_QUIET", "10"))
    seed, kept = int(os.environ.get("DBA_GPT_MEASURE_SEED", "1")), os.environ.get("DBA_GPT_MEASURE_KEPT")
    right, score, times, all_runs = 0, 0.0, [], 0
    for cause in asked or injections_mysql.CAUSES:
        hits = 0
        count = len(injections_mysql.templates(cause, seed))
        chosen = [count - 1] * runs if kept else [number % count for number in range(runs)]
        for number, which in enumerate(chosen):
            injection = injections_mysql.templates(cause, f"{seed}/{cause}/{number}")[which]
            found, took = run(command, home, injection)
            named = diagnose.supported(found)
            hit = named[:1] == [cause]
            hits, all_runs, times = hits + hit, all_runs + 1, [*times, took]
            score += max(0.0, (cause in named) - 0.1 * len([other for other in named if other != cause]))
            if not hit or len(named) > 1:
                figures.tell(f"  {cause} by template {which + 1} of {count}: {' '.join(named) or 'nothing'}")
                diagnose.keep(f"mysql.{cause}", number, found)
        right += hits
        figures.add(f"diagnose MariaDB, {cause}: named first", hits / runs, "of 1")
    if all_runs:
        figures.add(f"diagnose MariaDB: the true cause named first, of {all_runs} runs", right / all_runs, "of 1")
        figures.add("diagnose MariaDB: the same, a tenth off for each wrong one", score / all_runs, "of 1")
    alarms = 0
    for number in range(quiet):
        found, took = run(command, home, injections_mysql.quiet(f"{seed}/quiet/{number}"))
        times.append(took)
        if diagnose.supported(found):
            alarms += 1
            figures.tell(f"  quiet run {number}: {' '.join(diagnose.supported(found))}")
            diagnose.keep("mysql.quiet", number, found)
    if quiet:
        figures.add(f"diagnose MariaDB: quiet servers said to have a cause, of {quiet}", alarms, "", quiet / 60)
    figures.add("diagnose MariaDB: the longest", max(times, default=0), "s", 15)

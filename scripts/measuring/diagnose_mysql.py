"""How often the cause that was brought about on a scratch MariaDB is the one that `dba-gpt diagnose` names first, and how
often a quiet server is said to have one. The server is as its package starts it: without `performance_schema`, unless
`DBA_GPT_MEASURE_SCHEMA=ON` says otherwise. `judging` says what else can be set.
"""

import contextlib, os, random, re, shutil, signal, subprocess, threading, time

from . import injections_mysql, judging

DRAWN = re.compile(r"\{r:(\d+):(\d+)\}")


class Scratch(judging.Scratch):
    """A MariaDB, with its own client program as what runs meanwhile."""

    def __init__(self, settings):
        super().__init__(settings, "mysql")
        self.stopped, self.server = threading.Event(), None

    def start(self):
        self.url = f"mariadb://dba:x@127.0.0.1:{self.port}/app"
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

    def stop(self):
        self.stopped.set()
        if self.server:
            self.server.send_signal(signal.SIGKILL)
            self.server.wait()


def run(command, home, injection):
    """One injection, looked at."""
    with Scratch(injection.settings) as server:
        server.client(injection.make)
        server.begin(injection)
        time.sleep(injection.wait)
        return judging.look(command, home, server.url)


def measure_diagnose_mysql(figures, command, home, _server):
    judging.measure(figures, "MariaDB", injections_mysql, lambda injection: run(command, home, injection))

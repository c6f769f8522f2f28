"""Many targets at once: one of each engine, and two hundred names on the servers of this machine."""

import re

from .terminal import NOW, Program

# One target of each kind, by the variable that tells where its server is.
SERVERS = {"postgres": "DBA_GPT_TEST_PG", "newer": "DBA_GPT_TEST_PG_NEW", "mariadb": "DBA_GPT_TEST_MARIADB",
           "mysql": "DBA_GPT_TEST_MYSQL", "redis": "DBA_GPT_TEST_REDIS", "valkey": "DBA_GPT_TEST_VALKEY",
           "mongodb": "DBA_GPT_TEST_MONGO"}
# How many names each server gets of two hundred: each target holds a connection, and servers have limits.
SHARES = {"postgres": 30, "newer": 30, "mariadb": 40, "mysql": 40, "redis": 20, "valkey": 20, "mongodb": 10, "sqlite": 10}


def sqlite_file(home):
    """A small database in a file."""
    import sqlite3
    file = home / "small.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, status TEXT)")
    return file


def configure(home, refresh, targets):
    """Writes a configuration; `targets` are pairs of a name and a URL."""
    folder = home / "dba-gpt"
    folder.mkdir(mode=0o700, exist_ok=True)
    lines = [f'[health]\nrefresh = "{refresh}"\n']
    lines += [f'[targets."{name}"]\nurl = "{url}"\n' for name, url in targets]
    file = folder / "config.toml"
    file.write_text("\n".join(lines))
    file.chmod(0o600)
    return file


def there(variables, home):
    """URLs of the servers that are there, by name."""
    urls = {name: variables[variable] for name, variable in SERVERS.items() if variable in variables}
    return urls | {"sqlite": f"sqlite:{sqlite_file(home)}"}


def failures(home):
    """Collections that failed or came too late, as the program's own log has them."""
    log = home / "dba-gpt/state/dba-gpt.log"
    return len(re.findall("collection failed", log.read_text())) if log.exists() else 0


def states(text):
    """How many targets the screen counts in each state: the words of the list."""
    return len(re.findall(r"(?m)\b(?:ok|WARN|CRIT)\b", text)), len(re.findall(r"(?m)^[^\w]{0,4}(?:DOWN|STALE)\b", text))


def watch(figures, command, home, words, settle, seconds, limits, all_shown):
    failed = failures(home)
    with Program(command, home, size=(160, 50)) as program:
        program.wait(f"{words}: health values", lambda text: states(text)[0] >= all_shown, 90)
        program.idle(settle)
        processor, written, start = program.processor_seconds(), program.written, NOW()
        program.idle(seconds)
        span = NOW() - start
        processor_limit, written_limit, memory_limit = limits
        figures.add(f"{words}: processor time each second",
                    (program.processor_seconds() - processor) * 1000 / span, "ms/s", processor_limit)
        figures.add(f"{words}: written to the terminal", (program.written - written) / span, "B/s", written_limit)
        figures.add(f"{words}: resident memory", program.memory_mib(), "MiB", memory_limit)
        figures.add(f"{words}: targets shown as down or stale", states(program.screen.text())[1], "targets", 0)
    figures.add(f"{words}: collections that failed or missed their deadline", failures(home) - failed, "", 0)


def measure_five(figures, command, home, server):
    urls = there(server["variables"], home)
    chosen = [name for name in ("postgres", "mariadb", "mongodb", "redis", "sqlite") if name in urls]
    if len(chosen) < 5:
        figures.tell(f"SKIPPED: five engines at once need a server of each; there are {', '.join(chosen)}")
    file = configure(home, "2s", [(name, urls[name]) for name in chosen])
    try:
        watch(figures, command, home, f"{len(chosen)} engines at 2 s", 6, 60, (15, 2000, 45), len(chosen))
    finally:
        file.unlink()


def measure_fleet(figures, command, home, server):
    urls = there(server["variables"], home)
    shares = {name: share for name, share in SHARES.items() if name in urls}
    # What is missing is made up for by the one that has no limit.
    shares["sqlite"] += 200 - sum(shares.values())
    targets = [(f"{name}-{number:03}", urls[name]) for name, share in shares.items() for number in range(share)]
    file = configure(home, "10s", targets)
    try:
        watch(figures, command, home, f"{len(targets)} targets at 10 s", 20, 60, (100, None, 120), 20)
    finally:
        file.unlink()

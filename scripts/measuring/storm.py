"""A storm: 100,000 errors in a log that is followed while a person types. What is lost, what it costs, what is felt."""

import json, os, subprocess
from datetime import datetime, timezone

from .one_target import HEALTHY, add_echo, compose, echo_times
from .terminal import NOW, Program

ERRORS = 100_000
# One failing statement, four tables in turn, and what the server adds below the error.
LINES = """{at} UTC [{pid}] ERROR:  relation "storm_{table}" does not exist at character 15
{at} UTC [{pid}] STATEMENT:  SELECT * FROM storm_{table} WHERE id = {number}
"""
# More than this would be a row for each error.
STORE_MIB = 8


def storm_lines(numbers):
    at = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return "".join(LINES.format(at=at, pid=4000 + n % 50, table="abcd"[n % 4], number=n) for n in numbers)


def counted(command, home):
    """Errors of the storm that are remembered."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "DBA_GPT_HOME": str(home / "dba-gpt"), "LC_ALL": "C.UTF-8"}
    said = subprocess.run([*command, "incidents", "list", "--json"], env=environment, check=False, capture_output=True, text=True)
    incidents = [json.loads(line) for line in said.stdout.splitlines()]
    ours = [i for i in incidents if "storm_" in (i.get("object") or "")]
    return sum(i["count"] for i in ours), len(ours)


def size_of_store(folder):
    return sum(file.stat().st_size for file in folder.glob("store.db*")) / 2**20


def measure_storm(figures, command, home, server):
    log, folder = home / "storm.log", home / "dba-gpt"
    log.write_text("")
    folder.mkdir(mode=0o700, exist_ok=True)
    config = folder / "config.toml"
    config.write_text(f'[targets.stormy]\nurl = "{server["bench"]}"\nenvironment = "dev"\nlogs = ["{log}"]\n')
    config.chmod(0o600)
    try:
        with Program(command, home) as program:
            program.wait("health values", HEALTHY.format("stormy"), 60)
            compose(program)
            add_echo(figures, "before the storm", echo_times(program, keys=30))
            before, processor, start = size_of_store(folder), program.processor_seconds(), NOW()
            with open(log, "a", encoding="utf-8") as out:
                out.write(storm_lines(range(ERRORS)))
            times = []
            while True:
                times += echo_times(program, keys=20, pause=0.01)
                count, incidents = counted(command, home)
                if count >= ERRORS or NOW() - start > 120:
                    break
            seconds = NOW() - start
            add_echo(figures, f"while {ERRORS:,} errors arrive", times)
            figures.add(f"{ERRORS:,} errors: until the last is counted, at most", seconds, "s")
            figures.add(f"{ERRORS:,} errors: errors that are not counted", abs(ERRORS - count), "", 0)
            figures.add(f"{ERRORS:,} errors: incidents", incidents, "", 4)
            figures.add(f"{ERRORS:,} errors: growth of the store", size_of_store(folder) - before, "MiB", STORE_MIB)
            figures.add(f"{ERRORS:,} errors: processor time", program.processor_seconds() - processor, "s")
            figures.add(f"{ERRORS:,} errors: memory at its peak", program.memory_mib("VmHWM"), "MiB", 64)
    finally:
        config.unlink()

"""One target: starting, idling, a server that hangs, a long result, and stopping it."""

import os, signal, statistics, subprocess
from pathlib import Path

from .terminal import NOW, Program

HEALTHY = r"\b(ok|WARN|CRIT) +{}\b"        # the state of a target in the list of servers
ENDLESS = "select count(*) from generate_series(1,99999) a, generate_series(1,99999) b"


def measure_start(figures, command, home, _):
    with Program([*command, "--demo"], home) as program:
        shown = program.wait("the demo's progress", "Making the demo database|" + HEALTHY.format("demo"))
        ready = shown + program.wait("the demo's health", HEALTHY.format("demo"), 120)
        figures.add("very first start: first paint", program.first_paint * 1000, "ms")
        figures.add("very first start: progress of making the demo is shown", shown * 1000, "ms")
        figures.add("very first start: first health values", ready * 1000, "ms", 1000)
    paints, healths = [], []
    for _ in range(15):
        with Program([*command, "--demo"], home) as program:
            healths.append(program.wait("the demo's health", HEALTHY.format("demo")) * 1000)
            paints.append(program.first_paint * 1000)
    figures.add("later starts: first paint, median of 15", statistics.median(paints), "ms", 50)
    figures.add("later starts: first paint, slowest of 15", max(paints), "ms")
    figures.add("later starts: first health values, median of 15", statistics.median(healths), "ms", 250)
    figures.add("later starts: first health values, slowest of 15", max(healths), "ms")


def measure_idle(figures, command, home, server):
    with Program([*command, "--demo"], home) as program:      # the start that makes the demo is not the usual one
        program.wait("the demo's health", HEALTHY.format("demo"), 120)
    for name, arguments, target in (("demo", ["--demo"], "demo"), ("one server", ["--target", server["bench"]], r"\S+")):
        with Program([*command, *arguments], home) as program:
            program.wait("health values", HEALTHY.format(target), 120)
            program.idle(6)
            processor, written, start = program.processor_seconds(), program.written, NOW()
            program.idle(30)
            seconds = NOW() - start
            figures.add(f"idle on {name}: processor time each second",
                        (program.processor_seconds() - processor) * 1000 / seconds, "ms/s", 5)
            figures.add(f"idle on {name}: written to the terminal", (program.written - written) / seconds, "B/s", 1000)
            figures.add(f"idle on {name}: resident memory", program.memory_mib(), "MiB", 30)


def compose(program):
    """To the chat, and into its composer."""
    program.type("1")
    program.wait("the chat", r"\[1 Chat\]")
    program.type("i")
    program.wait("the composer", "Enter sends")


def say(program, line):
    program.type(line)
    program.wait("the echo of a line", lambda text: line in text)
    program.type("\r")


def echo_times(program, keys=60, pause=0.05, while_true=lambda: True):
    """Types letter after letter and measures each until it is on the screen, in milliseconds."""
    times, typed = [], ""
    for number in range(keys):
        if not while_true():
            break
        letter = "zyxuvjkq"[number % 8]
        typed += letter
        program.type(letter)
        times.append(program.wait("the echo of a key", lambda text: "> " + typed in text, 5) * 1000)
        program.idle(pause)
    for _ in typed:
        program.type("\x7f")
    program.wait("the empty composer", lambda text: "> " + typed[:1] not in text)
    return times


def add_echo(figures, words, times):
    times.sort()
    figures.add(f"{words}: key to screen, median of {len(times)}", statistics.median(times), "ms", 33)
    figures.add(f"{words}: key to screen, slowest of {len(times)}", times[-1], "ms")


def children(pid):
    found = [pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:
            pass
    return found


def measure_hang(figures, command, home, server):
    with Program([*command, "--target", server["bench"]], home) as program:
        program.wait("health values", HEALTHY.format(r"\S+"))
        compose(program)
        add_echo(figures, "target answers", echo_times(program))
        stopped = children(server["postmaster"])
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            add_echo(figures, "target hangs (SIGSTOP)", echo_times(program))
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)


def measure_stream(figures, command, home, server):
    rows = 1_000_000
    file = home / "rows.csv"
    with Program([*command, "--target", server["bench"]], home) as program:
        program.wait("health values", HEALTHY.format(r"\S+"))
        compose(program)
        say(program, f"select n, md5(n::text), now() from generate_series(1,{rows}) n")
        program.wait("the first rows", r"SQL 1 .* rows")
        program.idle(1)
        before = program.memory_mib()
        program.type("\x1b")
        program.wait("the end of typing", "i types")
        program.type(":")
        program.wait("the command line", "Tab completes")
        start = NOW()
        say(program, f"export all {file}")
        compose(program)
        times = echo_times(program, pause=0.01, while_true=lambda: "rows written" not in program.screen.text())
        program.wait("the end of the export", "rows written", 120)
        figures.add(f"{rows:,} rows to a file: time", (NOW() - start), "s")
        if times:
            add_echo(figures, f"while {rows:,} rows stream", times)
        figures.add(f"{rows:,} rows to a file: memory on top", program.memory_mib("VmHWM") - before, "MiB", 64)
        lines = sum(1 for _ in file.open())
        figures.add(f"{rows:,} rows to a file: rows that are missing", rows + 1 - lines, "rows", 0)


def measure_stop(figures, command, home, server):
    def active():
        query = "select count(*) from pg_stat_activity where state = 'active' and query like '%generate_series%' and pid <> pg_backend_pid()"
        return int(subprocess.check_output(["psql", "--no-psqlrc", "-Atc", query, server["bench"]]))

    with Program([*command, "--target", server["bench"]], home) as program:
        program.wait("health values", HEALTHY.format(r"\S+"))
        compose(program)
        screens, servers = [], []
        for _ in range(5):
            say(program, ENDLESS)
            program.wait("the statement to run", "running")
            while not active():
                program.idle(0.05)
            start = NOW()
            program.type("\x1b")
            program.wait("the statement to stop", lambda text: "running" not in text)
            screens.append((NOW() - start) * 1000)
            while active():
                program.read(0.01)
            servers.append((NOW() - start) * 1000)
        figures.add("Esc until the screen says stopped, slowest of 5", max(screens), "ms", 200)
        figures.add("Esc until the server's query is gone, slowest of 5", max(servers), "ms", 2000)

"""The same figures of another program on the same server in the same run, and how ours compare."""

import shutil, subprocess, sys

from .terminal import NOW, Program

RIVAL = "pg_activity"


def install(home):
    """The rival's program in a folder of its own; nothing when it cannot be had."""
    folder = home / "rival"
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=120)
        subprocess.run([folder / "bin/pip", "install", "--quiet", RIVAL, "psycopg[binary]"],
                       check=True, capture_output=True, timeout=180)
    except (subprocess.SubprocessError, OSError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return str(folder / "bin" / RIVAL)


def figures_of(command, home, shown):
    with Program(command, home) as program:
        program.wait("the first figures", shown, 30)
        first = (NOW() - program.started) * 1000
        program.idle(4)
        processor, written, start = program.processor_seconds(), program.written, NOW()
        program.idle(20)
        span = NOW() - start
        return {"first figures": (first, "ms"), "resident memory": (program.memory_mib(), "MiB"),
                "processor time each second": ((program.processor_seconds() - processor) * 1000 / span, "ms/s"),
                "written to the terminal": ((program.written - written) / span, "B/s")}


def measure_rivals(figures, command, home, server):
    rival = install(home)
    if rival is None:
        figures.tell(f"SKIPPED: {RIVAL} cannot be installed here")
        return
    theirs = figures_of([rival, "--refresh", "2", "--no-inst-info", server["bench"]], home, r"RUNNING QUERIES|PID")
    ours = figures_of([*command, "--target", server["bench"]], home, r"\b(ok|WARN|CRIT) +\S+\b")
    for name, (value, unit) in ours.items():
        figures.add(f"one server at 2 s: {name}", value, unit)
        figures.add(f"    {RIVAL}", theirs[name][0], unit)
        figures.add(f"    ours to theirs", value / max(theirs[name][0], 0.001), "x")

"""What measuring a judge of causes takes on every engine: a scratch server of its own, one look by `dba-gpt diagnose`, and how
often the cause that was brought about is the one named first.

`DBA_GPT_MEASURE_CAUSES='missing_index ...'` takes some causes, `DBA_GPT_MEASURE_RUNS=N` the runs of each (the last
template, on which no rule was tried, is among them from the number of templates on), `DBA_GPT_MEASURE_QUIET=N` the quiet
ones, `DBA_GPT_MEASURE_SEED=N` the values drawn, `DBA_GPT_MEASURE_KEPT=1` takes only the templates kept apart, and
`DBA_GPT_MEASURE_KEEP=FOLDER` keeps what was found where it was wrong.
"""

import json, os, pwd, shutil, socket, subprocess, tempfile, time
from pathlib import Path

SECONDS = 10
SETTING = "DBA_GPT_MEASURE_"


class Scratch:
    """A server of its own, which has nothing but what an injection makes. An engine says how it starts and stops."""

    def __init__(self, settings, user):
        self.settings, self.user, self.running = settings, user, []

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="dba-gpt-diagnose.", dir="/tmp"))
        self.become = []
        if os.geteuid() == 0:
            user = self.user if any(u.pw_name == self.user for u in pwd.getpwall()) else "nobody"
            shutil.chown(self.folder, user)
            self.become = ["setpriv", f"--reuid={user}", "--clear-groups", "--"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for client in self.running:
            client.kill()
        self.stop()
        for client in self.running:
            client.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def look(command, home, url):
    """The hypotheses, and how long it took."""
    started = time.monotonic()
    done = subprocess.run([*command, "diagnose", "--target", url, "--seconds", str(SECONDS), "--json"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "DBA_GPT_HOME": str(home)})
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode not in (0, 1):
        raise RuntimeError(f"diagnose ended with {done.returncode}: {done.stderr}")
    return [row for row in found if "cause" in row], time.monotonic() - started


def supported(found):
    return [row["cause"] for row in found if row["verdict"] == "supported"]


def measure(figures, product, injections, run):
    """Every cause, then quiet servers. `run` gives what was found for an injection, and how long it took."""
    asked = os.environ.get(SETTING + "CAUSES", "").split()
    runs, quiet = int(os.environ.get(SETTING + "RUNS", "3")), int(os.environ.get(SETTING + "QUIET", "10"))
    seed, kept = int(os.environ.get(SETTING + "SEED", "1")), os.environ.get(SETTING + "KEPT")
    right, score, times, all_runs = 0, 0.0, [], 0
    for cause in asked or injections.CAUSES:
        hits = 0
        count = len(injections.templates(cause, seed))
        chosen = [count - 1] * runs if kept else [number % count for number in range(runs)]
        for number, which in enumerate(chosen):
            injection = injections.templates(cause, f"{seed}/{cause}/{number}")[which]
            found, took = run(injection)
            named = supported(found)
            hit = named[:1] == [cause]
            hits, all_runs, times = hits + hit, all_runs + 1, [*times, took]
            score += max(0.0, (cause in named) - 0.1 * len([other for other in named if other != cause]))
            if not hit or len(named) > 1:
                figures.tell(f"  {cause} by template {which + 1} of {count}: {' '.join(named) or 'nothing'}")
                keep(product, cause, number, found)
        right += hits
        figures.add(f"diagnose {product}, {cause}: named first", hits / runs, "of 1")
    if all_runs:
        figures.add(f"diagnose {product}: the true cause named first, of {all_runs} runs", right / all_runs, "of 1")
        figures.add(f"diagnose {product}: the same, a tenth off for each wrong one", score / all_runs, "of 1")
    alarms = 0
    for number in range(quiet):
        found, took = run(injections.quiet(f"{seed}/quiet/{number}"))
        times.append(took)
        if supported(found):
            alarms += 1
            figures.tell(f"  quiet run {number}: {' '.join(supported(found))}")
            keep(product, "quiet", number, found)
    if quiet:
        figures.add(f"diagnose {product}: quiet servers said to have a cause, of {quiet}", alarms, "", quiet / 60)
    figures.add(f"diagnose {product}: the longest", max(times, default=0), "s", 15)


def keep(product, cause, number, found):
    """What was found where it was wrong, for whoever wants to know why."""
    folder = os.environ.get(SETTING + "KEEP")
    if folder:
        file = Path(folder) / f"{product}.{cause}.{number}.json"
        file.write_text("".join(json.dumps(row) + "\n" for row in found))

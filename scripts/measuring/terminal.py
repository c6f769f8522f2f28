"""The program in a pseudo-terminal, what it shows there, and what it costs."""

import fcntl, os, pty, re, select, signal, struct, sys, termios, time, unicodedata
from pathlib import Path

NOW = time.perf_counter


class Screen:
    """As much of a terminal as a full-screen program needs: a grid of characters, moved in and erased."""

    SEQUENCE = re.compile(
        r"\x1b\[([0-9;?<>=!]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/]*[0-OQ-WYZ\\`-~]")

    def __init__(self, columns, rows):
        self.columns, self.rows, self.rest = columns, rows, b""
        self.clear()

    def clear(self):
        self.grid = [[" "] * self.columns for _ in range(self.rows)]
        self.x = self.y = 0

    def text(self):
        return "\n".join("".join(row) for row in self.grid)

    def feed(self, data):
        data = self.rest + data
        # A character or a sequence may be cut at the end of what was read: keep its beginning for the next time.
        cut = len(data)
        while cut > 0 and cut > len(data) - 4 and data[cut - 1] & 0xC0 == 0x80:
            cut -= 1
        cut = cut - 1 if cut > 0 and data[cut - 1] >= 0xC0 else len(data)
        escape = data.rfind(b"\x1b", max(0, cut - 64))
        if escape >= 0 and not self.SEQUENCE.match(data[escape:cut].decode("utf-8", "replace")):
            cut = escape
        text, self.rest = data[:cut].decode("utf-8", "replace"), data[cut:]
        at = 0
        while at < len(text):
            sequence = self.SEQUENCE.match(text, at) if text[at] == "\x1b" else None
            if sequence:
                self.control(sequence[1] or "", sequence[2] or "")
                at = sequence.end()
            else:
                self.put(text[at])
                at += 1

    def control(self, parameters, final):
        if parameters.startswith("?"):
            if parameters == "?1049" and final in "hl":
                self.clear()
            return
        numbers = [int(n) if n else 0 for n in re.split("[;]", parameters)] if re.fullmatch("[0-9;]*", parameters) else []
        first = numbers[0] if numbers else 0
        if final in "Hf":
            self.y = min(max(first, 1), self.rows) - 1
            self.x = min(max(numbers[1] if len(numbers) > 1 else 1, 1), self.columns) - 1
        elif final == "G":
            self.x = min(max(first, 1), self.columns) - 1
        elif final == "d":
            self.y = min(max(first, 1), self.rows) - 1
        elif final in "ABCD":
            step = max(first, 1)
            self.y = min(max(self.y + {"A": -step, "B": step}.get(final, 0), 0), self.rows - 1)
            self.x = min(max(self.x + {"C": step, "D": -step}.get(final, 0), 0), self.columns - 1)
        elif final == "J":
            for y in range(self.rows):
                if first == 2 or (first == 0 and y > self.y):
                    self.grid[y] = [" "] * self.columns
            if first == 0:
                self.grid[self.y][self.x:] = [" "] * (self.columns - self.x)
        elif final == "K":
            start, end = {0: (self.x, self.columns), 1: (0, self.x + 1), 2: (0, self.columns)}.get(first, (0, 0))
            self.grid[self.y][start:end] = [" "] * (end - start)

    def put(self, character):
        if character == "\r":
            self.x = 0
        elif character == "\n":
            self.y = min(self.y + 1, self.rows - 1)
        elif character == "\b":
            self.x = max(self.x - 1, 0)
        elif character >= " " and not unicodedata.combining(character):
            wide = unicodedata.east_asian_width(character) in "WF"
            if self.x < self.columns:
                self.grid[self.y][self.x] = character
            self.x += 2 if wide else 1


class Program:
    """The program in a pseudo-terminal. Times are seconds since it was started."""

    def __init__(self, command, home, size=(120, 40)):
        self.screen, self.written, self.ended = Screen(*size), 0, False
        self.first_paint = None
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "DBA_GPT_HOME": str(home / "dba-gpt"),
                       "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self.started = NOW()
        self.pid, self.line = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.chdir(home)
            os.execve(command[0], command, environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.ended:
                break
            os.kill(self.pid, number)
            end = NOW() + 3
            while NOW() < end and not self.ended:
                self.read(0.05)
                self.ended = os.waitpid(self.pid, os.WNOHANG)[0] != 0
        os.close(self.line)

    def read(self, patience):
        """Takes what the program has written, waiting for it at most so long."""
        if not select.select([self.line], [], [], patience)[0]:
            return
        try:
            data = os.read(self.line, 1 << 16)
        except OSError:
            data = b""
        if not data:
            time.sleep(patience)
            return
        self.written += len(data)
        self.screen.feed(data)
        if b"\x1b[6n" in data:
            os.write(self.line, b"\x1b[1;1R")
        if self.first_paint is None and self.screen.text().strip():
            self.first_paint = NOW() - self.started

    def type(self, keys):
        os.write(self.line, keys.encode())

    def wait(self, what, wanted, limit=30):
        """Reads until the screen is as wanted; gives the seconds that took. `wanted` is a pattern or a function."""
        matches = wanted if callable(wanted) else re.compile(wanted).search
        start = NOW()
        while not matches(self.screen.text()):
            if NOW() - start > limit:
                sys.exit(f"measure: waited {limit} s for {what}; the last screen:\n{self.screen.text()}")
            self.read(0.02)
        return NOW() - start

    def idle(self, seconds):
        end = NOW() + seconds
        while NOW() < end:
            self.read(min(0.2, max(0, end - NOW())))

    def processor_seconds(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self, field="VmRSS"):
        return int(re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())[1]) / 1024

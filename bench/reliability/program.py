"""`otherend serve` as a process, and peers made of sockets that know what they are due."""
import json, os, signal, socket, subprocess, tempfile, threading, time

from . import run

PREFIX = b"From server -> "


class Program:
    """A listening program (`serve`, `tap`) with `--json`, run by `tool` if one is given."""

    def __init__(self, words, tool=(), environment=None, patience=20):
        self.events, self.errors, self.told = [], tempfile.TemporaryFile(), threading.Condition()
        self.process = subprocess.Popen([*tool, *words, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors,
                                        env={**os.environ, **(environment or {})}, start_new_session=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.address = None
        until = time.monotonic() + patience
        with self.told:
            while not (listening := [event for event in self.events if event.get("event") == "listening"]):
                left = until - time.monotonic()
                if not self.told.wait(min(0.2, max(left, 0))) and (left <= 0 or self.process.poll() is not None and not self.reader.is_alive()):
                    break
        if listening:
            host, port = listening[0]["address"].rsplit(":", 1)
            self.address = (host, int(port))

    def read(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                event = {"broken": line}
            with self.told:
                self.events.append(event)
                self.told.notify_all()

    def pid(self):
        """The program's own number, also when a tool that stays runs it."""
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
                inner = children.read().split()
            return int(inner[0]) if inner else self.process.pid
        except OSError:
            return self.process.pid

    def signal(self, number):
        try:
            os.kill(self.pid(), number)
        except ProcessLookupError:
            pass

    def wait(self, seconds):
        """Its exit code, or None."""
        try:
            code = self.process.wait(seconds)
            self.reader.join(5)
            return code
        except subprocess.TimeoutExpired:
            return None

    def said_on_stderr(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def cpu(self):
        with open(f"/proc/{self.pid()}/stat") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdout.close() if not self.reader.is_alive() else None


class Peer:
    """Says numbered lines and holds what it hears against them."""

    def __init__(self, address, name, prefix=PREFIX, patience=20):
        self.name, self.prefix, self.said, self.heard = name, prefix, [], b""
        # Also what it could not say whole.
        self.tried, self.patience = [], patience
        self.said_all = False
        # How it ended: None is "it has not", "" is a whole end, else an error.
        self.end = None
        try:
            self.socket = socket.create_connection(address, patience)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.settimeout(patience)
        except OSError as error:
            self.socket, self.end = None, str(error)

    def say(self, count):
        lines = [f"{self.name} {len(self.said) + n}".encode() for n in range(count)]
        self.tried += lines if self.end is None else []
        self.attempt(lambda: self.socket.sendall(b"".join(line + b"\n" for line in lines)))
        # Where it broke off in the middle some of them were said, and may have been answered.
        self.said += lines if not self.said_all else []
        self.said_all = self.end is not None

    def attempt(self, what):
        if self.end is not None:
            return None
        try:
            return what()
        except OSError as error:
            # What came before the end can be heard still.
            if self.socket and not isinstance(error, TimeoutError):
                self.drain()
            self.end = "it hangs" if isinstance(error, TimeoutError) else str(error)
            return None

    def drain(self):
        try:
            while piece := self.socket.recv(1 << 16):
                self.heard += piece
        except OSError:
            pass

    def hear(self, lines):
        """Until so many lines in all have come, or the end."""
        while self.end is None and self.heard.count(b"\n") < lines:
            piece = self.attempt(lambda: self.socket.recv(1 << 16))
            if piece == b"":
                self.end = ""
            elif piece:
                self.heard += piece

    def finish(self):
        """Say no more, and hear all of it."""
        self.attempt(lambda: self.socket.shutdown(socket.SHUT_WR))
        self.hear(1 << 60)
        self.close()

    def close(self):
        if self.socket:
            self.socket.close()

    def answered(self):
        """How many lines were answered; each once and in order, and nothing else but a reason in words."""
        answers = self.heard.split(b"\n")
        rest = answers.pop()
        for place, answer in enumerate(answers):
            if place < len(self.said) and answer == self.prefix + self.said[place]:
                continue
            if answer.startswith(b"ERR "):
                run.expect(place == len(answers) - 1 and not rest, f"{self.name}: more after {answer!r}")
                self.end = self.end or answer.decode()
                return place
            raise run.Broken(f"{self.name}: answer {place} is {answer!r}")
        due = self.prefix + self.said[len(answers)] if len(answers) < len(self.said) else b""
        run.expect(not rest or due.startswith(rest), f"{self.name}: half an answer is {rest!r}")
        run.expect(not rest or self.end, f"{self.name}: half an answer, {rest!r}, and then an end like any other")
        return len(answers)

    def check(self):
        """Every line was answered, or the end had a reason that the peer could see."""
        answered = self.answered()
        run.expect(self.end != "it hangs", f"{self.name}: {answered} of {len(self.said)} lines answered, and then nothing for {self.patience} s")
        run.expect(answered == len(self.said) or self.end, f"{self.name}: {answered} of {len(self.said)} lines answered, and then an end like any other")
        return answered

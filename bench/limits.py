#!/usr/bin/env python3
"""limits.py: what `otherend serve` costs beside its lines: start, connections, memory, screen, rules, cores.

usage: bench/limits.py [start] [connections] [idle] [burst] [screen] [rules] [cores]    (all, if none is named)

Each figure stands beside the limit that it must keep; one that does not keep it makes the exit code 1.
Needs a release build (`cargo build --release -p otherend`), Linux, and two cores.
"""
import json, os, resource, socket, statistics, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
OTHEREND = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "../target")), "release/otherend")
TICK = os.sysconf("SC_CLK_TCK")
ROUNDS = 5
broken = []


def report(what, value, unit, limit, at_most=True):
    kept = value <= limit if at_most else value >= limit
    print(f"{what:62} {value:10.2f} {unit:9} {'at most' if at_most else 'at least'} {limit:g}  {'' if kept else 'NOT KEPT'}", flush=True)
    if not kept:
        broken.append(what)


class Server:
    """`otherend serve` on a free port; `stdout` is where its screen goes."""

    def __init__(self, *flags, stdout=None, core=None):
        self.screen = stdout or tempfile.TemporaryFile()
        pin = ["taskset", "-c", core] if core else []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen([*pin, OTHEREND, "serve", *flags, f"127.0.0.1:{self.port}"],
                                        stdout=self.screen, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        started = time.monotonic()
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except ConnectionRefusedError:
                if time.monotonic() - started > 5:
                    raise SystemExit(f"{OTHEREND} does not listen")
                time.sleep(0.0005)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def cpu(self):
        """Seconds of CPU of the whole process, in nanosecond steps where the kernel has them."""
        return sum(self.threads().values())

    def threads(self):
        """Seconds of CPU of each thread."""
        folder = f"/proc/{self.process.pid}/task"
        return {task: int(open(f"{folder}/{task}/schedstat").read().split()[0]) / 1e9 for task in os.listdir(folder)}

    def resident(self):
        lines = open(f"/proc/{self.process.pid}/status")
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port))


def say(peer, line=b"hello\n"):
    peer.sendall(line)
    want, got = len(b"From server -> ") + len(line), b""
    while len(got) < want:
        piece = peer.recv(want - len(got))
        assert piece, "the server left"
        got += piece
    return got


def start():
    """From the start of the process to its first accepted connection."""
    times = []
    for _ in range(30):
        began = time.monotonic()
        with Server("-q"):
            times.append((time.monotonic() - began) * 1e3)
    report("start to listening, median of 30", statistics.median(times), "ms", 10)
    report("binary", os.path.getsize(OTHEREND) / 1e6, "MB", 12)


def connections():
    """1,000 connections, one line each, connected one after the other and all held."""
    with Server("-q") as server:
        before = server.cpu()
        peers = [server.connect() for _ in range(1000)]
        for peer in peers:
            say(peer)
        report("1,000 connections accepted and answered, server CPU", server.cpu() - before, "s", 0.25)
        for peer in peers:
            peer.close()


def idle():
    """10,000 conversations that said one line each and then nothing."""
    with Server("-q", "--max-clients", "12000") as server:
        time.sleep(0.3)
        base = server.resident()
        peers = []
        for _ in range(10_000):
            peers.append(server.connect())
            say(peers[-1])
        time.sleep(1)
        full = server.resident()
        for peer in peers:
            peer.close()
        time.sleep(2)
        report("an idle conversation of 10,000", (full - base) / 10_000, "B", 1536)
        report("resident memory after they left, of the start", server.resident() / base, "", 1.15)


def burst():
    """1 MB of lines on each of 100 connections, all answered."""
    line, count = b"x" * 99 + b"\n", 10_000
    for engine in "async", "threads":
        with Server("-q", "--engine", engine) as server:
            peers = [server.connect() for _ in range(100)]
            for peer in peers:
                say(peer)
            base = server.resident()
            writers = [threading.Thread(target=peer.sendall, args=(line * count,)) for peer in peers]
            for writer in writers:
                writer.start()
            for peer in peers:
                due = (len(line) + len(b"From server -> ")) * count
                while due:
                    due -= len(peer.recv(1 << 16))
            for writer in writers:
                writer.join()
            time.sleep(1)
            report(f"resident memory after 100 bursts of 1 MB, of before, {engine}", server.resident() / base, "", 1.15 if engine == "async" else 4)


def rate(server, clients=100, in_flight=1000, seconds=3, core=None):
    """Lines a second of the server's CPU, as `otherend bench` reports them."""
    pin = ["taskset", "-c", core] if core else []
    out = subprocess.run([*pin, OTHEREND, "bench", f"127.0.0.1:{server.port}", "--clients", str(clients), "--in-flight", str(in_flight),
                          "--seconds", str(seconds), "--json"], capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    return json.loads(out.stdout)["server_cpu"]["lines_per_cpu_s"]


def screen():
    """The default screen into a file, against none; the server's CPU counts its screen's thread."""
    quotients = []
    for _ in range(5):
        with Server("-q", core="1") as server:
            quiet = rate(server, core="0")
        with tempfile.TemporaryFile() as file, Server(stdout=file, core="1") as server:
            quotients.append(rate(server, core="0") / quiet)
    report("pipelined with the screen on, of quiet, median of 5", statistics.median(quotients), "", 0.2, at_most=False)


def same(*lines):
    """A rule for each of `lines`, which says it again as echo would."""
    return [(line, line) for line in lines]


def each(hears, says):
    """Nine rules, which differ in a digit."""
    return [(hears.replace("#", str(n)), says.replace("#", str(n))) for n in range(9)]


PLAIN = same("NOOP", "DATA", "RSET", "QUIT", "HELP", "STATUS", "LIST", "NEXT", "STAT")
REST = [("{{x:text=a}}", "{{x}}")]
ANY_LINES = ["hello there, how are you", "RING", "RING 17 times and wait", "a line of about forty bytes in its length"]
# What is in the file: its rules (what is heard, what is said), what clients say, the end of their lines.
RULE_FILES = {
    "six plain rules, four with holes": (
        same("NOOP", "DATA", "RSET", "QUIT", "HELP", "STATUS")
        + [("HELO {{a:word=x}}", "HELO me"), ("RCPT TO:<{{b:text=x}}>", "RCPT TO:<bob>"), ("RING {{c:int=3}}", "RING 7"), ("USE {{d:hex=0b1e}}", "USE 77ff")],
        ["NOOP", "DATA", "RSET", "QUIT", "HELP", "STATUS", "HELO me", "RCPT TO:<bob>", "RING 7", "USE 77ff"], "\n"),
    "an int each, said again": (each("RING# {{n#:int=3}}", "RANG# {{n#}}") + [("RING {{n:int=3}}", "RANG {{n}}")], [*(f"RING{n} {n * 37}" for n in range(9)), "RING 3"], "\n"),
    "a regular expression each": (each("SET# {{k#:/[a-z]+[0-9]*/=k1}} on", "SET# {{k#}} on") + [("SET {{k:/[a-z]+/=k}}", "SET {{k}}")], [*(f"SET{n} key{n} on" for n in range(9)), "SET key"], "\n"),
    "one rule, which captures all": (REST, ANY_LINES, "\n"),
    "nine plain rules, the last captures all": (PLAIN + REST, ANY_LINES, "\n"),
    "the same, CRLF": (PLAIN + REST, ANY_LINES, "\r\n"),
    "nine with an int, the last captures all": (each("RING# {{n#:int=3}}", "RANG# {{n#}}") + REST, ANY_LINES, "\n"),
    "nine begin with a hole, the last fits": (each("{{n#:word=a}} to #", "{{n#}} to #") + [("{{n:word=a}} to all", "{{n}} to all")], ["somebody to all", "me to all"], "\n"),
    "nine plain rules, `on other`": (PLAIN + [(None, "not known")], ["unknown 1", "unknown 2"], "\n"),
}


def pipelined(server, lines, end="\n", seconds=1):
    """Lines a second of the server's CPU, when ten clients say `lines` again and again."""
    block = "".join(line + end for line in lines).encode() * 1000
    until, before = time.monotonic() + seconds, server.cpu()

    def hear(peer):
        while piece := peer.recv(1 << 20):
            heard.append(len(piece))

    def play():
        with server.connect() as peer:
            listener = threading.Thread(target=hear, args=(peer,))
            listener.start()
            while time.monotonic() < until:
                peer.sendall(block)
                said.append(1000 * len(lines))
            peer.shutdown(socket.SHUT_WR)
            listener.join()

    said, heard = [], []
    clients = [threading.Thread(target=play) for _ in range(10)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    cpu = server.cpu() - before
    answer = len(block) // 1000 + len("From server -> ") * len(lines)
    due = sum(said) // len(lines) * answer
    assert sum(heard) == due, f"not every line was answered: {sum(heard)} bytes of {due}"
    return sum(said) / cpu


def rules():
    """A mock server that answers by rules, of echo with the same lines; each line as often as the others."""
    for name, (rules, lines, end) in RULE_FILES.items():
        heads = [(f"C: {hears}" if hears else "other", says) for hears, says in rules]
        quotients = []
        with tempfile.NamedTemporaryFile("w", suffix=".talk") as file:
            file.write("otherend talk 1\n" + "eol crlf\n" * (end == "\r\n"))
            file.write("".join(f"\non {head}\nS: From server -> {says}\n" for head, says in heads))
            file.flush()
            for _ in range(ROUNDS):
                with Server("-q", core="1") as server:
                    echo = pipelined(server, lines, end)
                with Server("-q", "--talk", file.name, core="1") as server:
                    mock = pipelined(server, lines, end)
                quotients.append(mock / echo)
        print(f"   {min(quotients):.2f}-{max(quotients):.2f} of echo; in the last round {mock / 1e6:.1f} of {echo / 1e6:.1f} million lines a CPU second")
        # What the regex crate alone takes for a short match is half of what 0.3 allows for the whole line.
        least = 0.2 if "regular" in name else 0.3
        report(f"rules: {name}, of echo, median of {ROUNDS}", statistics.median(quotients), "", least, at_most=False)


def cores():
    """100 x 16 on two workers against one: lines a CPU second, times how evenly the work lies on both.

    Load and server share two cores, so lines a second would show the load's speed; this is what two
    cores of their own would do.
    """
    gains = []
    for _ in range(5):
        with Server("-q", core="1") as server:
            alone = rate(server, in_flight=16, core="0")
        with Server("-q") as server:
            before = server.threads()
            together = rate(server, in_flight=16)
            after = server.threads()
        work = sorted((after[thread] - before.get(thread, 0) for thread in after), reverse=True)
        print("   seconds of CPU of each thread:", " ".join(f"{w:.2f}" for w in work if w > 0.005), f"lines a CPU second: {alone:.0f} on one worker, {together:.0f} on two")
        gains.append(sum(work) / work[0] * together / alone)
    report("100 x 16 on two workers, of one, median of 5", statistics.median(gains), "", 1.7, at_most=False)


ALL = [start, connections, idle, burst, screen, rules, cores]
if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    chosen = sys.argv[1:] or [measure.__name__ for measure in ALL]
    if not set(chosen) <= {measure.__name__ for measure in ALL}:
        raise SystemExit(__doc__)
    for measure in ALL:
        if measure.__name__ in chosen:
            measure()
    raise SystemExit(1 if broken else 0)

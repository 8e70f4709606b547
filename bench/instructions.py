#!/usr/bin/env python3
"""instructions.py: how many instructions of user space a line costs, with a budget for each shape of load.

usage: bench/instructions.py [--server FILE] [SHAPE ...]    (all shapes, if none is named; --server: another binary)

Unlike time, instructions depend neither on the machine's speed nor on what else runs there. The server runs under
valgrind's callgrind twice, answers many and then few lines, and the difference of the counts, divided by the
difference of the lines, is what a line costs. Every reply is checked. A shape over its budget makes the exit code 1.

Needs a release build (`cargo build --release -p otherend`), Linux, valgrind, and a processor with AVX2.
"""
import argparse, os, re, signal, socket, subprocess, sys, tempfile, time
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
OTHEREND = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "../target")), "release/otherend")
PREFIX = b"From server -> "

# `lines` are said again and again, `in_flight` of them before the replies to all of these are read.
Shape = namedtuple("Shape", "budget flags lines in_flight count rules replies", defaults=(1000, 40_000, None, None))


def text(size, end=b"\n"):
    return b"x" * (size - len(end)) + end


def echoed(lines):
    """What the echo says to `lines`: the line end of the first one."""
    end = b"\r\n" if lines[0].endswith(b"\r\n") else b"\n"
    return b"".join(PREFIX + line.rstrip(b"\r\n") + end for line in lines)


IACS = [text(32, b"\r\n"), b"\xff\xf1" + text(30, b"\r\n")]


TEN_RULES = [(b"question number %d of the ten" % n, b"the answer to it is %d" % n) for n in range(10)]
TEN_QUESTIONS = [asked + b"\n" for asked, _ in TEN_RULES]
TEN_ANSWERS = b"".join(said + b"\n" for _, said in TEN_RULES)

SHAPES = {
    "auto": Shape(65, [], [text(32)]),
    "auto, threads": Shape(63, ["--engine", "threads"], [text(32)]),
    "lf": Shape(63, ["--framing", "lf"], [text(32)]),
    "CR LF": Shape(89, [], [text(32, b"\r\n")]),
    "sink": Shape(57, ["--reply", "sink"], [text(32)]),
    "ten rules": Shape(214, [], TEN_QUESTIONS, rules=TEN_RULES, replies=TEN_ANSWERS),
    "128 bytes": Shape(270, [], [text(128)], 250, 20_000),
    "1,024 bytes": Shape(1000, [], [text(1024)], 50, 5_000),
    "16 in flight": Shape(250, [], [text(32)], 16, 20_000),
    "every second CR": Shape(88, [], [text(32), text(32, b"\r")]),
    "every second CR LF": Shape(88, [], [text(32), text(32, b"\r\n")]),
    # Under `auto` it is text, but for a stream that begins with it; under `telnet` it is a command.
    "every second 0xFF": Shape(65, [], [text(32), b"\xff\xf1" + text(30)]),
    "telnet, every second IAC": Shape(3400, ["--framing", "telnet"], IACS, 1000, 10_000,
                                      replies=echoed(IACS).replace(b"\xff\xf1", b"")),
    "crlf, every second LF": Shape(70, ["--framing", "crlf"], [text(32), text(32, b"\r\n")]),
    "one in flight": Shape(2900, [], [text(32)], 1, 2_000),
}


def answered(shape):
    """What is said to all that is in flight, and what is expected."""
    times = shape.in_flight // len(shape.lines) or 1
    if shape.flags == ["--reply", "sink"]:
        return b"".join(shape.lines) * times, b""
    if shape.flags == ["--framing", "crlf"]:
        joined = b"".join(shape.lines)
        return joined * times, (PREFIX + joined) * times
    return b"".join(shape.lines) * times, (shape.replies or echoed(shape.lines)) * times


def connect(port):
    for _ in range(600):
        try:
            return socket.create_connection(("127.0.0.1", port), 30)
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server does not listen")


def receive(stream, count):
    got = bytearray()
    while len(got) < count:
        some = stream.recv(1 << 20)
        if not some:
            raise SystemExit(f"closed after {len(got)} bytes of {count}")
        got += some
    return bytes(got)


def converse(port, shape, rounds):
    said, wanted = answered(shape)
    with connect(port) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(rounds):
            stream.sendall(said)
            # An empty expectation is the sink's: an end of the stream says that all was heard.
            heard = receive(stream, len(wanted))
            if heard != wanted:
                raise SystemExit(f"a wrong reply: {heard[:80]!r}")
        stream.shutdown(socket.SHUT_WR)
        if stream.recv(1 << 20):
            raise SystemExit("more than the replies")


def counted(server, shape, rounds):
    """The instructions of one life of the server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.NamedTemporaryFile() as counts, tempfile.NamedTemporaryFile(suffix=".talk") as rules:
        flags = list(shape.flags)
        if shape.rules:
            rules.write(b"otherend talk 1\n" + b"".join(b"\non C: %s\nS: %s\n" % rule for rule in shape.rules))
            rules.flush()
            flags += ["--talk", rules.name]
        process = subprocess.Popen(["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts.name}",
                                    server, "serve", f"127.0.0.1:{port}", "-q", *flags],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            converse(port, shape, rounds)
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        finally:
            process.kill()
            process.wait()
        total = re.search(r"^(?:totals|summary): (\d+)", open(counts.name).read(), re.M)
        if not total:
            raise SystemExit("callgrind counted nothing: is valgrind there, and does the server end at SIGTERM?")
        return int(total.group(1))


def cost(server, shape):
    rounds = shape.count // shape.in_flight
    few = rounds // 10 + 1
    lines = rounds * (shape.in_flight // len(shape.lines) or 1) * len(shape.lines)
    return (counted(server, shape, few + rounds) - counted(server, shape, few)) / lines


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--server", default=OTHEREND)
    arguments.add_argument("shapes", nargs="*")
    chosen = arguments.parse_args()
    unknown = set(chosen.shapes) - set(SHAPES)
    if unknown:
        raise SystemExit(f"no shape {', '.join(sorted(unknown))}: there are {', '.join(SHAPES)}")
    over = []
    for name in chosen.shapes or SHAPES:
        value = cost(chosen.server, SHAPES[name])
        kept = value <= SHAPES[name].budget
        print(f"{name:24} {value:8.1f} instructions a line, at most {SHAPES[name].budget:5}  {'' if kept else 'NOT KEPT'}", flush=True)
        if not kept:
            over.append(name)
    raise SystemExit(1 if over else 0)

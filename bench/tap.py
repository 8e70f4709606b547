#!/usr/bin/env python3
"""How fast a tap passes bytes on, compared with socat's own relay in interleaved rounds.

    cargo build --release -p otherend && python3 bench/tap.py target/release/otherend [ROUNDS]

Each round sends 300 MB through each relay over loopback; what a tap shows goes to /dev/null.
Shown are the medians, and the median of each round's ratio to socat with its default buffer.
"""

import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TOTAL = 300_000_000
TEXT = b"a line of thirty-two bytes, yes\n" * 8192
NOISE = os.urandom(len(TEXT))


def relays(program, folder):
    """The words of each relay, but for its two addresses."""
    recording = os.path.join(folder, "a.talk")
    return {
        "socat": None,
        "tap": [program, "tap"],
        "tap -q": [program, "tap", "-q"],
        "tap -q --record": [program, "tap", "-q", "--record", recording],
    }


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(words, target):
    """Start a relay to `target`; gives it and the port where it listens."""
    port = free_port()
    if words is None:
        listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr"
        words = ["socat", listen, f"TCP:127.0.0.1:{target}"]
    else:
        words = [*words, f"127.0.0.1:{port}", f"127.0.0.1:{target}"]
    quiet = subprocess.DEVNULL
    relay = subprocess.Popen(words, stdout=quiet, stderr=quiet)
    for _ in range(500):
        listeners = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True).stdout
        if re.search(rf":{port}\b", listeners):
            return relay, port
        time.sleep(0.01)
    sys.exit(f"{words} does not listen")


def send(port, payload):
    """In a process of its own: send all of it and half-close."""
    client = socket.create_connection(("127.0.0.1", port))
    child = os.fork()
    if child == 0:
        for _ in range(TOTAL // len(payload)):
            client.sendall(payload)
        client.shutdown(socket.SHUT_WR)
        os._exit(0)
    return client, child


def measure(words, payload):
    """Megabytes a second through one relay."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        relay, port = start(words, server.getsockname()[1])
        client, child = send(port, payload)
        target, _ = server.accept()
        buffer, count, began = bytearray(1 << 20), 0, time.monotonic()
        while got := target.recv_into(buffer):
            count += got
        took = time.monotonic() - began
        os.waitpid(child, 0)
        client.close()
        target.close()
        relay.terminate()
        relay.wait()
    return count / took / 1e6


def main():
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    for kind, payload in (("text", TEXT), ("noise", NOISE)):
        results = {}
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                for name, words in relays(program, folder).items():
                    results.setdefault(name, []).append(measure(words, payload))
        for name, speeds in results.items():
            ratios = [speed / socat for speed, socat in zip(speeds, results["socat"])]
            speed, ratio = statistics.median(speeds), statistics.median(ratios)
            print(f"{kind:6} {name:16} {speed:6.0f} MB/s  {ratio:.2f}")


main()

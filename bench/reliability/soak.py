"""Connections come and go: otherend/tests/promises/soak.rs at length."""
import re

from . import run

WHAT = "soak: connections come and go, in five ways"
ASKED = "10 M (24 h of 116 a second); memory and descriptors at the end = at the start ± 2 %"
CONNECTIONS = 3_400_000


def pieces(scale):
    def soak(engine):
        executable = run.cargo_executable(scale, "otherend", "promises")
        said = run.rust_test(executable, f"soak::{engine}", "otherend", "--include-ignored", OTHEREND_SOAK=str(scale.of(CONNECTIONS, 2_000)))
        count, held = re.search(r"soak: \w+: (\d+) connections in \d+ s: (.*)", said).groups()
        memory = [int(kib) for kib in re.findall(r"memory: (\d+)", held)]
        return {"connections": int(count), "kib_before": memory[0], "kib_after": memory[1]}

    for engine in "single", "threads", "tasks":
        yield engine, lambda engine=engine: soak(engine)


def figure(pieces):
    count = run.total(pieces, "connections")
    worst = max(100 * (piece["kib_after"] / piece["kib_before"] - 1) for piece in pieces.values())
    text = f"{run.count(count)} connections; descriptors and threads the same, memory {worst:+.1f} % at most"
    return text, count >= 10_000_000 and len(pieces) == 3

"""Lines through every engine, stream and framing, a tap and a mock: otherend-net/tests/ledger.rs at length."""
import re

from . import run

WHAT = "ledger: lines through each engine, stream and framing, `tap`, a mock; random cuts, half-closes, resets, slow readers, drains in the middle"
ASKED = "≥ 100 M; lost, repeated, wrong: 0"
# Of each framing on each engine and stream, with 200 lines each.
CONNECTIONS = 20_000


def pieces(scale):
    executable = []

    def play(test):
        if not executable:
            executable.append(run.cargo_executable(scale, "otherend-net", "ledger", "--features", "tokio"))
        said = run.rust_test(executable[0], test, "otherend-net", OTHEREND_LEDGER=str(scale.of(CONNECTIONS, 75)))
        found = [re.search(r"said: (\d+), answered: (\d+)", line) for line in said.splitlines() if "ledger: " in line]
        run.expect(found, "the ledger said no figures")
        return {"said": sum(int(one[1]) for one in found), "answered": sum(int(one[2]) for one in found)}

    tests = [f"{engine}::{stream}" for engine in ("single", "threads", "tasks") for stream in ("tcp", "unix", "mock")]
    for test in [*tests, "tap", "datagrams::udp"]:
        yield test, lambda test=test: play(test)


def figure(pieces):
    answered = run.total(pieces, "answered")
    text = f"{run.count(answered)} lines held against their answers (of {run.count(run.total(pieces, 'said'))} said, some by peers that broke off); lost, repeated, wrong: 0"
    return text, answered >= 100_000_000 and len(pieces) == 11

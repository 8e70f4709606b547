"""A crowd with a few hostile peers in it: otherend/tests/promises/crowds.rs at length."""
import re

from . import run

WHAT = "crowds: peers on async, 100 new a second, 1 % hostile"
ASKED = "10,000 peers: p99 of the good ≤ 2 × without the hostile"
PEERS = 10_000


def pieces(scale):
    def crowd():
        executable = run.cargo_executable(scale, "otherend", "promises")
        said = run.rust_test(executable, "crowds::the_good_do_not_wait_for_the_hostile", "otherend", "--include-ignored", OTHEREND_CROWD=str(scale.of(PEERS, 500)))
        found = re.search(r"crowd: (\d+) peers, (\d+) hostile, (\d+) answers timed: p99 (\d+) µs without, (\d+) µs with", said).groups()
        return dict(zip(["peers", "hostile", "timed", "p99_without_us", "p99_with_us"], map(int, found)))

    yield "async", crowd


def figure(pieces):
    one = pieces["async"]
    text = f"{one['peers']:,} peers, {one['hostile']} hostile: p99 {one['p99_with_us']} µs, {one['p99_without_us']} µs without them, load and server on the same cores"
    return text, one["peers"] >= PEERS

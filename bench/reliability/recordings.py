"""A recording cut at every byte, and with every bit turned: otherend-net/tests/recording_damage.rs at length."""
import re

from . import run

WHAT = "recordings cut at every byte, any bit flipped"
ASKED = "all of a 64 KiB recording: nothing is read that was not said"
LENGTH = 64 << 10


def pieces(scale):
    def damage(test):
        executable = run.cargo_executable(scale, "otherend-net", "recording_damage", "--features", "tokio")
        said = run.rust_test(executable, test, "otherend-net", OTHEREND_RECORDING=str(scale.of(LENGTH, 1 << 10)))
        tried, length, read = re.search(r"damage: \w+: (\d+) of (\d+) bytes, (\d+) were read", said).groups()
        return {"tried": int(tried), "bytes": int(length), "read_in_part": int(read)}

    for test in "cut_at_every_byte", "any_bit_turned":
        yield test, lambda test=test: damage(test)


def figure(pieces):
    shortest = min(piece["bytes"] for piece in pieces.values())
    text = f"{run.count(run.total(pieces, 'tried'))} damages of {shortest:,} bytes: nothing was read that was not said"
    return text, len(pieces) == 2 and shortest >= LENGTH

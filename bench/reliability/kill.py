"""kill -9 at random moments of a recording: what was shown is on the disk."""
import json, os, random, signal, subprocess, tempfile, threading, time

from . import run
from .program import Peer, Program

WHAT = "kill -9 while recording, `--sync each`"
ASKED = "1,000 moments: nothing that was shown is missing"
MOMENTS = 250


def pieces(scale):
    for how in "single", "threads", "async", "tap":
        yield how, lambda how=how: moments(scale, how)


def moments(scale, how):
    count, shown, died_early = scale.of(MOMENTS, 4), 0, 0
    program, chance = run.program(scale), random.Random()
    with tempfile.TemporaryDirectory() as folder:
        # Behind the tap.
        with Program([program, "serve", "127.0.0.1:0", "--quiet"]) as echo:
            for moment in range(count):
                file = os.path.join(folder, f"{moment}.talk")
                words = [program, "serve", "127.0.0.1:0", "--engine", how]
                if how == "tap":
                    words = [program, "tap", "127.0.0.1:0", "%s:%d" % echo.address]
                found = one_moment(words, file, moment, chance.uniform(0.001, 0.08), program)
                shown += found
                died_early += found == 0
                os.remove(file)
    return {"moments": count, "lines_shown": shown, "before_the_first_line": died_early}


def one_moment(words, file, moment, seconds, program):
    with Program([*words, "--record", file, "--sync", "each"]) as server:
        run.expect(server.address, f"it does not listen: {server.said_on_stderr()}")

        def talk(peer):
            while peer.end is None:
                peer.say(3)
                peer.hear(len(peer.said))

        peers = [Peer(server.address, f"{moment}-{n}") for n in range(3)]
        talkers = [threading.Thread(target=talk, args=(peer,)) for peer in peers]
        for talker in talkers:
            talker.start()
        time.sleep(seconds)
        server.signal(signal.SIGKILL)
        server.wait(20)
        for talker in talkers:
            talker.join()
        for peer in peers:
            peer.close()
        shown = [(event["from"], event["text"]) for event in server.events if "text" in event and "from" in event]
        # Of the line that the screen was showing when it died a part may be there.
        run.expect(all("broken" not in event for event in server.events[:-1]), "a line of the screen is no JSON")
        there = recorded(program, file)
        missing = [line for line in shown if line not in there]
        run.expect(not missing, f"{len(missing)} of {len(shown)} lines were shown and are not in the recording: {missing[:3]}")
    return len(shown)


def recorded(program, file):
    """What whoever reads the recording finds in it."""
    out = subprocess.run([program, "talk", "convert", file], capture_output=True, text=True)
    if out.returncode != 0:
        # It died before the first step was on the disk: then nothing may have been shown.
        return set()
    lines = [json.loads(line) for line in out.stdout.splitlines()]
    return {(line.get("from"), line.get("text", line.get("line"))) for line in lines}


def figure(pieces):
    moments = run.total(pieces, "moments")
    text = f"{moments:,} moments, {run.count(run.total(pieces, 'lines_shown'))} lines shown, none missing"
    return text, moments >= 1000 and len(pieces) == 4

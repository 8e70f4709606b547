"""Faults that the system hands to a server in the middle of its work: every promise is held, or its end has a reason."""
import os, random, shutil, signal, subprocess, tempfile, threading, time

from . import run
from .program import PREFIX, Peer, Program

WHAT = "faults injected (`strace -e inject`, whose `close` closes nothing when it fails; `prlimit`, a full disk, signals, clock jumps) × engine"
ASKED = "≥ 720 in 120 minutes; every promise held or its end had a reason"
ENGINES = ["single", "threads", "async"]
# How often each case of each engine comes, each time at another moment.
TIMES = 3

# What each call may fail with; within how many calls it begins; and which of these may also last for good.
# EAGAIN is none of it where bytes or room were announced: a kernel that says both contradicts itself.
CALLS = {
    "accept4": ("ECONNABORTED EPROTO EPERM EMFILE ENFILE ENOBUFS ENOMEM EINTR EAGAIN", 3, "EMFILE ECONNABORTED ENOMEM"),
    "recvfrom": ("EINTR ECONNRESET ETIMEDOUT ENOMEM", 12, "ENOMEM"),
    "sendto": ("EINTR EPIPE ECONNRESET ENOBUFS ENOMEM", 12, "ECONNRESET"),
    "epoll_wait": ("EINTR", 20, ""),
    "poll": ("EINTR", 10, ""),
    "close": ("EINTR EIO", 30, "EIO"),
    "write": ("EINTR EAGAIN ENOSPC EIO EPIPE", 30, "ENOSPC EIO EPIPE"),
    "fsync,fdatasync": ("EINTR EIO ENOSPC EDQUOT", 5, "EIO ENOSPC"),
    "clone,clone3": ("EAGAIN ENOMEM", 8, "EAGAIN"),
    "mmap": ("ENOMEM", 80, "ENOMEM"),
}
LIMITS = ["nofile=8", "nofile=12", "nofile=16", "nofile=24", "nofile=64", "as=20000000", "as=40000000", "as=120000000", "fsize=0", "fsize=2000", "fsize=20000", "stack=1000000"]
SIGNALS = ["STOP", "HUP", "TERM", "INT", "KILL"]
JUMPS = ["+1d", "-1d", "+40y", "-20y"]


class Case:
    """One run: what is done to the server, and what of the promises is left then."""

    def __init__(self, name, tool=(), environment=None, lasting=False, kind=""):
        self.name, self.tool, self.environment, self.lasting, self.kind = name, tool, environment, lasting, kind


def pieces(scale):
    for kind in [*CALLS, "prlimit", "full disk", "signals", "clock"]:
        for engine in random.sample(ENGINES, 1) if scale.short else ENGINES:
            yield f"{kind} {engine}", lambda kind=kind, engine=engine: cases_of(scale, kind, engine)


def cases_of(scale, kind, engine):
    chance, wrong, ran = random.Random(), [], 0
    program = run.program(scale)
    chosen = list(cases(program, engine, kind, chance)) if scale.short else [case for _ in range(scale.of(TIMES, 1)) for case in cases(program, engine, kind, chance)]
    if scale.short:
        chosen = chance.sample(chosen, 1)
    for case in chosen:
        try:
            with tempfile.TemporaryDirectory() as folder:
                perform(program, engine, case, folder)
        except run.Broken as broken:
            wrong.append(f"{case.name}: {broken}")
        ran += 1
    run.expect(not wrong, f"{len(wrong)} of {ran} runs:\n    " + "\n    ".join(wrong))
    return {"runs": ran}


def needs(command, package):
    if not shutil.which(command):
        raise run.Missing(f"{command} (apt install {package})")


def cases(program, engine, kind, chance):
    if kind in CALLS:
        needs("strace", "strace")
        errors, within, lasting = CALLS[kind]
        begun = begins_with(program, engine, kind)
        for error in errors.split():
            first = begun + chance.randint(1, within)
            whens = [f"{first}", f"{first}..{first + (6 if kind == 'accept4' else 40)}+{chance.randint(2, 5)}"] + [f"{first}+"] * (error in lasting.split())
            for when in whens:
                tool = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={kind}", "-e", f"inject={kind}:error={error}:when={when}"]
                # strace has the call fail instead of doing it: who was to be closed is not. Linux closes in any case.
                lasts = when.endswith("+") or kind == "close"
                yield Case(f"{kind} fails with {error}, {when}", tool, lasting=lasts, kind=kind)
    elif kind == "prlimit":
        needs("prlimit", "util-linux")
        for limit in LIMITS:
            yield Case(limit, ["prlimit", f"--{limit}"], lasting=True, kind=kind)
    elif kind == "full disk":
        for size in "16k", "64k", "256k":
            mount = f'mount -t tmpfs -o size={size} none "$0" && exec "$@"'
            yield Case(f"a disk of {size}", ["unshare", "-rm", "sh", "-c", mount, "FOLDER"], lasting=True, kind=kind)
    elif kind == "signals":
        for name in SIGNALS:
            yield Case(name, kind=kind)
    else:
        library = next((path for path in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1") if os.path.exists(path)), None)
        if not library:
            raise run.Missing("faketime (apt install faketime)")
        for jump in JUMPS:
            # The wall clock only: the other one never jumps.
            environment = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": "FOLDER/clock", "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}
            yield Case(jump, environment=environment, kind=kind)


def begins_with(program, engine, calls):
    """How many of these calls there are before anybody comes: what reads the time zones and the like is another's code."""
    with tempfile.TemporaryDirectory() as folder:
        tool = ["strace", "-f", "-qq", "-o", f"{folder}/calls", "-e", f"trace={calls}"]
        with Program(words(program, engine, f"{folder}/a.talk"), tool) as server:
            if not server.address:
                raise run.Missing("tracing is not allowed here")
            time.sleep(0.2)
            server.signal(signal.SIGKILL)
            server.wait(20)
        with open(f"{folder}/calls") as file:
            # strace counts each thread's by themselves.
            threads = [line.split()[0] for line in file if "(" in line]
        return max(map(threads.count, set(threads)), default=0)


def words(program, engine, file):
    return [program, "serve", "127.0.0.1:0", "--engine", engine, "--record", file, "--sync", "each", "--drain-timeout", "3s", "--linger", "1s"]


def perform(program, engine, case, folder):
    file = os.path.join(folder, "a.talk")
    tool = [word.replace("FOLDER", folder) for word in case.tool]
    environment = {key: value.replace("FOLDER", folder) for key, value in (case.environment or {}).items()}
    if case.kind == "clock":
        set_clock(folder, "+0")
    with Program(words(program, engine, file), tool, environment) as server:
        if not server.address:
            return ended(server, server.wait(20), case, "it does not listen")
        # Whatever its system does to it, it stays a server that others can wait for.
        patience = 3 if case.lasting else 20
        peers = [Peer(server.address, f"{n}", patience=patience) for n in range(3)]
        talkers = [threading.Thread(target=talk, args=(peer,)) for peer in peers]
        for talker in talkers:
            talker.start()
        wounded = meddle(server, case, folder)
        for talker in talkers:
            talker.join()
        # Injected faults end, and then everybody is served.
        if not case.lasting and not wounded and server.process.poll() is None:
            late = []
            # Those on whom the last of the faults fell may be sent away.
            while not late or late[-1].answered() != 2:
                run.expect(len(late) < 40, f"nobody is served any more: {late[-1].end if late else ''}")
                late.append(Peer(server.address, f"late{len(late)}"))
                late[-1].say(2)
                late[-1].finish()
            peers += late
        calm(server, case)
        if server.process.poll() is None:
            server.signal(signal.SIGTERM)
        code = server.wait(25)
        for peer in peers:
            peer.close()
        check(server, code, case, peers, wounded)
        if case.kind != "full disk":
            check_recording(program, file, server, code, peers)


def talk(peer):
    for _ in range(30):
        peer.say(4)
        peer.hear(len(peer.said))
        # For signals and clocks to come in the middle; what is injected comes with the calls.
        time.sleep(0.002)
    peer.finish()


def meddle(server, case, folder):
    """What is done from outside; does it end the server?"""
    if case.kind == "clock":
        for jump in case.name, "+0", case.name:
            time.sleep(0.03)
            set_clock(folder, jump)
    if case.kind == "signals":
        time.sleep(random.uniform(0.01, 0.08))
        server.signal(getattr(signal, f"SIG{case.name}"))
        if case.name == "STOP":
            time.sleep(0.3)
            server.signal(signal.SIGCONT)
    return case.kind == "signals" and case.name != "STOP"


def set_clock(folder, jump):
    with open(os.path.join(folder, "next"), "w") as clock:
        clock.write(jump + "\n")
    os.rename(os.path.join(folder, "next"), os.path.join(folder, "clock"))


def calm(server, case):
    """What lasts makes nobody spin."""
    if not case.lasting or server.process.poll() is not None:
        return
    try:
        before = server.cpu()
        time.sleep(1)
        spent = server.cpu() - before
    except (FileNotFoundError, ProcessLookupError):
        return
    run.expect(spent < 0.6, f"it computes for {spent:.2f} s of a second in which nothing happens")


def ended(server, code, case, what):
    """It is over: there must be a word about why."""
    said = server.said_on_stderr()
    run.expect(code is not None, f"{what}, and it does not end")
    run.expect("panicked" not in said, f"{what}: {said.strip()}")
    # Whose own output is gone says nothing, and a pipe that nobody reads is no error at all.
    reported = any(event.get("event") in ("stopped", "error", "trouble") for event in server.events)
    run.expect(said.strip() or reported or "write" in case.kind, f"{what}: exit code {code} without a word")
    # Out of memory is the one thing that a program cannot always go on from.
    run.expect(code >= 0 or "memory allocation" in said, f"{what}: signal {-code}: {said.strip()}")


def check(server, code, case, peers, wounded):
    run.expect(code is not None, "it does not end within 25 s of SIGTERM")
    if wounded and case.name == "KILL":
        return
    for peer in peers:
        # What a drain did not hear, and what waits where nobody is let in, is not answered.
        peer.answered() if wounded or case.lasting else peer.check()
    if code != 0:
        ended(server, code, case, "it ended early")
    run.expect("panicked" not in server.said_on_stderr(), server.said_on_stderr().strip())
    stopped = [event for event in server.events if event.get("event") == "stopped"]
    if wounded and stopped and all(peer.end == "" for peer in peers):
        answered = sum(peer.answered() for peer in peers)
        run.expect(stopped[0]["lines_heard"] == answered, f"{stopped[0]['lines_heard']} lines heard before the end, {answered} answered")


def check_recording(program, file, server, code, peers):
    """What is in it was said; and all of it, unless somebody was told that it is not."""
    if not os.path.exists(file):
        return
    out = subprocess.run([program, "talk", "convert", file], capture_output=True)
    said = server.said_on_stderr()
    if out.returncode != 0:
        run.expect(code != 0 or "record" in said, f"the recording cannot be read, and nobody was told: {out.stderr.decode().strip()}")
        return
    lines = {line for peer in peers for line in [*peer.tried, *(PREFIX + line for line in peer.tried)]}
    there = recorded_lines(out.stdout)
    invented = [line for line in there if line not in lines and not line.startswith(b"ERR ")]
    run.expect(not invented, f"nobody said what is recorded: {invented[:3]}")
    answered = {PREFIX + line for peer in peers for line in peer.said[: peer.answered()]}
    missing = answered - there
    run.expect(not missing or code != 0 or "record" in said, f"{len(missing)} of {len(answered)} answers are not recorded, and nobody was told")


def recorded_lines(converted):
    import json

    lines = [json.loads(line) for line in converted.splitlines()]
    # A piece of a line that was said in several is no line.
    return {line.get("text", line.get("line")).encode() for line in lines if "from" in line and line.get("eol") != "none" and ("text" in line or "line" in line)}


def figure(pieces):
    runs, minutes = run.total(pieces, "runs"), run.total(pieces, "seconds") / 60
    text = f"{runs} runs in {minutes:.0f} minutes; every promise held, or its end had a reason"
    return text, runs >= 720 and minutes <= 120 and len(pieces) == len(ENGINES) * (len(CALLS) + 4)

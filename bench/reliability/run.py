"""What all parts share: building, running pieces one after the other, keeping what they found."""
import datetime, json, os, platform, subprocess, time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
KEPT = os.path.join(ROOT, "docs/reliability")


class Broken(Exception):
    """A promise that was not kept."""


class Missing(Exception):
    """This machine lacks what a piece needs."""


def expect(holds, what):
    if not holds:
        raise Broken(what)


class Scale:
    """How much of the figure is asked for; `short` runs in .ci/run, with the debug build that the tests made."""

    def __init__(self, chosen):
        self.short, self.factor = chosen.short, chosen.scale

    def of(self, full, short):
        """So many of `full`, or `short` in the short form."""
        return short if self.short else max(1, round(full * self.factor))

    def profile(self):
        return [] if self.short else ["--release"]


def part(name, module, chosen):
    """Run its pieces; gives what failed."""
    failed, scale = [], Scale(chosen)
    began = time.monotonic()
    for piece, work in module.pieces(scale):
        if not all(word in piece for word in chosen.only):
            continue
        print(f"{name}: {piece} … ", end="", flush=True)
        started, found = time.monotonic(), {}
        try:
            found = work()
        except Broken as broken:
            found = {"failed": str(broken)}
            failed.append(f"{name}: {piece}: {broken}\n    repeat it with: bench/release {name} --only '{piece}'")
        except Missing as missing:
            found = {"skipped": str(missing)}
        seconds = round(time.monotonic() - started, 1)
        print(" ".join(f"{key}={value}" for key, value in found.items()), f"({seconds} s)", flush=True)
        if not chosen.short:
            keep(name, piece, {**found, "seconds": seconds, **where()})
    print(f"{name}: {time.monotonic() - began:.1f} s in all", flush=True)
    return failed


def where():
    def git(*words):
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()

    # What the runs themselves write does not make it another program.
    changed = git("status", "--porcelain", "--", ".", ":!docs", ":!fuzz/corpus")
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} × {processor()}, Linux {platform.release().split('-')[0]}",
        "commit": git("rev-parse", "--short=10", "HEAD") + ("+" if changed else ""),
    }


def processor():
    with open("/proc/cpuinfo") as cpus:
        names = [line.split(":", 1)[1].strip() for line in cpus if line.startswith("model name")]
    return names[0] if names else platform.machine()


def kept(name):
    try:
        with open(os.path.join(KEPT, f"{name}.json")) as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def keep(name, piece, found):
    os.makedirs(KEPT, exist_ok=True)
    everything = {**kept(name), piece: found}
    with open(os.path.join(KEPT, f"{name}.json"), "w") as file:
        json.dump(dict(sorted(everything.items())), file, indent=1, ensure_ascii=False)
        file.write("\n")


def cargo_executable(scale, package, test, *features):
    """A test binary, built as `.ci/run` has built it already in the short form."""
    what = ["--workspace"] if scale.short else ["-p", package, *features]
    command = ["cargo", "test", "--no-run", "--message-format=json-render-diagnostics", *scale.profile(), *what, "--test", test]
    out = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    expect(out.returncode == 0, f"{' '.join(command)}: it does not compile")
    for line in out.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == test:
            return message["executable"]
    raise Broken(f"{' '.join(command)}: no test binary")


def rust_test(executable, name, folder, *flags, **environment):
    """Run one test; gives what it said."""
    command = [executable, "--exact", name, "--nocapture", *flags]
    out = subprocess.run(command, cwd=os.path.join(ROOT, folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         errors="replace", env={**os.environ, "RUST_BACKTRACE": "0", **environment})
    ran = "1 passed" in out.stdout
    tail = [line for line in out.stdout.splitlines() if line.strip()][-12:]
    expect(out.returncode == 0 and ran, "\n    ".join([f"the test {name} failed:", *tail]))
    return out.stdout


_program = {}


def program(scale):
    """The program, built once; `OTHEREND` names another one, of which nothing is kept."""
    if scale.short and "OTHEREND" in os.environ:
        return os.environ["OTHEREND"]
    if scale.short not in _program:
        build = ["cargo", "build", "--quiet", *scale.profile(), "--bin", "otherend"]
        expect(subprocess.run(build, cwd=ROOT).returncode == 0, f"{' '.join(build)}: it does not compile")
        out = subprocess.run(["cargo", "metadata", "--format-version", "1", "--no-deps"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        target = json.loads(out.stdout)["target_directory"]
        _program[scale.short] = os.path.join(target, "debug" if scale.short else "release", "otherend")
    return _program[scale.short]


def total(pieces, key):
    return sum(piece.get(key, 0) for piece in pieces.values())


def count(number):
    """1234567 as 1.23 M."""
    if number >= 1_000_000:
        return f"{number / 1e6:.4g} M"
    return f"{number:,}"

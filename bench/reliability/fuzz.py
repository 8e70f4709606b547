"""Runs of each fuzz target, what they found kept beside the corpus, and how much of the fuzzed modules they reach.

The targets are safe Rust, where the address sanitizer finds nothing and takes two thirds of the time: most
runs do without, a twentieth have it, for what the dependencies do.
"""
import glob, os, re, shutil, subprocess, tempfile

from . import run

WHAT = "fuzzing: the targets of fuzz/, with what was found before; coverage of the modules that they are for, by lines"
ASKED = "≥ 20 M runs in all, ≥ 2 M each, ≥ 90 % covered"
# The transcripts' two are slower: 100 to 200 µs a run.
RUNS = {"decoder": 4_200_000, "drawing": 2_000_000, "telnet": 4_200_000, "conversation": 4_200_000, "escape": 4_200_000, "transcript": 2_000_000, "playing": 2_000_000}
# What the targets are for, below otherend-core/src.
FUZZED = ["framing/line", "conversation", "handler/messages", "escape", "transcript/parse", "transcript/write", "transcript/kind",
          "transcript/error", "transcript/render", "transcript/generalise", "transcript/plan", "transcript/player"]
FUZZ = os.path.join(run.ROOT, "fuzz")


def cargo_fuzz(*words):
    # The sanitizers' flags are unstable; a stable compiler takes them when it is told so.
    return subprocess.run(["cargo", "fuzz", *words], cwd=FUZZ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", env={**os.environ, "RUSTC_BOOTSTRAP": "1"})


def pieces(scale):
    for target, runs in RUNS.items():
        if not scale.short:
            yield target, lambda target=target, runs=runs: fuzz(target, scale.of(runs, 0), "none")
        yield f"{target} with the address sanitizer", lambda target=target, runs=runs: fuzz(target, scale.of(runs // 20, 10_000), "address")
    if not scale.short:
        yield "coverage", coverage


def fuzz(target, runs, sanitizer):
    if cargo_fuzz("--version").returncode != 0:
        raise run.Missing("cargo-fuzz (cargo install cargo-fuzz)")
    found = os.path.join(FUZZ, "found", target)
    os.makedirs(found, exist_ok=True)
    flags = ["--sanitizer", sanitizer]
    if sanitizer == "none":
        flags += ["--target-dir", "target/plain"]
    built = cargo_fuzz("build", *flags, target)
    run.expect(built.returncode == 0, f"{target} does not compile:\n{built.stdout[-2000:]}")
    out = cargo_fuzz("run", *flags, target, found, f"corpus/{target}", "--", f"-runs={runs}", "-max_len=400", "-verbosity=1", "-print_final_stats=1")
    if out.returncode != 0:
        said = [line for line in out.stdout.splitlines() if re.search(r"panicked|assertion|left:|right:|SUMMARY|Base64|Reproduce", line)]
        raise run.Broken("\n    ".join([f"{target} found something:", *said, "keep the input in fuzz/corpus, mend, and run it again"]))
    executed = int(re.search(r"stat::number_of_executed_units: (\d+)", out.stdout)[1])
    a_second = int(re.search(r"stat::average_exec_per_sec: +(\d+)", out.stdout)[1])
    return {"runs": executed, "a_second": a_second, "corpus": keep_few(target, found, flags) if sanitizer == "none" else 0}


def keep_few(target, found, flags):
    """Of what was found, what reaches code that the corpus does not goes into the corpus: few, so that `cargo test` stays fast."""
    corpus = f"corpus/{target}"
    # By edges alone: how often each was passed would keep ten times as many.
    out = cargo_fuzz("run", *flags, target, corpus, found, "--", "-merge=1", "-use_counters=0", "-max_len=400")
    run.expect(out.returncode == 0, f"{target}: its corpus cannot be merged:\n{out.stdout[-2000:]}")
    return len(os.listdir(os.path.join(FUZZ, corpus)))


def coverage():
    """Lines reached by `cargo test`'s replay of the corpus; LLVM's own tools are not needed."""
    if not shutil.which("cov"):
        raise run.Missing("coverage (cargo install llvm_profparser)")
    with tempfile.TemporaryDirectory() as scratch:
        flags = {**os.environ, "RUSTFLAGS": "-C instrument-coverage", "LLVM_PROFILE_FILE": f"{scratch}/%p.profraw"}
        command = ["cargo", "test", "-q", "-p", "otherend-core", "--test", "fuzz", "--target-dir", "fuzz/target/coverage"]
        out = subprocess.run(command, cwd=run.ROOT, env=flags, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        run.expect(out.returncode == 0, f"the corpus does not pass:\n{out.stdout[-2000:]}")
        # The largest is the test's, the others are build scripts'.
        profile = max(glob.glob(f"{scratch}/*.profraw"), key=os.path.getsize)
        tests = [path for path in glob.glob(f"{FUZZ}/target/coverage/debug/deps/fuzz-*") if "." not in os.path.basename(path)]
        test = max(tests, key=os.path.getmtime)
        shown = subprocess.run(["cov", "show", "--instr-profile", profile, "--object", test], stdout=subprocess.PIPE, text=True, errors="replace")
    covered, lines, fuzzed = 0, 0, False
    for line in shown.stdout.splitlines():
        if line.startswith("/"):
            name = line.partition("/otherend-core/src/")[2]
            fuzzed = any(name.startswith(module) for module in FUZZED)
        elif fuzzed and (hit := re.match(r" *\d+\| *(\d+)\|", line)):
            lines += 1
            covered += hit[1] != "0"
    run.expect(lines > 0, "no line of the fuzzed modules was counted")
    return {"covered": covered, "lines": lines}


def figure(pieces):
    runs = {target: run.total({name: piece for name, piece in pieces.items() if name.startswith(target)}, "runs") for target in RUNS}
    share = 100 * run.total(pieces, "covered") / max(1, run.total(pieces, "lines"))
    fewest = min(runs, key=runs.get)
    text = f"{run.count(sum(runs.values()))} runs, {fewest} fewest with {run.count(runs[fewest])}; {share:.1f} % covered; nothing found"
    return text, sum(runs.values()) >= 20_000_000 and runs[fewest] >= 2_000_000 and share >= 90

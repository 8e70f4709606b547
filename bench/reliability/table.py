"""The table of docs/reliability.md, from what is kept of each part."""
import importlib, os, re

from . import run

PAGE = os.path.join(run.ROOT, "docs/reliability.md")
BEGIN, END = "<!-- bench/release writes what follows -->", "<!-- to here -->"


def row(name):
    module, pieces = importlib.import_module(f"reliability.{name}"), run.kept(name)
    command = f"`bench/release {name}`"
    if not pieces:
        return [module.WHAT, module.ASKED, "not run yet", "", "", command]
    good = {key: value for key, value in pieces.items() if "failed" not in value and "skipped" not in value}
    reached, whole = module.figure(good) if good else ("nothing", False)
    broken = [key for key, value in pieces.items() if "failed" in value]
    skipped = sorted({f"{value['skipped']}" for value in pieces.values() if "skipped" in value})
    if broken:
        reached = f"**FAILED**: {', '.join(broken)}; otherwise {reached}"
    elif not whole:
        reached += " — **less than asked: a shorter run**"
    if skipped:
        reached += f"; skipped: {'; '.join(skipped)}"
    seconds = sum(piece["seconds"] for piece in pieces.values())
    took = f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
    dates = sorted({piece["date"] for piece in pieces.values()})
    date = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    commits = sorted({piece["commit"] for piece in pieces.values()})
    return [module.WHAT, module.ASKED, reached, f"{date}, {took}", ", ".join(commits), command]


def write(parts):
    machines = sorted({piece["machine"] for name in parts for piece in run.kept(name).values()})
    lines = ["| what | asked | reached | when, how long | commit | command |", "|---|---|---|---|---|---|"]
    lines += ["| " + " | ".join(row(name)) + " |" for name in parts]
    lines += ["", f"Machine: {'; '.join(machines) or 'none yet'}. A commit with + had changes beside it."]
    with open(PAGE) as file:
        page = file.read()
    block = "\n".join([BEGIN, "", *lines, "", END])
    page = re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, page, flags=re.S)
    with open(PAGE, "w") as file:
        file.write(page)

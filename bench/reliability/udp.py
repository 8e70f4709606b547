"""UDP as a weapon: in a network namespace with one other machine in it, everything that makes an echo one.

`out` are the bytes that leave the server's machine on the wire, `in` those that come to it, both as its
network card counts them; the other machine answers nothing by itself.
"""
import json, os, random, socket, struct, subprocess, sys, tempfile, time

from . import run
from .program import Program

WHAT = "UDP as a weapon: spoofed sources, low ports, two echoes, 65,507-byte datagrams, fragment floods"
ASKED = "bytes out ≤ bytes in, beyond loopback"
HERE, THERE, PORT = "10.9.0.1", "10.9.0.2", 9000
DATAGRAMS = 100_000
# A rule that answers a byte with a thousand.
RULES = "otherend talk 1\nover udp\n\non other\nS: " + ("more than was asked " * 50).strip() + "\n"
ATTACKS = ["spoofed", "low ports", "two echoes", "largest", "fragments"]


def pieces(scale):
    for server in "echo", "rules":
        yield server, lambda server=server: in_namespace(scale, server)


def in_namespace(scale, server):
    """Run this file again, as root of a user and network namespace of its own."""
    command = ["unshare", "-rnm", sys.executable, "-m", "reliability.udp", run.program(scale), server, str(scale.of(DATAGRAMS, 2_000))]
    out = subprocess.run(command, cwd=os.path.join(run.ROOT, "bench"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if "unshare" in out.stderr or "Operation not permitted" in out.stderr:
        raise run.Missing(f"a network namespace ({out.stderr.strip().splitlines()[-1]})")
    run.expect(out.returncode == 0, f"{out.stderr.strip()[-800:]}")
    found, worst = {}, []
    for line in out.stdout.splitlines():
        attack, came, went = line.rsplit(" ", 2)
        found[f"in_{attack.replace(' ', '_')}"], found[f"out_{attack.replace(' ', '_')}"] = int(came), int(went)
        if int(went) > int(came):
            worst.append(f"{attack}: {came} bytes in, {went} bytes out")
    run.expect(not worst and len(found) == 2 * len(ATTACKS), "; ".join(worst) or f"only {sorted(found)} were tried")
    return {"in": sum(v for k, v in found.items() if k.startswith("in_")), "out": sum(v for k, v in found.items() if k.startswith("out_")), **found}


def figure(pieces):
    came, went = run.total(pieces, "in"), run.total(pieces, "out")
    text = f"{run.count(came)} bytes in, {run.count(went)} bytes out; never more than came in any of {len(ATTACKS)} attacks on {len(pieces)} servers"
    return text, len(pieces) == 2 and all(piece["in_largest"] > 65_507 * 100 for piece in pieces.values())


# ---- inside of the namespace


def stage():
    """A cable to another machine, which has every address but ours, and says nothing by itself."""
    other = subprocess.Popen(["unshare", "-n", "sleep", "3600"])
    time.sleep(0.3)

    def here(*words):
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)

    def there(*words):
        here("nsenter", "-t", str(other.pid), "-n", *words)

    here("ip", "link", "add", "wire", "type", "veth", "peer", "name", "end", "netns", str(other.pid))
    for words in (["ip", "link", "set", "lo", "up"], ["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"]):
        here(*words)
        there(*words)
    here("ip", "addr", "add", f"{HERE}/24", "dev", "wire")
    here("ip", "link", "set", "wire", "up")
    there("ip", "addr", "add", f"{THERE}/24", "dev", "end")
    there("ip", "link", "set", "end", "up")
    # Whoever is answered is over there, and nobody asks who has an address: only what is said counts.
    theirs, ours = card(other.pid), card(None)
    here("ip", "neigh", "replace", THERE, "lladdr", theirs, "dev", "wire", "nud", "permanent")
    there("ip", "neigh", "replace", HERE, "lladdr", ours, "dev", "end", "nud", "permanent")
    here("ip", "route", "add", "default", "via", THERE)
    for name in "all", "wire":
        here("sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0")
    return other


def card(pid):
    """The hardware address of our end of the cable, or of the other machine's."""
    enter = ["nsenter", "-t", str(pid), "-n"] if pid else []
    out = subprocess.run([*enter, "ip", "-j", "link", "show", "end" if pid else "wire"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(out)[0]["address"]


def counted():
    """Bytes that came to this machine, and that left it."""
    out = subprocess.run(["ip", "-s", "-j", "link", "show", "wire"], stdout=subprocess.PIPE, text=True, check=True).stdout
    stats = json.loads(out)[0]["stats64"]
    return stats["rx"]["bytes"], stats["tx"]["bytes"]


def attack(name, count):
    """Run over there: say `count` datagrams from addresses that are lies."""
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    chance = random.Random(1)
    for number in range(count):
        source, port, payload = f"10.{chance.randint(10, 250)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}", chance.randint(1024, 65535), b"a\n"
        if name == "low ports":
            port = chance.choice([7, 13, 17, 19, 53, 69, 123, 161, 389, 0])
        elif name == "two echoes":
            # From the other echo, that each may have the last word.
            source, port, payload = THERE, PORT, f"round {number} and round\n".encode()
        elif name == "largest":
            payload = bytes([chance.randint(0, 255)]) * 65_507
        elif name == "spoofed":
            payload = bytes([chance.randint(0, 255)]) * chance.randint(0, 60)
        for piece in packets(source, port, payload, number, broken=name == "fragments"):
            raw.sendto(piece, (HERE, 0))
        if number % 50 == 49:
            # So that the server reads them, instead of its kernel dropping all but the first.
            time.sleep(0.002)


def packets(source, port, payload, number, broken):
    """One datagram in as many fragments as it takes; `broken` ones lack their end."""
    body = struct.pack("!HHHH", port, PORT, 8 + len(payload), 0) + payload
    if broken:
        body += b"x" * 2960
    for offset in range(0, len(body), 1480):
        piece = body[offset : offset + 1480]
        more = offset + 1480 < len(body)
        if broken and not more:
            return
        flags = (0x2000 if more else 0) | offset // 8
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(piece), number % 65_535 + 1, flags, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(HERE))
        yield head + piece


def main(program, server, count):
    other = stage()
    talk = rules()
    try:
        words = {"echo": [], "rules": ["--talk", talk.name]}[server]
        for name in ATTACKS:
            some = max(50, count // (100 if name == "largest" else 50 if name == "two echoes" else 1))
            with Program([program, "serve", "--udp", f"{HERE}:{PORT}", *words]) as served:
                run.expect(served.address, f"it does not listen: {served.said_on_stderr()}")
                came, went = counted()
                second = None
                if name == "two echoes":
                    second = subprocess.Popen(["nsenter", "-t", str(other.pid), "-n", program, "serve", "--udp", f"{THERE}:{PORT}", "--quiet"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                    time.sleep(0.5)
                subprocess.run(["nsenter", "-t", str(other.pid), "-n", sys.executable, "-m", "reliability.udp", "attack", name, str(some)], check=True)
                # Two echoes would go on by themselves.
                time.sleep(2 if second else 1)
                after = counted()
                time.sleep(1)
                still = counted()
                if second:
                    second.kill()
                    second.wait()
                    run.expect(still[1] - after[1] < 1000, f"two echoes go on: {still[1] - after[1]} bytes in a second")
                print(f"{name} {still[0] - came} {still[1] - went}", flush=True)
    finally:
        other.kill()
        other.wait()


def rules():
    file = tempfile.NamedTemporaryFile("w", suffix=".talk")
    file.write(RULES)
    file.flush()
    return file


if __name__ == "__main__":
    if sys.argv[1] == "attack":
        attack(sys.argv[2], int(sys.argv[3]))
    else:
        try:
            main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
        except run.Broken as broken:
            raise SystemExit(f"{broken}")

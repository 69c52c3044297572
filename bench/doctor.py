#!/usr/bin/python3
"""How long the doctor takes, and with --peers what other tools say of the same faults.

Everything runs in the lab of tests/e2e/lab: a name space with a wire, a resolver and broken servers in
it. A speed here is mostly waiting: the healthy walk shows the doctor's own work, a dropped port its
patience. Peers run as their manuals tell people to, and what is shown is their last words.

    ./dev bench doctor                     the walks that are timed, as medians
    ./dev bench doctor --peers             a Markdown table, a row a fault
    ./dev bench doctor --peers --only TLS  those whose name contains TLS
    ./dev bench doctor --peers --after X   those behind X, to go on with a table; --until Y ends it
    ./dev bench doctor --show              runs as docs/operate/doctor.md has them
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from lab.network import make_network  # noqa: E402
from lab.runs import Runs, run  # noqa: E402
from lab.scenarios import FAULTS, named  # noqa: E402
from lab.world import RESOLVER_NUMBER  # noqa: E402
from peers.package import environment, unpacked  # noqa: E402
from peers.relay import binary  # noqa: E402

# (scenario, how soon its cause is to be named, in seconds)
TIMED = (("STARTTLS on 587", 1), ("TLS at once on 465", 1), ("nothing listens", 2),
         ("reset by a firewall", 2), ("dropped on the way", 12), ("dropped by this machine", 12),
         ("name does not exist", 2), ("certificate expired", 2))
SHOWN = ("TLS at once on 587", "Microsoft 365: mailbox", "IPv6 black hole", "certificate expired",
         "relaying denied to a stranger")
# A record that grew with its senders.
SPF = {
    "shop.test": "v=spf1 include:office.test include:desk.test include:news.test include:mail.test "
                 "mx a ~all",
    "office.test": "v=spf1 include:a.office.test include:b.office.test include:c.office.test ~all",
    "a.office.test": "v=spf1 ip4:198.51.100.0/26 ~all",
    "b.office.test": "v=spf1 ip4:198.51.100.64/26 ~all",
    "c.office.test": "v=spf1 ip4:203.0.113.0/24 ~all",
    "desk.test": "v=spf1 ip4:192.0.2.64/26 ~all",
    "news.test": "v=spf1 include:a.news.test ~all",
    "a.news.test": "v=spf1 ip4:192.0.2.128/26 ~all",
    "mail.test": "v=spf1 include:a.mail.test ~all",
    "a.mail.test": "v=spf1 ip4:192.0.2.192/26 ~all",
}
FLEETING = ("Postfix: too often",)  # over before the last of them has had its turn
PEER_S = 120
PATIENCE_S = 12  # of a fault that takes as long, testssl.sh says nothing in minutes
WORDS_MAX = 120


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--after", help="only the scenarios behind this one")
    parser.add_argument("--until", help="only the scenarios before this one")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    runs = Runs()
    try:
        if options.show:
            return show(runs)
        return compare(runs, options) if options.peers else measure(runs, options.rounds)
    finally:
        runs.stop()


def measure(runs, rounds):
    late = 0
    for name, seconds_max in TIMED:
        took = []
        for _ in range(rounds if seconds_max <= 2 else min(rounds, 2)):
            with Opened(runs, named(name)) as world:
                took.append(runs.doctor(world).seconds)
        middle = statistics.median(took)
        late += middle > seconds_max
        print(f"{name:28} {middle:6.2f} s  (at most {seconds_max} s wanted; {min(took):.2f} to "
              f"{max(took):.2f})", flush=True)
    return 1 if late else 0


def show(runs):
    """As a person sees them; the password file and the lab's own resolver and authority are left out."""
    for name in SHOWN:
        with Opened(runs, named(name)) as world:
            words = world.command_line()
            words = words[:words.index("--resolver")] + world.arguments
            if "--password-file" in words:
                at = words.index("--password-file")
                del words[at:at + 2]
            said = runs.doctor(world)
            print(f"$ waypost doctor {' '.join(map(str, words))}\n\n{said.out}\n(exit {said.code}, "
                  f"{said.seconds:.1f} s)\n", flush=True)
    with Opened(runs, named("STARTTLS on 587")) as world:
        for name, text in SPF.items():
            world.names.add(name, "TXT", text)
        world.names.add_host("shop.test", "203.0.113.10")
        world.names.add("shop.test", "MX", "10 shop.test.")
        said = run([*world.network.enter(), binary(), "spf", "check", "shop.test", "--resolver",
                    world.resolver])
        print(f"$ waypost spf check shop.test\n\n{said.out}\n(exit {said.code}, {said.seconds:.1f} s)")
    return 0


class Opened:
    """A scenario's world while the block runs, with a network of its own where it filters."""

    def __init__(self, runs, scenario):
        self._runs, self._scenario, self._own = runs, scenario, None

    def __enter__(self):
        if self._scenario.quiet and self._runs.network.has_filters:
            self._own = make_network()
        self._world = self._runs.world(self._own)
        self._scenario.prepare(self._world)
        self._world.start()
        return self._world

    def __exit__(self, *_):
        self._world.stop()
        if self._own:
            self._own.stop()


def compare(runs, options):
    begin = FAULTS.index(named(options.after)) + 1 if options.after else 0
    end = FAULTS.index(named(options.until)) if options.until else len(FAULTS)
    rows = [scenario for scenario in FAULTS[begin:end]
            if options.only in scenario.name and scenario.name not in FLEETING]
    if not options.after:
        print("| fault | " + " | ".join([*PEERS, "waypost doctor"]) + " |")
        print("|---" * (len(PEERS) + 2) + "|", flush=True)
    with ThreadPoolExecutor(4) as pool:
        for line in pool.map(lambda scenario: row(runs, scenario), rows):
            print(line, flush=True)
    return 0


def row(runs, scenario):
    tools = [*PEERS.values(), lambda world: doctor(runs, world)]
    with Opened(runs, scenario) as world:
        cells = []
        for peer in tools:
            if peer in TLS_ALONE and (scenario.rung not in (2, 3) or scenario.slow_s >= PATIENCE_S):
                cells.append("-")
                continue
            logins = world.seen("logins")
            try:
                cells.append(say(*peer(world)))
            except subprocess.TimeoutExpired as endless:
                cells.append(f"(never ends; stopped after {endless.timeout:.0f} s)")
            if world.seen("logins") > logins and scenario.rung == 3 and scenario.exit != 0:
                cells[-1] += " **and has sent the password**"
    return f"| {scenario.name} | " + " | ".join(cells) + " |"


def say(ran, words):
    if ran.code in (124, 137):  # what it was about to say is not its answer
        return f"(no end in {ran.seconds:.0f} s)"
    text = re.sub(r"\s+", " ", words(f"{ran.out}\n{ran.err}")).strip()
    text = re.sub(r"^[0-9A-F]{12,16}:error:[0-9A-F]+:", "", text)  # a thread and a number
    text = re.sub(r"^<?[*~<]+\s+", "", text)  # swaks' marks of who speaks
    text = re.sub(r"([\\`*_<>|\[\]])", r"\\\1", text[:WORDS_MAX])
    text = "".join(c if c.isprintable() else f"\\\\u{ord(c):04x}" for c in text)
    return f"{text or '(nothing)'} (exit {ran.code}, {ran.seconds:.1f} s)"


def inside(world, *command, variables=None):
    """A peer at the client's end, with the world's resolver for its own."""
    conf = world.folder / f"peer{world.number}.conf"
    resolver = world.resolver.rpartition(":")[0] if world.resolver else world.address(RESOLVER_NUMBER)
    conf.write_text(f"nameserver {resolver}\noptions timeout:3 attempts:1\n")
    return run([*world.network.enter(world.resolv_conf or conf, world.under), "timeout", "-k", "5", str(PEER_S),
                *command], {**world.environment, **(variables or {})})


def destination(world):
    """(host, port, mode) as the person set it."""
    # Who asks about a domain asks others about its mail host.
    is_domain = world.port == 25 and (world.target, "MX") in world.names.records
    target = f"{world.host}:{world.port}" if is_domain or not world.target else world.target
    host, _, port = target.rpartition(":") if re.search(r":\d+$", target) else (target, "", "587")
    wanted = world.arguments[world.arguments.index("--tls") + 1] if "--tls" in world.arguments else ""
    return host, port, wanted or ("implicit" if port == "465" else "starttls")


def swaks(world):
    host, port, mode = destination(world)
    tls = {"implicit": ["--tls-on-connect"], "starttls": ["--tls"], "none": []}[mode]
    login = ["--auth", "PLAIN", "--auth-user", world.user, "--auth-password", world.password]
    return inside(world, "swaks", "--server", host, "--port", port, *tls, "--timeout", "30",
                  *(login if world.user else []), "--from", world.sender or "eve@example.net",
                  "--to", world.recipient or f"postmaster@{world.target}",
                  "--helo", "client.lab.test"), lambda text: last(
                      text, r"^(?:\*\*\*|<.\*|<\*\*)") or last(text, r"^<[-~]")


def openssl(world):
    host, port, mode = destination(world)
    starttls = ["-starttls", "smtp"] if mode == "starttls" else []
    return inside(world, "openssl", "s_client", "-connect", f"{host}:{port}", *starttls, "-brief",
                  "-CAfile", world.authority.root, "-verify_hostname", host), lambda text: first(
                      text, r"error|[Vv]erification|refused|timed|unable|Didn't|No route|Name")


def msmtp(world):
    host, port, mode = destination(world)
    folder = unpacked("msmtp")
    tls = {"implicit": ["--tls=on", "--tls-starttls=off"], "starttls": ["--tls=on"],
           "none": ["--tls=off"]}[mode]
    return inside(world, folder / "usr/bin/msmtp", "--serverinfo", f"--host={host}", f"--port={port}",
                  *tls, f"--tls-trust-file={world.authority.root}", "--timeout=30",
                  variables=environment(folder)), lambda text: last(text, r"^msmtp: |^SMTP server at")


def testssl(world):
    host, port, mode = destination(world)
    folder = unpacked("testssl.sh")
    script = folder / "usr/bin/testssl"
    starttls = ["--starttls", "smtp"] if mode == "starttls" else []
    variables = {**environment(folder), "PATH": f"{folder}/usr/bin:{os.environ['PATH']}",
                 "TESTSSL_INSTALL_DIR": str(folder / "etc/testssl")}
    return inside(world, script, "--quiet", "--color", "0", "--warnings", "off", "--server-defaults",
                  "--add-ca", world.authority.root, "--ip", "one", *starttls, f"{host}:{port}",
                  variables=variables), lambda text: first(
                      text, r"(?i)fatal|oops|doesn't seem|handshake failed|chain of trust +not|does not match|"
                            r"expired|expires <|no ip address")


def first(text, pattern):
    return next((line for line in text.splitlines() if re.search(pattern, line)),
                last(text, r"\S"))


def last(text, pattern):
    return next((line for line in reversed(text.splitlines()) if re.search(pattern, line)), "")


def doctor(runs, world):
    return runs.doctor(world), lambda text: first(text, r"^M\d{4} ")


PEERS = {"swaks": swaks, "openssl s_client": openssl, "msmtp --serverinfo": msmtp,
         "testssl.sh": testssl}
TLS_ALONE = (testssl,)  # a minute a run, and nothing to say of other rungs


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Mail through a relay: smtp-source -> relay -> smtp-sink, for Postfix, Haraka and Waypost in turn.

Rates on one machine mean something only beside a peer in the same run: the machine's own speed drifts.
All of them sync before they say 250. Rounds are interleaved, medians are printed, and the last lines are
the ratios. A variant is told by its name; "all" are all of them. Postfix needs root, Haraka Node 20; both
are unpacked below build/peers, not installed.

With --profile, one run of Waypost alone, and what its time goes into, by thread and by function.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from relays import RELAYS, Setup, Tunnel, Waypost
from peers import postfix
from peers.certificate import make_certificate
from peers.process import accepts_connections
from peers.waiting import eventually

TICKS = os.sysconf("SC_CLK_TCK")
WARM_MESSAGES = 1000
PATIENCE_S = 120
# What is left to do once all mail is through: records, queue files to be removed.
AFTERWORK_S = 1.0


@dataclass(frozen=True)
class Variant:
    """What differs from the run that the bar is about."""
    what: str
    octets: int = 10240
    keeps_connections: bool = True
    tls: bool = False
    delivers: bool = True
    share: float = 0.4  # of --messages


VARIANTS = {
    "kept": Variant("10 KB, connections kept", share=1),
    "1KB": Variant("1 KB", octets=1024),
    "100KB": Variant("100 KB", octets=102400, share=0.2),
    "reconnect": Variant("a new connection a message", keeps_connections=False),
    "tls": Variant("TLS in and out", tls=True),
    "accept": Variant("accepting alone", delivers=False),
}


@dataclass(frozen=True)
class Run:
    """What one run came to; `through` is none where nothing is delivered."""
    accepted: float  # messages a second
    through: float
    cpu_ms: float    # a message, of all processes of the relay
    memory_mb: float

    def text(self):
        through = f"through {self.through:6.0f}/s  " if self.through else ""
        return (f"accepted {self.accepted:6.0f}/s  {through}{self.cpu_ms:.3f} ms CPU a message  "
                f"{self.memory_mb:4.0f} MB")


def processes(pid):
    """A process and all below it."""
    todo = [pid]
    while todo:
        pid = todo.pop()
        yield pid
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                todo += (task / "children").read_text().split()
        except OSError:
            continue


def cpu_seconds(pid):
    """Of a process and all below it, ended ones included."""
    seconds = 0.0
    for each in processes(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        seconds += sum(map(int, fields[11:15])) / TICKS
    return seconds


def memory_mb(pid):
    """What a process and all below it have for themselves, and their share of what they share."""
    kilobytes = 0
    for each in processes(pid):
        try:
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{each}/smaps_rollup").read_text(), re.M)
        except OSError:
            continue
        kilobytes += int(found[1]) if found else 0
    return kilobytes / 1024


def cpu_by_thread(pid):
    """Seconds of each thread of one process, in its own code and in the kernel, by name."""
    seconds = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name, fields = (task / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        own, kernel = (int(ticks) / TICKS for ticks in fields.split()[11:13])
        before = seconds.get(name, (0, 0))
        seconds[name] = (before[0] + own, before[1] + kernel)
    return seconds


class Bench:
    """A relay between a source and a sink, laid out as a variant wants it."""

    def __init__(self, stack, folder, relay_type, variant, options):
        self._variant, self._options = variant, options
        certificate = make_certificate(folder) if variant.tls else None
        self._sink, hop = None, None
        if variant.delivers:
            self._sink = postfix.SmtpSink(folder)
            stack.callback(self._sink.stop)
            hop = self._sink.address[1]
        if variant.tls:
            outer = Tunnel(folder, "server", hop, certificate)
            stack.callback(outer.stop)
            hop = outer.address[1]
        self.relay = relay_type(folder / "relay", Setup(options.connections, hop, certificate))
        stack.callback(self.relay.process.stop)
        eventually(lambda: accepts_connections(self.relay.address), "the relay listens",
                   explain=self.relay.process.log)
        self._entry = self.relay.address
        if variant.tls:
            inner = Tunnel(folder, "client", self.relay.address[1], certificate)
            stack.callback(inner.stop)
            self._entry = inner.address

    def send(self, messages):
        keep = ["-d"] if self._variant.keeps_connections else []
        subprocess.run([postfix.package() / "usr/sbin/smtp-source", *keep,
                        "-s", str(self._options.sessions), "-m", str(messages),
                        "-l", str(self._variant.octets), "-f", "sender@src.test",
                        "-t", "rcpt@dst.test", "%s:%d" % self._entry],
                       env=postfix.with_libraries(), check=True, capture_output=True)

    def wait_until_through(self, messages):
        deadline = time.monotonic() + PATIENCE_S
        while self._sink and self._sink.messages() < messages:
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.relay.name}: {self._sink.messages()} of {messages} messages "
                                 f"came through in {PATIENCE_S} s")
            time.sleep(0.01)


def measure(relay_type, variant, options, folder):
    messages = max(options.sessions, int(options.messages * variant.share * relay_type.pace))
    with ExitStack() as stack:
        bench = Bench(stack, folder, relay_type, variant, options)
        bench.send(WARM_MESSAGES)
        bench.wait_until_through(WARM_MESSAGES)
        cpu, began = cpu_seconds(bench.relay.process.pid), time.monotonic()
        bench.send(messages)
        accepted = time.monotonic() - began
        bench.wait_until_through(WARM_MESSAGES + messages)
        passed = time.monotonic() - began
        time.sleep(AFTERWORK_S)
        cpu = cpu_seconds(bench.relay.process.pid) - cpu
        if options.threads:
            for name, (own, kernel) in sorted(cpu_by_thread(bench.relay.process.pid).items()):
                print(f"  {name:16} {1000 * own / messages:.4f} ms, in the kernel "
                      f"{1000 * kernel / messages:.4f}", file=sys.stderr)
        return Run(messages / accepted, messages / passed if variant.delivers else 0,
                   1000 * cpu / messages, memory_mb(bench.relay.process.pid))


def in_folder(work):
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as folder:
        os.chmod(folder, 0o755)
        return work(Path(folder))


def compare(variant, rounds, options):
    """Interleaved rounds of one variant; the medians by relay."""
    runs = {name: [] for name in options.relays}
    for number in range(rounds):
        for name, results in runs.items():
            results.append(in_folder(
                lambda folder, name=name: measure(RELAYS[name], variant, options, folder)))
            print(f"round {number + 1}  {name:8} {results[-1].text()}", file=sys.stderr)
    return {name: Run(*map(statistics.median, zip(*(vars(run).values() for run in results))))
            for name, results in runs.items()}


def show(variant, rounds, medians):
    print(f"\n{variant.what}, {rounds} rounds, medians")
    for name, run in medians.items():
        print(f"  {name:8} {run.text()}")
    ours = medians.get("waypost")
    for name, run in medians.items():
        if not ours or run is ours:
            continue
        how = "end to end" if ours.through else "in accepting"
        faster = ours.through / run.through if ours.through else ours.accepted / run.accepted
        print(f"  waypost is {faster:.1f} times as fast as {name} {how} and takes "
              f"{run.cpu_ms / ours.cpu_ms:.1f} times less CPU")
    sys.stdout.flush()


def profile(variant, options, folder):
    """Where the time of one run of Waypost goes."""
    data = folder / "perf.data"
    messages = int(options.messages * variant.share * Waypost.pace)
    with ExitStack() as stack:
        bench = Bench(stack, folder, Waypost, variant, options)
        bench.send(WARM_MESSAGES)
        bench.wait_until_through(WARM_MESSAGES)
        perf = subprocess.Popen(["perf", "record", "-q", "-F", "1999", "-e", "cpu-clock",
                                 "-p", str(bench.relay.process.pid), "-o", data])
        time.sleep(0.5)
        bench.send(messages)
        bench.wait_until_through(WARM_MESSAGES + messages)
        time.sleep(AFTERWORK_S)
        perf.terminate()
        perf.wait()
        print(f"{variant.what}, {messages} messages")
        for what, columns in (("thread", "comm"), ("library", "dso"), ("both", "comm,dso"),
                              ("function", "symbol")):
            report = subprocess.run(["perf", "report", "-q", "--stdio", "--percent-limit", "0.4",
                                     "-F", f"overhead,{columns}", "-i", data],
                                    check=True, capture_output=True, text=True).stdout
            print(f"\nby {what}\n{report.rstrip()}", flush=True)


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", action="append", choices=[*VARIANTS, "all"],
                        help="; ".join(f"{name}: {each.what}" for name, each in VARIANTS.items()))
    parser.add_argument("--rounds", type=int, default=5, help="of 10 KB; others have at most 3")
    parser.add_argument("--relays", default="postfix,haraka,waypost", help="separated by commas")
    parser.add_argument("--messages", type=int, default=4000,
                        help="in each run of a peer; a faster relay gets more, a variant its share")
    parser.add_argument("--sessions", type=int, default=50, help="of the source")
    parser.add_argument("--connections", type=int, default=20, help="of the relay to the sink")
    parser.add_argument("--threads", action="store_true", help="CPU of each thread of the relay, warming included")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args(arguments)
    options.relays = options.relays.split(",")
    for name in options.relays:
        if name not in RELAYS:
            parser.error(f"no relay {name!r}; there are {', '.join(RELAYS)}")
    names = options.variant or ["kept"]
    options.variants = list(VARIANTS) if "all" in names else names
    return options


def main():
    options = options_of(sys.argv[1:])
    for name in options.variants:
        variant = VARIANTS[name]
        if options.profile:
            in_folder(lambda folder, variant=variant: profile(variant, options, folder))
            continue
        rounds = options.rounds if variant.share == 1 else min(options.rounds, 3)
        show(variant, rounds, compare(variant, rounds, options))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""A million messages queued: memory, restart and accept rate; then 10,000 destinations due at once.

One relay is filled while its next hop is down. Each round then gives the same number of messages to it and
to an empty relay, in turn, since rates on one machine mean something only beside each other. Memory is the
resident set of the process, caches and all, once the spool has had time to write its tables. Nothing leaves
the machine. By default all takes some ten minutes on two quiet cores. A smaller --messages makes the spool's
buffers look large beside them.
"""

import argparse
import json
import os
import re
import resource
import signal
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "e2e"))
from peers import postfix  # noqa: E402
from peers.process import Process, free_port  # noqa: E402
from peers.relay import BINARY  # noqa: E402
from peers.waiting import eventually  # noqa: E402

WARM_UP = 2000
HANDS = 16
SINKS = 8  # one could not take as many connections at once as its hosts would
PATIENCE_S = 300
SETTLING_S = 10
SENDER, RECIPIENT = "newsletter@shop.example.com", "recipient@customers.example.net"
SESSIONS = 50

CONFIG = """
hostname = "relay.bench.test"
data_dir = "{home}/data"
[[listener]]
address = "127.0.0.1:{port}"
tls = "none"
trusted_networks = ["127.0.0.0/8"]
[limits]
spool_free_octets_min = "64MiB"
[delivery]
tls = "never"
{delivery}
"""


class Relay:
    """`delivery`: lines of the configuration in that table and behind it."""

    def __init__(self, home, delivery):
        self.home, self.address = home, ("127.0.0.1", free_port())
        home.mkdir()
        self.config = home / "waypost.toml"
        self.config.write_text(CONFIG.format(home=home, port=self.address[1], delivery=delivery))
        self.process = None

    def start(self):
        """Seconds until an application got a greeting."""
        began = time.monotonic()
        self.process = Process([BINARY, "--config", self.config, "serve"], self.home / "waypost.log")
        eventually(self.greets, "the relay greets", patience_s=300, explain=self.process.log)
        return time.monotonic() - began

    def greets(self):
        assert self.process.is_running(), f"the relay ended:\n{self.process.log()[-4000:]}"
        try:
            with socket.create_connection(self.address, timeout=60) as client:
                return client.recv(512).startswith(b"220")
        except ConnectionRefusedError:
            return False

    def stop(self, how=signal.SIGTERM):
        """Seconds until it had ended."""
        began = time.monotonic()
        self.process.stop(how, patience_s=120)
        return time.monotonic() - began

    def command(self, *arguments):
        ran = subprocess.run([BINARY, "--config", self.config, *arguments], check=True, text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        return ran.stdout

    def resident_octets(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8")
        user, system = fields.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def take(self, messages, octets):
        """Hands in so many, each to another recipient; messages a second that it accepted."""
        began = time.monotonic()
        subprocess.run([postfix.package() / "usr/sbin/smtp-source", "-s", str(SESSIONS), "-d", "-N",
                        "-m", str(messages), "-l", str(octets), "-f", SENDER, "-t", RECIPIENT,
                        "%s:%d" % self.address],
                       env=postfix.with_libraries(), check=True, capture_output=True)
        return messages / (time.monotonic() - began)

    def count(self, kind):
        """How many events of this kind it has written."""
        return sum(file.read_bytes().count(b'"event":"%s"' % kind.encode())
                   for file in self.event_files())

    def times(self, kind):
        """When each event of this kind was, in seconds since 1970."""
        for file in self.event_files():
            whole_lines = file.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
            yield from (datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp()
                        for event in map(json.loads, whole_lines) if event["event"] == kind)

    def event_files(self):
        return (self.home / "data/records/events").glob("*.jsonl")


def say(text):
    print(text, file=sys.stderr, flush=True)


def next_hop_is_down():
    return f'next_hop = "127.0.0.1:{free_port()}"'


def allow_open_files(files):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        sys.exit(f"{files} open files are needed and {hard} are allowed: ask for fewer")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))


# ---- a million queued

def measure_queue(options, folder):
    full = Relay(folder / "full", next_hop_is_down())
    full.start()
    empty_octets = full.resident_octets()
    fill(full, options)

    def memory(messages):
        time.sleep(SETTLING_S)
        octets = full.resident_octets()
        say(f"{octets / 1e6:.0f} MB, {empty_octets / 1e6:.0f} MB when it was empty")
        return (octets - empty_octets) / messages

    results = {"memory": memory(options.messages)}
    results["rates"] = compare_rates(full, options, folder)
    results["stop"] = full.stop()
    results["restart"] = full.start()
    results["memory again"] = memory(options.messages + options.rounds * options.sample)
    full.stop(signal.SIGKILL)
    results["restart killed"] = full.start()
    full.stop(signal.SIGKILL)
    say(f"restart {results['restart']:.1f} s, after SIGKILL {results['restart killed']:.1f} s")
    return results


def fill(relay, options):
    relay.take(min(WARM_UP, options.messages), options.octets)
    left = options.messages - min(WARM_UP, options.messages)
    while left > 0:
        some = min(left, max(10_000, options.messages // 10))
        rate = relay.take(some, options.octets)
        left -= some
        say(f"{options.messages - left:9} queued, {rate:6.0f}/s, "
            f"{relay.resident_octets() / 1e6:5.0f} MB")


def compare_rates(full, options, folder):
    """Of each round (accepted /s, CPU ms a message) of the empty relay and of the full one; which of the
    two comes first changes from round to round."""
    pairs = []
    for number in range(options.rounds):
        empty = Relay(folder / f"empty{number}", next_hop_is_down())
        empty.start()
        empty.take(WARM_UP, options.octets)
        taken = {}
        for relay in (empty, full) if number % 2 else (full, empty):
            cpu = relay.cpu_seconds()
            rate = relay.take(options.sample, options.octets)
            taken[relay] = (rate, 1000 * (relay.cpu_seconds() - cpu) / options.sample)
        empty.stop()
        pairs.append((taken[empty], taken[full]))
        say("round %d: accepts %6.0f/s empty (%.3f ms CPU each), %6.0f/s full (%.3f ms)"
            % (number + 1, *taken[empty], *taken[full]))
    return pairs


# ---- all due at once

class Herd:
    """Mail for very many destinations, each a site of its own, that a pause keeps back until the end of it
    lets all go at once."""

    def __init__(self, options, folder):
        self.domains, self.messages = options.domains, options.domains * options.each
        self.octets = options.octets
        allow_open_files(options.domains + 5000)
        port = free_port()
        self.sinks = [self._sink(folder / f"sink{number}", (f"127.0.0.{2 + number}", port))
                      for number in range(SINKS)]
        records = ",\n".join(f'"d{number}.test. 600 IN MX 10 mx.d{number}.test.", '
                             f'"mx.d{number}.test. 600 IN A {self.sinks[number % SINKS].address[0]}"'
                             for number in range(self.domains))
        self.relay = Relay(folder / "herd", f"mx_port = {port}\nforbidden_addresses = []\n"
                           f"[dns]\nrecords = [{records}]\n")

    def measure(self):
        """Seconds to the first delivery, the longest gap between two, and to the last."""
        self.relay.start()
        try:
            self.relay.command("pause", "--all")
            hand_in(self.relay.address, self.addresses(), self.octets)
            began = time.time()
            self.relay.command("resume", "--all")
            while self.relay.count("delivered") < self.messages:
                if time.time() - began > PATIENCE_S:
                    sys.exit(f"not all is delivered after {PATIENCE_S} s")
                time.sleep(1)
        finally:
            self.relay.stop(signal.SIGKILL)
            for sink in self.sinks:
                sink.stop()
        at = sorted(self.relay.times("delivered"))
        gaps = [later - earlier for earlier, later in zip(at, at[1:])]
        result = {"first": at[0] - began, "gap": max(gaps), "all": at[-1] - began}
        say(f"{self.messages} messages for {self.domains} destinations: the first after "
            f"{result['first']:.2f} s, the last after {result['all']:.2f} s, "
            f"longest gap {result['gap']:.3f} s")
        return result

    def _sink(self, folder, address):
        folder.mkdir()
        return postfix.SmtpSink(folder, self.domains, address)

    def addresses(self):
        return [f"recipient@d{number % self.domains}.test" for number in range(self.messages)]


def hand_in(address, recipients, octets):
    """One message each, over several connections."""
    shares = [recipients[first::HANDS] for first in range(HANDS)]
    threads = [threading.Thread(target=hand_in_over_one, args=(address, share, octets))
               for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def hand_in_over_one(address, recipients, octets):
    with smtplib.SMTP(*address) as client:
        for recipient in recipients:
            client.sendmail(SENDER, [recipient], "Subject: due at once\r\n\r\n".ljust(octets, "x"))


# ---- the table

def report(options, queued, herds):
    ratios = [full[0] / empty[0] for empty, full in queued["rates"]]
    empty, full = ([statistics.median(column) for column in zip(*of_one)]
                   for of_one in zip(*queued["rates"]))
    rows = [
        ("octets of memory a message, after it came", f"{queued['memory']:.0f}", "at most 600"),
        ("the same after a restart", f"{queued['memory again']:.0f}", ""),
        ("accepted /s, empty", f"{empty[0]:.0f}", ""),
        (f"accepted /s with {options.messages} queued", f"{full[0]:.0f}", ""),
        ("ratio, median of the rounds (worst - best)",
         f"{statistics.median(ratios):.0%} ({min(ratios):.0%} - {max(ratios):.0%})",
         "at least 90 %"),
        ("CPU ms a message accepted, empty", f"{empty[1]:.3f}", ""),
        (f"the same with {options.messages} queued", f"{full[1]:.3f}", ""),
        ("restart to the first greeting, s", f"{queued['restart']:.1f}", "under 10"),
        ("the same after SIGKILL, s", f"{queued['restart killed']:.1f}", "under 10"),
        ("a stop, s", f"{queued['stop']:.1f}", ""),
        (f"{options.domains} destinations due at once: to the first delivery, s",
         spread(herds, "first"), ""),
        ("longest gap between two deliveries, s", spread(herds, "gap"), ""),
        (f"all {options.domains * options.each} messages delivered, s", spread(herds, "all"), ""),
    ]
    print(f"{options.messages} messages of {options.octets} octets, {options.rounds} rounds; "
          f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| what | measured | wanted |\n|---|---|---|")
    for row in rows:
        print("| %s | %s | %s |" % row)


def spread(results, name):
    values = [result[name] for result in results]
    return f"{statistics.median(values):.2f} ({min(values):.2f} - {max(values):.2f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000, help="that are queued")
    parser.add_argument("--octets", type=int, default=1024, help="of a message")
    parser.add_argument("--rounds", type=int, default=5, help="of each comparison of rates")
    parser.add_argument("--sample", type=int, default=10_000, help="messages of such a round")
    parser.add_argument("--domains", type=int, default=10_000, help="that are due at once")
    parser.add_argument("--each", type=int, default=2, help="messages for each of them")
    parser.add_argument("--herds", type=int, default=3, help="how many times they are")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as folder:
        os.chmod(folder, 0o755)
        herds = []
        for number in range(options.herds):
            home = Path(folder) / f"herd{number}"
            home.mkdir()
            herds.append(Herd(options, home).measure())
        queued = measure_queue(options, Path(folder))
    report(options, queued, herds)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""A one-time password while bulk mail waits for the same throttled site: how long until it is there?

A site takes a few messages a second over a few connections, as a site rule says. Passwords go to it one
by one at random moments, first while nothing else waits, then while the bulk mail does. What is measured
is the time from the first command of the application to the final dot at the site: submission, the sync
before 250, the queue, a connection, and the site's pace. The site is on this machine; nothing leaves it.
"""

import argparse
import os
import random
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from peers import postfix  # noqa: E402
from peers.process import Process, accepts_connections, free_port  # noqa: E402
from peers.sink import Sink  # noqa: E402
from peers.waiting import eventually  # noqa: E402

WAYPOST = """
hostname = "relay.bench.test"
data_dir = "{home}/data"
[[listener]]
address = "127.0.0.1:{port}"
tls = "none"
trusted_networks = ["127.0.0.0/8"]
[limits]
spool_free_octets_min = "64MiB"
[delivery]
next_hop = "127.0.0.1:{sink}"
tls = "never"
[[site]]
id = "throttled"
match = ["dst.test"]
connections = {connections}
messages_per_second = {rate}
"""
STREAM = """
[[stream]]
id = "passwords"
share = 0.5
reserve = {reserve}
expire_after = "10m"
"""
PASSWORD = """X-Waypost-Stream: passwords\r
From: login@shop.example\r
To: user@dst.test\r
Subject: Your code\r
\r
Try {number}: 123456\r
"""
PATIENCE_S = 60


class Site:
    """Takes time for each message, as sites do, and knows when each try came."""

    def __init__(self, answer_s):
        self.answer_s, self.tries = answer_s, {}
        self.sink = Sink(answer=self._answer)

    def _answer(self, phase, text, _):
        if phase != "content":
            return None
        _, found, rest = text.partition(b"\r\nTry ")
        if found:
            self.tries[int(rest.partition(b":")[0])] = time.monotonic()
        time.sleep(self.answer_s)
        return None

    def busiest_second(self):
        """The most messages that began within one second."""
        began = sorted(message.began for message in list(self.sink.messages))
        busiest = first = 0
        for last, moment in enumerate(began):
            while moment - began[first] >= 1:
                first += 1
            busiest = max(busiest, last - first + 1)
        return busiest


class Tries:
    """Sends passwords at random moments, so that no rhythm of the site's is met or missed."""

    def __init__(self, site, address, options):
        self.site, self.address, self.options, self.number = site, address, options, 0
        self.random = random.Random(options.seed)

    def run(self, count):
        seconds = []
        for _ in range(count):
            time.sleep(self.random.uniform(0.5, 1.5) * self.options.gap)
            self.number += 1
            began = time.monotonic()
            with smtplib.SMTP(*self.address) as client:
                client.sendmail("login@shop.example", ["user@dst.test"],
                                PASSWORD.format(number=self.number))
            while self.number not in self.site.tries:
                if time.monotonic() - began > PATIENCE_S:
                    break
                time.sleep(0.0005)
            seconds.append(self.site.tries.get(self.number, float("inf")) - began)
        return seconds


def start(home, site, options):
    port = free_port()
    home.mkdir()
    text = WAYPOST.format(home=home, port=port, sink=site.sink.port, rate=options.rate,
                          connections=options.connections)
    if not options.no_stream:
        text += STREAM.format(reserve=options.reserve)
    (home / "waypost.toml").write_text(text)
    binary = os.environ.get("WAYPOST_BIN", ROOT / "build/release/waypost")
    process = Process([binary, "--config", home / "waypost.toml", "serve"], home / "waypost.log")
    eventually(lambda: accepts_connections(("127.0.0.1", port)), "the relay listens",
               explain=process.log)
    return process, ("127.0.0.1", port)


def fill(address, options):
    subprocess.run([postfix.package() / "usr/sbin/smtp-source", "-s", "20", "-m", str(options.bulk),
                    "-l", "10240", "-d", "-f", "news@src.test", "-t", "rcpt@dst.test",
                    "%s:%d" % address], env=postfix.with_libraries(), check=True, capture_output=True)


def report(name, seconds):
    ordered = sorted(seconds)
    near_worst = ordered[max(0, int(len(ordered) * 0.99) - 1)]
    print("%-16s median %6.3f s   99 of 100 %6.3f s   worst %6.3f s"
          % (name, statistics.median(ordered), near_worst, ordered[-1]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bulk", type=int, default=100_000, help="messages that wait")
    parser.add_argument("--tries", type=int, default=100, help="passwords, in each of both parts")
    parser.add_argument("--rate", type=float, default=5, help="messages a second of the site")
    parser.add_argument("--connections", type=int, default=5, help="of the site")
    parser.add_argument("--reserve", type=float, default=0.2, help="kept free for passwords")
    parser.add_argument("--answer", type=float, default=0.1, help="seconds the site takes to answer")
    parser.add_argument("--gap", type=float, default=1, help="seconds between passwords, on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-stream", action="store_true",
                        help="the same without [[stream]], for comparison")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as folder:
        os.chmod(folder, 0o755)
        site = Site(options.answer)
        process, address = start(Path(folder) / "relay", site, options)
        try:
            tries = Tries(site, address, options)
            tries.run(1)
            report("nothing waits", tries.run(options.tries))
            began = time.monotonic()
            fill(address, options)
            print("%d bulk messages taken in %.0f s" % (options.bulk, time.monotonic() - began),
                  flush=True)
            before = len(site.sink.messages)
            began = time.monotonic()
            report("bulk waits", tries.run(options.tries))
            passed = len(site.sink.messages) - before - options.tries
            print("the site got at most %d messages within a second, and of the bulk mail %.2f a second"
                  % (site.busiest_second(), passed / (time.monotonic() - began)))
        finally:
            process.stop()
            site.sink.stop()


if __name__ == "__main__":
    main()

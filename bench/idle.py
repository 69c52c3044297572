#!/usr/bin/python3
"""What clients that do nothing cost the others: the time of a message beside thousands of idle
connections and some that send an octet a second.

The same client sends small messages, each over a connection of its own, one after the other: to the
empty relay, to the crowded one, and to the empty one again, which shows how much the machine itself
changed meanwhile. Everybody is on this machine. The sink is Postfix's, unpacked, not installed.
"""

import argparse
import os
import resource
import smtplib
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from peers import postfix  # noqa: E402
from peers.certificate import make_certificate  # noqa: E402
from peers.process import anonymous_octets, open_files  # noqa: E402
from peers.relay import Relay  # noqa: E402
from peers.waiting import eventually  # noqa: E402

OTHER_FILES = 200
MESSAGE = b"Subject: measured\r\n\r\n" + b"A line of a small message.\r\n" * 40
DRIPPED = b"X-Slow: " + b"x" * 900 + b"\r\n"


class Crowd:
    """Clients that said EHLO and are silent, and clients that send a header field octet by octet."""

    def __init__(self, address, idle, slow):
        self._slow = []
        self._idle = [self._greeted(address) for _ in range(idle)]
        for _ in range(slow):
            client = self._greeted(address)
            for command in (b"MAIL FROM:<slow@src.test>", b"RCPT TO:<rcpt@dst.test>", b"DATA"):
                ask(client, command)
            self._slow.append(client)
        self._over = threading.Event()
        self._dripping = threading.Thread(target=self._drip, daemon=True)
        self._dripping.start()

    @staticmethod
    def _greeted(address):
        client = socket.create_connection(address, timeout=60)
        client.recv(1000)
        ask(client, b"EHLO client.src.test")
        return client

    def _drip(self):
        for octet in DRIPPED:
            if self._over.wait(1):
                return
            for client in self._slow:
                client.sendall(bytes([octet]))

    def leave(self):
        self._over.set()
        self._dripping.join()
        for client in self._idle + self._slow:
            client.close()


def ask(client, command):
    client.sendall(command + b"\r\n")
    reply = client.recv(4000)
    if reply[:1] not in (b"2", b"3"):
        raise SystemExit(f"{command!r}: {reply!r}")


def send_one(address):
    with smtplib.SMTP(*address, local_hostname="client.src.test", timeout=60) as client:
        client.sendmail("sender@src.test", ["rcpt@dst.test"], MESSAGE)


def times_of_messages(address, count):
    times = []
    for _ in range(count):
        began = time.monotonic()
        send_one(address)
        times.append(1000 * (time.monotonic() - began))
    return times


def show(when, times):
    print("%-22s median %6.2f ms   p99 %6.2f ms   worst %6.2f ms"
          % (when, statistics.median(times), statistics.quantiles(times, n=100)[98], max(times)),
          flush=True)


def start_relay(folder, sink, connections):
    limits = {"connections_max": connections + OTHER_FILES,
              "connections_per_address_max": connections + OTHER_FILES}
    return Relay(folder, make_certificate(folder), {
        "limits": limits, "delivery": {"next_hop": "%s:%d" % sink.address, "tls": "never"}}).start()


def measure(options, folder):
    sink = postfix.SmtpSink(folder)
    relay = start_relay(folder, sink, options.idle + options.slow)
    try:
        times_of_messages(relay.trusted, options.messages)
        show("empty", times_of_messages(relay.trusted, options.messages))
        before, files = anonymous_octets(relay.pid), open_files(relay.pid)
        crowd = Crowd(relay.trusted, options.idle, options.slow)
        octets = (anonymous_octets(relay.pid) - before) / (options.idle + options.slow)
        show("crowded", times_of_messages(relay.trusted, options.messages))
        print("%d idle and %d slow clients: %.0f octets of memory a connection"
              % (options.idle, options.slow, octets))
        crowd.leave()
        eventually(lambda: open_files(relay.pid) <= files + 10, "the crowd is gone")
        show("empty again", times_of_messages(relay.trusted, options.messages))
    finally:
        relay.stop()
        sink.stop()


def allow_open_files(wanted):
    """Of this process and those that it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        raise SystemExit(f"{wanted} open files are needed and {hard} allowed: take fewer --idle, or "
                         "raise the limit (ulimit -Hn)") from None


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idle", type=int, default=10_000, help="clients that are silent")
    parser.add_argument("--slow", type=int, default=200, help="clients that send an octet a second")
    parser.add_argument("--messages", type=int, default=1000, help="sent in each part")
    options = parser.parse_args()
    allow_open_files(options.idle + options.slow + 2 * OTHER_FILES)
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as folder:
        os.chmod(folder, 0o755)
        measure(options, Path(folder))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Minutes of steady load, of which some is deferred: does anything grow, is anything lost?

smtp-source hands over so many messages every second; one in twenty goes to a server that says 451 to
every second RCPT. Printed each minute: accepted and delivered a second, memory, open files, what waits.
At the end all must have arrived, and the ledger must say so too; the exit code is 1 otherwise.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from peers import postfix  # noqa: E402
from peers.certificate import make_certificate  # noqa: E402
from peers.process import anonymous_octets, open_files  # noqa: E402
from peers.relay import Relay  # noqa: E402
from peers.sink import Sink  # noqa: E402
from peers.waiting import eventually  # noqa: E402

DEFERRED_SHARE = 0.05
DRAINED_IN_S = 900
# The tests' relay is put back to the defaults, but for retry_max, for which nobody would wait.
SETTINGS = {
    "delivery": {"tls": "never", "connect_timeout": "30s", "idle_connection": "10s"},
    "events": {"flush_every": "100ms"},
    "queue": {"retry_first": "1m", "retry_factor": 2.0, "retry_jitter": 0.2, "retry_max": "5m"},
}


class DeferringSink(Sink):
    """Says 451 to every second RCPT while `defers`, and counts instead of keeping."""

    def __init__(self):
        super().__init__(answer=self._defer_half)
        self.asked = self.deferred = self.taken = 0
        self.defers = True

    def _defer_half(self, phase, text, session):
        if phase == "content":
            with self._lock:
                self.taken += 1
                self.messages.clear()
        if phase != "rcpt":
            return None
        with self._lock:
            self.asked += 1
            if self.asked % 2 == 0 or not self.defers:
                return None
            self.deferred += 1
        return "451 4.3.0 not now"


class Load:
    """A second's messages in the second's beginning, as long as the relay keeps up."""

    def __init__(self, relay, options):
        self._address = relay.trusted
        self._octets = options.octets
        self._later = max(1, round(options.rate * DEFERRED_SHARE))
        self._at_once = options.rate - self._later
        self.sent = 0

    def one_second(self):
        began = time.monotonic()
        sources = [self._source(self._at_once, 20, "rcpt@dst.test"),
                   self._source(self._later, 2, "rcpt@later.test")]
        for source in sources:
            if source.wait() != 0:
                raise SystemExit("smtp-source failed: the relay did not take its mail")
        self.sent += self._at_once + self._later
        time.sleep(max(0.0, began + 1 - time.monotonic()))

    def _source(self, messages, sessions, recipient):
        return subprocess.Popen(
            [postfix.package() / "usr/sbin/smtp-source", "-s", str(min(sessions, messages)), "-m",
             str(messages), "-l", str(self._octets), "-d", "-f", "sender@src.test", "-t", recipient,
             "%s:%d" % self._address],
            env=postfix.with_libraries(), stdout=subprocess.DEVNULL)


def memory_mb(pid):
    return anonymous_octets(pid) / (1 << 20)


def ledger(relay):
    return json.loads(relay.command("--json", "ledger").stdout)


def run(options, folder):
    fast, slow = postfix.SmtpSink(folder), DeferringSink()
    relay = Relay(folder, make_certificate(folder), SETTINGS, routes=(
        {"id": "fast", "match": ["dst.test"], "next_hop": "127.0.0.1:%d" % fast.address[1]},
        {"id": "slow", "match": ["later.test"], "next_hop": "127.0.0.1:%d" % slow.port})).start()
    try:
        load = Load(relay, options)
        arrived = lambda: fast.messages() + slow.taken
        for minute in range(options.minutes):
            end, sent, before = time.monotonic() + 60, load.sent, arrived()
            while time.monotonic() < end:
                load.one_second()
            print("minute %2d   accepted %5.0f/s   delivered %5.0f/s   %6.1f MB   %4d open files   "
                  "%5d on their way" % (minute + 1, (load.sent - sent) / 60, (arrived() - before) / 60,
                                        memory_mb(relay.pid), open_files(relay.pid),
                                        load.sent - arrived()), flush=True)
        slow.defers = False
        eventually(lambda: arrived() >= load.sent, "all mail arrived", patience_s=DRAINED_IN_S)
        eventually(lambda: sum(day["delivered"] for day in ledger(relay)["days"]) >= load.sent,
                   "all of it is in the records", patience_s=DRAINED_IN_S)
        print("sent %d, arrived %d, deferred %d times; at rest %.1f MB, %d open files"
              % (load.sent, arrived(), slow.deferred, memory_mb(relay.pid), open_files(relay.pid)))
        said = ledger(relay)
        print("ledger: " + json.dumps(said))
        return 0 if arrived() == load.sent and said["balanced"] else 1
    finally:
        relay.stop()
        fast.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--rate", type=int, default=500, help="messages a second")
    parser.add_argument("--octets", type=int, default=10240, help="of a message")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as folder:
        os.chmod(folder, 0o755)
        return run(options, Path(folder))


if __name__ == "__main__":
    sys.exit(main())

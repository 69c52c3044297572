#!/usr/bin/python3
"""Mail through a relay: smtp-source -> relay -> smtp-sink, Waypost and Postfix in turn.

Rates on one machine mean something only beside a peer in the same run: the machine's own speed drifts.
Both relays sync before they say 250. Rounds are interleaved, medians are printed, and the last line is
the ratio. Postfix is unpacked, not installed (tests/e2e/peers/postfix.py), and needs root.
"""

import argparse
import os
import re
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
from peers.waiting import eventually  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")

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
[site_default]
connections = {connections}
messages_per_connection = 1000
"""

# Tuned as far as it goes: no lookups, no limits of clients, no pause when the queue grows.
POSTFIX_MAIN = postfix.PLACES + """
myhostname = relay.bench.test
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{sink}
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
default_process_limit = 400
smtpd_client_connection_count_limit = 0
smtpd_client_event_limit_exceptions = static:all
in_flow_delay = 0
default_destination_concurrency_limit = {connections}
initial_destination_concurrency = {connections}
qmgr_message_active_limit = 100000
qmgr_message_recipient_limit = 100000
smtp_tls_security_level = none
smtpd_tls_security_level = none
message_size_limit = 52428800
"""
POSTFIX_MASTER = postfix.MASTER + "smtp unix - - n - - smtp\nscache unix - - n - 1 scache\n"


class Waypost:
    def __init__(self, home, sink, connections):
        self.address = ("127.0.0.1", free_port())
        home.mkdir()
        (home / "waypost.toml").write_text(
            WAYPOST.format(home=home, port=self.address[1], sink=sink, connections=connections))
        binary = os.environ.get("WAYPOST_BIN", ROOT / "build/release/waypost")
        self.process = Process([binary, "--config", home / "waypost.toml", "serve"],
                               home / "waypost.log")


class Postfix(postfix.Postfix):
    def __init__(self, home, sink, connections):
        self.home, self.address = home, ("127.0.0.1", free_port())
        self._make_folders()
        (home / "main.cf").write_text(POSTFIX_MAIN.format(
            home=home, package=postfix.package(), owner=postfix.OWNER, group=postfix.DROP_GROUP,
            sink=sink, connections=connections))
        (home / "master.cf").write_text(POSTFIX_MASTER.format(port=self.address[1]))
        self.process = Process([postfix.package() / "usr/lib/postfix/sbin/master", "-c", home, "-d"],
                               home / "postfix.out", env=postfix.environment(), cwd="/")


def cpu_seconds(pid):
    """Of a process and all below it, ended ones included."""
    seconds, todo = 0.0, [pid]
    while todo:
        pid = todo.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            seconds += sum(map(int, fields[11:15])) / TICKS
            for task in Path(f"/proc/{pid}/task").iterdir():
                todo += (task / "children").read_text().split()
        except OSError:
            continue
    return seconds


def source(address, options, messages):
    subprocess.run([postfix.package() / "usr/sbin/smtp-source", "-s", str(options.sessions),
                    "-m", str(messages), "-l", str(options.octets), "-d", "-f", "sender@src.test",
                    "-t", "rcpt@dst.test", "%s:%d" % address],
                   env=postfix.environment(), check=True, capture_output=True)


def measure(relay_type, options, folder):
    """One run: messages a second accepted, and through to the sink, and CPU ms a message."""
    sink = postfix.SmtpSink(folder)
    relay = relay_type(folder / "relay", sink.address[1], options.connections)
    try:
        eventually(lambda: accepts_connections(relay.address), "the relay listens")
        source(relay.address, options, 100)
        eventually(lambda: sink.messages() >= 100, "the relay is warm")
        cpu, began = cpu_seconds(relay.process.pid), time.monotonic()
        source(relay.address, options, options.messages)
        accepted = time.monotonic() - began
        while sink.messages() < options.messages + 100:
            if time.monotonic() - began > 120:
                raise SystemExit(f"{relay_type.__name__}: not all mail came through in 120 s")
            time.sleep(0.01)
        passed = time.monotonic() - began
        cpu = cpu_seconds(relay.process.pid) - cpu
        return options.messages / accepted, options.messages / passed, 1000 * cpu / options.messages
    finally:
        relay.process.stop()
        sink.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=5000, help="in each run of each relay")
    parser.add_argument("--octets", type=int, default=10240, help="of a message")
    parser.add_argument("--sessions", type=int, default=50, help="kept open by the source")
    parser.add_argument("--connections", type=int, default=20, help="of the relay to the sink")
    options = parser.parse_args()
    runs = {Postfix: [], Waypost: []}
    for number in range(options.rounds):
        for relay_type, results in runs.items():
            with tempfile.TemporaryDirectory(prefix="waypost-bench-") as folder:
                os.chmod(folder, 0o755)
                results.append(measure(relay_type, options, Path(folder)))
            print("round %d  %-8s accepted %6.0f/s  through %6.0f/s  %.3f ms CPU a message"
                  % (number + 1, relay_type.__name__, *results[-1]), file=sys.stderr)
    medians = {relay_type.__name__: [statistics.median(column) for column in zip(*results)]
               for relay_type, results in runs.items()}
    for name, row in medians.items():
        print("%-8s accepted %6.0f/s  through %6.0f/s  %.3f ms CPU a message" % (name, *row))
    way, post = medians["Waypost"], medians["Postfix"]
    print("Waypost is %.1f times as fast end to end and takes %.1f times less CPU"
          % (way[1] / post[1], post[2] / way[2]))


if __name__ == "__main__":
    main()

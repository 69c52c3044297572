"""Waypost itself: `waypost serve` in a temporary folder, with ports that the system picks."""

import json
import os
import re
import signal
import socket
import subprocess
from collections import Counter
from pathlib import Path

from peers.presence import missing
from peers.process import Process
from peers.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("WAYPOST_BIN") or ROOT / "build" / "release" / "waypost")
COMMAND_S = 60
LISTENERS = ("starttls", "implicit", "trusted")
# What the relay counts of recipients, and has an event for each.
COUNTED = ("accepted", "delivered", "bounced", "expired", "suppressed", "cancelled")


def binary():
    return BINARY if BINARY.exists() else missing(f"no {BINARY}: run ./dev build, or set WAYPOST_BIN")


class Relay:
    """settings: {"queue": {"retry_first": "1s"}, ...}, added to what every test wants. under: a
    command that runs the relay's own, for one start, such as strace."""

    def __init__(self, folder, certificate, settings=None, sites=(), routes=(), ca_file=None):
        self.folder = folder
        self.data = folder / "data"
        self.config_file = folder / "waypost.toml"
        self.log_file = folder / "serve.log"
        self.addresses = {}
        self._process = None
        self._told_before = Counter()  # by runs that have ended
        self.data.mkdir()
        self._trust = ["--ca-file", ca_file] if ca_file else []
        self.configure(certificate, settings or {}, sites, routes)

    def configure(self, certificate, settings, sites=(), routes=()):
        tables = {
            "tls": {"certificate": str(certificate.file), "key": str(certificate.key)},
            "limits": {"spool_free_octets_min": 0},
            # Its peers are on this machine; test_forbidden_addresses.py has the default.
            "delivery": {"connect_timeout": "5s", "idle_connection": "1s",
                         "forbidden_addresses": []},
            "queue": {"retry_first": "500ms", "retry_factor": 1.0, "retry_jitter": 0,
                      "retry_max": "500ms"},
            "events": {"flush_every": "5ms"},
            # Its connections would be counted among those of mail.
            "diagnosis": {"enabled": False},
        }
        top = {"hostname": "relay.example", "data_dir": str(self.data)}
        for name, values in settings.items():
            if isinstance(values, dict):
                tables[name] = {**tables.get(name, {}), **values}
            elif name in ("inbound", "return_path", "streams", "source", "pool"):
                pass  # lists of tables, below
            else:
                top[name] = values
        text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in top.items())
        text += "".join(table("[[listener]]", values) for values in (
            {"address": "127.0.0.1:0", "tls": "starttls",
             "inbound": "inbound" in settings or "return_path" in settings},
            {"address": "127.0.0.1:0", "tls": "implicit"},
            {"address": "127.0.0.1:0", "tls": "none", "trusted_networks": ["127.0.0.0/8"]}))
        text += "".join(table(f"[{name}]", values) for name, values in tables.items())
        text += "".join(table("[[site]]", site) for site in sites)
        text += "".join(table("[[inbound]]", taken) for taken in settings.get("inbound", ()))
        text += "".join(table("[[route]]", route) for route in routes)
        text += "".join(table(f"[[{name}]]", each) for name in ("return_path", "source", "pool")
                        for each in settings.get(name, ()))
        text += "".join(table("[[stream]]", stream) for stream in settings.get("streams", ()))
        self.config_file.write_text(text)

    def start(self, under=()):
        said_before = len(self.log())
        self._told_before = self._told()
        self._process = Process([*under, binary(), "--config", self.config_file, *self._trust,
                                 "serve"], self.log_file)

        def listening():
            found = re.findall(r"listening on 127\.0\.0\.1:(\d+)\D", self.log()[said_before:])
            if len(found) < len(LISTENERS) and not self._process.is_running():
                raise AssertionError(f"the relay ended at once:\n{self.log()[-4000:]}")
            return found if len(found) == len(LISTENERS) else None

        ports = eventually(listening, "the relay listens", explain=self.log)
        self.addresses = {name: ("127.0.0.1", int(port)) for name, port in zip(LISTENERS, ports)}
        return self

    @property
    def starttls(self):
        return self.addresses["starttls"]

    @property
    def implicit(self):
        return self.addresses["implicit"]

    @property
    def trusted(self):
        """Without TLS; whoever comes from this machine may send."""
        return self.addresses["trusted"]

    def stop(self, patience_s=15):
        """Gracefully, by SIGTERM; gives the exit code."""
        return self._process.stop(signal.SIGTERM, patience_s) if self._process else 0

    @property
    def pid(self):
        return self._process.pid

    def kill(self):
        self._process.stop(signal.SIGKILL)

    def signal(self, which):
        """From any thread; the end is waited for elsewhere."""
        os.kill(self.pid, which)

    def is_running(self):
        return self._process.is_running()

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def command(self, *arguments, code=0):
        """Runs `waypost ARGUMENTS` on this relay's configuration and checks its exit code."""
        ran = subprocess.run([binary(), "--config", self.config_file, *arguments], text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_S,
                             check=False)
        assert ran.returncode == code, f"{arguments}: exit {ran.returncode}\n{ran.stdout}{ran.stderr}"
        return ran

    def create_key(self, name="app", *domains):
        """The password of a new login that may send as these domains, or as any."""
        senders = [word for domain in domains for word in ("--domain", domain)]
        made = self.command("keys", "create", name, *(senders or ["--any-sender"]))
        return made.stdout.strip()

    def queue(self):
        return [json.loads(line) for line in
                self.command("--json", "queue", "ls").stdout.splitlines()]

    def trace(self, what):
        return self.command("trace", what).stdout

    def events(self, kind=None):
        """Whole lines only: the relay may be in the middle of the last one."""
        found = []
        for file in sorted((self.data / "records" / "events").glob("*.jsonl")):
            text = file.read_bytes()
            found += [json.loads(line) for line in text[:text.rfind(b"\n") + 1].splitlines()]
        return [event for event in found if kind in (None, event["event"])]

    def wait_for_events(self, kind, count=1, explain_more=lambda: "", **patience):
        """The events of this kind, as soon as there are `count` recipients (or lines) of them."""
        def enough():
            found = self.events(kind)
            return found if count_recipients(found) >= count else None
        return eventually(enough, f"{count} {kind}",
                          explain=lambda: self.explain() + explain_more(), **patience)

    def wait_until_empty(self, **patience):
        """Until nothing waits any more, and the event log says of everybody what became of them."""
        eventually(lambda: not self.queue() and self._all_is_told(),
                   "the queue is empty, and the events tell it", explain=self.explain, **patience)

    def counts(self):
        """Recipients since its start, as the running relay counts them."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(COMMAND_S)
            asking.connect(str(self.data / "control.sock"))
            asking.sendall(b'{"command":"ledger"}\n')
            return json.loads(asking.makefile().readline())

    def _all_is_told(self):
        """An event is written a moment after the queue has counted what it tells."""
        if not self.is_running():
            return True
        counted = self.counts()
        told = self._told() - self._told_before
        return all(told[kind] >= counted[kind] for kind in COUNTED)

    def _told(self):
        told = Counter()
        for event in self.events():
            told[event["event"]] += count_recipients([event])
        return told

    def explain(self):
        events = "\n".join(map(json.dumps, self.events()[-20:]))
        return f"--- newest events\n{events}\n--- log\n{self.log()[-3000:]}"


def count_recipients(events):
    return sum(max(1, len(event.get("recipients", []))) for event in events)


def recipients(events):
    return sorted(recipient for event in events for recipient in event["recipients"])


def table(title, values):
    # TOML's strings, numbers, booleans and plain lists are written as JSON writes them. None leaves
    # a key to its default.
    return f"\n{title}\n" + "".join(f"{key} = {json.dumps(value)}\n"
                                    for key, value in values.items() if value is not None)

"""Signed zones: Knot signs them, and Unbound in front of it validates and says so (AD)."""

import hashlib
import subprocess

from peers.package import environment, unpacked
from peers.presence import program
from peers.process import Process
from peers.waiting import eventually

WRONG_DIGEST = "0" * 64

KNOT = """
server:
    rundir: "{home}"
    listen: "{address}@53"
log:
  - target: stderr
    any: info
database:
    storage: "{home}"
policy:
  - id: signed
    algorithm: ecdsap256sha256
    single-type-signing: on
zone:
"""

SIGNED = """    dnssec-signing: on
    dnssec-policy: signed
    zonefile-load: difference
    zonefile-sync: -1
    journal-content: all
"""

UNBOUND = """
server:
  chroot: ""
  username: ""
  directory: "{home}"
  pidfile: "{home}/unbound.pid"
  use-syslog: no
  logfile: ""
  interface: {address}
  access-control: 0.0.0.0/0 allow
  module-config: "validator iterator"
  do-not-query-localhost: no
  local-zone: "test." nodefault
{anchors}
remote-control:
  control-enable: no
"""


class SignedNames:
    """zones: {"dane.test": "lines of its zone file"}; unsigned: those of them that are not signed;
    bogus: those for which Unbound believes in another key. at: the addresses of Knot and of Unbound,
    which are the network's servers; home: a folder to be made."""

    def __init__(self, network, home, at, zones, unsigned=(), bogus=()):
        self._zones, self._unsigned, self._bogus = zones, unsigned, bogus
        self._home, self._network = home, network
        self._home.mkdir()
        self._knot_at, self._unbound_at = at
        self._processes = []
        self.address = f"{self._unbound_at}:53"

    def start(self):
        config = KNOT.format(home=self._home, address=self._knot_at)
        for name, lines in self._zones.items():
            config += f'  - domain: {name}\n    storage: "{self._home}"\n    file: {name}.zone\n'
            config += "" if name in self._unsigned else SIGNED
            (self._home / f"{name}.zone").write_text(
                f"$ORIGIN {name}.\n$TTL 60\n@ SOA ns hostmaster 1 60 60 60 60\n@ NS ns\n"
                f"ns A {self._knot_at}\n{lines}")
        (self._home / "knot.conf").write_text(config)
        knot = self._run([program("knotd"), "-c", self._home / "knot.conf"], "knot")
        signed = [name for name in self._zones if name not in self._unsigned]
        eventually(lambda: all(f"[{name}.] DNSSEC, next signing" in knot.log() for name in signed),
                   "Knot has signed", explain=knot.log)
        anchors = "\n".join(f'  trust-anchor: "{self._anchor(name)}"' for name in signed)
        config = UNBOUND.format(home=self._home, address=self._unbound_at, anchors=anchors)
        for name in self._zones:
            config += f"stub-zone:\n  name: {name}\n  stub-addr: {self._knot_at}\n"
        (self._home / "unbound.conf").write_text(config)
        folder = unpacked("unbound")
        unbound = self._run([folder / "usr/sbin/unbound", "-d", "-c", self._home / "unbound.conf"],
                            "unbound", env=environment(folder))
        eventually(lambda: "start of service" in unbound.log() or not unbound.is_running(),
                   "Unbound answers", explain=unbound.log)
        assert unbound.is_running(), unbound.log()

    def stop(self):
        for process in reversed(self._processes):
            process.stop()

    def _anchor(self, name):
        if name in self._bogus:
            return f"{name}. DS 12345 13 2 {WRONG_DIGEST}"
        said = subprocess.run([program("keymgr"), "-c", self._home / "knot.conf", f"{name}.", "ds"],
                              capture_output=True, text=True, check=True, timeout=30).stdout
        [line] = [line for line in said.splitlines() if " 13 2 " in line]
        return line

    def _run(self, command, name, **options):
        process = Process([*self._network.enter_server(), *command], self._home / f"{name}.log",
                          cwd="/", **options)
        self._processes.append(process)
        return process


def key_record(made):
    """The TLSA record of a certificate's key, as a zone file has it."""
    key = subprocess.run([program("openssl"), "x509", "-in", made.file, "-noout", "-pubkey"],
                         capture_output=True, check=True).stdout
    der = subprocess.run([program("openssl"), "pkey", "-pubin", "-outform", "DER"], input=key,
                         capture_output=True, check=True).stdout
    return f"3 1 1 {hashlib.sha256(der).hexdigest()}"

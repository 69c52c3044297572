"""BIND, whose zones take updates from whoever has the key, and which answers as a resolver would."""

import base64
import os
import subprocess

from peers.package import environment, unpacked
from peers.process import Process, free_port
from peers.waiting import eventually

CONFIG = """
include "{key_file}";
include "{other_file}";
controls {{ }};
options {{
    directory "{home}";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file none;
    session-keyfile none;
    dnssec-validation no;
    recursion yes;
    empty-zones-enable no;
}};
zone "." {{ type primary; file "root.zone"; }};
"""
KEY = 'key "{name}" {{\n\talgorithm hmac-sha256;\n\tsecret "{secret}";\n}};\n'
ZONE = """$ORIGIN {name}.
$TTL 60
@ SOA ns hostmaster 1 60 60 60 60
@ NS ns
ns A 127.0.0.1
"""


def write_key(file, name, secret=None):
    file.write_text(KEY.format(name=name, secret=base64.b64encode(secret or os.urandom(32)).decode()))
    file.chmod(0o600)
    return file


def check_zone(folder, name, lines):
    """What named-checkzone has against a zone of these lines; "" when it takes it."""
    file = folder / "checked.zone"
    file.write_text(ZONE.format(name=name) + lines)
    package = unpacked("bind9")
    ran = subprocess.run([package / "usr" / "bin" / "named-checkzone", name, file], text=True,
                         capture_output=True, check=False, env=environment(package))
    return "" if ran.returncode == 0 else ran.stdout


class Bind:
    """zones: {"example.test": "lines of a zone file"}. `key_file` may change all of them, the key of
    `other_file` is known and may change none."""

    def __init__(self, folder, zones):
        home = folder / "bind"
        home.mkdir()
        self.address = ("127.0.0.1", free_port())
        self.key_file = write_key(folder / "update.key", "update.waypost.test")
        self.other_file = write_key(folder / "other.key", "other.waypost.test")
        config = CONFIG.format(home=home, port=self.address[1], key_file=self.key_file,
                               other_file=self.other_file)
        (home / "root.zone").write_text("$TTL 60\n. SOA ns.test. h.test. 1 60 60 60 60\n. NS ns.test.\n"
                                        "ns.test. A 127.0.0.1\n")
        for name, lines in zones.items():
            (home / f"{name}.zone").write_text(ZONE.format(name=name) + lines)
            config += (f'zone "{name}" {{ type primary; file "{name}.zone"; '
                       'update-policy { grant update.waypost.test zonesub ANY; }; };\n')
        (home / "named.conf").write_text(config)
        package = unpacked("bind9")
        self._process = Process([package / "usr" / "sbin" / "named", "-g", "-c", home / "named.conf"],
                                folder / "named.log", env=environment(package))
        self._process.wait_for_listener(self.address)
        # It listens before it has read them, and answers SERVFAIL.
        eventually(lambda: "all zones loaded" in self.log(), "BIND has read its zones", explain=self.log)

    def log(self):
        return self._process.log()

    def stop(self):
        self._process.stop()

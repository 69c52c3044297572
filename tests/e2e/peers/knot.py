"""Knot DNS, serving zones to whoever asks on this machine."""

from peers.presence import program
from peers.process import Process, free_port

CONFIG = """
server:
    rundir: "{home}"
    listen: "{host}@{port}"
log:
  - target: stderr
    any: info
database:
    storage: "{home}"
template:
  - id: default
    storage: "{home}"
    file: "%s.zone"
zone:
"""


class Knot:
    """zones: {"example.test": "lines of a zone file"}; None is a zone whose file is missing, and
    "." the root, so that every other name is known not to exist."""

    def __init__(self, folder, zones, address=None):
        home = folder / "knot"
        home.mkdir()
        self.address = address or ("127.0.0.1", free_port())
        config = CONFIG.format(home=home, host=self.address[0], port=self.address[1])
        for name, lines in zones.items():
            file = "root.zone" if name == "." else f"{name}.zone"
            config += f"  - domain: {name}\n    file: {file}\n"
            if lines is not None:
                (home / file).write_text(
                    f"$ORIGIN {name.rstrip('.')}.\n$TTL 60\n@ SOA ns hostmaster 1 60 60 60 60\n@ NS ns\n"
                    f"ns A 127.0.0.1\n{lines}")
        (home / "knot.conf").write_text(config)
        self._process = Process([program("knotd"), "-c", home / "knot.conf"], folder / "knot.log")
        self._process.wait_for_listener(self.address)

    def stop(self):
        self._process.stop()

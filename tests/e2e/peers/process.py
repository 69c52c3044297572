"""A process of ours that is ended by its id, with what it said in a file."""

import re
import signal
import socket
import subprocess
import threading
from pathlib import Path

from peers.waiting import eventually

STOP_S = 15
PORTS = range(20_000, 32_000)  # below those that the system gives out by itself (ip_local_port_range)
BLOCK = 100
CLAIMS = []  # sockets whose names say that a block of ports is this process's
PICKING = threading.Lock()


def own_ports():
    """Those of PORTS that no other process of the tests gets while this one runs."""
    for first in PORTS[::BLOCK]:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0waypost-e2e-ports-{first}")
        except OSError:
            claim.close()
            continue
        CLAIMS.append(claim)
        yield from range(first, first + BLOCK)


OWN_PORTS = own_ports()


def free_port(address="127.0.0.1"):
    """For programs that cannot pick one themselves: nobody else takes it until they do."""
    with PICKING:
        return next(port for port in OWN_PORTS if is_free(address, port))


def is_free(address, port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def accepts_connections(address):
    try:
        socket.create_connection(address, timeout=5).close()
        return True
    except OSError:
        return False


def anonymous_octets(pid):
    """Of its memory, what is no file's."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(re.search(r"^RssAnon:\s+(\d+) kB", status, re.M).group(1))


def open_files(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


class Process:
    def __init__(self, command, log_file, **options):
        self.log_file = log_file
        with open(log_file, "ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=log, **options)

    @property
    def pid(self):
        return self._process.pid

    def is_running(self):
        return self._process.poll() is None

    def wait_for_listener(self, address):
        def listens():
            assert self.is_running(), f"it ended at once:\n{self.log()[-4000:]}"
            return accepts_connections(address)
        eventually(listens, f"something listens on {address}", explain=self.log)

    def log(self):
        return self.log_file.read_text(errors="replace")

    def stop(self, how=signal.SIGTERM, patience_s=STOP_S):
        """Ends it and returns its exit code; kills it, and fails, when it does not end in time."""
        if self.is_running():
            self._process.send_signal(how)
        try:
            return self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(
                f"no end {patience_s} s after {how.name}:\n{self.log()[-4000:]}") from None

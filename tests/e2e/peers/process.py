"""A process of ours that is ended by its id, with what it said in a file."""

import itertools
import re
import signal
import socket
import subprocess
from pathlib import Path

from peers.waiting import eventually

STOP_S = 15
# Below those that the system picks itself, for clients and for who listens at port 0.
PORTS = range(11_000, 32_000)
PORTS_OF_ONE = 500


def claim_ports():
    """A part of PORTS that is this process's alone, and the socket whose name says so as long as it
    lives: what other tests stop and start meanwhile takes none of them."""
    claim = socket.socket(socket.AF_UNIX)
    for first in range(PORTS.start, PORTS.stop, PORTS_OF_ONE):
        try:
            claim.bind(f"\0waypost-e2e-ports-{first}")  # no file: it goes with the process
            return range(first, first + PORTS_OF_ONE), claim
        except OSError:
            continue
    raise AssertionError("every port for tests is claimed")


OURS, CLAIM = claim_ports()
TURN = itertools.cycle(OURS)


def free_port(address="127.0.0.1"):
    """A port at which nobody listens and nobody else will, also once it is left again."""
    for port in itertools.islice(TURN, PORTS_OF_ONE):
        with socket.socket() as probe:
            try:
                probe.bind((address, port))
                return port
            except OSError:
                continue
    raise AssertionError(f"none of {OURS} is free at {address}")


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

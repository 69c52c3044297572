"""The wire: a client's end and a server's end in a name space of our own, which needs no root.

Sockets are made inside and used here, so that a scripted server is a thread of the test and what it
saw can be asked. Where the kernel refuses name spaces there is loopback instead: 127.16.0.0/12, IPv4
only, and whatever wants packet filters or routes says that it is missing.
"""

import json
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

from lab import keeper
from peers.presence import missing, program

KEEPER = Path(keeper.__file__)
START_S = 30


# No two share an address, since packet filters stay when their world has ended.
WORLDS_MAX = 16 * 254


def middle(world):
    """The second and third octet of its addresses."""
    return f"{16 + world // 254}.{world % 254 + 1}"


def make_network():
    try:
        return Network()
    except OSError as refused:
        return Loopback(str(refused))


class Network:
    has_filters = has_ipv6 = True

    def __init__(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(START_S)
        self._control, self._lock = ours, threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [program("unshare"), "--user", "--map-root-user", "--net", "--mount",
                 "/usr/bin/python3", "-I", KEEPER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            self._sides, _ = self._answer()
        except OSError as failure:
            self._process.kill()
            said = self._process.communicate()[1].decode(errors="replace")
            raise OSError(f"no name space of our own: {failure} {said}") from None

    @property
    def pid(self):
        return self._process.pid

    def address(self, world, number, family=4):
        return f"11.{middle(world)}.{number}" if family == 4 else f"2001:db8:77:{world:x}::{number:x}"

    def listen(self, address, port, kind="tcp"):
        _, made = self._ask({"do": "listen", "side": "server", "kind": kind, "address": address,
                             "port": port})
        return made

    def connect(self, address, port):
        """A connection that begins at the server's end, as a proxy's there would."""
        _, made = self._ask({"do": "connect", "side": "server", "address": address, "port": port})
        return made

    def client(self, *commands):
        """Runs commands, each one line, at the client's end."""
        return [self._run("client", command) for command in commands]

    def server(self, *commands):
        return [self._run("server", command) for command in commands]

    def _run(self, side, command):
        words = command.split() if isinstance(command, str) else command
        program(words[0])
        return self._ask({"do": "run", "side": side, "command": words})[0]["output"]

    def enter(self, resolv_conf=None, under=()):
        """The words that, before a command, run it at the client's end. resolv_conf: a file that it
        sees as /etc/resolv.conf."""
        words = [program("nsenter"), "--target", str(self.pid), "--user", self._net("client"),
                 "--mount", "--preserve-credentials", f"--wd={Path.cwd()}", "--"]
        if resolv_conf:
            script = 'mount --bind "$0" /etc/resolv.conf; exec "$@"'
            words += ["unshare", "--mount", "sh", "-ec", script, str(resolv_conf)]
        return [*words, *under]

    def enter_server(self):
        """The words that, before a command, give it the server's network. Root's keep all their rights,
        for servers that change their user."""
        user = [] if os.geteuid() == 0 else [f"--user=/proc/{self.pid}/ns/user",
                                             "--preserve-credentials"]
        return [program("nsenter"), *user, self._net("server"), "--"]

    def _net(self, side):
        # By its handle: the keeper itself is now at one end, now at the other.
        return f"--net=/proc/{self.pid}/fd/{self._sides[side]}"

    def stop(self):
        self._control.close()
        self._process.stderr.close()
        try:
            self._process.wait(START_S)
        except subprocess.TimeoutExpired:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _ask(self, order):
        with self._lock:
            self._control.send(json.dumps(order).encode())
            said, made = self._answer()
        if "failure" in said:
            raise OSError(f"{order}: {said['failure']}")
        return said, made

    def _answer(self):
        packet, handles, _, _ = socket.recv_fds(self._control, keeper.PACKET_OCTETS_MAX, 1)
        if not packet:
            raise OSError("the keeper ended")
        return json.loads(packet), socket.socket(fileno=handles[0]) if handles else None


class Loopback:
    """What is left without name spaces. Ports below 1024 still want a right to them."""
    has_filters = has_ipv6 = False

    def __init__(self, reason):
        self.reason = reason

    def address(self, world, number, family=4):
        if family == 6:
            missing(f"IPv6 on loopback has one address only; {self.reason}")
        return f"127.{middle(world)}.{number}"

    def listen(self, address, port, kind="tcp"):
        try:
            return keeper.listen(kind, address, port)
        except PermissionError:
            return missing(f"port {port} wants rights; {self.reason}")

    def connect(self, address, port):
        return socket.create_connection((address, port))

    def client(self, *_):
        missing(f"packet filters and routes want a name space; {self.reason}")

    server = client

    def enter(self, resolv_conf=None, under=()):
        if resolv_conf:
            missing(f"a resolv.conf of our own wants a name space; {self.reason}")
        return [*under]

    def enter_server(self):
        return []

    def stop(self):
        pass

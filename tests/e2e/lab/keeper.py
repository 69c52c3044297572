"""Runs inside a name space of its own and keeps both ends of the wire alive until its socket closes.

    unshare --user --map-root-user --net --mount python3 keeper.py FD

On the socket, one JSON object a packet, each answered by one: {"do": "run", "side", "command"},
{"do": "listen", "side", "kind", "address", "port"} and {"do": "connect", "side", "address", "port"},
whose answers carry the socket itself.
"""

import ctypes
import json
import os
import socket
import subprocess
import sys

CLONE_NEWNET = 0x40000000
PACKET_OCTETS_MAX = 1 << 20
RUN_S = 30
CONNECT_S = 5
LIBC = ctypes.CDLL(None, use_errno=True)

CLIENT_4, SERVER_4 = "192.0.2.2", "192.0.2.1"
CLIENT_6, SERVER_6 = "2001:db8:76::2", "2001:db8:76::1"
# All of these are the server's own, without an address each on its link. The first are public ones, since
# a provider's name that leads to others is a finding; nothing leaves the name space.
SERVED_4, SERVED_6 = "11.16.0.0/12", "2001:db8:77::/48"

SETUP = [
    ("client", "ip link set lo up"),
    ("server", "ip link set lo up"),
    ("client", "ip link add near type veth peer name far"),
    ("client", "ip link set far netns {server}"),
    ("client", f"ip address add {CLIENT_4}/24 dev near"),
    ("client", f"ip address add {CLIENT_6}/64 dev near nodad"),
    ("server", f"ip address add {SERVER_4}/24 dev far"),
    ("server", f"ip address add {SERVER_6}/64 dev far nodad"),
    ("client", "ip link set near up"),
    ("server", "ip link set far up"),
    ("client", f"ip route add {SERVED_4} via {SERVER_4}"),
    ("client", f"ip route add {SERVED_6} via {SERVER_6}"),
    ("server", f"ip route add local {SERVED_4} dev lo"),
    ("server", f"ip route add local {SERVED_6} dev lo"),
]
NONLOCAL_BIND = "/proc/sys/net/ipv6/ip_nonlocal_bind"  # what a local route permits on IPv4


def main():
    control = socket.socket(fileno=int(sys.argv[1]))
    sides = {"client": os.open("/proc/self/ns/net", os.O_RDONLY)}
    check(LIBC.unshare(CLONE_NEWNET))
    sides["server"] = os.open("/proc/self/ns/net", os.O_RDONLY)
    enter(sides["client"])
    for side, command in SETUP:
        here = f"/proc/{os.getpid()}/fd/{sides['server']}"
        within(sides[side], run, command.format(server=here).split())
    within(sides["server"], allow_nonlocal_bind)
    answer(control, sides)
    while True:
        packet = control.recv(PACKET_OCTETS_MAX)
        if not packet:
            return
        order = json.loads(packet)
        try:
            fulfil(control, sides[order["side"]], order)
        except (OSError, subprocess.SubprocessError) as failure:
            said = getattr(failure, "stderr", None)
            answer(control, {"failure": f"{failure} {said or ''}"})


def fulfil(control, side, order):
    if order["do"] == "run":
        answer(control, {"output": within(side, run, order["command"])})
        return
    if order["do"] == "connect":
        made = within(side, socket.create_connection, (order["address"], order["port"]), CONNECT_S)
        made.settimeout(None)
    else:
        made = within(side, listen, order["kind"], order["address"], order["port"])
    answer(control, {}, made)
    made.close()


def answer(control, said, made=None):
    packet = json.dumps(said).encode()
    socket.send_fds(control, [packet], [made.fileno()] if made else [])


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=RUN_S).stdout


def listen(kind, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind((address, port))
    if kind == "tcp":
        made.listen(64)
    return made


def allow_nonlocal_bind():
    with open(NONLOCAL_BIND, "w", encoding="ascii") as file:
        file.write("1")


def within(side, work, *arguments):
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    enter(side)
    try:
        return work(*arguments)
    finally:
        enter(home)
        os.close(home)


def enter(side):
    check(LIBC.setns(side, CLONE_NEWNET))


def check(returned):
    if returned != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main()

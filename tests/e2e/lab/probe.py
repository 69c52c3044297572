"""Asks one thing of the network from the client's end, and prints what came of it as JSON.

    python3 probe.py connect ADDRESS PORT SECONDS [LINE]     LINE: said once greeted
    python3 probe.py name RESOLVER NAME KIND SECONDS [unchecked]
"""

import errno
import json
import socket
import struct
import sys
import time

QUESTION = 0x0100
CHECKING_OFF = 0x0010
SENT_AGAIN_AT = 100  # tcpi_total_retrans of struct tcp_info


def connect(address, port, seconds, line=None):
    began = time.monotonic()
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.settimeout(float(seconds))
    said, heard = {}, b""
    try:
        made.connect((address, int(port)))
        said["result"] = "connected"
        said["sent_again"] = struct.unpack_from("I", made.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), SENT_AGAIN_AT)[0]
        heard = made.recv(4096)
        if line:
            made.sendall(line.encode() + b"\r\n")
            heard += made.recv(65536)
    except TimeoutError:
        said.setdefault("result", "timeout")
    except OSError as failure:
        said.setdefault("result", errno.errorcode[failure.errno])
    return {**said, "heard": heard.decode("latin-1"), "seconds": time.monotonic() - began}


def name(resolver, wanted, kind, seconds, unchecked=""):
    flags = QUESTION | (CHECKING_OFF if unchecked else 0)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in wanted.split("."))
    packet = struct.pack("!HHHHHH", 7, flags, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, int(kind), 1)
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.settimeout(float(seconds))
    try:
        asking.connect((resolver, 53))
        asking.send(packet)
        answer = asking.recv(4096)
    except OSError as failure:
        return {"result": type(failure).__name__}
    return {"result": answer[3] & 15, "answers": struct.unpack("!H", answer[6:8])[0]}


if __name__ == "__main__":
    print(json.dumps({"connect": connect, "name": name}[sys.argv[1]](*sys.argv[2:])))

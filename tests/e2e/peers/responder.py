"""A name server for what no zone file can hold: names that get no answer, and records that are broken."""

import socket
import struct
import threading

TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}


def wire_name(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in labels) + b"\0"


def wire_data(kind, data):
    if kind == "A":
        return socket.inet_aton(data)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, data)
    if kind == "MX":
        return struct.pack(">H", data[0]) + wire_name(data[1])
    if kind == "TXT":
        return b"".join(bytes([len(part)]) + part for part in data)
    return wire_name(data)


class Responder:
    """records: {name: [(type, data) or None]}; where None stands, what is not there gets no answer."""

    def __init__(self, records):
        self._records = {name.lower().rstrip("."): each for name, each in records.items()}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.address = self._socket.getsockname()
        self._running = True
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self):
        self._running = False
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while self._running:
            try:
                query, client = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            reply = self._answer(query)
            if reply:
                self._socket.sendto(reply, client)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        question = query[12:at + 5]
        wanted = struct.unpack(">H", query[at + 1:at + 3])[0]
        name = ".".join(labels).lower()
        records = self._records.get(name)
        answers, rcode = [], 3 if records is None else 0
        for kind, data in (each for each in records or [] if each):
            if TYPES[kind] == wanted or kind == "CNAME":
                octets = wire_data(kind, data)
                answers.append(b"\xc0\x0c" + struct.pack(">HHIH", TYPES[kind], 1, 60, len(octets))
                               + octets)
        if not answers and None in (records or []):
            return None
        header = query[:2] + struct.pack(">HHHHH", 0x8580 | rcode, 1, len(answers), 0, 0)
        return header + question + b"".join(answers)

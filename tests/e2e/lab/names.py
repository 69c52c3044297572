"""A resolver that answers from a table, and fails as it is told to."""

import ipaddress
import socket
import struct
import threading

A, CNAME, SOA, PTR, MX, TXT, AAAA, OPT = 1, 5, 6, 12, 15, 16, 28, 41
KINDS = {"A": A, "CNAME": CNAME, "PTR": PTR, "MX": MX, "TXT": TXT, "AAAA": AAAA}
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
RESPONSE, RECURSION, CHECKING_OFF = 0x8000, 0x0180, 0x0010
TTL_S = 60
ELSEWHERE_S = 5
UDP_OCTETS = 1232
BOGUS_OPTION = bytes.fromhex("000f00020006")  # RFC 8914: extended error 6, DNSSEC bogus


class Names:
    """records: {("mail.lab.test", "A"): ["11.18.1.1"]}; a name that starts with "*." speaks for all
    below it. failing: {"name": SERVFAIL}, for it and all below. bogus: names that fail unless the
    question says that nothing is to be checked. asked: (name, kind number) of all questions.
    elsewhere: {"zone": address of the name server that is asked about what is below it}."""

    def __init__(self):
        self.records, self.failing, self.bogus, self.asked = {}, {}, set(), []
        self.silent, self.elsewhere = False, {}
        self._sockets, self._asking, self._lock = [], None, threading.Lock()

    def add(self, name, kind, *values):
        self.records.setdefault((name.lower(), kind), []).extend(values)

    def add_host(self, name, *addresses):
        for address in addresses:
            self.add(name, "AAAA" if ":" in address else "A", address)

    def remove(self, name):
        for known in [key for key in self.records if key[0] == name]:
            del self.records[known]

    def start(self, network, address):
        datagrams = network.listen(address, 53, "udp")
        stream = network.listen(address, 53)
        self._sockets = [datagrams, stream]
        if self.elsewhere:
            self._asking = network.listen(address, 0, "udp")
            self._asking.settimeout(ELSEWHERE_S)
            self._sockets.append(self._asking)
        threading.Thread(target=self._serve_datagrams, args=(datagrams,), daemon=True).start()
        threading.Thread(target=self._serve_streams, args=(stream,), daemon=True).start()

    def stop(self):
        for each in self._sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def _serve_datagrams(self, own):
        while True:
            try:
                question, client = own.recvfrom(65535)
                if not question:
                    return
                answer = self.answer(question)
                if answer:
                    own.sendto(answer, client)
            except OSError:
                return

    def _serve_streams(self, own):
        while True:
            try:
                client, _ = own.accept()
            except OSError:
                return
            with client:
                try:
                    client.settimeout(5)
                    size = client.recv(2)
                    answer = self.answer(client.recv(struct.unpack("!H", size)[0]))
                    if answer:
                        client.sendall(struct.pack("!H", len(answer)) + answer)
                except (OSError, struct.error):
                    pass

    def answer(self, question):
        if self.silent or len(question) < 12:
            return None
        number, flags = struct.unpack("!HH", question[:4])
        name, at = read_name(question, 12)
        kind = struct.unpack("!H", question[at:at + 2])[0]
        self.asked.append((name, kind))
        for zone, server in self.elsewhere.items():
            if name.endswith("." + zone):
                return self._ask(server, question)
        code, found, extended = self._find(name, kind, flags & CHECKING_OFF)
        answers = b"".join(found)
        authority = b"" if found or code in (SERVFAIL, REFUSED) else start_of_authority(name)
        head = struct.pack("!HHHHHH", number, RESPONSE | RECURSION | flags & CHECKING_OFF | code, 1,
                           len(found), bool(authority), 1)
        option = struct.pack("!BHHIH", 0, OPT, UDP_OCTETS, 0, len(extended)) + extended
        return head + question[12:at + 4] + answers + authority + option

    def _ask(self, server, question):
        """Its answer as it is; none when it gives none."""
        with self._lock:
            self._asking.sendto(question, (server, 53))
            try:
                while True:
                    answer = self._asking.recv(65535)
                    if answer[:2] == question[:2]:
                        return answer
            except TimeoutError:
                return None

    def _find(self, name, kind, unchecked):
        """(code, encoded records, what the extended error says)"""
        parents = [name, *(name[index + 1:] for index, octet in enumerate(name) if octet == ".")]
        for each in parents:
            if each in self.failing:
                return self.failing[each], [], b""
            if each in self.bogus and not unchecked:
                return SERVFAIL, [], BOGUS_OPTION
        found = []
        for _ in range(8):
            source = self._source(name)
            if source is None:
                return NXDOMAIN, found, b""
            alias = self.records.get((source, "CNAME"))
            if not alias or kind == CNAME:
                break
            found.append(record(name, CNAME, alias[0]))
            name = alias[0].rstrip(".")
        for word, values in ((word, values) for (owner, word), values in self.records.items()
                             if owner == source and KINDS[word] == kind):
            found += [record(name, KINDS[word], value) for value in values]
        return NOERROR, found, b""

    def _source(self, name):
        """The entry that speaks for a name; none when there is no such name."""
        owners = {owner for owner, _ in self.records}
        if name in owners or any(owner.endswith("." + name) for owner in owners):
            return name
        while "." in name:
            name = name.partition(".")[2]
            if "*." + name in owners:
                return "*." + name
        return None


def read_name(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1").lower())
        at += 1 + packet[at]
    return ".".join(labels), at + 1


def encode_name(name):
    labels = [label.encode("latin-1") for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(name, kind, value):
    if kind in (A, AAAA):
        data = ipaddress.ip_address(value).packed
    elif kind == MX:
        preference, _, host = value.partition(" ")
        data = struct.pack("!H", int(preference)) + encode_name(host)
    elif kind == TXT:
        octets = value.encode()
        parts = [octets[at:at + 255] for at in range(0, len(octets), 255)] or [b""]
        data = b"".join(bytes([len(part)]) + part for part in parts)
    else:
        data = encode_name(value)
    return encode_name(name) + struct.pack("!HHIH", kind, 1, TTL_S, len(data)) + data


def start_of_authority(name):
    zone = ".".join(name.split(".")[-2:])
    data = encode_name("ns." + zone) + encode_name("hostmaster." + zone)
    data += struct.pack("!IIIII", 1, 3600, 600, 86400, TTL_S)
    return encode_name(zone) + struct.pack("!HHIH", SOA, 1, TTL_S, len(data)) + data

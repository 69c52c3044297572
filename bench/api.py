#!/usr/bin/python3
"""Messages of 10 KB accepted a second: over the HTTP API, beside SMTP in the same run.

Both come from the same kind of client: threads with a connection each, over which one message follows the
answer to the one before. Nothing is delivered. Who is told to come again in a moment does so, as any client
would; how often that was is printed. Rounds are interleaved, medians and their ratio are printed.
"""

import argparse
import concurrent.futures
import json
import multiprocessing
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from peers.api import http_port  # noqa: E402
from peers.certificate import make_certificate  # noqa: E402
from peers.process import free_port  # noqa: E402
from peers.relay import Relay  # noqa: E402

OCTETS = 10240
LINE = "x" * 78
TEXT = (LINE + "\r\n") * (OCTETS // 80)
# Until a message that is not taken just now is tried again.
MOMENT_S = 0.02
SENDER, RECIPIENT = "app@sender.example", "ann@nobody.example"


class Connection:
    def __init__(self, address):
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def say(self, octets):
        self._socket.sendall(octets)

    def reply(self, *codes):
        line = b"250-"
        while line[3:4] == b"-":
            line = self._file.readline()
        assert line[:3] in codes, line
        return line[:3]

    def answer(self):
        status = self._file.readline()[len(b"HTTP/1.1 "):][:3]
        assert status in (b"200", b"503"), status
        octets = 0
        while (line := self._file.readline()) != b"\r\n":
            name, _, value = line.partition(b": ")
            octets = int(value) if name == b"Content-Length" else octets
        self._file.read(octets)
        return status


def smtp_client(address, count, _):
    """Hands `count` messages in; how often it was told to come again in a moment."""
    connection = Connection(address)
    connection.reply(b"220")
    connection.say(b"EHLO bench\r\n")
    connection.reply(b"250")
    opening = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{RECIPIENT}>\r\nDATA\r\n".encode()
    content = f"From: {SENDER}\r\nTo: {RECIPIENT}\r\nSubject: bench\r\n\r\n{TEXT}.\r\n".encode()
    sent = later = 0
    while sent < count:
        connection.say(opening)
        for code in (b"250", b"250", b"354"):
            connection.reply(code)
        connection.say(content)
        if connection.reply(b"250", b"451") == b"250":
            sent += 1
        else:
            later += 1
            time.sleep(MOMENT_S)
    return later


def http_client(address, count, key):
    """As smtp_client(), over HTTP."""
    body = json.dumps({"from": SENDER, "to": RECIPIENT, "subject": "bench", "text": TEXT}).encode()
    request = (f"POST /v1/emails HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
               f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
    sent = later = 0
    while sent < count:
        connection = Connection(address)
        # A connection takes a thousand requests.
        for _ in range(min(1000, count - sent)):
            connection.say(request)
            if connection.answer() == b"200":
                sent += 1
            else:
                later += 1
                time.sleep(MOMENT_S)
    return later


def run_threads(client, address, count, threads, key):
    with concurrent.futures.ThreadPoolExecutor(threads) as running:
        # What one of them fails with is raised here.
        return sum(running.map(lambda _: client(address, count, key), range(threads)))


def rate(client, address, arguments, keys):
    """Messages a second, and how often somebody was told to come again."""
    each = arguments.messages // (arguments.processes * arguments.threads)
    work = [(client, address, each, arguments.threads, key) for key in keys]
    with multiprocessing.Pool(arguments.processes) as processes:
        began = time.monotonic()
        later = sum(processes.starmap(run_threads, work))
        took = time.monotonic() - began
    return each * arguments.threads * arguments.processes / took, later


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=8000, help="in each round, each way")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=16)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as folder:
        certificate = make_certificate(Path(folder))
        home = Path(folder) / "relay"
        home.mkdir()
        relay = Relay(home, certificate, {"http": {"address": "127.0.0.1:0"},
                                          "delivery": {"next_hop": f"127.0.0.1:{free_port()}"}})
        relay.start()
        try:
            # One key for each process: a key has a limit of requests a minute.
            keys = [relay.create_key(f"bench{i}") for i in range(arguments.processes)]
            api = ("127.0.0.1", http_port(relay))
            found = {"SMTP": [], "API": []}
            for i in range(arguments.rounds):
                smtp, smtp_later = rate(smtp_client, relay.trusted, arguments, keys)
                http, http_later = rate(http_client, api, arguments, keys)
                found["SMTP"].append(smtp)
                found["API"].append(http)
                print(f"round {i + 1}: SMTP {smtp:6.0f}/s  API {http:6.0f}/s  "
                      f"(told to come again: {smtp_later}, {http_later})", flush=True)
        finally:
            relay.stop()
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    print(f"median:  SMTP {medians['SMTP']:6.0f}/s  API {medians['API']:6.0f}/s  "
          f"API / SMTP {medians['API'] / medians['SMTP']:.2f}")


if __name__ == "__main__":
    main()

"""Proxies through which mail leaves: SOCKS 5, and one that obeys PROXY version 2 headers."""

import socket
import struct
import threading

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
REFUSED = 5


def exactly(connection, count):
    octets = b""
    while len(octets) < count:
        more = connection.recv(count - len(octets))
        if not more:
            raise OSError("the client went away")
        octets += more
    return octets


class Proxy:
    """Connects each client to where it asks for. `asked` is a list of (from where, to where) for each
    of them; `login`: (name, password) that SOCKS clients must know; `deny`: what a SOCKS proxy
    answers instead of connecting."""

    def __init__(self, login=None, deny=None):
        self.login, self.deny = login, deny
        self.asked = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = self._begin(client)
            if server:
                threading.Thread(target=pass_on, args=(server, client), daemon=True).start()
                pass_on(client, server)
        except OSError:
            pass
        finally:
            client.close()

    def _begin(self, client):
        raise NotImplementedError


def pass_on(source, target, change=lambda octets: octets):
    """Until the source ends, which the target is told then."""
    try:
        while octets := source.recv(65536):
            target.sendall(change(octets))
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class SocksProxy(Proxy):
    def _begin(self, client):
        _, methods = struct.unpack("BB", exactly(client, 2))
        offered = exactly(client, methods)
        wanted = 2 if self.login else 0
        if wanted not in offered:
            client.sendall(b"\5\xff")
            return None
        client.sendall(bytes((5, wanted)))
        if self.login and not self._check_login(client):
            return None
        _, _, _, kind = exactly(client, 4)
        family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
        to = (socket.inet_ntop(family, exactly(client, size)),
              struct.unpack("!H", exactly(client, 2))[0])
        self.asked.append((None, to))
        code, server = self.deny or 0, None
        if not code:
            try:
                server = socket.create_connection(to)
            except OSError:
                code = REFUSED
        client.sendall(bytes((5, code, 0, 1)) + bytes(6))
        return server

    def _check_login(self, client):
        words = []
        exactly(client, 1)
        for _ in range(2):
            words.append(exactly(client, exactly(client, 1)[0]).decode())
        right = tuple(words) == self.login
        client.sendall(bytes((1, 0 if right else 1)))
        return right


class HeaderProxy(Proxy):
    """As HAProxy with accept-proxy and `source usesrc clientip`, on loopback."""

    def _begin(self, client):
        head = exactly(client, 16)
        assert head[:12] == SIGNATURE and head[12] == 0x21, head
        octets = exactly(client, struct.unpack("!H", head[14:])[0])
        family, size = (socket.AF_INET, 4) if head[13] == 0x11 else (socket.AF_INET6, 16)
        source, to = (socket.inet_ntop(family, octets[at:at + size]) for at in (0, size))
        _, port = struct.unpack("!HH", octets[2 * size:2 * size + 4])
        self.asked.append((source, (to, port)))
        try:
            return socket.create_connection((to, port), source_address=(source, 0))
        except OSError:
            return None

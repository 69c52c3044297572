"""An SMTP server that says what its script says, and writes down what it was told."""

import base64
import dataclasses
import json
import select
import socket
import ssl
import struct
import threading
import time
import warnings
from dataclasses import dataclass, field

LINE_OCTETS_MAX = 65536
IDLE_S = 120
BASE = ("PIPELINING", "SIZE 10485760", "8BITMIME", "ENHANCEDSTATUSCODES")
WEAK_KINDS = ("weak", "sha1", "feeble-issuer")  # that the ssl module itself would not show
ALERT_NO_COMMON = bytes((0x15, 3, 3, 0, 2, 2, 40))  # RFC 8446 §6: fatal, handshake_failure


@dataclass(frozen=True)
class Script:
    """One listener. Replies are whole lines without the end, several with "\n" between, or octets as
    they are; None means that all goes well. A reply that starts with 421 ends the connection."""
    greeting: str = "220 {host} ESMTP ready"
    silent: bool = False  # takes the connection and never says a word
    closes: bool = False  # takes the connection and ends it
    delay_s: float = 0    # before the greeting
    drip_s: float = 0     # between the octets of the greeting
    protocol: bytes = b""  # greets with this instead, for what is no SMTP at all
    implicit: bool = False
    plain: tuple = (*BASE, "STARTTLS")
    secured: tuple = (*BASE, "AUTH PLAIN LOGIN")
    ehlo: str = None
    starttls: str = None
    # What follows STARTTLS's 220, or the connection where TLS is implicit: "handshake", "silence",
    # "close", "alert" or octets.
    then: object = "handshake"
    certificate: str = "good"
    tls_max: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: str = "DEFAULT"
    wants_certificate: bool = False  # of the client, in the handshake
    wants_tls: str = None    # what it says to AUTH and MAIL before TLS
    wants_login: str = None  # what it says to MAIL before a login
    auth: str = None         # to every login
    challenge: dict = None   # what a 334 after XOAUTH2 says before `auth`
    auth_delay_s: float = 0
    echoes: bool = False     # a refused login is told what it said
    mail: str = None
    rcpt: str = None
    local: str = ""  # the domain whose recipients are taken whatever `rcpt` says
    data: str = None
    content: str = None
    endless: bytes = b""  # the answer to EHLO, again and again
    padding: int = 0  # octets of long lines that the reply to EHLO has on top


@dataclass
class Seen:
    """What a server was told, by all its clients."""
    connections: int = 0
    lines: list = field(default_factory=list)  # (inside TLS, octets of the line)
    logins: int = 0
    messages: list = field(default_factory=list)
    secured: int = 0


class Server:
    """logins: {"user": "password or token"}; who is not among them is refused with 535."""

    def __init__(self, script, host, authority, logins):
        self.script, self.host, self.logins = script, host, logins
        self.seen = Seen()
        self._lock, self._open, self._listeners = threading.Lock(), set(), []
        self.tls = None
        if script.implicit or any("STARTTLS" in each for each in script.plain):
            self.tls = context(authority.certificate(host, script.certificate), script)

    def start(self, listener):
        self._listeners.append(listener)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self):
        with self._lock:
            sockets = [*self._listeners, *self._open]
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for each in self._listeners:
            each.close()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.seen.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        talk = Talk(self, connection)
        try:
            connection.settimeout(IDLE_S)
            talk.run()
        except (OSError, Over, ValueError):  # the last is base64's
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            talk.end()


class Over(Exception):
    """This conversation has ended."""


def context(made, script):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if script.tls_max < ssl.TLSVersion.TLSv1_2:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            tls.minimum_version = ssl.TLSVersion.TLSv1
            tls.maximum_version = script.tls_max
    else:
        tls.maximum_version = script.tls_max
    level = 0 if script.certificate in WEAK_KINDS or script.tls_max < ssl.TLSVersion.TLSv1_2 else 1
    tls.set_ciphers(f"{script.ciphers}:@SECLEVEL={level}")
    tls.load_cert_chain(made.file, made.key)
    if script.wants_certificate:
        tls.verify_mode = ssl.CERT_REQUIRED
        tls.load_verify_locations(made.file)
    return tls


class Talk:
    def __init__(self, server, connection):
        self.server, self.script, self.seen = server, server.script, server.seen
        self.connection, self.secured, self.user = connection, False, None
        self.buffer = b""

    def run(self):
        if self.script.silent:
            self._wait_for_end()
        if self.script.implicit:
            self._secure()
        if self.script.closes:
            raise Over
        if self.script.delay_s:
            self._wait(self.script.delay_s)
        if self.script.protocol:
            self.connection.sendall(self.script.protocol)
            self._wait_for_end()
        self._greet()
        if not self.script.greeting.startswith("220"):
            self._wait_for_end()
        while True:
            line = self.read()
            verb, _, rest = line.partition(" ")
            answer = getattr(self, f"on_{verb.lower()}", None)
            self.say(answer(rest) if answer else "502 5.5.1 Command not implemented")
            if verb.upper() == "QUIT":
                raise Over
            if verb.upper() == "STARTTLS" and self._starts_tls():
                self._secure()

    def _greet(self):
        greeting = self.script.greeting.format(host=self.server.host)
        if not self.script.drip_s:
            self.say(greeting)
            return
        for octet in greeting.encode() + b"\r\n":
            self.connection.sendall(bytes([octet]))
            self._wait(self.script.drip_s)

    def end(self):
        """TLS is not ended in order, as with many servers."""
        try:
            self.connection.close()
        except OSError:
            pass

    def say(self, text):
        if isinstance(text, bytes):
            self.connection.sendall(text)
            return
        lines = text.split("\n")
        code = text[:3]
        whole = [line if line[:3].isdigit() else f"{code} {line}" for line in lines]
        marked = [line[:3] + "-" + line[4:] for line in whole[:-1]] + whole[-1:]
        self.connection.sendall("".join(line + "\r\n" for line in marked).encode())
        if text.startswith("421"):
            raise Over

    def read(self):
        while b"\n" not in self.buffer:
            more = self.connection.recv(LINE_OCTETS_MAX)
            if not more or len(self.buffer) > LINE_OCTETS_MAX:
                raise Over
            self.buffer += more
        line, _, self.buffer = self.buffer.partition(b"\n")
        self.seen.lines.append((self.secured, line.rstrip(b"\r")))
        return line.decode("utf-8", "replace").strip("\r")

    def _secure(self):
        then = self.script.then
        if then == "silence":
            self._wait_for_end()
        if then == "close":
            raise Over
        if then == "alert":
            self.connection.recv(LINE_OCTETS_MAX)
            then = ALERT_NO_COMMON
        if isinstance(then, bytes):
            self.connection.sendall(then)
            self._wait_for_end()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.secured, self.buffer = True, b""
        self.seen.secured += 1

    def _wait(self, seconds):
        """Over when the client goes away meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], left)
            if readable and not self.connection.recv(LINE_OCTETS_MAX):
                raise Over

    def _wait_for_end(self):
        self._wait(IDLE_S)
        raise Over

    def on_ehlo(self, _):
        while self.script.endless:
            self.connection.sendall(self.script.endless)
        if self.script.ehlo:
            return self.script.ehlo
        offered = self.script.secured if self.secured else self.script.plain
        padding = [f"X-{number:04} " + "A" * 60 for number in range(self.script.padding // 70)]
        return "\n".join(["250 " + self.server.host, *(f"250 {each}" for each in
                                                       (*padding, *offered))])

    def on_helo(self, _):
        return self.script.ehlo or "250 " + self.server.host

    def on_starttls(self, _):
        if self.script.starttls:
            return self.script.starttls
        return "220 2.0.0 Ready to start TLS" if self._starts_tls() else "502 5.5.1 Not implemented"

    def _starts_tls(self):
        return self.server.tls and not self.secured and not self.script.starttls

    def on_auth(self, rest):
        self.seen.logins += 1
        if self.script.wants_tls and not self.secured:
            return self.script.wants_tls
        mechanism, _, first = rest.partition(" ")
        user, secret, raw = self._credentials(mechanism.upper(), first)
        self._wait(self.script.auth_delay_s)
        if self.script.challenge and mechanism.upper() in ("XOAUTH2", "OAUTHBEARER"):
            self.say("334 " + base64.b64encode(json.dumps(self.script.challenge).encode()).decode())
            self.read()
        if self.script.auth:
            return self.script.auth + (f" ({raw})" if self.script.echoes else "")
        if self.server.logins.get(user) != secret:
            return "535 5.7.8 Error: authentication failed: authentication failure"
        self.user = user
        return "235 2.7.0 Authentication successful"

    def _credentials(self, mechanism, first):
        """(user, password or token, what the client said)"""
        if mechanism == "LOGIN":
            user = self._decoded(first) or self._ask("Username:")
            secret = self._ask("Password:")
            return user, secret, base64.b64encode(secret.encode()).decode()
        said = self._decoded(first) or self._ask("")
        raw = base64.b64encode(said.encode()).decode()
        if mechanism == "PLAIN":
            _, user, secret = (said.split("\0") + ["", ""])[:3]
            return user, secret, raw
        parts = said.split("\1")
        user = parts[0].removeprefix("user=")
        if parts[0].startswith("n,"):
            user = parts[0].partition("a=")[2].rstrip(",")
        secret = next((part.rpartition(" ")[2] for part in parts if part.startswith("auth=")), "")
        return user, secret, raw

    def _ask(self, prompt):
        self.say("334 " + base64.b64encode(prompt.encode()).decode())
        return self._decoded(self.read())

    @staticmethod
    def _decoded(text):
        return base64.b64decode(text + "==").decode("utf-8", "replace") if text not in ("", "=") else ""

    def on_mail(self, _):
        if self.script.wants_tls and not self.secured:
            return self.script.wants_tls
        if self.script.wants_login and not self.user:
            return self.script.wants_login
        return self.script.mail or "250 2.1.0 Ok"

    def on_rcpt(self, rest):
        ours = self.script.local and f"@{self.script.local}>" in rest.lower()
        return (None if ours else self.script.rcpt) or "250 2.1.5 Ok"

    def on_data(self, _):
        if self.script.data:
            return self.script.data
        self.say("354 End data with <CR><LF>.<CR><LF>")
        lines = []
        while (line := self.read()) != ".":
            lines.append(line)
        self.seen.messages.append("\r\n".join(lines))
        return self.script.content or "250 2.0.0 Ok: queued as LAB"

    def on_rset(self, _):
        return "250 2.0.0 Ok"

    def on_noop(self, _):
        return "250 2.0.0 Ok"

    def on_vrfy(self, _):
        return "252 2.0.0 Maybe"

    def on_quit(self, _):
        return "221 2.0.0 Bye"


def changed(script, **what):
    return dataclasses.replace(script, **what)


def reset(connection):
    """Ends a connection with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()

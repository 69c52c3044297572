"""A recording SMTP server of our own: it keeps every message and can be told what to answer."""

import base64
import itertools
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field

from peers.process import free_port

LINE_OCTETS_MAX = 1 << 20


@dataclass
class Session:
    """One connection. `ended` is how: "quit", "lost" (the client went away) or "closed" (by us)."""
    number: int
    opened: float
    tls: str = ""
    login: str = ""
    hello: str = ""
    sender: str = ""
    recipients: list = field(default_factory=list)
    messages: int = 0
    ended: str = ""


@dataclass(frozen=True)
class Message:
    session: int
    sender: str
    recipients: tuple
    content: bytes  # without dot-stuffing and the final dot, lines ended as they came
    wire: bytes  # the same as it came
    tls: str
    began: float  # when MAIL came
    received: float  # when its final dot came


class Sink:
    """answer(phase, text, session) may return a reply line for one of the phases "connect",
    "hello", "mail", "rcpt", "data", "content" (text: the message's content); None means yes. It is
    asked for "answered" too when the answer to a message is on its way, and cannot change that.
    `logins`: AUTH is offered inside TLS and mail is only taken from who has logged in;
    {("PLAIN", what the client says in the end)}, may be changed meanwhile. `commands`: a list that
    gets what stands behind each MAIL and RCPT."""

    def __init__(self, address="127.0.0.1", port=0, answer=None, certificate=None, logins=None,
                 commands=None):
        self.logins = logins
        self.commands = [] if commands is None else commands
        self._answer = answer or (lambda phase, text, session: None)
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate.file, certificate.key)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self.messages = []
        self.sessions = []
        self.open_max = 0
        self._sockets = {}
        # One of our own, which stays empty when it is stopped.
        self._listener = socket.create_server((address, port or free_port(address)), backlog=512)
        self.address = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self):
        return self.address[1]

    @property
    def open(self):
        with self._lock:
            return len(self._sockets)

    def delivered(self):
        """(recipient, content) of everything that came."""
        with self._lock:
            return [(to, message.content) for message in self.messages for to in message.recipients]

    def stop(self):
        try:
            # Closing alone would still let one connection in: the thread that accepts holds it.
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets.values())
        for connection in sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                session = Session(next(self._numbers), time.monotonic())
                self.sessions.append(session)
                self._sockets[session.number] = connection
                self.open_max = max(self.open_max, len(self._sockets))
            threading.Thread(target=self._serve, args=(connection, session), daemon=True).start()

    def _serve(self, connection, session):
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session.ended = Dialogue(self, connection, session).run()
        except OSError:
            session.ended = "lost"
        finally:
            self.forget(session)
            connection.close()

    def forget(self, session):
        """What the client does after it has seen our end must find the count lowered already."""
        with self._lock:
            self._sockets.pop(session.number, None)

    def ask(self, phase, text, session):
        return self._answer(phase, text, session)

    def keep(self, message):
        with self._lock:
            self.messages.append(message)

    @property
    def tls_context(self):
        return self._tls


class Dialogue:
    def __init__(self, sink, connection, session):
        self.sink, self.session = sink, session
        self.began = 0.0
        self._use(connection)

    def _use(self, connection):
        self.connection = connection
        self.file = connection.makefile("rb")

    def run(self):
        if self._reply(self.sink.ask("connect", "", self.session) or "220 sink.example ESMTP"):
            return "closed"
        while True:
            line = self.file.readline(LINE_OCTETS_MAX)
            if not line.endswith(b"\n"):
                return "lost"
            verb, _, text = line.decode("utf-8", "replace").strip().partition(" ")
            if verb.upper() == "QUIT":
                self.sink.forget(self.session)
                self._reply("221 2.0.0 Bye")
                return "quit"
            command = getattr(self, f"on_{verb.lower()}", None)
            if self._reply(command(text) if command else "500 5.5.1 What?"):
                return "closed"
            if verb.upper() == "STARTTLS" and self.sink.tls_context:
                self._secure()
            if verb.upper() == "DATA":
                self.sink.ask("answered", "", self.session)

    def _reply(self, reply):
        """True when the reply ends the connection, as 421 does."""
        self.connection.sendall(reply.encode() + b"\r\n")
        return reply.startswith("421")

    def _secure(self):
        secured = self.sink.tls_context.wrap_socket(self.connection, server_side=True)
        self._use(secured)
        self.session.tls = secured.version()

    def on_ehlo(self, name):
        self.session.hello = name
        starttls = "250-STARTTLS\r\n" if self.sink.tls_context and not self.session.tls else ""
        if self.sink.logins is not None and self.session.tls:
            starttls = f"250-AUTH {' '.join(sorted({name for name, _ in self.sink.logins}))}\r\n"
        return self.sink.ask("hello", name, self.session) or (
            f"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n{starttls}250 SIZE 100000000")

    def on_starttls(self, _):
        return "220 2.0.0 Go on" if self.sink.tls_context else "502 5.5.1 No"

    def on_auth(self, text):
        mechanism, _, said = text.partition(" ")
        while True:
            said = base64.b64decode(said).decode()
            if (mechanism, said) in self.sink.logins:
                self.session.login = mechanism
                return "235 2.7.0 Welcome"
            if mechanism != "XOAUTH2" or not said:
                return "535 5.7.8 Authentication credentials invalid"
            self._reply("334 " + base64.b64encode(b'{"status":"401"}').decode())
            said = self.file.readline(LINE_OCTETS_MAX).decode().strip()

    def on_mail(self, text):
        if self.sink.logins is not None and not self.session.login:
            return "530 5.7.0 Authentication required"
        self.sink.commands.append(text)
        self.began = time.monotonic()
        self.session.sender, self.session.recipients = address_in(text), []
        return self.sink.ask("mail", self.session.sender, self.session) or "250 2.1.0 Ok"

    def on_rcpt(self, text):
        self.sink.commands.append(text)
        recipient = address_in(text)
        refused = self.sink.ask("rcpt", recipient, self.session)
        if not refused:
            self.session.recipients.append(recipient)
        return refused or "250 2.1.5 Ok"

    def on_rset(self, _):
        self.session.recipients = []
        return "250 2.0.0 Ok"

    def on_noop(self, _):
        return "250 2.0.0 Ok"

    def on_data(self, _):
        if not self.session.recipients:
            return "554 5.5.1 No valid recipients"
        refused = self.sink.ask("data", "", self.session)
        if refused:
            return refused
        self._reply("354 Go on")
        wire = bytearray()
        while True:
            line = self.file.readline(LINE_OCTETS_MAX)
            if not line:
                raise ConnectionResetError
            if line == b".\r\n":
                break
            wire += line
        return self._keep(bytes(wire))

    def _keep(self, wire):
        received = time.monotonic()
        content = b"".join(line[1:] if line.startswith(b".") else line
                           for line in wire.splitlines(keepends=True))
        refused = self.sink.ask("content", content, self.session)
        if refused:
            return refused
        self.session.messages += 1
        self.sink.keep(Message(self.session.number, self.session.sender,
                               tuple(self.session.recipients), content, wire, self.session.tls,
                               self.began, received))
        return f"250 2.0.0 Ok: kept as {self.session.number}.{self.session.messages}"


def address_in(text):
    return text[text.index("<") + 1:text.index(">")]

"""Clients that write down what they send, so that nothing can be lost or made up unseen."""

import hashlib
import random
import smtplib
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

BODY_OCTETS_MAX = 40_000
HUGE_BODY_OCTETS = 700_000  # more than one chunk of the spool
HUGE_EVERY = 40
HEADER = "X-Number: "


@dataclass
class Ledger:
    sent: dict = field(default_factory=dict)  # number -> digest of the content, before it is sent
    acknowledged: set = field(default_factory=set)
    refused: set = field(default_factory=set)  # answered, and not with 250
    lock: threading.Lock = field(default_factory=threading.Lock)

    def new_message(self, chance):
        with self.lock:
            number = f"n{len(self.sent)}"
            huge = len(self.sent) % HUGE_EVERY == HUGE_EVERY - 1
            octets = HUGE_BODY_OCTETS if huge else chance.randrange(BODY_OCTETS_MAX)
            content = f"{HEADER}{number}\r\nSubject: {number}\r\n\r\n".encode()
            # Many lines begin with a dot, which must be neither lost nor doubled.
            line = b"." * chance.randrange(3) + number.encode() * chance.randrange(1, 9) + b"\r\n"
            content += line * max(1, octets // len(line))
            self.sent[number] = digest(content)
        return number, content

    def check(self, contents):
        """Fails unless every acknowledged message is among the contents, and each of them is, octet
        for octet, one that was sent and not refused. Gives how often each came."""
        came = Counter()
        for content in contents:
            number, ours = numbered(content)
            assert number in self.sent, f"a message that nobody sent: {content[:300]!r}"
            assert digest(ours) == self.sent[number], f"{number} arrived damaged"
            assert number not in self.refused, f"{number} was refused and arrived"
            came[number] += 1
        lost = self.acknowledged - set(came)
        assert not lost, f"acknowledged and lost: {sorted(lost)}"
        return came


def digest(content):
    return hashlib.sha256(content).hexdigest()


def numbered(content):
    """The number of a message and its content from there on: what we put in front is left out, and
    what we add behind the last header field of the sender."""
    start = content.find(HEADER.encode())
    number = content[start + len(HEADER):].split(b"\r\n", 1)[0].decode("ascii", "replace")
    subject = f"Subject: {number}\r\n".encode()
    end_of_ours = content.find(subject, start) + len(subject)
    blank = content.find(b"\r\n\r\n", start)
    return number, content[start:end_of_ours] + content[blank + 2:]


class Watched(smtplib.SMTP):
    """Tells `watch` what has just happened: "rcpt" (250 for a recipient), "dot" (the final dot is on
    its way) or "acknowledged" (250 for the message)."""

    def __init__(self, watch, *address, **options):
        self._watch = watch
        super().__init__(*address, **options)

    def rcpt(self, *arguments):
        reply = super().rcpt(*arguments)
        if reply[0] == 250:
            self._watch("rcpt")
        return reply

    def send(self, octets):
        super().send(octets)
        if isinstance(octets, bytes) and octets.endswith(b"\r\n.\r\n"):
            self._watch("dot")

    def data(self, content):
        reply = super().data(content)
        if reply[0] == 250:
            self._watch("acknowledged")
        return reply


class Clients:
    """`count` clients that send one message after another until they are stopped, each on one
    connection until that breaks. A message without an answer is not sent again: it may arrive.
    watch: as of Watched."""

    def __init__(self, ledger, address, count, seed, watch=lambda moment: None):
        self.ledger, self.address, self.watch = ledger, address, watch
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(random.Random(f"{seed}.{n}"),))
                         for n in range(count)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, chance):
        client = None
        while not self._stopping.is_set():
            try:
                client = client or Watched(self.watch, *self.address, timeout=20,
                                           local_hostname="client.example")
                self._send(client, chance)
            except (OSError, smtplib.SMTPServerDisconnected):
                client = None
                time.sleep(0.01)
        if client:
            client.close()

    def _send(self, client, chance):
        number, content = self.ledger.new_message(chance)
        try:
            client.sendmail("app@example.com", [f"{number}@example.net"], content)
            with self.ledger.lock:
                self.ledger.acknowledged.add(number)
        except smtplib.SMTPServerDisconnected:
            raise
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
            with self.ledger.lock:
                self.ledger.refused.add(number)

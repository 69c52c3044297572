#!/usr/bin/python3
"""What comes back, in bulk: a relay sends messages that are all delivered, then bounces, notices of delay,
complaints and automatic answers to them come in by its inbound port, in several dialects, and traps: what
tells of another address, may pass or proves nothing. Counted is whether each is matched to its message and recipient, whether its class is right, and whether exactly those addresses
are suppressed that are to be. One wrong suppression fails the run.
"""

import argparse
import json
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from peers import returned  # noqa: E402
from peers.traps import TRAPS  # noqa: E402
from peers.certificate import make_certificate  # noqa: E402
from peers.relay import BINARY, Relay  # noqa: E402
from peers.sink import Sink  # noqa: E402

SENDER, DOMAIN = "app@sender.example", "bounces.sender.example"
CONTENT = "From: app@sender.example\r\nMessage-ID: {}\r\nSubject: hello\r\n\r\nHello\r\n"
PATIENCE_S = 900

DIALECTS = {"dsn": returned.dsn, "exim": returned.exim, "qmail": returned.qmail}
# What was said, its class, whether it condemns the address.
REPLIES = (
    ("5.1.1", "550 5.1.1 The email account that you tried to reach does not exist",
     "recipient-unknown", True),
    ("5.1.1", "550 5.1.1 <{}>: Recipient address rejected: User unknown in virtual mailbox table",
     "recipient-unknown", True),
    ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled",
     "recipient-disabled", True),
    ("5.2.2", "552 5.2.2 The email account that you tried to reach is over quota", "mailbox-full",
     False),
    ("5.7.1", "550 5.7.1 Our system has detected that this message is likely unsolicited mail",
     "spam-content", False),
    ("5.7.1", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
     "blocklisted-ip", False),
    ("5.7.26", "550 5.7.26 This mail has been blocked because the sender is unauthenticated",
     "sender-unauthenticated", False),
)


@dataclass(frozen=True)
class Case:
    """One address, what comes back for it, and what is to come of that."""
    address: str
    what: str  # "dsn", "exim", "qmail", "delayed", "complaint", "auto-reply", "not-spam", "trap"
    event: str
    suppressed: bool
    reply_class: str | None = ""  # none: any
    reply: tuple = ()  # of a trap its name

    def message_id(self):
        return f"<order-{self.address.split('@')[0]}@sender.example>"

    def content(self, to):
        if self.what == "trap":
            return TRAPS[self.reply[0]].content(to, self.address, self.message_id())
        if self.what in DIALECTS:
            status, text = self.reply
            about = self.address
            named = {"status": status} if self.what == "dsn" else {}
            return DIALECTS[self.what](to, about, reply=text.format(about), **named)
        if self.what == "delayed":
            return returned.dsn(to, self.address, "4.4.1", "delayed",
                                reply="451 4.4.1 No answer from host")
        if self.what == "auto-reply":
            return returned.auto_reply(to, self.address)
        kind = "not-spam" if self.what == "not-spam" else "abuse"
        return returned.complaint("fbl", "", mail_from=to, kind=kind)

    def address_of(self, to):
        if self.what == "trap" and TRAPS[self.reply[0]].name:
            return f"{TRAPS[self.reply[0]].name}@{DOMAIN}"
        return f"fbl@{DOMAIN}" if self.what in ("complaint", "not-spam") else to


def cases_of(count):
    kinds = []
    for dialect in DIALECTS:
        kinds += [(dialect, "late_bounced", condemns, name, (status, text))
                  for status, text, name, condemns in REPLIES]
    kinds += [("delayed", "late_delayed", False, "network-timeout", ())] * 2
    kinds += [("complaint", "complained", True, "", ())] * 4
    kinds += [("auto-reply", "auto_replied", False, "", ())] * 2
    kinds += [("not-spam", "", False, "", ())]
    kinds += [("trap", trap.event, False, None, (name,)) for name, trap in TRAPS.items()]
    return [Case(f"user{number}@example.net", *kinds[number % len(kinds)][:3],
                 reply_class=kinds[number % len(kinds)][3], reply=kinds[number % len(kinds)][4])
            for number in range(count)]


def in_parallel(items, work, threads=4):
    """work(connection's number, its part of the items)."""
    failures = []

    def run(number):
        try:
            work(items[number::threads])
        except Exception as error:  # shown where it is joined
            failures.append(error)
    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failures:
        raise failures[0]


def send_all(relay, cases):
    def work(part):
        with smtplib.SMTP(*relay.trusted) as client:
            client.ehlo()
            for case in part:
                client.sendmail(SENDER, [case.address], CONTENT.format(case.message_id()))
    in_parallel(cases, work)


def bring_all(relay, cases, paths):
    def work(part):
        with smtplib.SMTP(*relay.starttls) as client:
            client.ehlo("mx.remote.example")
            for case in part:
                to = paths[case.address]
                client.sendmail("", [case.address_of(to)], case.content(to))
    in_parallel(cases, work)


def wait_for(what, done):
    ends = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > ends:
            sys.exit(f"waited {PATIENCE_S} s in vain: {what}")
        time.sleep(0.2)


def listed(relay):
    ran = subprocess.run([BINARY, "--config", relay.config_file, "--json", "suppressions", "ls",
                          "--limit", "1000000"], capture_output=True, text=True, check=True)
    return {json.loads(line)["address"]: json.loads(line) for line in ran.stdout.splitlines()}


def judge(relay, cases):
    """(rows of the table, wrong suppressions, missed ones)."""
    ids = {event["recipients"][0]: event["id"] for event in relay.events("accepted")
           if event["sender"] == SENDER}
    told = {}
    for event in relay.events():
        if event["event"] in ("late_bounced", "late_delayed", "complained", "auto_replied",
                              "unsubscribed"):
            told.setdefault(event["recipients"][0], []).append(event)
    suppressed = listed(relay)
    rows = {}
    for case in cases:
        row = rows.setdefault(case.what, Counter())
        row["came"] += 1
        found = told.get(case.address, [])
        right = [event["event"] for event in found] == ([case.event] if case.event else []) and \
            all(event["id"] == ids[case.address] for event in found)
        row["matched"] += right
        row["classified"] += right and all(case.reply_class in (None, event.get("class", ""))
                                           for event in found)
        row["to suppress"] += case.suppressed
        row["suppressed"] += case.suppressed and case.address in suppressed
        row["wrongly"] += not case.suppressed and case.address in suppressed
        if not right:
            print(f"{case.what} {case.reply}: {[event['event'] for event in found]}", file=sys.stderr)
        elif found and case.reply_class not in (None, found[0].get("class", "")):
            print(f"class of {case.what} {case.reply}: {found[0].get('class')}", file=sys.stderr)
    return rows, set(suppressed) - {case.address for case in cases if case.suppressed}


def run(count, folder):
    sink = Sink()
    certificate = make_certificate(folder)
    relay = Relay(folder, certificate, {
        "delivery": {"next_hop": f"127.0.0.1:{sink.port}"},
        "queue": {"retry_first": "1s", "retry_max": "1s"},
        "return_path": [{"domain": DOMAIN, "forward_to": "help@people.example",
                         "complaints": ["fbl"], "unsubscribe": ["leave"]}]}).start()
    try:
        cases = cases_of(count)
        send_all(relay, cases)
        wait_for("all is delivered", lambda: len(sink.messages) >= count)
        paths = {message.recipients[0]: message.sender for message in list(sink.messages)}
        wait_for("the queue is empty", lambda: not relay.queue())
        began = time.monotonic()
        bring_all(relay, cases, paths)
        taken = time.monotonic() - began
        wait_for("all is read", lambda: not relay.queue())
        read = time.monotonic() - began
        time.sleep(1)  # the event log is written every few milliseconds
        return *judge(relay, cases), taken, read
    finally:
        relay.stop()
        sink.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waypost-late-") as folder:
        rows, wrong, taken, read = run(arguments.count, Path(folder))
    columns = ("came", "matched", "classified", "to suppress", "suppressed", "wrongly")
    print("| what | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    total = Counter()
    for what, row in rows.items():
        total.update(row)
        print(f"| {what} | " + " | ".join(str(row[column]) for column in columns) + " |")
    print("| all | " + " | ".join(str(total[column]) for column in columns) + " |")
    print(f"\n{total['came'] / taken:.0f} a second taken in, {total['came'] / read:.0f} a second "
          f"read; {len(wrong)} wrong suppressions")
    return 1 if wrong or total["matched"] != total["came"] else 0


if __name__ == "__main__":
    sys.exit(main())

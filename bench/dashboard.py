#!/usr/bin/python3
"""How long the dashboard's questions take with a million messages in the records.

A relay delivers a few messages; then it is stopped, and what its records say of them is written again and again
into the same file, under new ids and addresses. The questions are asked over HTTP, as the pages ask them.
"""

import argparse
import random
import smtplib
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from peers.api import Api, http_port  # noqa: E402
from peers.certificate import make_certificate  # noqa: E402
from peers.relay import Relay  # noqa: E402
from peers.sink import Sink  # noqa: E402
from peers.waiting import eventually  # noqa: E402

DOMAINS = ["gmail.example", "outlook.example", "yahoo.example", "gmx.example", "shop.example"]
QUESTIONS = {
    "overview": "/v1/overview?window=24h",
    "history": "/v1/history?window=24h",
    "bounces": "/v1/bounces?window=24h",
    "newest": "/v1/emails?limit=50",
    "one address": "/v1/emails?q=user77777@{}".format(DOMAINS[77777 % 5]),
    "beginning, few": "/v1/emails?q=user7777",
    "beginning, all": "/v1/emails?q=user",
    "beginning, none": "/v1/emails?q=nobody",
    "domain": "/v1/emails?q=@gmx.example",
    "bounced": "/v1/emails?status=bounced",
    "delivered": "/v1/emails?status=delivered",
    "deferred": "/v1/emails?status=deferred",
    "bounced, gone@": "/v1/emails?status=bounced&q=user9",
    "several states": "/v1/emails?status=bounced,expired",
    "class": "/v1/emails?class=recipient-unknown",
    "class of few": "/v1/emails?class=mailbox-full",
    "class of provider": "/v1/emails?class=recipient-unknown&provider=other",
    "provider of none": "/v1/emails?provider=google",
    "late": "/v1/emails?status=bounced&late=true",
    "complained": "/v1/emails?complained=true",
    "inbound": "/v1/emails?direction=inbound",
    "sender": "/v1/emails?from=app@shop.example",
    "sender, few": "/v1/emails?from=rare@blog.example",
    "sender's domain": "/v1/emails?from=shop.example",
    "sender of none": "/v1/emails?from=nobody.example",
    "subject, all": "/v1/emails?subject=invoice",
    "subject, beginning": "/v1/emails?subject=inv",
    "subject, one": "/v1/emails?subject=invoice+777777",
    "subject, old": "/v1/emails?subject=reminder",
    "subject, none": "/v1/emails?subject=december",
    "subject, no pair": "/v1/emails?subject=march+april",
    "tag": "/v1/emails?tag=kind",
    "tag, few": "/v1/emails?tag=kind:rare",
    "tag, none": "/v1/emails?tag=kind:none",
    "all three": "/v1/emails?from=shop.example&subject=march&tag=kind:invoice",
}


def answers(phase, text, _):
    return "550 5.1.1 No such user" if phase == "rcpt" and text.startswith("gone@") else None


def day_file(relay):
    return next(iter(sorted((relay.data / "records").glob("20*[0-9].db"))), None)


def send_patterns(relay):
    with smtplib.SMTP(*relay.trusted) as smtp:
        for to in ("ann@sink.example", "gone@sink.example"):
            smtp.sendmail("app@shop.example", [to], "Subject: Hello\r\nX-Waypost-Tag: kind=invoice\r\n\r\nHello\r\n")

    def recorded():
        file = day_file(relay)
        if not file:
            return False
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
            if database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'recipients'").fetchone()[0] == 0:
                return False
            return database.execute("SELECT count(DISTINCT state) FROM recipients "
                                    "WHERE state IN ('delivered', 'bounced')").fetchone()[0] == 2
    eventually(recorded, "both are in the records", patience_s=60)


def fill(file, count):
    """One in fifty as the message that bounced."""
    database = sqlite3.connect(file)
    database.execute("PRAGMA synchronous = off")
    patterns = {}
    for number, state, address in database.execute(
            "SELECT message, state, address FROM recipients").fetchall():
        row = database.execute("SELECT * FROM messages WHERE number = ?", (number,)).fetchone()
        events = database.execute("SELECT at, kind, class, host, line FROM events WHERE message = ? "
                                  "ORDER BY number", (number,)).fetchall()
        patterns[state] = (row, events, address, str(uuid.UUID(bytes=row[1])))
    first = max(pattern[0][0] for pattern in patterns.values()) + 1
    begin = min(pattern[0][2] for pattern in patterns.values())
    chance = random.Random(1)
    messages, recipients, events, words, tags = [], [], [], [], []
    columns = [name for _, name, *_ in database.execute("PRAGMA table_info(messages)")]
    sender_at, words_at = columns.index("sender"), columns.index("words")
    for i in range(count):
        row, its_events, address, old = patterns["bounced" if i % 50 == 0 else "delivered"]
        raw = row[1][:6] + (0x7000 | chance.getrandbits(12)).to_bytes(2, "big") + \
            (0x8000000000000000 | chance.getrandbits(62)).to_bytes(8, "big")
        new, domain = str(uuid.UUID(bytes=raw)), DOMAINS[i % 5]
        to = f"user{i}@{domain}"
        message = [first + i, raw, begin + i, *row[3:]]
        message[sender_at] = "rare@blog.example" if i % 10_000 == 5 else "app@shop.example"
        # The oldest half reminds: no word of theirs is found in what is looked at first.
        message[words_at] = (f"{'reminder' if i < count // 2 else 'your'} invoice {i} of "
                             f"{('january', 'february', 'march', 'april')[i % 4]}")
        messages.append(message)
        words.append((first + i, message[words_at]))
        if i % 3 == 0:
            tags += [("kind", first + i), ("kind=rare" if i % 9_999 == 0 else "kind=invoice", first + i)]
        recipients.append((first + i, 0, to, domain, "bounced" if i % 50 == 0 else "delivered", begin + i))
        events += [(first + i, begin + i, *event[1:4], event[4].replace(old, new).replace(address, to))
                   for event in its_events]
        if len(messages) == 20_000 or i == count - 1:
            marks = ",".join("?" * len(messages[0]))
            database.executemany(f"INSERT INTO messages VALUES ({marks})", messages)
            database.executemany("INSERT INTO recipients VALUES (?,?,?,?,?,?)", recipients)
            database.executemany("INSERT INTO events (message, at, kind, class, host, line) "
                                 "VALUES (?,?,?,?,?,?)", events)
            database.executemany("INSERT INTO subjects (rowid, words) VALUES (?,?)", words)
            database.executemany("INSERT INTO tags (tag, message) VALUES (?,?)", tags)
            messages, recipients, events, words, tags = [], [], [], [], []
    for state, share in (("bounced", (count + 49) // 50), ("delivered", count - (count + 49) // 50)):
        database.execute("UPDATE totals SET count = count + ? WHERE name = ?", (share, state))
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def ask(api, path, rounds):
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        answer = api.get(path, check=False)
        times.append(time.perf_counter() - began)
        assert answer.code == 200, answer.body
    return times, answer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as folder:
        folder = Path(folder)
        sink = Sink(answer=answers)
        host, port = sink.address
        relay = Relay(folder, make_certificate(folder), {"http": {"address": "127.0.0.1:0"},
                                                         "delivery": {"next_hop": f"{host}:{port}"}})
        try:
            relay.start()
            key = relay.command("keys", "create", "bench", "--any-sender", "--scope", "read",
                                "--scope", "admin").stdout.strip()
            send_patterns(relay)
            relay.stop()
            began = time.monotonic()
            fill(day_file(relay), options.messages)
            size = day_file(relay).stat().st_size
            print(f"{options.messages} messages, {size / 1e6:.0f} MB, filled in {time.monotonic() - began:.0f} s")
            relay.start()
            api = Api(http_port(relay), key)
            print(f"{'question':<18} {'median ms':>10} {'worst ms':>10}  entries")
            for name, path in QUESTIONS.items():
                times, answer = ask(api, path, options.rounds)
                entries = len(answer.json.get("data", [])) if isinstance(answer.json, dict) else 0
                print(f"{name:<18} {statistics.median(times) * 1e3:>10.1f} {max(times) * 1e3:>10.1f}  {entries}")
        finally:
            relay.stop()
            sink.stop()


if __name__ == "__main__":
    main()

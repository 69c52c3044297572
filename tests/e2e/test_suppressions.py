"""Addresses that are not written to: who gets onto the list, what it does to mail, and its commands."""

import json
import smtplib
import threading
import time
from datetime import datetime

import pytest

from peers.relay import recipients
from peers.waiting import eventually
from test_smtplib import CONTENT

SENDER = "app@sender.example"
NO_SUCH_USER = "550 5.1.1 The email account that you tried to reach does not exist"

# About the moment, about us, about the content: none of them says that the address is no good.
NEIGHBOURS = {
    "full": "552 5.2.2 The email account that you tried to reach is over quota",
    "later": "450 4.1.1 Recipient address rejected: User unknown in local table",
    "grey": "451 4.7.1 Greylisted, please try again in 300 seconds",
    "listed": "550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org",
    "unsigned": "550 5.7.26 This mail has been blocked because the sender is unauthenticated",
    "spam": "550 5.7.1 Our system has detected that this message is likely unsolicited mail",
    "policy": "550 5.7.1 Message rejected due to local policy",
    "relay": "550 5.7.1 Relaying denied",
    "bare": "550 5.1.1 Administrative prohibition",
}


# Of an accepted message, all outcomes come sooner, but on a very busy machine.
LOG_LOSES_S = 10


def answers(phase, text, _):
    if phase != "rcpt":
        return None
    local = text.split("@")[0]
    if local.startswith("gone"):
        return NO_SUCH_USER
    return NEIGHBOURS.get(local)


@pytest.fixture(name="start")
def start_fixture(start_relay, make_sink):
    """start(...) -> (relay, the sink of recipients, the sink of the sender's mail)"""
    def start(answer=answers, **settings):
        sink, mailbox = make_sink(answer=answer), make_sink()
        relay = start_relay(sink.address, routes=[
            {"id": "senders", "match": ["sender.example"],
             "next_hop": f"127.0.0.1:{mailbox.port}"}], **settings)
        return relay, sink, mailbox
    return start


def send(relay, *addresses, sender=SENDER):
    with smtplib.SMTP(*relay.trusted) as client:
        return client.sendmail(sender, addresses, CONTENT)


def listed(relay, *options):
    return [json.loads(line) for line in
            relay.command("--json", "suppressions", "ls", *options).stdout.splitlines()]


def tried(sink):
    return [line for line in sink.commands if line.startswith("<")]


def test_a_dead_address_is_not_written_to_again_until_it_is_removed(start):
    relay, sink, mailbox = start()
    send(relay, "gone@example.net")
    relay.wait_for_events("bounced")
    entry, = listed(relay)
    assert entry["address"] == "gone@example.net" and entry["reason"] == "recipient-unknown"
    assert entry["evidence"] == NO_SUCH_USER and entry["who"] == "relay"
    assert entry["message"] == relay.events("bounced")[0]["id"]

    send(relay, "GONE@Example.NET", "ann@example.net")
    event, = relay.wait_for_events("suppressed")
    assert event["class"] == "recipient-unknown" and "waypost suppressions show" in event["reply"]
    relay.wait_for_events("delivered", 3)  # two notices, and ann
    assert recipients(relay.events("suppressed")) == ["GONE@example.net"]
    assert len(relay.events("bounced")) == 1
    assert [message.recipients for message in sink.messages] == [("ann@example.net",)]
    eventually(lambda: len(mailbox.messages) == 2, "the sender was told twice")
    assert b"Status: 5.1.1" in mailbox.messages[1].content

    relay.command("suppressions", "rm", "gone@EXAMPLE.net")
    assert listed(relay) == []
    send(relay, "gone@example.net")
    relay.wait_for_events("bounced", 2)
    relay.wait_until_empty()
    relay.command("ledger")


def test_replies_about_anything_but_the_address_put_nobody_on_the_list(start):
    relay, _, _ = start(queue={"expire_after": "3s"})
    for local in NEIGHBOURS:
        send(relay, f"{local}@example.net")
    eventually(lambda: len(relay.events("bounced") + relay.events("expired")) == len(NEIGHBOURS),
               "all of them ended", explain=relay.explain, patience_s=30)
    assert listed(relay) == []


def test_one_answer_to_the_content_for_several_condemns_nobody(start):
    def at_the_end(phase, _text, _session):
        return NO_SUCH_USER if phase == "content" else None
    relay, _, _ = start(at_the_end)
    send(relay, "ann@example.net", "bob@example.net")
    relay.wait_for_events("bounced", 2)
    assert listed(relay) == []
    send(relay, "cat@example.net")
    relay.wait_for_events("bounced", 3)
    assert [entry["address"] for entry in listed(relay)] == ["cat@example.net"]


def test_refuses_at_rcpt_where_it_is_told_to_and_a_reload_changes_that(start, certificate):
    relay, sink, _ = start(suppressions={"mode": "refuse"})
    relay.command("suppressions", "add", "gone@example.net", "--reason", "recipient-unknown")
    relay.command("suppressions", "add", "tired@example.net", "--reason", "complaint")
    with smtplib.SMTP(*relay.trusted) as client:
        client.ehlo()
        client.mail(SENDER)
        code, text = client.rcpt("gone@example.net")
        assert code == 550 and text.startswith(b"5.1.1 suppressed: recipient-unknown since 20")
        assert text.endswith(b"waypost suppressions show gone@example.net")
        assert client.rcpt("tired@example.net")[1].startswith(b"5.7.1 suppressed: complaint")
        for _ in range(60):  # it is no fault of the client
            assert client.rcpt("gone@example.net")[0] == 550
        assert client.rcpt("ann@example.net")[0] == 250
        assert client.data(CONTENT)[0] == 250
    relay.wait_for_events("delivered")
    assert "gone@example.net" in recipients(relay.events("rejected"))

    settings = {"delivery": {"next_hop": f"127.0.0.1:{sink.port}"}}
    relay.configure(certificate, {**settings, "suppressions": {"mode": "off"}})
    relay.command("reload")
    send(relay, "tired@example.net")
    relay.wait_for_events("delivered", 2)
    relay.configure(certificate, settings)
    relay.command("reload")
    send(relay, "tired@example.net")
    relay.wait_for_events("suppressed")
    relay.wait_until_empty()
    relay.command("ledger")


def test_part_of_the_mail_only(start):
    relay, _, _ = start()
    relay.command("suppressions", "add", "ann@example.net", "--stream", "Bulk")
    relay.command("suppressions", "add", "bob@example.net", "--sender-domain", "shop.example")
    bulk = b"X-Waypost-Stream: bulk\r\n" + CONTENT
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail(SENDER, ["ann@example.net"], bulk)
        client.sendmail(SENDER, ["ann@example.net"], CONTENT)
        client.sendmail("x@shop.example", ["bob@example.net"], CONTENT)
        client.sendmail(SENDER, ["bob@example.net"], CONTENT)
    assert recipients(relay.wait_for_events("suppressed", 2)) == \
        ["ann@example.net", "bob@example.net"]
    eventually(lambda: {"ann@example.net", "bob@example.net"} <=
               set(recipients(relay.events("delivered"))), "the rest is sent", explain=relay.explain)


def test_what_waits_is_not_tried_when_its_address_is_listed(start):
    relay, sink, _ = start()
    send(relay, "grey@example.net")
    relay.wait_for_events("deferred")
    relay.command("suppressions", "add", "grey@example.net")
    relay.wait_for_events("suppressed")
    relay.wait_until_empty()
    relay.command("ledger")


def test_the_list_survives_a_kill_at_once_after_the_bounce(start):
    relay, sink, _ = start()
    for number in range(5):
        send(relay, f"gone{number}@example.net")
        relay.wait_for_events("bounced", number + 1)
        relay.kill()
        relay.start()
        assert len(listed(relay)) == number + 1
    send(relay, *(f"gone{number}@example.net" for number in range(5)))
    relay.wait_for_events("suppressed", 5)
    relay.wait_until_empty()


def seconds_of(event):
    return datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp()


def outcomes(relay):
    found = {}
    for event in relay.events():
        if event["event"] in ("delivered", "bounced", "suppressed", "expired"):
            for recipient in event["recipients"]:
                found.setdefault((event["id"], recipient), set()).add(event["event"])
    return found


def test_the_sum_is_right_whatever_is_suppressed_and_killed(start):
    relay, sink, _ = start(suppressions={"mode": "accept-and-record"}, loops=3)
    relay.command("suppressions", "add", "tired@example.net", "--reason", "unsubscribe")
    kills = []
    for _ in range(4):
        stop = threading.Event()

        def client(stop=stop):
            while not stop.is_set():
                try:
                    send(relay, "ann@example.net", "tired@example.net", "gone@example.net",
                         "bob@example.org")
                except (smtplib.SMTPException, OSError):
                    return
        clients = [threading.Thread(target=client) for _ in range(3)]
        for one in clients:
            one.start()
        seen = len(relay.events("suppressed"))
        eventually(lambda seen=seen: len(relay.events("suppressed")) > seen + 20, "some end so",
                   explain=relay.explain)
        kills.append(time.time())
        relay.kill()
        stop.set()
        for one in clients:
            one.join()
        relay.start()
    relay.wait_until_empty(patience_s=60)
    assert not any("<tired@" in line for line in tried(sink))
    settled = outcomes(relay)
    assert all(len(kinds) == 1 for kinds in settled.values()), "two outcomes of one recipient"
    # What the event log had not written when it was killed is known to the spool alone.
    for event in relay.events("accepted"):
        if any(0 <= kill - seconds_of(event) < LOG_LOSES_S for kill in kills):
            continue
        assert all((event["id"], each) in settled for each in event["recipients"]), event
    send(relay, "ann@example.net", "tired@example.net", "gone@example.net")
    relay.wait_until_empty()
    assert relay.counts()["balances"] and relay.counts()["suppressed"] >= 2


def test_commands_work_on_the_database_while_no_relay_runs(start, folder):
    relay, _, _ = start()
    relay.stop()
    relay.command("suppressions", "add", "Ann@Example.net", "--note", "asked by phone")
    relay.command("suppressions", "add", "bob@example.org", "--expires", "30d", "--reason",
                  "recipient-disabled")
    relay.command("suppressions", "show", "ann@example.net")
    relay.command("suppressions", "show", "cat@example.net", code=1)
    relay.command("suppressions", "show", "no address", code=64)
    shown = relay.command("suppressions", "show", "ann@EXAMPLE.NET").stdout
    assert "asked by phone" in shown and "by-hand" in shown
    assert [entry["address"] for entry in listed(relay, "--reason", "by-hand")] == ["Ann@example.net"]
    assert [entry["address"] for entry in listed(relay, "--domain", "EXAMPLE.org")] == \
        ["bob@example.org"]
    exported = relay.command("suppressions", "export").stdout
    relay.command("suppressions", "rm", "ann@example.net")
    relay.command("suppressions", "rm", "ann@example.net", code=1)
    relay.command("suppressions", "rm", "bob@example.org")
    file = folder / "list.csv"
    file.write_bytes(exported.encode() + b"no address,,,,,,,\r\n")
    ran = relay.command("suppressions", "import", str(file), code=1)
    assert "list.csv:4: left out" in ran.stderr and "2 added" in ran.stderr
    assert relay.command("suppressions", "export").stdout == exported
    relay.command("suppressions", "import", str(folder / "absent.csv"), code=66)
    relay.command("suppressions", "add", "x@example.net", "--reason", "No Slug", code=64)
    relay.start()
    send(relay, "ann@example.net")
    relay.wait_for_events("suppressed")


def test_imports_a_long_list_into_the_running_relay(start, folder):
    relay, _, _ = start()
    file = folder / "list.csv"
    file.write_text("email,reason\n" + "".join(
        f"user{number}@example.net,recipient-unknown\n" for number in range(5000)))
    answer = json.loads(relay.command("--json", "suppressions", "import", str(file)).stdout)
    assert answer == {"read": 5000, "added": 5000, "left_out": 0}
    assert json.loads(relay.command("--json", "suppressions", "import", str(file)).stdout)["added"] == 0
    assert len(listed(relay, "--limit", "10")) == 10
    assert relay.command("suppressions", "export").stdout.count("\n") == 5001
    send(relay, "user4999@example.net")
    relay.wait_for_events("suppressed")


def test_notices_are_not_held_back(start):
    relay, _, mailbox = start()
    relay.command("suppressions", "add", SENDER)
    send(relay, "gone@example.net")
    eventually(lambda: len(mailbox.messages) == 1, "the sender is told", explain=relay.explain)

"""What people do with mail that waits: hold, release, retry, cancel, pause, and what they are told."""

import json
import re
import smtplib
import socket
from datetime import datetime

import pytest

from peers.waiting import eventually
from test_smtplib import CONTENT

SENDER = "app@example.com"
ANN, BEN = "ann@example.net", "ben@example.org"
RESTED = {"retry_first": "1h", "retry_max": "1h"}
NOT_RUNNING = 75


class Gate:
    """Defers every recipient until it is opened."""

    def __init__(self):
        self.is_open = False

    def __call__(self, phase, _text, _session):
        return "451 4.7.1 Come back later" if phase == "rcpt" and not self.is_open else None


def send(relay, *recipients, sender=SENDER):
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail(sender, recipients, CONTENT)


def ids(relay):
    return {line["recipient"]: line["id"] for line in relay.queue()}


def told(relay, *arguments, code=0):
    """What a command says with --json, one document."""
    return json.loads(relay.command("--json", *arguments, code=code).stdout)


def changed(relay, *arguments, code=0):
    answer = told(relay, "queue", *arguments, code=code)
    return answer["recipients"], answer["messages"]


def listed(relay, *selectors):
    lines = relay.command("--json", "queue", "ls", *selectors).stdout.splitlines()
    return sorted(json.loads(line)["recipient"] for line in lines)


def holds(relay):
    return {line["recipient"]: line["hold"] for line in relay.queue()}


def untimed(lines):
    return [{key: value for key, value in line.items() if key != "next_attempt_at"} for line in lines]


def due(lines):
    return [datetime.fromisoformat(line["next_attempt_at"]).timestamp() for line in lines]


def raw_request(relay, octets):
    """The lines that the control socket answers."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(relay.data / "control.sock"))
        client.sendall(octets)
        return [json.loads(line) for line in client.makefile("rb").read().splitlines()]


def waiting_relay(start_relay, make_sink, *messages):
    """A relay with mail that waits for an hour, and the gate that it waits for."""
    gate = Gate()
    sink = make_sink(answer=gate)
    relay = start_relay(sink.address, queue=RESTED)
    for recipients in messages:
        send(relay, *recipients)
    relay.wait_for_events("deferred", sum(map(len, messages)))
    return relay, gate, sink


def test_held_mail_stays_over_a_restart_until_it_is_released(start_relay, make_sink):
    relay, gate, sink = waiting_relay(start_relay, make_sink, [ANN])
    message = ids(relay)[ANN]
    assert changed(relay, "hold", message, "--reason", "looks odd") == (1, 1)
    [held] = relay.wait_for_events("held")
    assert (held["id"], held["recipients"], held["reply"]) == (message, [ANN], "looks odd")
    assert changed(relay, "hold", message, code=1) == (0, 0)
    gate.is_open = True
    assert relay.stop() == 0
    assert holds(relay) == {ANN: "held"}
    relay.start()
    assert holds(relay) == {ANN: "held"}
    assert "released" in relay.command("why", message).stdout
    # Held mail is not due, whoever asks for it.
    assert changed(relay, "retry", "--all", code=1) == (0, 0)
    assert not sink.messages
    assert changed(relay, "release", message) == (1, 1)
    relay.wait_for_events("released")
    # It goes on where it was in its schedule.
    assert holds(relay) == {ANN: "deferred"}
    assert changed(relay, "retry", message) == (1, 1)
    relay.wait_for_events("delivered")
    assert len(sink.messages) == 1


def test_retry_makes_mail_go_now(start_relay, make_sink):
    relay, gate, sink = waiting_relay(start_relay, make_sink, [ANN], [BEN])
    gate.is_open = True
    assert changed(relay, "retry", "--domain", "EXAMPLE.net") == (1, 1)
    relay.wait_for_events("delivered")
    assert [message.recipients for message in sink.messages] == [(ANN,)]
    assert list(holds(relay).values()) == ["deferred"]


def test_cancelled_mail_is_gone_and_the_ledger_says_so(start_relay, make_sink):
    relay, gate, sink = waiting_relay(start_relay, make_sink, [ANN, BEN])
    assert changed(relay, "cancel", "--recipient", BEN, "--reason", "sent by mistake") == (1, 1)
    [cancelled] = relay.wait_for_events("cancelled")
    assert (cancelled["recipients"], cancelled["reply"]) == ([BEN], "sent by mistake")
    assert list(holds(relay)) == [ANN]
    assert relay.stop() == 0
    relay.start()
    gate.is_open = True
    assert changed(relay, "retry", "--all") == (1, 1)
    relay.wait_until_empty()
    assert [message.recipients for message in sink.messages] == [(ANN,)]
    account = relay.counts()
    assert account["balances"] is True
    assert (account["restored"], account["delivered"], account["queued"]) == (1, 1, 0)


def test_the_ledger_of_a_running_relay_balances(start_relay, make_sink):
    relay, gate, _sink = waiting_relay(start_relay, make_sink, [ANN, BEN], [ANN])
    relay.command("queue", "cancel", "--domain", "example.org")
    gate.is_open = True
    relay.command("queue", "retry", "--all")
    relay.wait_until_empty()
    account = relay.counts()
    assert account == {"accepted": 3, "restored": 0, "delivered": 2, "bounced": 0, "expired": 0,
                       "suppressed": 0, "cancelled": 1, "queued": 0, "balances": True}


def test_a_dry_run_counts_and_changes_nothing(start_relay, make_sink):
    relay, _gate, _sink = waiting_relay(start_relay, make_sink, [ANN, BEN], [ANN])
    before = relay.queue()
    for action, count in (("hold", (3, 2)), ("retry", (3, 2)), ("cancel", (3, 2))):
        assert changed(relay, action, "--all", "--dry-run") == count
    said = relay.command("queue", "cancel", "--all", "--dry-run").stdout
    assert said == "3 recipients of 2 messages would be cancelled; nothing was changed\n"
    after = relay.queue()
    assert untimed(after) == untimed(before)
    # The wall clock moves against the steady one by some microseconds.
    assert due(after) == pytest.approx(due(before), abs=1)
    assert not relay.events("held") and not relay.events("cancelled")


def test_selectors_combine_for_lists_and_for_commands(start_relay, make_sink):
    relay, _gate, _sink = waiting_relay(start_relay, make_sink, [ANN, BEN], [ANN])
    send(relay, BEN, sender="shop@example.com")
    relay.wait_for_events("deferred", 4)
    everybody = [ANN, ANN, BEN, BEN]
    one = next(line["id"] for line in relay.queue() if line["sender"] == "shop@example.com")
    for selectors, expected in (
            ([], everybody), (["--domain", "example.net"], [ANN, ANN]), ([one], [BEN]),
            (["--sender", SENDER, "--recipient", BEN], [BEN]), (["--hold", "deferred"], everybody),
            (["--hold", "held"], []), (["--older-than", "1h"], []),
            (["--newer-than", "1h"], everybody), (["--stream", "default"], everybody),
            (["--tenant", "other"], []), (["--class", "greylisted", "--domain", "example.com"], []),
            ([one, "--domain", "example.net"], [])):
        assert listed(relay, *selectors) == expected, selectors
        if selectors:
            recipients, _messages = changed(relay, "hold", *selectors, "--dry-run",
                                            code=0 if expected else 1)
            assert recipients == len(expected), selectors
    relay.command("queue", "hold", "--sender", SENDER, "--domain", "example.org")
    assert listed(relay, "--hold", "held") == [BEN]
    assert len(relay.command("--json", "queue", "ls", "--limit", "2").stdout.splitlines()) == 2


def test_a_list_that_is_longer_than_a_slice_is_whole(start_relay, make_sink):
    relay = start_relay(make_sink().address)
    relay.command("pause", "--all")
    everybody = sorted(f"r{message}-{n}@example.net" for message in range(3) for n in range(700))
    for message in range(3):
        send(relay, *(who for who in everybody if who.startswith(f"r{message}-")))
    eventually(lambda: relay.counts()["queued"] == len(everybody), "all are accepted",
               explain=relay.explain)
    assert listed(relay, "--limit", "5000") == everybody
    some = sorted(set(ids(relay).values()))
    assert len(some) == 2  # ls shows 1,000 unless it is told otherwise
    assert listed(relay, "--limit", "5000", "--domain", "example.net") == everybody
    every_id = sorted({json.loads(line)["id"] for line in
                       relay.command("--json", "queue", "ls", "--limit", "5000").stdout.splitlines()})
    assert listed(relay, "--limit", "5000", *every_id) == everybody
    ended = relay.command("queue", "ls", "--limit", "1500")
    assert "not all are shown" in ended.stderr
    assert len(listed(relay, "--limit", "1500")) == 1500
    assert changed(relay, "cancel", "--all") == (2100, 3)
    assert relay.queue() == [] and relay.counts()["balances"] is True


def test_everything_has_to_be_asked_for(start_relay, make_sink):
    relay, _gate, _sink = waiting_relay(start_relay, make_sink, [ANN])
    for action in ("hold", "release", "retry", "cancel"):
        assert "--all" in relay.command("queue", action, code=64).stderr
    assert "--all" in relay.command("pause", "--reason", "because", code=64).stderr
    relay.command("queue", "cancel", "not-an-id", code=64)
    relay.command("queue", "cancel", "--class", "no-such-class", code=64)
    relay.command("pause", "--domain", "-", code=64)
    assert len(relay.queue()) == 1


def test_show_tells_all_about_a_message(start_relay, make_sink):
    relay, _gate, _sink = waiting_relay(start_relay, make_sink, [ANN, BEN])
    message = ids(relay)[ANN]
    page = relay.command("queue", "show", message).stdout
    for word in (message, SENDER, ANN, BEN, "Come back later", "next attempt", "given up"):
        assert word in page
    document = told(relay, "queue", "show", message)
    assert (document["sender"], document["recipients"]) == (SENDER, 2)
    assert [line["recipient"] for line in document["waiting"]] == [ANN, BEN]
    assert message in relay.command("queue", "show", "--recipient", BEN, "--sender", SENDER).stdout
    relay.command("queue", "show", "--recipient", "eve@example.net", code=1)
    assert "--all" in relay.command("queue", "show", code=64).stderr
    assert relay.stop() == 0
    assert told(relay, "queue", "show", message)["sender"] == SENDER
    assert told(relay, "queue", "show", "--domain", "example.org")["id"] == message
    relay.start()
    relay.command("queue", "cancel", message)
    relay.command("queue", "show", message, code=1)


def test_a_paused_domain_stays_paused_over_a_restart_until_it_is_resumed(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    said = relay.command("pause", "--domain", "Example.NET", "--reason", "their request").stdout
    assert said.startswith("domain example.net is paused") and "their request" in said
    send(relay, ANN)
    send(relay, BEN)
    relay.wait_for_events("delivered")
    eventually(lambda: holds(relay) == {ANN: "paused"}, "only the paused mail waits",
               explain=relay.explain)
    assert "their request" in relay.command("why", ids(relay)[ANN]).stdout
    relay.kill()
    relay.start()
    [pause] = told(relay, "pause")["pauses"]
    assert (pause["scope"], pause["name"], pause["reason"]) == ("domain", "example.net",
                                                                "their request")
    eventually(lambda: holds(relay) == {ANN: "paused"}, "it is paused again", explain=relay.explain)
    assert [message.recipients for message in sink.messages] == [(BEN,)]
    relay.command("resume", "--domain", "example.org", code=1)
    relay.command("resume", "--domain", "example.net")
    relay.wait_until_empty()
    assert [message.recipients for message in sink.messages] == [(BEN,), (ANN,)]
    assert told(relay, "pause")["pauses"] == []


def test_retry_of_paused_mail_says_that_it_is_paused(start_relay, make_sink):
    relay = start_relay(make_sink().address)
    said = relay.command("pause", "--domain", "example.net").stdout
    assert re.search(r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ,", said), said
    send(relay, ANN)
    eventually(lambda: holds(relay) == {ANN: "paused"}, "it is paused", explain=relay.explain)
    ran = relay.command("queue", "retry", "--recipient", ANN, code=1)
    assert "nothing of that" in ran.stderr and "paused" in ran.stderr


def test_a_pause_ends_by_itself(start_relay, make_sink):
    relay = start_relay(make_sink().address)
    assert " until 2" in relay.command("pause", "--all", "--for", "1s").stdout
    send(relay, ANN)
    relay.wait_until_empty()
    assert relay.events("delivered") and told(relay, "pause")["pauses"] == []


def test_a_damaged_file_of_pauses_is_said_and_kept(start_relay, make_sink):
    relay = start_relay(make_sink().address)
    relay.command("pause", "--stream", "default")
    assert relay.stop() == 0
    file = relay.data / "pauses.json"
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(b"\0" * 100)
    relay.start()
    assert "pauses.json cannot be read" in relay.log()
    assert (relay.data / "pauses.json.damaged").read_bytes() == b"\0" * 100
    assert told(relay, "pause")["pauses"] == []


def test_without_a_relay_nothing_can_be_changed(start_relay, make_sink):
    relay, _gate, _sink = waiting_relay(start_relay, make_sink, [ANN])
    message = ids(relay)[ANN]
    assert relay.stop() == 0
    for arguments in (["queue", "cancel", message], ["pause"], ["pause", "--all"],
                      ["resume", "--all"]):
        assert "not running" in relay.command(*arguments, code=NOT_RUNNING).stderr
    assert listed(relay, "--domain", "example.net") == [ANN]
    assert listed(relay, "--domain", "example.org") == []


def test_requests_that_are_wrong_are_refused_and_change_nothing(start_relay, make_sink):
    relay, _gate, _sink = waiting_relay(start_relay, make_sink, [ANN])
    for request in (b"{}", b"[]", b"\xff", b'{"command":"queue.act"}', b"[" * 5000,
                    b'{"command":"queue.act","action":"cancel","selector":{}}',
                    b'{"command":"queue.act","action":"cancel","selector":{"all":true,"zone":"x"}}',
                    b'{"command":"queue.act","action":"cancel","selector":{"all":true},"dry":true}',
                    b'{"command":"pause","scope":"domain","name":""}'):
        [answer] = raw_request(relay, request + b"\n")
        assert answer.keys() == {"error"}, request
    assert len(relay.queue()) == 1 and told(relay, "pause")["pauses"] == []

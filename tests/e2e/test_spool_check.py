"""`waypost spool check`: what it finds in a spool that is whole, damaged, or in use."""

import json
import smtplib

from peers.waiting import eventually
from test_smtplib import CONTENT

SENDER = "app@example.com"
RESTED = {"retry_first": "1h", "retry_max": "1h"}
DAMAGED, IN_USE = 1, 75


def waiting_relay(start_relay, make_sink, messages):
    """A relay that has this mail waiting in tables, and is stopped."""
    sink = make_sink(answer=lambda phase, *_: "451 4.7.1 Later" if phase == "rcpt" else None)
    relay = start_relay(sink.address, queue=RESTED)
    with smtplib.SMTP(*relay.trusted) as client:
        for number in range(messages):
            client.sendmail(SENDER, [f"user{number}@example.net"],
                            CONTENT + b"marker-%d " % number * 3000)
    relay.wait_for_events("deferred", messages)
    relay.stop()
    # The next start writes what its log holds into tables.
    relay.start()
    eventually(lambda: len(relay.queue()) == messages, "the queue is back")
    relay.stop()
    return relay


def check(relay, *arguments, code=0):
    return json.loads(relay.command("--json", "spool", "check", *arguments, code=code).stdout)


def flip(relay, octets, most=1):
    """Changes a bit of `octets` in the tables, as often as it stands there; gives how often."""
    changed = 0
    for table in (relay.data / "spool").glob("*.sst"):
        content = bytearray(table.read_bytes())
        at = content.find(octets)
        while at >= 0 and changed < most:
            content[at] ^= 1
            changed += 1
            at = content.find(octets, at + 1)
        table.write_bytes(content)
    return changed


def test_a_whole_spool_is_said_to_be_whole_and_exported(start_relay, make_sink, folder):
    relay = waiting_relay(start_relay, make_sink, 5)
    found = check(relay)
    assert found["whole"] and found["opens"] and found["damaged"] == []
    assert (found["messages"], found["waiting"]) == (5, 5)
    assert "The spool is whole." in relay.command("spool", "check").stdout

    out = folder / "export"
    assert check(relay, "--export", str(out))["exported"] == {
        "folder": str(out), "whole": 5, "damaged": 0}
    envelopes = [json.loads(file.read_text()) for file in out.glob("*.json")]
    assert sorted(e["recipients"][0]["address"] for e in envelopes) == [
        f"user{n}@example.net" for n in range(5)]
    assert {e["recipients"][0]["last_reply"] for e in envelopes} == {"451 4.7.1 Later"}
    for envelope in envelopes:
        number = envelope["recipients"][0]["address"].split("@")[0][4:]
        content = (out / f"{envelope['id']}.eml").read_bytes()
        assert content.startswith(b"Received:") and content.count(b"marker-%s " % number.encode()) == 3000
    assert out.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in out.glob("*.*"))
    # Nothing is ever written over.
    assert "exist" in relay.command("spool", "check", "--export", str(out), code=1).stderr


def test_a_spool_that_a_relay_uses_is_left_alone(start_relay, make_sink):
    relay = start_relay(make_sink().address)
    said = relay.command("spool", "check", code=IN_USE)
    assert "stop it first" in said.stderr and said.stdout == ""


def test_a_damaged_body_costs_one_message_and_is_named(start_relay, make_sink, folder):
    relay = waiting_relay(start_relay, make_sink, 5)
    assert flip(relay, b"marker-3 marker-3 ")
    out = folder / "export"
    found = check(relay, "--export", str(out), code=DAMAGED)
    [message] = found["damaged"]
    assert message["recipients"] == ["user3@example.net"] and message["sender"] == SENDER
    assert message["findings"][0]["defect"] == "chunk-unreadable"
    assert found["damaged_tables"][0]["family"] == "bodies"
    assert found["exported"]["whole"] == 4 and found["exported"]["damaged"] == 1
    assert (out / "damaged" / f"{message['id']}.eml").exists()
    said = relay.command("spool", "check", code=DAMAGED).stdout
    assert "user3@example.net (1 wait)" in said and "The spool is DAMAGED." in said
    assert "user2@example.net" not in said


def test_a_spool_that_does_not_open_is_exported_all_the_same(start_relay, make_sink, folder):
    relay = waiting_relay(start_relay, make_sink, 5)
    [manifest] = (relay.data / "spool").glob("MANIFEST*")
    manifest.write_bytes(manifest.read_bytes()[:20])
    before = {file.name: file.read_bytes() for file in (relay.data / "spool").glob("*.*")}
    out = folder / "export"
    found = check(relay, "--export", str(out), code=DAMAGED)
    assert not found["opens"] and found["reason"]
    assert found["repaired_copy"] and found["exported"]["whole"] == 5
    assert not (out / "repaired-spool").exists()
    # The spool itself is as it was.
    assert {file.name: file.read_bytes() for file in (relay.data / "spool").glob("*.*")
            if file.name in before} == before


def test_a_damaged_index_costs_no_other_family(start_relay, make_sink, folder):
    relay = waiting_relay(start_relay, make_sink, 5)
    # The footer of every table but that of the bodies' is its last 53 octets.
    biggest = max((relay.data / "spool").glob("*.sst"), key=lambda file: file.stat().st_size)
    content = bytearray(biggest.read_bytes())
    content[-200] ^= 1  # in the blocks that say where blocks are
    biggest.write_bytes(content)
    found = check(relay, "--export", str(folder / "export"), code=DAMAGED)
    assert not found["whole"]
    assert found["exported"]["whole"] + found["exported"]["damaged"] == 5

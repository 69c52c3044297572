"""`waypost providers` and `waypost top`: how sites stand, in a table, as JSON and on a terminal."""

import json
import os
import pty
import select
import smtplib
import subprocess

from peers.relay import binary
from peers.waiting import eventually
from test_records import wait_until_recorded
from test_smtplib import CONTENT

RESTED = {"retry_first": "1h", "retry_max": "1h"}
HOSTILE = "451 4.7.1 Greylisted \x1b]0;owned\x07, come back later"


def answer(phase, text, _session):
    return HOSTILE if phase == "rcpt" and "later" in text else None


def busy_relay(start_relay, make_sink):
    """A relay that has delivered two and has one waiting, at one site."""
    relay = start_relay(make_sink(answer=answer).address, queue=RESTED)
    with smtplib.SMTP(*relay.trusted) as client:
        for name in ("ann", "ben", "later"):
            client.sendmail("app@example.com", [f"{name}@example.net"], CONTENT)
    relay.wait_for_events("deferred", 1)
    relay.wait_for_events("delivered", 2)
    wait_until_recorded(relay)
    return relay


def lines(relay, *arguments, code=0):
    ran = relay.command("--json", *arguments, code=code)
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_a_site_says_what_waits_and_what_became_of_mail(start_relay, make_sink):
    relay = busy_relay(start_relay, make_sink)
    [site] = lines(relay, "providers")
    assert site["delivered_last_hour"] == 2 and site["deferred_last_hour"] == 1
    assert site["queued"] == 1 and site["holds"] == {"deferred": 1}
    assert site["hold"] == "deferred" and site["next_attempt_at"] > site["oldest_at"]
    assert site["delivered_last_minute"] == 2 and site["bounced_last_hour"] == 0
    assert sum(site["classes_last_hour"].values()) == 1
    assert site["connections_limit"] == 20 and site["measure"] == "open"
    table = relay.command("providers").stdout
    assert "deferred: 451 4.7.1 Greylisted" in table and "\x1b" not in table
    relay.stop()
    assert "not running" in relay.command("providers", code=75).stderr


def test_a_site_that_cannot_be_reached_comes_first(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address, queue={"retry_first": "300ms", "retry_max": "300ms"},
                        routes=[{"id": "shut", "match": ["shut.example"],
                                 "next_hop": "127.0.0.1:1"}])
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail("app@example.com", ["ann@example.net"], CONTENT)
        client.sendmail("app@example.com", ["ben@shut.example"], CONTENT)
    relay.wait_for_events("deferred", 2)
    first = eventually(lambda: (found := lines(relay, "providers")) and
                       found[0]["measure"] == "probe" and found[0], "it is shut")
    assert first["troubles"] >= 1 and first["last_trouble"]


def test_top_shows_one_picture_where_there_is_no_terminal(start_relay, make_sink):
    relay = busy_relay(start_relay, make_sink)
    picture = relay.command("top").stdout
    assert "1 messages, 1 recipients" in picture and "2 delivered" in picture
    assert "later@example.net" in picture and "waypost explain " in picture
    assert "\x1b" not in picture and "\x07" not in picture
    [told] = lines(relay, "top", "--once")
    assert told["relay_runs"] and told["queued"] == 1 and told["deferred"] == 1
    assert told["memory"] > 1_000_000 and told["disk_free"] > 0
    assert told["problems"][0]["recipient"] == "later@example.net" and told["problems"][0]["rule"]
    relay.stop()
    [told] = lines(relay, "top", "--once", code=75)
    assert not told["relay_runs"] and told["problems"]


def test_top_lives_in_a_terminal_until_q(start_relay, make_sink):
    relay = busy_relay(start_relay, make_sink)
    ours, theirs = pty.openpty()
    top = subprocess.Popen([binary(), "--config", relay.config_file, "top"], stdin=theirs,
                           stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""

    def read(until):
        nonlocal seen

        def more():
            nonlocal seen
            ready, _, _ = select.select([ours], [], [], 0.1)
            if ready:
                try:
                    seen += os.read(ours, 65536)
                except OSError:  # the other side is gone
                    return True
            return until in seen
        eventually(more, f"{until} is shown", explain=lambda: repr(seen[-2000:]))

    read(b"later@example.net")
    assert seen.startswith(b"\x1b[?1049h\x1b[?25l")
    assert b"\x1b]" not in seen and b"\x07" not in seen
    drawn = seen.count(b"\x1b[H")
    eventually(lambda: read(b"\x1b[H") or seen.count(b"\x1b[H") > drawn, "it is drawn again")
    os.write(ours, b"q")
    read(b"\x1b[?25h\x1b[?1049l")
    assert top.wait(timeout=60) == 0
    os.close(ours)

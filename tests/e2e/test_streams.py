"""Urgent mail is not behind bulk mail, and mail with a deadline is told of before it is over."""

import smtplib

from test_health import checks, get, http_port

from peers.relay import recipients
from peers.waiting import eventually

BULK = 60


def message(*fields):
    return "\r\n".join([*fields, "From: app@example.com", "Subject: x", "", "text", ""])


def deadline_check(relay):
    code, page = get(http_port(relay), "/readyz")
    assert code == 200, page
    return checks(page)["deadlines"]


def order_of(sink):
    return [recipient for recipient, _ in sink.delivered()]


def test_a_password_is_not_behind_the_newsletters_that_wait_for_the_same_site(
        start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address, sites=[
        {"id": "slow", "match": ["slow.test"], "connections": 1, "messages_per_second": 5,
         "recipients_per_message": 1}],
        streams=[{"id": "passwords", "share": 0.5, "reserve": 0.2, "expire_after": "10m"}])
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail("news@example.com", [f"n{number}@slow.test" for number in range(BULK)],
                        message())
        client.sendmail("app@example.com", ["user@slow.test"],
                        message("X-Waypost-Stream: passwords"))
    eventually(lambda: "user@slow.test" in order_of(sink), "the password is there")
    # Some go while the password is accepted; in the order of coming it would be the last.
    assert order_of(sink).index("user@slow.test") < BULK / 2
    assert any("kept free for urgent mail" in waiting["reason"] for waiting in relay.queue())
    [accepted] = [event for event in relay.wait_for_events("accepted", BULK + 1)
                  if event["recipients"] == ["user@slow.test"]]
    assert accepted["stream"] == "passwords"
    assert not any(b"X-Waypost" in content for _, content in sink.delivered())


def test_who_asks_for_a_deadline_is_told_when_half_of_the_time_is_over(start_relay, make_sink):
    sink = make_sink(answer=lambda phase, text, session: "451 4.3.0 Not now"
                     if phase == "rcpt" else None)
    relay = start_relay(sink.address, http={"address": "127.0.0.1:0"})
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail("app@example.com", ["user@x.test"],
                        message("X-Waypost-Expire-After: 24s"))
        client.sendmail("app@example.com", ["other@x.test"], message())
    [warned] = relay.wait_for_events("expiring")
    assert warned["recipients"] == ["user@x.test"]
    assert "are left; " in warned["reply"]
    [waiting] = [line for line in relay.queue() if line["recipient"] == "user@x.test"]
    assert waiting["deadline"] is True
    assert "it has a deadline" in relay.command("why", warned["id"]).stdout
    eventually(lambda: deadline_check(relay)["ok"] is False, "health tells of it")
    assert warned["id"] in deadline_check(relay)["trouble"]
    [expired] = relay.wait_for_events("expired")
    assert recipients([expired]) == ["user@x.test"]
    assert warned["id"] in relay.trace("user@x.test")

"""Mail that has to wait: the reason can be read, it is tried again, and in the end given up."""

import json
import smtplib
import threading
from datetime import datetime, timedelta

from peers.process import free_port
from peers.waiting import eventually
from test_smtplib import CONTENT

REPLY = "451 4.7.1 Greylisted, come back later"
SENDER, RECIPIENT = "app@example.com", "ann@example.net"


class Greylister:
    """Answers the first `times` RCPT with REPLY."""

    def __init__(self, times):
        self.left, self.seen, self.lock = times, 0, threading.Lock()

    def __call__(self, phase, _text, _session):
        if phase != "rcpt":
            return None
        with self.lock:
            self.seen += 1
            self.left -= 1
            return REPLY if self.left >= 0 else None


def send(relay, recipient=RECIPIENT):
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail(SENDER, [recipient], CONTENT, rcpt_options=["NOTIFY=NEVER"])
    return relay.wait_for_events("accepted")[0]["id"]


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_a_deferred_message_is_tried_again_until_it_is_taken(start_relay, make_sink):
    greylister = Greylister(2)
    sink = make_sink(answer=greylister)
    relay = start_relay(sink.address)
    message = send(relay)
    [delivered] = relay.wait_for_events("delivered")
    deferred = relay.events("deferred")
    assert [(event["id"], event["recipients"], event["attempt"], event["reply"], event["phase"])
            for event in deferred] == [(message, [RECIPIENT], n, REPLY, "rcpt") for n in (1, 2)]
    for event in deferred:
        assert moment(event["next_attempt_at"]) > moment(event["at"])
    # Never before its time.
    assert moment(delivered["at"]) >= moment(deferred[1]["next_attempt_at"])
    assert delivered["attempt"] == 3
    assert len(sink.messages) == 1 and greylister.seen == 3
    relay.wait_until_empty()
    trace = relay.trace(message)
    assert [trace.count(word) for word in ("deferred ", "delivered ")] == [2, 1]


def test_why_and_queue_say_what_a_waiting_message_waits_for(start_relay, make_sink):
    relay = start_relay(make_sink(answer=Greylister(1000)).address,
                        queue={"retry_first": "1h", "retry_max": "1h"})
    message = send(relay)
    [deferred] = relay.wait_for_events("deferred")
    [waiting] = relay.queue()
    assert (waiting["id"], waiting["recipient"], waiting["attempts"]) == (message, RECIPIENT, 1)
    assert waiting["last_reply"] == REPLY
    assert abs((moment(waiting["next_attempt_at"])
                - moment(deferred["next_attempt_at"])).total_seconds()) < 1
    for text in (relay.command("why", message).stdout, relay.command("queue", "ls").stdout):
        assert message in text or RECIPIENT in text
        assert REPLY in text
        assert deferred["next_attempt_at"][11:19] in text
    assert json.loads(relay.command("--json", "why", message).stdout)["last_reply"] == REPLY


def test_a_restart_keeps_the_attempts_and_the_reply(start_relay, make_sink):
    sink = make_sink(answer=Greylister(2))
    relay = start_relay(sink.address, queue={"retry_first": "12s", "retry_max": "12s"})
    message = send(relay)
    relay.wait_for_events("deferred")
    [before] = relay.queue()
    assert relay.stop() == 0
    [stopped] = relay.queue()
    assert (stopped["id"], stopped["attempts"], stopped["last_reply"]) == (message, 1, REPLY)
    relay.start()
    [after] = relay.queue()
    assert (after["id"], after["attempts"], after["last_reply"]) == (message, 1, REPLY)
    for name in ("next_attempt_at", "expires_at"):
        # Each process reads the wall clock against its own steady clock: microseconds of difference.
        difference = moment(after[name]) - moment(before[name])
        assert abs(difference.total_seconds()) < 0.001
    relay.wait_for_events("deferred", 2, patience_s=60)
    relay.command("queue", "retry", message)
    relay.wait_for_events("delivered")
    assert [event["attempt"] for event in relay.events("deferred")] == [1, 2]
    assert relay.events("delivered")[0]["attempt"] == 3


def test_a_message_that_waited_too_long_expires(start_relay, make_sink):
    sink = make_sink(answer=Greylister(1000))
    relay = start_relay(sink.address, queue={"expire_after": "2s"})
    message = send(relay)
    [expired] = relay.wait_for_events("expired")
    assert (expired["id"], expired["recipients"], expired["reply"]) == (message, [RECIPIENT], REPLY)
    # It is given up as soon as no further attempt (each 500 ms) would come before its time is over.
    deferred = relay.events("deferred")
    over = moment(relay.events("accepted")[0]["at"]) + timedelta(seconds=2)
    assert expired["since_accepted_ms"] >= 1500
    assert all(moment(event["next_attempt_at"]) < over for event in deferred)
    assert expired["attempt"] == len(deferred) + 1
    relay.wait_until_empty()
    assert not sink.messages and not relay.events("delivered")


def test_a_host_that_is_down_defers_and_gets_the_mail_when_it_is_back(start_relay, make_sink):
    address = ("127.0.0.2", free_port("127.0.0.2"))
    relay = start_relay(address)
    message = send(relay)
    [deferred, *_] = relay.wait_for_events("deferred")
    assert (deferred["id"], deferred["phase"]) == (message, "connect")
    back = make_sink(address=address[0], port=address[1])
    eventually(lambda: back.messages, "the message arrives", explain=relay.explain)
    relay.wait_until_empty()

"""A real Postfix on either side."""

import smtplib
import socketserver
import threading

import pytest

from peers.postfix import Postfix, SmtpSink, smtp_source
from peers.relay import count_recipients, recipients
from peers.waiting import eventually
from test_smtplib import CONTENT

MESSAGES, SESSIONS = 200, 10


class GreylistPolicy(socketserver.ThreadingTCPServer):
    """Postfix's policy protocol: defers each sender and recipient once, as postgrey does."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), GreylistHandler)
        self.known = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class GreylistHandler(socketserver.StreamRequestHandler):
    def handle(self):
        attributes = {}
        for line in self.rfile:
            name, _, value = line.decode().strip().partition("=")
            attributes[name] = value
            if name:
                continue
            who = (attributes["sender"], attributes["recipient"])
            known = who in self.server.known
            self.server.known.add(who)
            self.wfile.write(b"action=DUNNO\n\n" if known else
                             b"action=DEFER_IF_PERMIT Greylisted, see postgrey\n\n")


@pytest.fixture(name="start_postfix")
def start_postfix_fixture(folder, certificate):
    started = []

    def start_postfix(**options):
        started.append(Postfix(folder, certificate, **options))
        return started[-1]
    yield start_postfix
    for postfix in started:
        postfix.stop()


@pytest.fixture(name="smtp_sink")
def smtp_sink_fixture(folder):
    sink = SmtpSink(folder)
    yield sink
    sink.stop()


def send(relay, *to):
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail("app@example.com", list(to), CONTENT)


def test_a_burst_of_its_load_generator_arrives_whole(start_relay, smtp_sink):
    relay = start_relay(smtp_sink.address)
    smtp_source(relay.trusted, "-m", str(MESSAGES), "-s", str(SESSIONS), "-l", "4096",
                "-f", "app@example.com", "-t", "ann@example.net")
    relay.wait_until_empty(patience_s=60)
    relay.wait_for_events("delivered", MESSAGES)
    assert count_recipients(relay.events("accepted")) == MESSAGES
    assert count_recipients(relay.events("delivered")) == MESSAGES
    assert len({event["id"] for event in relay.events()}) == MESSAGES
    assert {event["event"] for event in relay.events()} == {"accepted", "delivered"}
    eventually(lambda: smtp_sink.messages() == MESSAGES, "smtp-sink has counted them all")


def test_it_delivers_into_a_mailbox_over_tls(start_relay, start_postfix):
    postfix = start_postfix()
    relay = start_relay(postfix.address)
    send(relay, "ann@postfix.test")
    [delivered] = relay.wait_for_events("delivered")
    assert delivered["tls"].startswith("TLSv1.3 ")
    assert delivered["reply"].startswith("250 2.0.0 Ok: queued as ")
    eventually(lambda: postfix.mail("ann"), "the message is in the mailbox", explain=postfix.log)
    [message] = postfix.mail("ann")
    # Postfix wraps it in its own headers and writes local line ends.
    assert message.endswith(CONTENT.replace(b"\r\n", b"\n"))
    assert b"by relay.example" in message
    assert "using TLSv1.3" in message.decode()


def test_without_tls_there_the_mail_goes_in_the_clear_and_the_event_says_so(start_relay, start_postfix):
    relay = start_relay(start_postfix(tls="none").address)
    send(relay, "ann@postfix.test")
    [delivered] = relay.wait_for_events("delivered")
    assert "tls" not in delivered


def test_required_tls_defers_what_can_only_go_in_the_clear(start_relay, start_postfix):
    postfix = start_postfix(tls="none")
    relay = start_relay(postfix.address, delivery={"tls": "required"})
    send(relay, "ann@postfix.test")
    [deferred, *_] = relay.wait_for_events("deferred")
    assert (deferred["phase"], deferred["recipients"]) == ("tls", ["ann@postfix.test"])
    assert not relay.events("delivered") and not postfix.mail("ann")


def test_an_unknown_recipient_bounces_and_the_others_get_their_copy(start_relay, start_postfix):
    postfix = start_postfix(mailboxes=("ann", "cid"))
    relay = start_relay(postfix.address)
    send(relay, "ann@postfix.test", "bob@postfix.test", "cid@postfix.test", "eve@elsewhere.test")
    bounced = relay.wait_for_events("bounced", 2)
    delivered = relay.wait_for_events("delivered", 2)
    assert recipients(delivered) == ["ann@postfix.test", "cid@postfix.test"]
    replies = {to: event["reply"] for event in bounced for to in event["recipients"]}
    assert sorted(replies) == ["bob@postfix.test", "eve@elsewhere.test"]
    assert replies["bob@postfix.test"].startswith("550 5.1.1 ")
    # Postfix relays as little for us as we do for strangers.
    assert replies["eve@elsewhere.test"].startswith("554 5.7.1 ")
    relay.wait_until_empty()
    for name in ("ann", "cid"):
        eventually(lambda mailbox=name: postfix.mail(mailbox), f"{name} has mail")


def test_greylisting_is_waited_out(start_relay, start_postfix):
    with GreylistPolicy() as policy:
        postfix = start_postfix(policy=policy.server_address)
        relay = start_relay(postfix.address)
        send(relay, "ann@postfix.test")
        [delivered] = relay.wait_for_events("delivered")
        [deferred] = relay.events("deferred")
        assert (deferred["phase"], deferred["attempt"], delivered["attempt"]) == ("rcpt", 1, 2)
        assert deferred["reply"].startswith("450 4.7.1 ") and "Greylisted" in deferred["reply"]
        eventually(lambda: postfix.mail("ann"), "the message is in the mailbox")
        policy.shutdown()

"""swaks, with which people try out a relay by hand."""

import subprocess

import pytest

from peers.postfix import SmtpSink
from peers.presence import program
from peers.waiting import eventually

# Lines of one and two dots, and one that begins with a dot and goes on.
BODY = "first\n.\n..\n.dotted\n\nlast"


def swaks(relay, listener, password):
    host, port = getattr(relay, listener)
    return subprocess.run(
        [program("swaks"), "--server", host, "--port", str(port),
         "--tls" if listener == "starttls" else "--tls-on-connect",
         "--auth", "PLAIN", "--auth-user", "app", "--auth-password", password,
         "--from", "app@example.com", "--to", "ann@example.net", "--body", BODY],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("listener", ["starttls", "implicit"])
def test_it_logs_in_over_tls_and_its_mail_arrives_as_it_was_sent(start_relay, make_sink, listener):
    sink = make_sink()
    relay = start_relay(sink.address)
    ran = swaks(relay, listener, relay.create_key("app"))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    [delivered] = relay.wait_for_events("delivered")
    assert delivered["id"] in ran.stdout, "the reply does not name the message"
    [message] = sink.messages
    header, _, body = message.content.partition(b"\r\n\r\n")
    assert header.startswith(b"Received: from ")
    assert header.count(b"\r\nSubject: ") == 1 and header.count(b"\r\nMessage-Id: ") == 1
    assert body.rstrip() == BODY.replace("\n", "\r\n").encode()
    assert b"\r\n..\r\n...\r\n..dotted\r\n" in message.wire


def test_it_reaches_the_sink_of_postfix(start_relay, folder):
    sink = SmtpSink(folder)
    relay = start_relay(sink.address)
    password = relay.create_key("app")
    for listener in ("starttls", "implicit"):
        assert swaks(relay, listener, password).returncode == 0
    relay.wait_for_events("delivered", 2)
    relay.wait_until_empty()
    eventually(lambda: sink.messages() == 2, "smtp-sink has counted both")
    sink.stop()


def test_a_wrong_password_ends_it_with_its_own_code(start_relay, make_sink):
    relay = start_relay(make_sink().address)
    relay.create_key("app")
    ran = swaks(relay, "starttls", "wrong")
    assert ran.returncode == 28, ran.stdout
    assert " 535 5.7.8 " in ran.stdout

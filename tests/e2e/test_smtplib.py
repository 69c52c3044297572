"""Python's own client, as most scripts use it."""

import smtplib
import ssl

from peers.relay import recipients

CONTENT = (b"From: app@example.com\r\nTo: ann@example.net\r\nSubject: dots\r\n\r\n"
           b"first\r\n.\r\n..two\r\n.three\r\n\r\nlast\r\n")


def trusting_nobody():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_a_client_that_upgrades_and_logs_in_delivers(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    password = relay.create_key("app")
    with smtplib.SMTP(*relay.starttls) as client:
        client.starttls(context=trusting_nobody())
        client.login("app", password)
        assert client.sendmail("app@example.com", ["ann@example.net"], CONTENT) == {}
    delivered = relay.wait_for_events("delivered")
    accepted = relay.events("accepted")
    assert recipients(delivered) == ["ann@example.net"]
    assert accepted[0]["login"] == "app" and accepted[0]["client"].startswith("127.0.0.1:")
    [message] = sink.messages
    assert (message.sender, message.recipients) == ("app@example.com", ("ann@example.net",))
    assert message.content.startswith(b"Received: ")
    assert b"ESMTPSA" in message.content.split(b"\r\nFrom:")[0]
    assert message.content.endswith(CONTENT)


def test_a_client_on_the_port_that_is_encrypted_from_the_start_delivers(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    password = relay.create_key("app")
    with smtplib.SMTP_SSL(*relay.implicit, context=trusting_nobody()) as client:
        client.login("app", password)
        client.sendmail("app@example.com", ["ann@example.net"], CONTENT)
    relay.wait_for_events("delivered")
    assert [message.content.endswith(CONTENT) for message in sink.messages] == [True]


def test_each_recipient_of_one_message_has_its_own_outcome(start_relay, make_sink):
    def refuse_bob(phase, text, _session):
        return "550 5.1.1 No such user" if (phase, text) == ("rcpt", "bob@example.net") else None

    sink = make_sink(answer=refuse_bob)
    relay = start_relay(sink.address)
    everybody = ["ann@example.net", "bob@example.net", "cid@example.net"]
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail("app@example.com", everybody, CONTENT, rcpt_options=["NOTIFY=NEVER"])
    delivered = relay.wait_for_events("delivered", 2)
    bounced = relay.wait_for_events("bounced")
    assert recipients(delivered) == ["ann@example.net", "cid@example.net"]
    assert recipients(bounced) == ["bob@example.net"]
    assert (bounced[0]["phase"], bounced[0]["reply"]) == ("rcpt", "550 5.1.1 No such user")
    assert len({event["id"] for event in relay.events()}) == 1
    assert sorted(to for to, _ in sink.delivered()) == ["ann@example.net", "cid@example.net"]
    relay.wait_until_empty()

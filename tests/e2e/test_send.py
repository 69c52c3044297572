"""`waypost send`: a message from the command line, and what becomes of it."""

import email
import email.policy


def parsed(sink):
    return email.message_from_bytes(sink.delivered()[0][1], policy=email.policy.default)


def test_send_waits_until_it_is_delivered_and_python_reads_it(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    ran = relay.command("send", "--from", "Ann <a@example.org>", "--to", "b@example.com",
                        "--subject", "Grüße", "--text", "Guten Tag, Łódź\n", "--html",
                        "<p>Hallo</p>", "--wait", "--timeout", "30s")
    message_id = ran.stdout.splitlines()[0]
    assert "delivered" in ran.stdout and message_id in relay.trace(message_id)
    message = parsed(sink)
    assert message["Subject"] == "Grüße" and message["From"] == "Ann <a@example.org>"
    assert message.get_body(("plain",)).get_content().splitlines() == ["Guten Tag, Łódź"]
    assert "<p>Hallo</p>" in message.get_body(("html",)).get_content()
    assert not message.defects and sink.messages[0].sender == "a@example.org"


def test_send_ends_with_1_for_a_bounce_and_75_when_the_time_is_over(start_relay, make_sink):
    def answer(phase, text, _):
        if phase != "rcpt":
            return None
        return "550 5.1.1 No such user" if "nobody" in text else "451 4.3.0 Later"
    sink = make_sink(answer=answer)
    relay = start_relay(sink.address, queue={"retry_first": "1h", "retry_max": "1h"})
    base = ("send", "--from", "a@example.org", "--text", "x", "--wait", "--timeout", "10s", "--to")
    assert "bounced" in relay.command(*base, "nobody@example.com", code=1).stdout
    slow = [*base, "later@example.com"]
    slow[slow.index("10s")] = "6s"
    assert "deferred" in relay.command(*slow, code=75).stdout


def test_send_takes_a_ready_message_and_its_recipients(start_relay, make_sink, folder):
    sink = make_sink()
    relay = start_relay(sink.address)
    file = folder / "ready.eml"
    file.write_bytes(b"From: Ann <a@example.org>\nTo: b@example.com\nBcc: c@example.com\n"
                     b"Subject: ready\n\nHi\n")
    relay.command("send", "--file", str(file), "--wait", "--timeout", "30s")
    assert sorted(to for to, _ in sink.delivered()) == ["b@example.com", "c@example.com"]
    assert parsed(sink)["Bcc"] is None
    relay.command("send", "--text", "x", code=64)


def test_send_says_that_the_relay_refused_the_message(start_relay, make_sink, folder):
    relay = start_relay(make_sink().address)
    file = folder / "loop.eml"
    file.write_bytes(b"Received: from a by b; now\r\n" * 60 +
                     b"From: a@example.org\r\nTo: b@example.com\r\n\r\nHi\r\n")
    ran = relay.command("send", "--file", str(file), "--wait", "--timeout", "30s", code=1)
    message_id = ran.stdout.splitlines()[0]
    assert "rejected" in ran.stdout and "554 5.4.6" in ran.stdout
    assert "still waits" not in ran.stderr
    assert "554 5.4.6" in relay.trace(message_id)

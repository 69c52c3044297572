"""What senders are told about their mail: delivery status notifications, read as programs read them."""

import email
import email.policy
import smtplib

import pytest

from peers.postfix import Postfix
from peers.waiting import eventually
from test_smtplib import CONTENT

SENDER = "app@sender.example"
NO_SUCH_USER = "550 5.1.1 No such user here"


def refusing(phase, text, _):
    if phase == "rcpt" and text.startswith("gone"):
        return NO_SUCH_USER
    if phase == "rcpt" and text.startswith("busy"):
        return "451 4.3.0 Not now"
    return None


def with_dsn(commands):
    """A host that has DSN, and keeps the lines of MAIL and RCPT."""
    def answer(phase, _, __):
        return "250-sink.example\r\n250-DSN\r\n250 PIPELINING" if phase == "hello" else None
    return {"answer": answer, "commands": commands}


@pytest.fixture(name="mailbox")
def mailbox_fixture(make_sink):
    """Where the senders' mail goes."""
    return make_sink()


@pytest.fixture(name="start")
def start_fixture(start_relay, mailbox, make_sink):
    """start(answer=...) -> (relay, the sink of all recipients). Senders are at sender.example."""
    def start(sink=None, **settings):
        sink = {"answer": refusing, **(sink or {})}
        rest = make_sink(**sink)
        relay = start_relay(
            next_hop=rest.address[:2],
            routes=[{"id": "senders", "match": ["sender.example"],
                     "next_hop": f"127.0.0.1:{mailbox.port}"}], **settings)
        return relay, rest
    return start


def send(relay, recipients, sender=SENDER, mail=(), rcpt=(), listener="trusted"):
    with smtplib.SMTP(*getattr(relay, listener)) as client:
        client.ehlo()
        assert client.mail(sender, mail)[0] == 250
        for recipient in recipients:
            assert client.rcpt(recipient, rcpt)[0] == 250
        assert client.data(CONTENT)[0] == 250


def read(content):
    """A notice's message and its parts: for people, for programs, what is returned."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert not message.defects, message.defects
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert message["Auto-Submitted"] == "auto-replied" and message["From"] and message["Date"]
    assert message["To"] == SENDER
    parts = message.get_payload()
    assert len(parts) == 3 and not any(part.defects for part in parts)
    assert parts[0].get_content_type() == "text/plain"
    assert parts[1].get_content_type() == "message/delivery-status"
    return message, parts


def words_of(part):
    return " ".join(part.get_content().split())


def wait_for_notices(relay, mailbox, count=1):
    eventually(lambda: len(mailbox.messages) >= count, f"{count} notices come", explain=relay.explain)
    assert all((kept.sender, kept.recipients) == ("", (SENDER,)) for kept in mailbox.messages)
    return [read(kept.content) for kept in mailbox.messages]


def test_who_sent_to_nobody_learns_it_and_gets_the_header_back(start, mailbox):
    relay, rest = start()
    send(relay, ["gone@example.net"], mail=["ENVID=order+2B7"], rcpt=["ORCPT=rfc822;Gone@old.example"])
    [(message, (text, status, returned))] = wait_for_notices(relay, mailbox)
    assert "gone@example.net" in message["Subject"]
    words = words_of(text)
    assert "could not be delivered" in words and NO_SUCH_USER in words and "What to do:" in words
    about, recipient = status.get_payload()
    assert about["Reporting-MTA"] == "dns; relay.example" and about["Arrival-Date"]
    assert about["Original-Envelope-Id"] == "order+7"
    assert recipient["Original-Recipient"] == "rfc822;Gone@old.example"
    assert recipient["Final-Recipient"] == "rfc822;gone@example.net"
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.1.1")
    assert recipient["Diagnostic-Code"] == f"smtp; {NO_SUCH_USER}"
    assert recipient["Remote-MTA"].startswith("dns; ") and recipient["Last-Attempt-Date"]
    assert returned.get_content_type() == "text/rfc822-headers"
    assert "Subject: " in returned.get_content() and not rest.messages
    relay.wait_until_empty()
    bounced = relay.events("bounced")[0]
    assert [event.get("about") for event in relay.events("accepted")] == [None, bounced["id"]]


def test_several_failures_share_one_notice_with_the_whole_message(start, mailbox):
    relay, rest = start()
    send(relay, ["gone1@example.net", "ann@example.net", "gone2@example.net"], mail=["RET=FULL"])
    relay.wait_until_empty()
    [(_, (_, status, returned))] = wait_for_notices(relay, mailbox)
    assert [fields["Final-Recipient"] for fields in status.get_payload()[1:]] == [
        "rfc822;gone1@example.net", "rfc822;gone2@example.net"]
    assert returned.get_content_type() == "message/rfc822"
    [delivered] = rest.messages
    body = delivered.content.partition(b"\r\n\r\n")[2]
    assert returned.get_payload(0).as_bytes().replace(b"\r\n", b"\n").endswith(
        body.replace(b"\r\n", b"\n"))


def test_who_wants_no_notice_gets_none(start, mailbox):
    relay, _ = start()
    send(relay, ["gone@example.net"], rcpt=["NOTIFY=NEVER"])
    send(relay, ["gone.too@example.net"], rcpt=["NOTIFY=SUCCESS,DELAY"])
    relay.wait_for_events("bounced", 2)
    relay.wait_until_empty()
    assert not mailbox.messages and len(relay.events("accepted")) == 2


def test_the_null_sender_is_never_answered(start, mailbox):
    relay, _ = start()
    send(relay, ["gone@example.net"], sender="", rcpt=["NOTIFY=FAILURE"])
    relay.wait_for_events("bounced")
    relay.wait_until_empty()
    assert not mailbox.messages and len(relay.events("accepted")) == 1


def test_a_stranger_is_never_answered(start, mailbox):
    relay, _ = start(inbound=[{"domains": ["our.example"], "recipients": ["gone"]}])
    send(relay, ["gone@our.example"], listener="starttls")
    relay.wait_for_events("bounced")
    relay.wait_until_empty()
    assert not mailbox.messages and len(relay.events("accepted")) == 1


def test_a_notice_that_fails_makes_no_other(start_relay, make_sink):
    sink = make_sink(answer=lambda phase, *_: NO_SUCH_USER if phase == "rcpt" else None)
    relay = start_relay(next_hop=sink.address[:2])
    send(relay, ["gone@example.net"])
    relay.wait_for_events("bounced", 2)
    relay.wait_until_empty()
    assert len(relay.events("accepted")) == 2


def test_a_success_is_told_when_the_next_host_has_no_dsn(start, mailbox):
    relay, rest = start()
    send(relay, ["ann@example.net"], rcpt=["NOTIFY=SUCCESS"])
    [(_, (text, status, _))] = wait_for_notices(relay, mailbox)
    assert "sends no reports" in words_of(text)
    assert status.get_payload(1)["Action"] == "relayed"
    assert status.get_payload(1)["Status"].startswith("2.") and len(rest.messages) == 1


def test_a_host_with_dsn_gets_the_wish_and_tells_itself(start, mailbox):
    commands = []
    relay, _ = start(with_dsn(commands))
    send(relay, ["ann@example.net"], mail=["RET=HDRS", "ENVID=order7"],
         rcpt=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;ann@old.example"])
    relay.wait_for_events("delivered")
    relay.wait_until_empty()
    mail, rcpt = commands
    assert "RET=HDRS" in mail and "ENVID=order7" in mail, mail
    assert "NOTIFY=SUCCESS,FAILURE" in rcpt and "ORCPT=rfc822;ann@old.example" in rcpt, rcpt
    assert not mailbox.messages and len(relay.events("accepted")) == 1


def test_a_delay_is_told_once_and_the_end_too(start, mailbox):
    relay, _ = start(queue={"delay_notice_after": "1s", "expire_after": "8s"})
    send(relay, ["busy@example.net"])
    relay.wait_for_events("expired")
    (_, delayed), (_, failed) = wait_for_notices(relay, mailbox, 2)
    recipient = delayed[1].get_payload(1)
    assert (recipient["Action"], recipient["Status"]) == ("delayed", "4.3.0")
    assert recipient["Will-Retry-Until"]
    assert "still being tried" in words_of(delayed[0])
    assert failed[1].get_payload(1)["Action"] == "failed"
    assert "before its time ran out" in words_of(failed[0])
    relay.wait_until_empty()
    assert len(mailbox.messages) == 2


def test_hostile_words_of_a_server_stay_in_their_field(start, mailbox):
    reply = "550-5.7.1 \x1b[2JBcc: v@w\r\n550 5.7.1 --=_ " + "long " * 90
    relay, _ = start({"answer": lambda phase, *_: reply if phase == "rcpt" else None})
    send(relay, ["ann@example.net"])
    [(message, (_, status, _))] = wait_for_notices(relay, mailbox)
    assert len(message.get_payload()) == 3 and message["Bcc"] is None
    assert len(status.get_payload()) == 2 and status.get_payload(1)["Status"] == "5.7.1"
    raw = mailbox.messages[0].content
    assert raw.isascii() and b"\x1b" not in raw and max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_notice_goes_through_a_real_postfix_to_a_mailbox(start_relay, make_sink, folder,
                                                           certificate):
    postfix = Postfix(folder, certificate)
    try:
        rest = make_sink(answer=refusing)
        relay = start_relay(
            next_hop=rest.address[:2],
            routes=[{"id": "postfix", "match": ["postfix.test"],
                     "next_hop": "127.0.0.1:%d" % postfix.address[1]}])
        send(relay, ["gone@example.net"], sender="ann@postfix.test")
        [content] = eventually(postfix.mail, "the notice comes",
                               explain=lambda: relay.explain() + postfix.log())
    finally:
        postfix.stop()
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert message.get_content_type() == "multipart/report" and message["Return-Path"] == "<>"
    status = message.get_payload(1)
    assert status.get_payload(1)["Final-Recipient"] == "rfc822;gone@example.net"
    assert status.get_payload(1)["Status"] == "5.1.1"

"""What comes back: bounces, complaints and answers to mail that was delivered at first."""

import json
import re
import smtplib

import pytest

from peers import returned
from peers.relay import recipients
from peers.traps import TRAPS
from peers.waiting import eventually
from test_dmarc_reports import failure, message, report
from test_smtplib import CONTENT

SENDER = "app@sender.example"
DOMAIN = "bounces.sender.example"
FULL = "552 5.2.2 The email account that you tried to reach is over quota"


class Post:
    """A relay that sends, the sink that takes its mail, and the port to which things come back."""

    def __init__(self, relay, sink, people):
        self.relay, self.sink, self.people = relay, sink, people

    def send(self, *addresses, content=CONTENT):
        """The reverse-path with which they were delivered."""
        before, delivered = len(self.sink.messages), self.deliveries(addresses)
        with smtplib.SMTP(*self.relay.trusted) as client:
            client.sendmail(SENDER, addresses, content)
        # Also for us: what comes back is not to come before the reply to what went out.
        eventually(lambda: self.deliveries(addresses) == delivered + len(addresses), "delivered",
                   explain=self.relay.explain)
        return self.sink.messages[before].sender

    def deliveries(self, addresses):
        return sum(to in addresses for to in recipients(self.relay.events("delivered")))

    def bring(self, to, content, sender="", port=None):
        """As any server on the internet would."""
        with smtplib.SMTP(*(port or self.relay.starttls)) as client:
            client.ehlo("mx.remote.example")
            octets = content.encode() if isinstance(content, str) else content
            client.sendmail(sender, [to], re.sub(rb"\r?\n", b"\r\n", octets))

    def wait(self, kind, count=1):
        return self.relay.wait_for_events(kind, count)

    def listed(self):
        return [json.loads(line) for line in
                self.relay.command("--json", "suppressions", "ls").stdout.splitlines()]


@pytest.fixture(name="post")
def post_fixture(start_relay, make_sink):
    sink, people = make_sink(), make_sink()
    relay = start_relay(sink.address, routes=[
        {"id": "people", "match": ["people.example"], "next_hop": f"127.0.0.1:{people.port}"}],
        return_path=[{"domain": DOMAIN, "forward_to": "help@people.example",
                      "complaints": ["fbl"], "unsubscribe": ["leave"]}])
    return Post(relay, sink, people)


def test_bounces_in_several_dialects_reach_the_message_and_condemn_what_is_dead(post):
    dialects = {"dsn": returned.dsn, "qmail": returned.qmail, "exim": returned.exim}
    for name, write in dialects.items():
        to = post.send(f"{name}@example.net")
        assert to.endswith("@" + DOMAIN) and "example.net" not in to
        assert len(to.split("@")[0]) <= 64
        post.bring(to.upper(), write(to, f"{name}@example.net"))
    full = post.send("full@example.net")
    post.bring(full, returned.dsn(full, "full@example.net", "5.2.2", reply=FULL), sender="a@b.example")
    late = {event["recipients"][0]: event for event in post.wait("late_bounced", 4)}
    ids = {event["recipients"][0]: event["id"] for event in post.relay.events("accepted")
           if event["recipients"][0].split("@")[0] in dialects}
    for address, message in ids.items():
        assert late[address]["id"] == message and late[address]["class"] == "recipient-unknown"
        assert late[address]["suppress"] is True
    assert late["full@example.net"]["class"] == "mailbox-full"
    assert "suppress" not in late["full@example.net"]
    entries = {entry["address"]: entry for entry in post.listed()}
    assert sorted(entries) == sorted(ids)
    assert all(entries[address]["message"] == message for address, message in ids.items())
    told = post.relay.trace(ids["dsn@example.net"])
    assert "delivered at first, bounced" in told and "does not exist" in told
    post.relay.wait_until_empty()
    assert not post.people.messages and not post.relay.events("bounced")
    post.relay.command("ledger")


def test_what_may_mean_another_or_may_pass_condemns_nobody(post):
    expected = {}
    for number, (name, trap) in enumerate(TRAPS.items()):
        address, message_id = f"user{number}@example.net", f"<order-{number}@sender.example>"
        to = post.send(address, content=f"Message-ID: {message_id}\r\n".encode() + CONTENT)
        post.relay.wait_until_empty()  # and in the records, where a letter finds it
        post.bring(f"{trap.name}@{DOMAIN}" if trap.name else to, trap.content(to, address, message_id))
        if trap.event:
            expected[address] = (name, trap.event)
    for kind in {event for _, event in expected.values()}:
        post.wait(kind, sum(event == kind for _, event in expected.values()))
    post.relay.wait_until_empty()
    told = {event["recipients"][0]: event["event"] for event in post.relay.events()
            if event["event"] in ("late_bounced", "late_delayed", "complained", "unsubscribed")}
    assert {address: (name, told.get(address)) for address, (name, _) in expected.items()} == expected
    assert set(told) == set(expected)
    assert post.listed() == []


def test_many_recipients_share_a_transaction_and_a_bounce_finds_its_own(post):
    to = post.send("ann@example.net", "gone@example.net", "eve@other.example")
    sent, = [message for message in post.sink.messages if message.sender == to]
    assert len(sent.recipients) == 3, "the smarthost gets them in one transaction"
    post.bring(to, returned.dsn(to, "gone@example.net"))
    event, = post.wait("late_bounced")
    assert event["recipients"] == ["gone@example.net"]
    assert "suppress" not in event and post.listed() == [], "the server of the other has that address"
    to = post.send("bob@example.net", "dead@example.net")
    post.bring(to, returned.dsn(to, "dead@example.net"))
    post.wait("late_bounced", 2)
    assert post.listed() == [], "bob has that address, too, and could have written it"


def test_a_delay_is_told_and_condemns_nobody(post):
    to = post.send("slow@example.net")
    post.bring(to, returned.dsn(to, "slow@example.net", "4.4.1", "delayed",
                                reply="451 4.4.1 No answer from host"))
    event, = post.wait("late_delayed")
    assert event["recipients"] == ["slow@example.net"]
    assert post.listed() == [] and not post.relay.events("late_bounced")


def test_an_automatic_answer_condemns_nobody_and_is_answered_by_nobody(post):
    to = post.send("away@example.net")
    post.bring(to, returned.auto_reply(to, "away@example.net"), sender="away@example.net")
    event, = post.wait("auto_replied")
    assert event["recipients"] == ["away@example.net"] and "suppress" not in event
    post.relay.wait_until_empty()
    assert post.listed() == [] and len(post.sink.messages) == 1 and not post.people.messages


def test_complaints_condemn_by_address_and_by_quoted_address_but_not_by_message_id(post):
    to = post.send("one@example.net")
    post.bring(to, returned.complaint(to, ""))
    to = post.send("two@example.net")
    post.bring("fbl@" + DOMAIN, returned.complaint("fbl", "", mail_from=to))
    post.send("three@example.net")
    post.relay.wait_until_empty()
    message_id, = [event["message_id"] for event in post.relay.events("accepted")
                   if event["recipients"] == ["three@example.net"]]
    post.bring("fbl@" + DOMAIN,
               returned.complaint("fbl", "three@example.net", message_id=message_id))
    complained = {event["recipients"][0]: event for event in post.wait("complained", 3)}
    assert "suppress" not in complained["three@example.net"], "who knows a Message-ID proves nothing"
    assert {(entry["address"], entry["reason"]) for entry in post.listed()} == {
        (f"{name}@example.net", "complaint") for name in ("one", "two")}
    # Somebody else's Message-ID, or a report that it was no spam, condemn nobody.
    post.bring("fbl@" + DOMAIN, returned.complaint("fbl", "four@example.net",
                                                   message_id="<none@sender.example>"))
    to = post.send("five@example.net")
    post.bring(to, returned.complaint(to, "five@example.net", kind="not-spam"))
    eventually(lambda: len(post.people.messages) == 3, "people get what is for no program",
               explain=post.relay.explain)
    assert len(post.listed()) == 2


def test_a_letter_that_names_a_message_is_told_and_left_to_people(post):
    post.send("ann@example.net", content=b"X-Waypost-Stream: news\r\nMessage-ID: <n1@sender.example>\r\n"
              + CONTENT)
    post.relay.wait_until_empty()
    post.bring("leave@" + DOMAIN, returned.letter("leave", "ann@example.net", "<n1@sender.example>"),
               sender="ann@example.net")
    event, = post.wait("unsubscribed")
    assert event["recipients"] == ["ann@example.net"] and event["stream"] == "news"
    assert "suppress" not in event and post.listed() == [], "a stranger can write this"
    post.bring("leave@" + DOMAIN, returned.letter("leave", "eve@example.net", "please <x@y.example>"))
    post.bring("leave@" + DOMAIN, returned.auto_reply("leave", "bob@example.net"))
    post.bring("leave@" + DOMAIN, returned.letter("leave", "eve@example.net", "<n1@sender.example>"))
    eventually(lambda: len(post.people.messages) == 4, "people decide", explain=post.relay.explain)
    post.wait("unsubscribed", 2)
    assert post.listed() == []


def test_the_address_that_we_write_unsubscribes_its_recipient_from_its_stream_alone(start_relay, make_sink):
    sink, people = make_sink(), make_sink()
    relay = start_relay(sink.address, routes=[
        {"id": "people", "match": ["people.example"], "next_hop": f"127.0.0.1:{people.port}"}],
        return_path=[{"domain": DOMAIN, "forward_to": "help@people.example",
                      "unsubscribe": ["leave"], "unsubscribe_streams": ["news"]}])
    post = Post(relay, sink, people)
    news = b"X-Waypost-Stream: news\r\n" + CONTENT
    post.send("ann@example.net")
    post.send("ann@example.net", "bob@example.net", content=news)
    post.send("bob@example.net", content=b"DKIM-Signature: v=1; d=x.example\r\n" + news)
    assert not any(b"List-Unsubscribe" in message.content for message in sink.messages)
    post.send("ann@example.net", content=news)
    field, = re.findall(rb"^List-Unsubscribe: <mailto:(leave-\w+@\S+)\?subject=unsubscribe>\r?$",
                        sink.messages[-1].content, re.M)
    # From another address of hers, by a program.
    post.bring(field.decode(), returned.auto_reply("leave", "ann.other@example.org"))
    event, = post.wait("unsubscribed")
    assert (event["recipients"], event["stream"]) == (["ann@example.net"], "news")
    entry, = post.listed()
    assert (entry["address"], entry["reason"], entry["scope"]) == (
        "ann@example.net", "unsubscribe", "stream:news")
    relay.wait_until_empty()
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail(SENDER, ["ann@example.net"], news)
    post.wait("suppressed")
    post.send("ann@example.net")
    post.send("bob@example.net", content=news)
    assert not people.messages


def test_reports_of_receivers_are_kept_and_told(post):
    about_us = report().replace(b"shop.test", b"sender.example")
    post.bring("dmarc@" + DOMAIN, message(about_us))
    post.bring("DMARC@" + DOMAIN, message(about_us))
    post.bring("fbl@" + DOMAIN, failure().replace(b"shop.test", b"sender.example"))
    post.relay.wait_until_empty()
    told = [event["reply"] for event in post.wait("delivered", 3)]
    assert sum("sender.example" in text and text.endswith("40 messages from 1 addresses, 0 not aligned; kept")
               for text in told) == 1, told
    assert sum(text.endswith("; known") for text in told) == 1
    assert any("203.0.113.9: dmarc; kept" in text for text in told)
    kept = json.loads(post.relay.command("--json", "dmarc", "report").stdout)
    domain, = kept["domains"]
    assert (domain["domain"], domain["messages"]) == ("sender.example", 40)
    assert not post.people.messages
    # About others, or about nothing that can be read.
    post.bring("dmarc@" + DOMAIN, message(report()))
    post.bring("dmarc@" + DOMAIN, message(b"<feedback>torn"))
    eventually(lambda: len(post.people.messages) == 2, "people get these", explain=post.relay.explain)


def test_forged_altered_and_unknown_addresses_are_refused(post):
    to = post.send("ann@example.net")
    local = to.split("@")[0]
    altered = local[:-1] + ("a" if local[-1] != "a" else "b")
    with smtplib.SMTP(*post.relay.starttls) as client:
        client.ehlo("mx.remote.example")
        client.mail("")
        for refused in (altered, "b" * 49, "ann", "b" + local[2:]):
            code, text = client.rcpt(f"{refused}@{DOMAIN}")
            assert (code, text[:6]) == (550, b"5.1.1 "), refused
        assert client.rcpt("ann@example.net")[0] == 550, "no open relay"
        assert client.rcpt(to)[0] == 250
    # Nor does anybody who may send get further.
    with smtplib.SMTP(*post.relay.trusted) as client:
        client.ehlo()
        client.mail(SENDER)
        assert client.rcpt(f"{altered}@{DOMAIN}")[0] == 550


def test_what_no_program_can_use_goes_to_people_once_and_is_never_answered(post):
    to = post.send("ann@example.net")
    post.bring(to, returned.letter(to, "ann@example.net"), sender="ann@example.net")
    post.bring("postmaster@" + DOMAIN, returned.letter("postmaster", "bob@example.net"),
               sender="bob@example.net")
    eventually(lambda: len(post.people.messages) == 2, "two letters", explain=post.relay.explain)
    assert all(message.sender == "" and message.recipients == ("help@people.example",)
               and b"Whom may I ask" in message.content for message in post.people.messages)
    post.relay.wait_until_empty()
    assert len(post.sink.messages) == 1


def test_what_was_taken_is_read_after_a_crash_and_old_addresses_hold(post):
    to = post.send("gone@example.net")
    key = (post.relay.data / "return-path.key")
    assert key.stat().st_mode & 0o777 == 0o600
    post.relay.wait_until_empty()
    post.relay.command("pause", "--domain", DOMAIN)
    post.bring(to, returned.dsn(to, "gone@example.net"))
    post.relay.kill()
    assert not post.relay.events("late_bounced")
    post.relay.start()
    assert len(post.relay.queue()) == 1
    post.relay.command("resume", "--domain", DOMAIN)
    post.wait("late_bounced")
    post.relay.wait_until_empty()
    assert len(post.relay.events("late_bounced")) == 1
    assert [entry["address"] for entry in post.listed()] == ["gone@example.net"]
    post.bring(to, returned.dsn(to, "gone@example.net"))
    post.wait("late_bounced", 2)
    assert len(post.listed()) == 1


def test_who_asks_to_be_told_of_success_keeps_the_own_address(post):
    with smtplib.SMTP(*post.relay.trusted) as client:
        client.sendmail(SENDER, ["ann@example.net"], CONTENT, rcpt_options=["NOTIFY=SUCCESS"])
        client.sendmail("", ["ann@example.net"], CONTENT)
    eventually(lambda: len(post.sink.messages) >= 2, "both are sent", explain=post.relay.explain)
    assert {SENDER, ""} <= {message.sender for message in post.sink.messages}
    assert not any(DOMAIN in message.sender for message in post.sink.messages[:2])

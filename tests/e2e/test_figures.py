"""What became of mail, told the same way everywhere: what bounced later has bounced, and each number leads to its rows."""

import smtplib
from urllib.parse import quote, urlencode

import pytest

from peers import returned
from peers.api import Api, http_port
from peers.browser import Browser
from peers.waiting import eventually
from test_late_bounces import DOMAIN, SENDER, Post
from test_records import wait_until_recorded

PASSWORD = "correct horse"


def answer(phase, text, _):
    if phase == "rcpt" and text.startswith("gone"):
        return "550 5.1.1 The email account that you tried to reach does not exist"
    if phase == "rcpt" and text.startswith("later"):
        return "450 4.2.1 Try again later"
    return None


class Books(Post):
    """A relay to which things come back, with its API and its dashboard."""

    def __init__(self, relay, sink, people):
        super().__init__(relay, sink, people)
        key = relay.command("keys", "create", "desk", "--any-sender", "--scope", "read", "--scope", "admin").stdout.strip()
        self.api = Api(http_port(relay), key)

    def fail(self, address, kind):
        """Sent, and not taken."""
        before = len(self.relay.events(kind))
        with smtplib.SMTP(*self.relay.trusted) as client:
            client.sendmail(SENDER, [address], b"Subject: hello\r\n\r\nhello\r\n")
        self.wait(kind, before + 1)

    def rows(self, **asked):
        """Page by page."""
        rows, before = [], None
        while True:
            page = self.api.get("/v1/emails?" + urlencode({**asked, "limit": 3, **({"before": before} if before else {})})).json
            rows += page["data"]
            if not page["has_more"]:
                return rows
            before = page["next_before"]

    def names(self, **asked):
        return sorted(recipient["to"].split("@")[0] for row in self.rows(**asked) for recipient in row["recipients"])

    def number_of(self, address):
        return self.rows(address=address, direction="sent")[0]["id"]

    def overview(self):
        return self.api.get("/v1/overview?window=1h").json


@pytest.fixture(name="books")
def books_fixture(start_relay, make_sink):
    sink, people = make_sink(answer=answer), make_sink()
    relay = start_relay(sink.address, http={"address": "127.0.0.1:0"}, queue={"retry_first": "1h", "retry_max": "1h"},
                        routes=[{"id": "people", "match": ["people.example"], "next_hop": f"127.0.0.1:{people.port}"}],
                        return_path=[{"domain": DOMAIN, "forward_to": "help@people.example", "complaints": ["fbl"]}])
    books = Books(relay, sink, people)
    unwanted, to = [books.send(f"{name}@example.net") for name in ("ann", "bob", "unwanted", "late")][2:]
    wait_until_recorded(relay)  # where what comes back finds it
    for count in (1, 2):
        books.bring(to, returned.dsn(to, "late@example.net"))
        books.wait("late_bounced", count)
    books.bring(unwanted, returned.complaint(unwanted, ""))
    books.wait("complained")
    for name in ("gone1", "gone2"):
        books.fail(f"{name}@example.net", "bounced")
    relay.wait_until_empty()
    books.fail("later@example.net", "deferred")
    wait_until_recorded(relay)
    return books


def test_what_bounced_later_has_bounced_wherever_it_is_told(books):
    number = books.number_of("late@example.net")
    told = books.api.get(f"/v1/emails/{number}").json
    recipient, = told["recipients"]
    assert (told["status"], recipient["status"], recipient["late"]) == ("bounced", "bounced", True)
    assert recipient["diagnosis"]["class"] == "recipient-unknown" and "550 5.1.1" in recipient["last_reply"]
    assert books.names(status="bounced") == ["gone1", "gone2", "late"]
    assert books.names(status="bounced", late="true") == ["late"]
    assert books.names(status="bounced", late="false") == ["gone1", "gone2"]
    assert books.names(status="bounced,deferred", late="true") == ["late", "later"]
    assert books.names(status="delivered", direction="sent") == ["ann", "bob", "unwanted"]
    marked, = books.rows(complained="true")
    assert marked["complained"] and marked["status"] == "delivered"
    assert {row["direction"] for row in books.rows(direction="notice")} == {"notice"}
    assert len(books.rows(direction="inbound")) == 3
    assert books.api.get("/v1/emails?late=true").code == 422
    assert books.api.get("/v1/emails?status=bounced,nonsense").code == 422
    books.relay.command("ledger")


def test_each_number_leads_to_its_rows(books):
    seen = books.overview()
    since = {"happened_since": seen["since"], "direction": "sent"}
    assert (seen["accepted"], seen["delivered"], seen["bounced"], seen["complained"]) == (7, 3, 3, 1)
    assert len(books.names(direction="sent", since=seen["since"])) == seen["accepted"]
    assert len(books.names(status="delivered", **since)) == seen["delivered"]
    assert len(books.names(status="bounced,expired", **since)) == seen["bounced"]
    assert len(books.names(complained="true", **since)) == seen["complained"]
    assert books.names(status="queued,throttled,deferred,held") == ["later"] and seen["waiting"] == 1
    assert seen["apart"]["inbound"]["accepted"] == 3 and seen["apart"]["notices"]["accepted"] == 2
    for each in seen["providers"]:
        for figure, status in (("delivered", "delivered"), ("bounced", "bounced,expired")):
            assert len(books.names(status=status, provider=each["provider"], **since)) == each[figure], each
    assert sum(each["bounced"] for each in seen["providers"]) == seen["bounced"]
    for cause in seen["causes"]:
        rows = books.names(**{"class": cause["cause"], "provider": cause["provider"]}, **since)
        assert len(rows) == cause["count"], cause
    bounces = books.api.get("/v1/bounces?window=1h").json
    assert bounces["bounced"] == seen["bounced"]
    for cause in bounces["data"]:
        rows = books.names(**{"class": cause["class"]}, status="bounced,expired", direction="sent", happened_since=bounces["since"])
        assert len(rows) == cause["count"], cause
    assert seen["verdict"]["state"] == "attention", "six recipients are no failing relay"
    assert seen["verdict"]["text"].startswith("3 of 6 that ended bounced; too few to judge.")


def test_the_pages_call_it_bounced_and_say_why(books, tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    books.relay.command("admin", "password", "--user", "admin", "--password-file", str(file))
    browser = Browser(f"http://127.0.0.1:{books.api.port}")
    try:
        browser.open(f"/messages/{books.number_of('late@example.net')}")
        browser.log_in(PASSWORD)
        browser.one(".head .state", "bounced")
        browser.one(".notice", "The bounce came back later")
        browser.one(".cause h2", "The address does not exist")
        browser.one(".cause .reply", "550 5.1.1")
        browser.open("/")
        browser.one(".figures a", "3")
        count = len(books.names(status="bounced,expired", direction="sent"))
        bounced = next(box for box in browser.all(".figures > div") if box.text.startswith("Bounced"))
        bounced.find_element("css selector", "a").click()
        eventually(lambda: len(browser.all("[data-row]")) == count, "the rows behind the figure", explain=lambda: browser.text)
        assert quote("bounced,expired") in browser.path
    finally:
        browser.stop()

"""The page of a message in Chromium: what it is called, how much of it is shown at once, and whose words are on it."""

import pytest

from peers.api import Api, http_port
from peers.browser import Keys, logged_in
from peers.waiting import eventually

MANY = 1000
NODES_MAX = 4000  # 1,000 recipients had 78,000, and took seconds


def answer(phase, text, _):
    if phase != "rcpt":
        return None
    if text.startswith("gone"):
        return "550 5.1.1 The email account that you tried to reach does not exist"
    return "450 4.2.1 Try again later" if text.startswith("later") else None


class Desk:
    def __init__(self, relay, browser):
        self.api = Api(http_port(relay), relay.command(
            "keys", "create", "desk", "--any-sender", "--scope", "send", "--scope", "read", "--scope", "admin").stdout.strip())
        self.browser = browser

    def send(self, to, **fields):
        number = self.api.post("/v1/emails", {"from": "hi@shop.example", "to": to, "subject": "Hello", "text": "Hello", **fields}).json["id"]
        eventually(lambda: "queued" not in str(self.api.get(f"/v1/emails/{number}").json.get("recipients", "queued")), "all were tried")
        return number


@pytest.fixture(name="desk")
def desk_fixture(start_relay, make_sink):
    relay = start_relay(next_hop=make_sink(answer=answer).address, http={"address": "127.0.0.1:0"},
                        queue={"retry_first": "1h", "retry_max": "1h"}, delivery={"transcripts": "all"})
    with logged_in(relay) as browser:
        yield Desk(relay, browser)


def test_a_message_is_called_by_its_subject(desk):
    browser = desk.browser
    number = desk.send(["later.title@sink.example", "gone.title@sink.example"], subject="Your invoice #1042")
    browser.open(f"/messages/{number}")
    heading = browser.one("h1", "Your invoice #1042")
    assert heading.text == "Your invoice #1042\nto later.title@sink.example and 1 more"
    assert heading.rect["y"] < 150
    assert browser.driver.title == "Your invoice #1042 · Waypost"
    browser.look_at("message-subject")
    browser.click("nav a", "Activity")
    eventually(lambda: browser.driver.title == "Activity · Waypost", "the list has its own title")
    number = desk.send("ann.title@sink.example", subject="")
    browser.open(f"/messages/{number}")
    assert browser.one("h1", "ann.title").text == "ann.title@sink.example"
    assert browser.driver.title == "ann.title@sink.example · Waypost"


def test_a_message_with_a_thousand_recipients_is_folded(desk):
    browser = desk.browser
    number = desk.send([f"{('gone', 'later', 'ann')[i % 3]}{i}@sink.example" for i in range(MANY)])
    browser.open(f"/messages/{number}")
    browser.one(".folded", "What happened to gone0@sink.example.")
    browser.one(".timeline .said-line", "550 5.1.1")
    assert "gone3@sink.example" not in browser.one(".timeline").text
    assert browser.run("return document.querySelectorAll('*').length") < NODES_MAX
    browser.look_at("message-thousand")
    browser.click(".recipients a", "later1@sink.example")
    browser.one(".folded", "What happened to later1@sink.example.")
    browser.one(".timeline .is-open", "Next attempt")
    assert "550 5.1.1" not in browser.one(".timeline").text
    browser.one(".timeline .waterfall summary").send_keys(Keys.ENTER)
    browser.one(".timeline .waterfall th", "RCPT")
    browser.one(".folded button", "Show all recipients").send_keys(Keys.ENTER)
    browser.one(".folded", "not shown")
    before = len(browser.all(".timeline > li"))
    browser.one(".folded button", "more").send_keys(Keys.ENTER)
    eventually(lambda: len(browser.all(".timeline > li")) > before, "earlier entries are there")
    assert browser.run("return document.querySelectorAll('*').length") < 5 * NODES_MAX


MARKED = "bill\u202efdp.exe\u2066 x"
SHOWN = "bill\\u202efdp.exe\\u2066 x"


def test_marks_of_direction_are_shown_and_not_obeyed(desk):
    browser = desk.browser
    number = desk.send("later.marked@sink.example", subject=MARKED)
    desk.send("ann.rtl@sink.example", subject="\u05d7\u05e9\u05d1\u05d5\u05df 1042")
    assert desk.api.ask("PUT", "/v1/suppressions/marked@sink.example", {"evidence": MARKED}).code == 200
    for path, where in (("/activity", ".activity .to .clip"), (f"/messages/{number}", "h1"), ("/suppressions", ".suppressed .why .clip")):
        browser.open(path)
        browser.one(where, SHOWN)
        assert not browser.run("return /[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.documentElement.outerHTML)"), path
        browser.look_at("marked" + path.split("/")[1])
    browser.open(f"/messages/{number}?tab=raw")
    browser.one(".transcript pre", "To: later.marked@sink.example\n")


def test_a_cause_has_one_name_on_all_pages(desk):
    causes = {each["cause"]: each["title"] for each in desk.api.get("/v1/causes").json["data"]}
    name = causes["recipient-unknown"]
    assert name == "The address does not exist" and len(causes) > 40
    browser = desk.browser
    number = desk.send("gone.name@sink.example")
    assert desk.api.get(f"/v1/emails/{number}").json["recipients"][0]["diagnosis"]["class"] == "recipient-unknown"
    site = desk.api.get("/v1/providers").json["data"][0]["site"]
    for path, where in (("/", ".causes strong"), ("/bounces", ".pareto .title"), (f"/messages/{number}", ".cause h2"),
                        ("/suppressions", ".suppressed .why strong"), (f"/providers/{site}", ".replies a")):
        browser.open(path)
        browser.one(where, name)
    browser.open("/suppressions")
    browser.click("button", "Release …")
    browser.one("dialog p", "since their server said so: the address does not exist.")
    browser.open("/diagnose?what=reply")
    browser.one("textarea").send_keys("550 5.1.1 No such user")
    browser.click("button", "What does it mean?")
    browser.one(".cause h2", name)

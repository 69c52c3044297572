"""The dashboard in Chromium, by mouse and by keyboard: a relay, a mail host that answers as it is told, and the pages."""

import contextlib
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from peers.api import Api, http_port
from peers.browser import AXE, Browser, Keys
from peers.relay import Relay
from peers.sink import Sink
from peers.waiting import eventually

SENT = {"from": "Shop <hi@shop.example>", "subject": "Hello", "text": "Hello Ann"}
HOSTILE = "550 5.1.1 <img src=x onerror=owned=1><script>owned=1</script> No such user"
USER, PASSWORD = "admin", "correct horse"
GUESS_PAUSE_S = 1.5  # after a wrong password the relay takes one a second
PAGES = ("/", "/activity", "/providers", "/bounces", "/diagnose", "/diagnose?what=reply", "/domains", "/suppressions")


class Desk:
    """A relay with its dashboard, and a browser where nobody is logged in yet."""

    def __init__(self, folder, certificate, stack):
        self.opened = set()
        self.sink = Sink(answer=self.answer)
        stack.callback(self.sink.stop)
        self.relay = Relay(folder, certificate, {
            "http": {"address": "127.0.0.1:0"}, "queue": {"retry_first": "1h", "retry_max": "1h"},
            "delivery": {"next_hop": "%s:%d" % self.sink.address, "transcripts": "all"}})
        self.relay.start()
        stack.callback(self.relay.stop)
        key = self.relay.command("keys", "create", "desk", "--any-sender", "--scope", "send", "--scope", "read",
                                 "--scope", "admin").stdout.strip()
        self.api = Api(http_port(self.relay), key)
        file = folder / "password"
        file.write_text(PASSWORD + "\n")
        self.relay.command("admin", "password", "--user", USER, "--password-file", str(file))
        self.browser = Browser(f"http://127.0.0.1:{self.api.port}")
        stack.callback(self.browser.stop)

    def answer(self, phase, text, _):
        if phase != "rcpt":
            return None
        if text.startswith("gone"):
            return "550 5.1.1 The email account that you tried to reach does not exist"
        if text.startswith("hostile"):
            return HOSTILE
        if text.startswith("later") and text not in self.opened:
            return "450 4.2.1 Try again later"
        return None

    def send(self, *to):
        return self.api.post("/v1/emails", {**SENT, "to": list(to)}).json["id"]

    def wait_for(self, number, status):
        eventually(lambda: self.api.get(f"/v1/emails/{number}").json.get("status") == status, f"{number} is {status}")

    def log_in(self, path="/"):
        self.browser.open(path)
        eventually(lambda: self.browser.all("input[name=password]") or self.browser.all("nav a"), "a page")
        if self.browser.all("nav a"):
            return
        self.browser.one("input[name=password]").send_keys(PASSWORD, Keys.ENTER)
        self.browser.one("nav a", "Activity")


@pytest.fixture(name="desk", scope="module")
def desk_fixture(certificate):
    folder = Path(tempfile.mkdtemp(prefix="waypost-e2e-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield Desk(folder, certificate, stack)


@pytest.fixture(name="browser")
def browser_fixture(desk):
    """Somebody is logged in; nothing may be said to the console."""
    desk.log_in()
    desk.browser.look(1280, "light")
    desk.browser.complaints()
    yield desk.browser
    assert not desk.browser.complaints()


def test_who_is_not_logged_in_is_asked_and_comes_back(desk):
    browser = desk.browser
    browser.open("/suppressions?q=nobody%40example.com")
    browser.one("h1", "Log in")
    browser.one("input[name=password]").send_keys("wrong", Keys.ENTER)
    browser.one("[role=alert]")
    time.sleep(GUESS_PAUSE_S)
    browser.one("input[name=password]").send_keys(Keys.CONTROL + "a", Keys.DELETE)
    browser.one("input[name=password]").send_keys(PASSWORD, Keys.ENTER)
    browser.one("h1", "Suppressions")
    assert browser.path == "/suppressions?q=nobody%40example.com"
    browser.complaints()  # a browser logs each 401
    assert browser.run("return document.cookie") == ""
    browser.click("button", "Log out")
    browser.one("h1", "Log in")


def test_a_bounce_is_followed_to_its_cause_by_keyboard(desk, browser):
    browser.press("g", "a")
    browser.one("h1", "Activity")
    number = desk.send("gone.by.key@sink.example")
    desk.wait_for(number, "bounced")
    browser.open("/activity")
    browser.one("[data-open]", "gone.by.key@sink.example")
    browser.press("/")
    assert browser.focused.get_attribute("id") == "search"
    browser.press("gone.by.key@", Keys.ENTER)
    eventually(lambda: len(browser.all("[data-row]")) == 1, "one row is left", explain=lambda: browser.text)
    assert "q=gone.by.key" in browser.path
    browser.press(Keys.ESCAPE)
    browser.press("j")
    browser.press(Keys.ENTER)
    browser.one("h1", "gone.by.key@sink.example")
    assert browser.path == f"/messages/{number}"
    browser.one(".cause h2", "Recipient unknown")
    browser.one(".cause .who", "The recipient")
    assert browser.one(".cause .fix li").text
    browser.one(".cause .reply", "550 5.1.1 The email account that you tried to reach does not exist")
    browser.one(".timeline .state", "bounced")
    browser.press(Keys.ESCAPE)
    browser.one("h1", "Activity")
    browser.press("?")
    browser.one("dialog h2", "Keys")
    browser.press(Keys.ESCAPE)
    eventually(lambda: not browser.all("dialog"), "the help is closed")


def test_the_timeline_fills_while_it_is_looked_at(desk, browser):
    number = desk.send("later.live@sink.example")
    desk.wait_for(number, "deferred")
    browser.open(f"/messages/{number}")
    browser.one(".timeline .state", "deferred")
    browser.one(".next", "Tried again")
    before = len(browser.all(".timeline > li"))
    desk.opened.add("later.live@sink.example")
    browser.click("button", "Retry now")
    browser.wait_for_text("Tried now: 1 recipient.")
    browser.one(".timeline .state", "delivered")
    assert len(browser.all(".timeline > li")) >= before
    browser.click("[role=tab]", "Transcript")
    browser.one(".transcript pre", "RCPT TO:<later.live@sink.example>")
    browser.click("[role=tab]", "Raw message")
    browser.one("[role=tabpanel]", "only while a recipient waits")
    browser.complaints()  # the raw message is gone, which is a 404


def test_what_waits_can_be_held_and_cancelled_by_mouse(desk, browser):
    number = desk.send("later.stop@sink.example")
    desk.wait_for(number, "deferred")
    browser.open(f"/messages/{number}?tab=raw")
    browser.one(".transcript pre", "Subject: Hello")
    browser.click("button", "Hold")
    browser.one(".actions button", "Release")
    browser.click("button", "Cancel …")
    browser.click("dialog button", "Cancel it")
    browser.one(".head .state", "cancelled")


def test_new_mail_is_announced_and_does_not_move_the_rows(desk, browser):
    desk.wait_for(desk.send("ann.first@sink.example"), "delivered")
    browser.open("/activity")
    browser.one("[data-row]")
    browser.one(".live", "live")
    number = desk.send("announced@sink.example")
    browser.one(".fresh button", "new message")
    assert "announced@sink.example" not in browser.text
    browser.click(".fresh button")
    browser.one("[data-open]", "announced@sink.example").click()
    eventually(lambda: browser.path == f"/messages/{number}", "its page")


def test_more_pages_can_be_open_than_a_browser_has_connections(desk, browser):
    desk.wait_for(desk.send("ann.first@sink.example"), "delivered")
    driver = browser.driver
    first = driver.current_window_handle
    for _ in range(8):
        driver.switch_to.new_window("tab")
        browser.open("/activity")
        browser.one("[data-row]")
    for handle in set(driver.window_handles) - {first}:
        driver.switch_to.window(handle)
        driver.close()
    driver.switch_to.window(first)


def test_the_ladder_names_the_broken_rung(desk, browser):
    browser.open("/diagnose")
    browser.one("input[name=target]").send_keys("%s:%d" % desk.sink.address, Keys.ENTER)
    browser.one(".verdict-line", "Broken at step 3 of 6")
    browser.one(".ladder li.is-pass", "connect")
    browser.one(".ladder li.is-fail .finding", "does not offer encryption")
    browser.one(".finding .copyable", "smtpd_tls")
    browser.click("button", "A reply")
    browser.one("textarea").send_keys("452 4.2.2 The email account that you tried to reach is over quota")
    browser.click("button", "What does it mean?")
    browser.one(".cause h2", "Mailbox full")


def test_an_address_is_suppressed_and_released(desk, browser):
    browser.open("/suppressions")
    browser.one("input[name=address]").send_keys("ann.quiet@sink.example", Keys.TAB, "asked by phone", Keys.ENTER)
    browser.wait_for_text("ann.quiet@sink.example is not written to any more.")
    browser.one("td", "ann.quiet@sink.example")
    number = desk.send("ann.quiet@sink.example", "ann.loud@sink.example")
    desk.wait_for(number, "suppressed")
    browser.click("button[aria-label='Release ann.quiet@sink.example']")
    browser.one("dialog", "asked by phone")
    browser.click("dialog button", "Release it")
    browser.wait_for_text("ann.quiet@sink.example may be written to again.")
    desk.wait_for(desk.send("ann.quiet@sink.example"), "delivered")


def test_what_a_server_says_stays_text(desk, browser):
    image = "<img src=x onerror=owned=1>"
    mail = {**SENT, "from": f'"{image}" <hi@shop.example>', "subject": image, "html": f"<script>owned=1</script>{image}",
            "headers": {"X-Said": image}}
    number, waiting = (desk.api.post("/v1/emails", {**mail, "to": to}).json["id"]
                       for to in ("hostile@sink.example", "later.hostile@sink.example"))
    desk.wait_for(number, "bounced")
    desk.api.ask("PUT", "/v1/suppressions/hostile.one@sink.example", {"evidence": image})
    for path in (f"/messages/{number}", f"/messages/{number}?tab=transcript", f"/messages/{waiting}?tab=raw", "/activity", "/bounces", "/suppressions",
                 "/activity?q=%3Cimg%20src%3Dx%20onerror%3Downed%3D1%3E", "/providers/%3Cscript%3Eowned%3D1%3C%2Fscript%3E"):
        browser.open(path)
        browser.one("h1")
        browser.wait_for_text("<img src=x" if "messages" in path else "")
        assert browser.run("return typeof owned") == "undefined", path
        assert not browser.all("main img, main script, main iframe"), path
    browser.open("/diagnose")
    browser.click("button", "A reply")
    browser.one("textarea").send_keys(f"550 5.7.1 {image}")
    browser.click("button", "What does it mean?")
    browser.one(".cause h2")
    assert browser.run("return typeof owned") == "undefined"
    assert not browser.all("main img, main script, main iframe")


def test_every_page_fits_its_screen_in_both_shades(desk, browser):
    number = desk.send("gone.wide@sink.example", "ann.with.a.very.long.address.of.a.person@sub.domain.of.sink.example")
    desk.wait_for(number, "bounced")
    for path in (*PAGES, f"/messages/{number}", f"/messages/{number}?tab=transcript"):
        for width, shade in ((1280, "light"), (360, "dark")):
            browser.look(width, shade)
            browser.open(path)
            browser.one("h1")
            eventually(lambda: not browser.all(".waiting"), "it is read")
            wide = browser.run("return document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} wide on {width}"
            assert browser.run("return document.documentElement.dataset.shade") == shade


def test_axe_finds_nothing_serious(desk, browser):
    if not AXE.exists():
        pytest.skip("MISSING PEER: no axe-core below ui/node_modules: ./dev ui fetches it")
    number = desk.send("gone.axe@sink.example", "later.axe@sink.example")
    eventually(lambda: "bounced" in str(desk.api.get(f"/v1/emails/{number}").json["recipients"]), "it bounced")
    found = []
    for path in (*PAGES, f"/messages/{number}", "/providers/%s:%d" % desk.sink.address):
        browser.open(path)
        browser.one("h1")
        eventually(lambda: not browser.all(".waiting"), "it is read")
        # The shades differ in nothing but their colours.
        for shade, what in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
            browser.look(1280, shade)
            eventually(lambda: browser.run("return document.documentElement.dataset.shade") == shade, shade)
            found += [f"{path} {shade}: {each}" for each in browser.barriers(what)]
    assert not found, "\n".join(found)

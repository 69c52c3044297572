"""A page that is left open in Chromium while its session ends, or is loaded anew: it asks for the login, and leads back."""

import contextlib
import socket

import pytest

from peers.api import Api
from peers.browser import Browser, Keys
from peers.waiting import eventually

PASSWORD = "correct horse"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Desk:
    def __init__(self, relay, port, stack):
        self.relay = relay
        self.file = relay.folder / "password"
        self.file.write_text(PASSWORD + "\n")
        self.set_password()
        key = relay.command("keys", "create", "desk", "--any-sender", "--scope", "send", "--scope", "read").stdout.strip()
        self.api = Api(port, key)
        self.browser = Browser(f"http://127.0.0.1:{port}")
        stack.callback(self.browser.stop)

    def set_password(self):
        self.relay.command("admin", "password", "--password-file", str(self.file))

    def send(self, to):
        number = self.api.post("/v1/emails", {"from": "hi@shop.example", "to": to, "subject": "Hello", "text": "Hello"}).json["id"]
        eventually(lambda: self.api.get(f"/v1/emails/{number}").json.get("status") == "delivered", "it is delivered")
        return number

    def log_in(self):
        self.browser.log_in(PASSWORD)
        self.browser.wait_until_live()


@pytest.fixture(name="desk")
def desk_fixture(start_relay, make_sink):
    port = free_port()
    relay = start_relay(next_hop=make_sink().address, http={"address": f"127.0.0.1:{port}"})
    with contextlib.ExitStack() as stack:
        yield Desk(relay, port, stack)


def log_out_elsewhere(desk):
    browser = desk.browser
    page = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    browser.open("/keys")
    browser.click("button", "Log out")
    browser.one("h1", "Log in")
    browser.driver.close()
    browser.driver.switch_to.window(page)


def restart(desk):
    desk.relay.stop()
    desk.relay.start()


def change_password(desk):
    desk.set_password()


@pytest.mark.parametrize("end", [log_out_elsewhere, change_password, restart])
def test_a_page_that_only_listens_asks_for_the_login_when_its_session_has_ended(desk, end):
    number = desk.send("ann@sink.example")
    browser = desk.browser
    browser.open(f"/messages/{number}?tab=raw")
    desk.log_in()
    assert browser.path == f"/messages/{number}?tab=raw"
    end(desk)
    browser.one("h1", "Log in")
    desk.log_in()
    assert browser.path == f"/messages/{number}?tab=raw"


def test_esc_leads_back_to_the_list_as_it_was_left_when_the_message_was_loaded_anew(desk):
    number = desk.send("ann.back@sink.example")
    desk.send("ann.other@sink.example")
    browser = desk.browser
    browser.open("/activity")
    desk.log_in()
    browser.open("/activity?q=ann.back%40")
    browser.one("[data-open]", "ann.back@sink.example")
    browser.press("j", Keys.ENTER)
    browser.one("h1", "ann.back@sink.example")
    for _ in range(2):
        browser.driver.refresh()
        browser.one("h1", "ann.back@sink.example")
    browser.press(Keys.ESCAPE)
    browser.one("[data-open]", "ann.back@sink.example")
    assert browser.path == "/activity?q=ann.back%40"
    eventually(lambda: (browser.focused.get_attribute("href") or "").endswith(f"/messages/{number}"), "the row that was opened has the focus",
               explain=lambda: browser.focused.get_attribute("outerHTML")[:200])
    assert len(browser.all("[data-row]")) == 1

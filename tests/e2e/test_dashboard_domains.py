"""The page Domains in Chromium, by keyboard: a domain is added, published at a real BIND, seen, and signs."""

import pytest

from peers.bind import Bind
from peers.browser import Keys, logged_in
from peers.waiting import eventually


@pytest.fixture(name="bind")
def bind_fixture(folder):
    bind = Bind(folder, {"shop.test": '@ TXT "v=spf1 include:_spf.shop.test -all"\n_spf TXT "v=spf1 ip4:198.51.100.0/24 -all"\n'})
    yield bind
    bind.stop()


@pytest.fixture(name="relay")
def relay_fixture(start_relay, bind):
    return start_relay(http={"address": "127.0.0.1:0"}, dns={"resolver": "%s:%d" % bind.address})


@pytest.fixture(name="browser")
def browser_fixture(relay):
    with logged_in(relay) as browser:
        yield browser


def test_a_domain_is_added_published_and_signs_by_keyboard(browser, relay, bind):
    browser.wait_until_live()
    browser.press("g", "m")
    browser.one(".empty h2", "No sending domain yet")
    browser.look_at("empty")
    browser.tab_to("input[name=domain]")
    browser.press("no domain", Keys.ENTER)
    browser.one("[role=alert]", "is not a domain name")
    browser.complaints()  # a browser logs each refusal
    browser.tab_to("input[name=domain]")
    browser.press(Keys.CONTROL + "a")
    browser.press(Keys.DELETE, "Shop.test", Keys.TAB, "192.0.2.1", Keys.ENTER)
    browser.one("h1", "shop.test")
    assert browser.path == "/domains/shop.test"
    browser.one(".head .state", "waits for its records")
    browser.one(".record .state", "to be changed")
    browser.one(".record .reply", "v=spf1 include:_spf.shop.test -all")
    assert len(browser.all(".record")) == 4
    browser.look_at("to-publish")
    browser.tab_to("button", "Look at DNS now")
    browser.press(Keys.ENTER)
    browser.wait_for_text("Receivers see 0 of 4 records as they should be.")
    browser.one(".record .state", "differs")
    browser.look_at("differs")

    relay.command("domains", "add", "shop.test", "--publish", "rfc2136", "--server", "%s:%d" % bind.address, "--tsig-file",
                  str(bind.key_file), "--resolver", "%s:%d" % bind.address)
    browser.open("/domains")
    browser.one("[data-open]", "shop.test")
    browser.press("j", Keys.ENTER)
    browser.one(".record .state", "is there")
    assert not [each for each in browser.all(".record .state") if each.text != "is there"]
    browser.look_at("published")
    browser.tab_to("button", "Retire …")
    browser.press(Keys.ENTER)
    browser.one("dialog h2", "Retire")
    browser.press(Keys.ESCAPE)
    eventually(lambda: not browser.all("dialog"), "nothing was retired")
    browser.tab_to("button", "Retire …")
    browser.press(Keys.ENTER)
    browser.tab_to("dialog button", "Retire it")
    browser.press(Keys.ENTER)
    browser.wait_for_text("is gone; its record may leave DNS.")
    eventually(lambda: len(browser.all("section table tbody tr")) == 1, "one key is left", explain=lambda: browser.text)
    browser.tab_to("button", "Remove the domain …")
    browser.press(Keys.ENTER)
    browser.tab_to("dialog button", "Remove it and its keys")
    browser.press(Keys.ENTER)
    browser.one(".empty h2", "No sending domain yet")
    assert not [each for each in (relay.folder / "data" / "keys").rglob("*") if each.is_file()]

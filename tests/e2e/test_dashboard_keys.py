"""The page Keys in Chromium, by keyboard: a key is made, shown once, used, and revoked."""

import pytest

from peers.api import Api, http_port
from peers.browser import Keys, logged_in
from peers.waiting import eventually

SENT = {"from": "Shop <hi@shop.example>", "to": "ann@sink.example", "subject": "Hello", "text": "Hello Ann"}
# What a page without TLS under a name is: browsers give it no clipboard.
WITHOUT_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
PASTED = """
const field = document.createElement('textarea');
document.querySelector('dialog[open]').append(field);
field.focus();
return field;"""


@pytest.fixture(name="relay")
def relay_fixture(start_relay, make_sink):
    return start_relay(next_hop=make_sink().address, http={"address": "127.0.0.1:0"})


@pytest.fixture(name="browser")
def browser_fixture(relay):
    with logged_in(relay) as browser:
        yield browser


def fill(browser, **fields):
    for name, text in fields.items():
        browser.one(f"dialog input[name={name}]").send_keys(Keys.CONTROL + "a")
        browser.press(Keys.DELETE, text)


def make(browser, **fields):
    """Leaves the dialog open that shows the secret, which it returns."""
    browser.tab_to("button", "New key …")
    browser.press(Keys.ENTER)
    browser.one("dialog h2", "New key")
    assert browser.focused.get_attribute("name") == "name"
    fill(browser, **fields)
    browser.press(Keys.ENTER)
    browser.one("dialog h2", f"The key {fields['name']}")
    return browser.one("dialog pre", "wp_").text


def focus_is_on(browser, text):
    eventually(lambda: browser.focused.text == text, f"the focus is on {text}", explain=lambda: browser.focused.get_attribute("outerHTML")[:300])


def test_a_key_is_made_shown_once_used_and_revoked_by_keyboard(browser, relay):
    browser.press("g", "k")
    browser.one(".empty h2", "No key yet")
    browser.one(".empty pre", f"curl -s {browser.base}/v1/emails")
    browser.look_at("keys-empty")

    secret = make(browser, name="shop", domains="Shop.example, *.shop.example")
    browser.wait_for_text("it is not shown again")
    focus_is_on(browser, "Copy")
    browser.look_at("keys-made")
    browser.press(Keys.ESCAPE)
    browser.press(Keys.ESCAPE)  # a browser may ask the page once only
    browser.run("document.querySelector('dialog').click()")
    assert browser.one("dialog pre", "wp_").text == secret, "only its button closes it"
    browser.run(WITHOUT_CLIPBOARD)
    browser.tab_to("dialog button", "Copy")
    browser.press(Keys.ENTER)
    browser.one("dialog .copy", "Copied")
    field = browser.run(PASTED)
    field.send_keys(Keys.CONTROL + "v")
    assert field.get_attribute("value") == secret
    browser.run("arguments[0].remove()", field)
    browser.tab_to("dialog button", "I have copied it")
    browser.press(Keys.ENTER)
    eventually(lambda: not browser.all("dialog"), "the dialog is closed")
    focus_is_on(browser, "New key …")

    browser.one(".keyring .to", "shop")
    browser.one(".keyring .why", "as shop.example, *.shop.example")
    assert [each.text for each in browser.all(".keyring .pill")] == ["send"]
    browser.look_at("keys-list")
    for _ in range(2):
        assert secret not in browser.run("return document.documentElement.outerHTML")
        browser.open("/keys")
        browser.one(".keyring .to", "shop")

    shop = Api(int(browser.base.rsplit(":", 1)[1]), secret)
    assert shop.post("/v1/emails", SENT).code == 200
    assert shop.post("/v1/emails", {**SENT, "from": "ceo@bank.example"}).name == "sender-not-allowed"
    assert shop.get("/v1/api-keys").name == "missing-scope"

    browser.tab_to("button[aria-label='Revoke shop']")
    browser.press(Keys.ENTER)
    browser.one("dialog h2", "Revoke the key shop?")
    browser.look_at("keys-revoke")
    focus_is_on(browser, "Leave it")
    browser.press(Keys.ENTER)  # who holds the key too long revokes nothing
    eventually(lambda: not browser.all("dialog"), "the dialog is closed")
    focus_is_on(browser, "Revoke …")
    assert shop.post("/v1/emails", SENT).code == 200
    browser.press(Keys.ENTER)
    browser.tab_to("dialog button", "Revoke it")
    browser.press(Keys.ENTER)
    browser.wait_for_text("shop is revoked.")
    focus_is_on(browser, "New key …")
    eventually(lambda: shop.post("/v1/emails", SENT).code == 401, "a revoked key ends", patience_s=5)
    browser.one(".empty h2", "No key in use")
    browser.tab_to("summary", "1 revoked key")
    browser.press(Keys.ENTER)
    browser.one(".keyring .end", "revoked")
    browser.look_at("keys-revoked")
    log = relay.log()
    assert "admin made the key shop" in log and "admin revoked the key shop" in log
    assert secret not in log


def test_what_the_api_refuses_stands_at_its_field(browser, relay):
    relay.command("keys", "create", "taken", "--any-sender")
    browser.open("/keys")
    browser.one(".keyring .why", "as any sender")
    browser.tab_to("button", "New key …")
    browser.press(Keys.ENTER)
    fill(browser, name="a <b>b</b>", domains="shop.example no_domain.example/", tenant="c d", stream="e@f")
    browser.press(Keys.ENTER)
    for name, said in (("name", '"a <b>b</b>" cannot be the name of a key'), ("domains", "no_domain.example/"),
                       ("tenant", '"c d" cannot be the tenant of a key'), ("stream", '"e@f" cannot be the stream of a key')):
        browser.one(f"#wrong-{name}", said)
        field = browser.one(f"dialog input[name={name}]")
        assert field.get_attribute("aria-describedby") == f"wrong-{name}" and field.get_attribute("aria-invalid") == "true"
    assert browser.focused.get_attribute("name") == "name", "the first that is wrong"
    browser.look_at("keys-wrong")

    fill(browser, name="taken", domains="shop.example", tenant="acme", stream="receipts")
    browser.press(Keys.ENTER)
    browser.one("#wrong-name", 'There is already a key named "taken"')
    assert len(browser.all(".wrong")) == 1
    browser.complaints()  # a browser logs each refusal

    fill(browser, name="desk")
    browser.tab_to("input[value=send]")
    browser.press(Keys.SPACE)
    browser.press(Keys.ENTER)
    browser.one("#wrong-scopes", "Choose one at least")
    focused = browser.focused
    assert focused.get_attribute("value") == "send"
    for scope in ("read", "admin"):
        browser.tab_to(f"input[value={scope}]")
        browser.press(Keys.SPACE)
    browser.tab_to("input[name=any_sender]")
    browser.press(Keys.SPACE)
    assert not browser.one("dialog input[name=domains]").is_enabled()
    browser.press(Keys.ENTER)
    browser.one("dialog h2", "The key desk")
    browser.one("dialog p", "Over HTTP")
    assert "By SMTP" not in browser.one("dialog").text
    secret = browser.one("dialog pre", "wp_").text
    [made] = [each for each in Api(http_port(relay), secret).get("/v1/api-keys").json["data"] if each["name"] == "desk"]
    assert (made["scopes"], made["tenant"], made["stream"], "domains" in made) == (["read", "admin"], "acme", "receipts", False)
    browser.click("dialog button", "I have copied it")
    browser.one(".keyring .to", "stream receipts")


def test_nothing_is_made_by_leaving_and_the_focus_is_back(browser):
    browser.open("/keys")
    browser.one(".empty h2", "No key yet")
    for leave in (lambda: browser.press(Keys.ESCAPE), lambda: browser.click("dialog button", "Leave it")):
        browser.tab_to("button", "New key …")
        browser.press(Keys.ENTER)
        fill(browser, name="shop", domains="shop.example")
        leave()
        eventually(lambda: not browser.all("dialog"), "the dialog is closed")
        focus_is_on(browser, "New key …")
    browser.open("/keys")
    browser.one(".empty h2", "No key yet")

"""What a message holds, shown in Chromium: in a frame where nothing runs, and for which nothing is fetched."""

import base64
import contextlib
import socket
import threading

import pytest

from peers.api import Api, http_port
from peers.browser import Browser, FrameGone, Keys
from peers.sink import Sink
from peers.waiting import eventually

PASSWORD = "correct horse"
DOT = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==")

ANIMATED = ("set", "x-set", "animate", "from")  # links of SVG whose address something else would give them
# The addresses of all that leads elsewhere than to the document itself.
LINKS = """return [...document.querySelectorAll('a, area, math *')].map(link => link.href?.animVal ?? link.href ?? link.getAttribute('href'))
               .filter(address => address && address.replace(document.baseURI, '') !== '#')"""


class Trap:
    """A port of loopback that notes who connects."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.caught = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        with contextlib.suppress(OSError):
            while True:
                connection, client = self.listener.accept()
                self.caught.append(client)  # whatever it says: one that only connects has told enough
                connection.close()

    def stop(self):
        self.listener.close()


def hostile(trap):
    """All that would have a browser connect, run a script or leave the page, as far as it is known to us."""
    there = f"http://127.0.0.1:{trap.port}"
    return f"""<!doctype html><html><head>
<meta http-equiv="refresh" content="0;url={there}/refresh"><meta http-equiv="x-dns-prefetch-control" content="on">
<meta http-equiv="Content-Security-Policy" content="default-src *"><base href="{there}/base/">
<link rel="stylesheet" href="{there}/style.css"><link rel="preconnect" href="{there}"><link rel="dns-prefetch" href="{there}">
<link rel="prefetch" href="{there}/prefetch"><link rel="preload" as="image" href="{there}/preload"><link rel="icon" href="{there}/icon">
<link rel="modulepreload" href="{there}/module.js"><link rel="manifest" href="{there}/manifest"><LINK/rel=prerender href={there}/prerender>
<style>@import url({there}/import.css); @font-face {{ font-family: x; src: url({there}/font.woff2) }}
body {{ font-family: x; background: url({there}/background.png); list-style: url({there}/list.png); cursor: url({there}/cursor.png), auto }}
p::after {{ content: url({there}/content.png) }} p {{ -webkit-mask: url({there}/mask.svg#m) }}</style>
<script>top.owned = 1; fetch("{there}/fetch")</script><script src="{there}/script.js"></script><title>x</title></head>
<body onload="top.owned=1" background="{there}/body.png"><p>Seen by people</p>
<img src="{there}/image.png" onerror="top.owned=1"><img srcset="{there}/srcset.png 1x"><picture><source srcset="{there}/source.png"><img></picture>
<img src="relative.png"><img src="cid:dot@shop"><img src="cid:none@shop" lowsrc="{there}/low.png"><input type="image" src="{there}/input.png">
<svg onload="top.owned=1"><image href="{there}/svg.png"/><use href="{there}/use.svg#x"/><script>top.owned=1</script>
<style>@import url({there}/svg.css);</style><link xmlns="http://www.w3.org/1999/xhtml" rel="stylesheet" href="{there}/svglink.css"/></svg>
<iframe src="{there}/frame"></iframe><iframe srcdoc="<script>top.owned=1</script><img src='{there}/srcdoc.png'>"></iframe>
<object data="{there}/object"></object><embed src="{there}/embed"><video src="{there}/video" poster="{there}/poster" autoplay></video>
<audio src="{there}/audio" autoplay></audio><table background="{there}/table.png"><tr><td background="{there}/td.png">x</td></tr></table>
<form action="{there}/form" id="f"><button autofocus id="send">Send</button></form><form action="javascript:top.owned=1"><button id="js">x</button></form>
<a id="top" href="{there}/top" target="_top" ping="{there}/ping">Top</a> <a id="here" href="{there}/here">Here</a>
<a id="blank" href="{there}/blank" target="_blank">Blank</a> <a id="script" href="javascript:top.owned=1">Script</a>
<a id="data" href="data:text/html,<script>top.owned=1</script>">Data</a> <a id="parent" href="/login" target="_parent">Parent</a>
<svg width="90" height="90"><a id="set"><set attributeName="href" to="{there}/set"/><text y="20">Set</text></a>
<a id="x-set"><SET attributeName="xlink:href" to="{there}/x-set"/><text y="40">X</text></a>
<a id="animate"><animate attributeName="href" values="{there}/animate" dur="9s" repeatCount="indefinite"/><text y="60">Animate</text></a>
<a id="from" href="#"><animate attributeName="href" from="{there}/from" to="{there}/to" fill="freeze" dur="1s"/><text y="80">From</text></a>
<animate href="#here" attributeName="href" values="{there}/other"/><rect fill="url({there}/paint.svg#p)" filter="url({there}/filter.svg#f)"/>
<text marker-start="url({there}/marker.svg#m)" style="clip-path:url({there}/clip.svg#c);offset-path:url({there}/path.svg#p)">t</text>
<foreignObject><a id="foreign" href="{there}/foreign">F</a></foreignObject></svg>
<math><mrow id="math" href="{there}/math"><mi>m</mi></mrow></math><map name="m"><area id="area" href="{there}/area" shape="default"></map>
<img src="cid:dot@shop" usemap="#m"><img attributionsrc="{there}/attribution"><a id="attribution" href="{there}/a" attributionsrc="{there}/b">A</a>
<template shadowrootmode="open"><link rel="preconnect" href="{there}"><a href="{there}/shadow">s</a></template>
<script type="speculationrules">{{"prefetch": [{{"urls": ["{there}/speculation"]}}]}}</script>
<div style="background:url({there}/inline.png)">y</div><marquee onstart="top.owned=1">z</marquee><details open ontoggle="top.owned=1"></details>
</body></html>"""


@pytest.fixture(name="trap")
def trap_fixture():
    trap = Trap()
    yield trap
    trap.stop()


@pytest.fixture(name="desk")
def desk_fixture(start_relay):
    """A relay whose mail waits, and somebody who is logged in."""
    with contextlib.ExitStack() as stack:
        sink = Sink(answer=lambda phase, text, _: "450 4.2.1 Later" if phase == "rcpt" and text.startswith("later") else None)
        stack.callback(sink.stop)
        relay = start_relay(http={"address": "127.0.0.1:0"}, delivery={"next_hop": "%s:%d" % sink.address},
                            queue={"retry_first": "1h", "retry_max": "1h"})
        key = relay.command("keys", "create", "desk", "--any-sender", "--scope", "send", "--scope", "read", "--scope", "admin").stdout.strip()
        desk = type("Desk", (), {})()
        desk.api = Api(http_port(relay), key)
        file = relay.folder / "password"
        file.write_text(PASSWORD + "\n")
        desk.browser = Browser(f"http://127.0.0.1:{desk.api.port}")
        stack.callback(desk.browser.stop)
        browser = desk.browser
        browser.open("/")
        browser.one("code, .copyable", "waypost admin password")
        relay.command("admin", "password", "--password-file", str(file))
        browser.log_in(PASSWORD)  # the page went on by itself
        browser.one("nav a", "Activity")
        browser.complaints()
        yield desk


def send(desk, to="later@sink.example", **fields):
    number = desk.api.post("/v1/emails", {"from": "Shop <hi@shop.example>", "to": to, "subject": "Grüße", **fields}).json["id"]
    status = "deferred" if to.startswith("later") else "delivered"
    eventually(lambda: desk.api.get(f"/v1/emails/{number}").json.get("status") == status, f"it is {status}")
    return number


def in_frame(browser, script):
    """What a debugger, not the page, finds in the frame: scripts of its own are what it has none of."""
    driver = browser.driver
    driver.switch_to.frame(browser.one("iframe.preview"))
    try:
        return driver.execute_script(script)
    finally:
        driver.switch_to.default_content()


def shown(browser):
    """The text in the frame; none while it is exchanged for another or has not been read to its end."""
    try:
        return in_frame(browser, "return document.readyState === 'complete' && document.body ? document.body.innerText : ''")
    except FrameGone:
        return ""


def test_nothing_runs_and_nothing_is_fetched_for_what_a_message_holds(desk, trap):
    browser = desk.browser
    number = send(desk, html=hostile(trap), text="The text", attachments=[
        {"filename": "dot.png", "content": base64.b64encode(DOT).decode(), "content_type": "image/png", "content_id": "dot@shop"},
        {"filename": "bill\u202egpj.exe", "content": "eA==", "content_type": "application/pdf"}])
    browser.open(f"/messages/{number}")
    browser.click("[role=tab]", "Preview")
    frame = browser.one("iframe.preview")
    assert frame.get_attribute("sandbox") == "" and browser.run("return arguments[0].hasAttribute('sandbox')", frame)
    eventually(lambda: "Seen by people" in shown(browser), "it is shown")
    assert in_frame(browser, "return document.querySelector('img[src^=\"data:image/png\"]').naturalWidth") == 1
    assert in_frame(browser, "return document.querySelectorAll('link, meta, base, iframe, object, embed').length") == 0
    where = browser.path
    assert in_frame(browser, LINKS) == []
    for link in ("top", "parent", "blank", "script", "data", "send", "js", "here", *ANIMATED):
        driver = browser.driver
        browser.open(where)
        eventually(lambda: "Seen by people" in shown(browser), link)
        driver.switch_to.frame(browser.one("iframe.preview"))
        driver.execute_script("arguments[0].focus()", driver.find_element("id", link))
        driver.switch_to.active_element.send_keys(Keys.ENTER)
        driver.switch_to.default_content()
        assert browser.path == where and len(driver.window_handles) == 1, link
        assert browser.run("return typeof owned") == "undefined", link
    browser.one(".files li", "bill\\u202egpj.exe")
    # Opened by itself, too.
    browser.open(f"/v1/emails/{number}/preview")
    eventually(lambda: "Seen by people" in browser.text, "the document")
    assert browser.run("return typeof owned") == "undefined" and browser.run("return origin") == "null"
    assert browser.run(LINKS) == []
    for link in ("here", *ANIMATED):
        browser.run("document.getElementById(arguments[0]).dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}))", link)
        eventually(lambda: browser.run("return document.readyState") == "complete", link)
        assert browser.path.removesuffix("#") == f"/v1/emails/{number}/preview", link
    assert trap.caught == []
    assert desk.api.get("/v1/emails").code == 200
    browser.complaints()  # of all that was blocked


def test_the_trap_catches_what_a_page_without_a_policy_asks_for(desk, trap):
    browser = desk.browser
    browser.driver.get("data:text/html;base64," + base64.b64encode(hostile(trap).encode()).decode())
    eventually(lambda: len(trap.caught) > 1, "requests")
    browser.complaints()


def test_headers_and_text_are_read_and_what_is_gone_is_said(desk):
    browser = desk.browser
    number = send(desk, text="First\u202e line\n<b>not bold</b>\x1b[2J", headers={"X-Said": "<i>x</i>"})
    browser.open(f"/messages/{number}")
    browser.one("[role=tab]", "Headers").send_keys(Keys.ENTER)
    browser.one(".fields dd", "Grüße")
    browser.one(".fields dd", "<i>x</i>")
    browser.look_at("headers")
    browser.one("[role=tab]", "Preview").send_keys(Keys.ENTER)
    eventually(lambda: "First\\u202e line\n<b>not bold</b>\\x1b[2J" in shown(browser), "the text as text", explain=lambda: shown(browser))
    assert not browser.all(".choice [aria-pressed]:not(aside *)")
    browser.look_at("preview-text")
    both = send(desk, text="The text", html="<h1>The page</h1>", attachments=[{"filename": "a.pdf", "content": "eA==", "content_type": "application/pdf"}])
    browser.open(f"/messages/{both}?tab=preview")
    eventually(lambda: shown(browser).strip() == "The page", "HTML first")
    browser.one(".files li", "a.pdf")
    browser.look_at("preview-html")
    browser.one("[role=tabpanel] .choice button", "Text").send_keys(Keys.ENTER)
    eventually(lambda: shown(browser).strip() == "The text", "then the text")
    gone = send(desk, to="ann@sink.example", text="x")
    for tab in ("headers", "preview", "raw"):
        browser.open(f"/messages/{gone}?tab={tab}")
        browser.one("[role=tabpanel] strong", "The content is gone")
        assert not browser.all("iframe")
    browser.look_at("preview-gone")
    assert not browser.complaints()
    for path in ("content", "preview"):
        assert desk.api.get(f"/v1/emails/{gone}/{path}").name == "content-gone"
        assert desk.api.get(f"/v1/emails/00000000-0000-7000-8000-000000000000/{path}").name == "email-not-found"
    content = desk.api.get(f"/v1/emails/{both}/content").json
    assert content["text"].rstrip() == "The text" and content["html"].rstrip() == "<h1>The page</h1>" and not content["cut"]
    assert content["attachments"] == [{"filename": "a.pdf", "content_type": "application/pdf", "size": 1, "inline": False}]
    assert {"name": "Subject", "value": "Grüße"} in content["headers"]
    long = send(desk, text=("y" * 900 + "\n") * 400, html="<p>short</p>")
    assert desk.api.get(f"/v1/emails/{long}/content").json["cut"]
    preview = desk.api.get(f"/v1/emails/{both}/preview")
    assert preview.fields["content-security-policy"].startswith("sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert preview.fields["referrer-policy"] == "no-referrer" and preview.fields["cross-origin-resource-policy"] == "same-origin"
    assert preview.fields["x-content-type-options"] == "nosniff" and preview.fields["content-type"] == "text/html; charset=utf-8"
    assert desk.api.get(f"/v1/emails/{both}/preview?part=html").name == "invalid-fields"
    assert Api(desk.api.port).get(f"/v1/emails/{both}/preview").code == 401

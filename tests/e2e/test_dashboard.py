"""The dashboard's side of the relay: who may log in, what a browser may be made to do, and what the figures say."""

import json
import re
import socket
import time
from urllib.parse import quote

import pytest

from peers.api import Api, answers, http_port
from peers.waiting import eventually

PASSWORD = "correct horse battery"
SENT = {"from": "hi@shop.example", "to": "ann@sink.example", "subject": "Hello", "text": "Hello Ann"}


@pytest.fixture(name="sink")
def sink_fixture(make_sink):
    return make_sink(answer=answers)


@pytest.fixture(name="relay")
def relay_fixture(start_relay, sink):
    return start_relay(sink.address, http={"address": "127.0.0.1:0"},
                       queue={"retry_first": "1h", "retry_max": "1h"})


def set_password(relay, password=PASSWORD, user="admin"):
    file = relay.folder / "password"
    file.write_text(password + "\n")
    return relay.command("admin", "password", "--user", user, "--password-file", str(file))


class Browser(Api):
    """One that keeps its cookie, and says where its pages are from."""

    def __init__(self, port):
        super().__init__(port)
        self.cookie_name = self.cookie = self.csrf = None

    def ask(self, method, path, body=None, fields=None, check=True):
        fields = {"Sec-Fetch-Site": "same-origin", **(fields or {})}
        if self.cookie:
            fields.setdefault("Cookie", f"a=b; {self.cookie_name}={self.cookie}")
        if self.csrf and method not in ("GET", "HEAD"):
            fields.setdefault("X-Waypost-CSRF", self.csrf)
        return super().ask(method, path, body, fields, check)

    def log_in(self, password=PASSWORD, user="admin", **fields):
        answer = self.post("/v1/session", {"user": user, "password": password}, fields=fields)
        if answer.code == 200:
            self.cookie_name, self.cookie = re.match(r"((?:__Host-)?waypost_session)=(\w{64});", answer.fields["set-cookie"]).groups()
            self.csrf = answer.json["csrf"]
        return answer


@pytest.fixture(name="browser")
def browser_fixture(relay):
    set_password(relay)
    browser = Browser(http_port(relay))
    assert browser.log_in().code == 200
    return browser


def test_an_admin_logs_in_and_out(relay):
    browser = Browser(http_port(relay))
    assert browser.get("/v1/about").json["needs_admin"] is True
    assert browser.log_in().name == "wrong-password"
    set_password(relay)
    eventually(lambda: browser.get("/v1/about").json["needs_admin"] is False, "the admin known")
    about = browser.get("/v1/about").json
    assert about["demo"] is False and about["version"]
    assert browser.get("/v1/session").code == 401
    answer = browser.log_in()
    assert answer.json["user"] == "admin" and sorted(answer.json["scopes"]) == ["admin", "read", "send"]
    cookie = answer.fields["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Secure" not in cookie and browser.cookie not in answer.body.decode()
    assert browser.get("/v1/session").json["csrf"] == browser.csrf
    assert browser.get("/v1/queue").code == 200
    old, cookie = browser.cookie, browser.ask("DELETE", "/v1/session").fields["set-cookie"]
    assert "Max-Age=0" in cookie
    browser.cookie = old
    assert browser.get("/v1/session").code == 401 and browser.get("/v1/queue").code == 401
    assert PASSWORD not in relay.log()


def test_a_new_password_ends_the_sessions_of_before(browser, relay):
    assert browser.get("/v1/queue").code == 200
    set_password(relay, "another horse battery")
    eventually(lambda: browser.get("/v1/queue").code == 401, "the session ended")
    assert browser.log_in().code == 401
    assert browser.log_in("another horse battery").code == 200
    assert relay.command("admin", "ls").stdout.startswith("admin ")
    relay.command("admin", "remove", "admin")
    eventually(lambda: browser.get("/v1/queue").code == 401, "the session ended")
    assert relay.command("admin", "ls").stdout == ""


def test_who_guesses_is_slowed_down_and_logged(relay):
    set_password(relay)
    browser = Browser(http_port(relay))
    began = time.monotonic()
    assert [browser.log_in("wrong" + PASSWORD).code for _ in range(4)] == [401] * 4
    assert time.monotonic() - began > 2
    assert browser.log_in(user="Nobody\n").code == 422
    answer = browser.log_in(user="nobody")
    assert answer.name == "wrong-password" and answer.json["detail"] == browser.log_in("x").json["detail"]
    assert 'login to the dashboard refused: "nobody" from 127.0.0.1' in relay.log()
    assert browser.log_in().code == 200


def test_another_site_cannot_make_a_browser_act(browser):
    change = ("PUT", "/v1/suppressions/ann@sink.example", {})
    assert browser.ask(*change).code == 200
    csrf, browser.csrf = browser.csrf, None
    assert browser.ask(*change).name == "foreign-page"
    assert browser.ask(*change, fields={"X-Waypost-CSRF": "0" * 64}).name == "foreign-page"
    assert browser.post("/v1/emails", SENT).name == "foreign-page"
    browser.csrf = csrf
    for fields in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                   {"Sec-Fetch-Site": ""}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert browser.ask(*change, fields=fields).name == "foreign-page", fields
    assert browser.get("/v1/queue", fields={"Sec-Fetch-Site": "cross-site"}).name == "foreign-page"
    ours = {"Sec-Fetch-Site": "", "Origin": f"http://127.0.0.1:{browser.port}"}
    assert browser.ask(*change, fields=ours).code == 200
    # A form of another site can send this without asking first.
    login = json.dumps({"user": "admin", "password": PASSWORD})
    stranger = Browser(browser.port)
    assert stranger.post("/v1/session", login, fields={"Content-Type": "text/plain"}).code == 415
    assert stranger.log_in(**{"Sec-Fetch-Site": "cross-site"}).name == "foreign-page"
    assert "access-control-allow-origin" not in browser.get("/v1/about").fields


def test_a_name_that_is_not_ours_is_not_answered(browser):
    for path in ("/v1/about", "/v1/session", "/v1/queue", "/v1/overview"):
        for host in ("evil.example", f"evil.example:{browser.port}", "127.0.0.1.evil.example"):
            assert browser.get(path, fields={"Host": host}).name == "unknown-host", (path, host)
    for host in ("localhost:8025", "[::1]:1", "Relay.example:443", "192.0.2.7"):
        assert browser.get("/v1/queue", fields={"Host": host}).code == 200, host
    # Nor may a page of somebody else's read what needs no key on this machine.
    assert Api(browser.port).get("/metrics").code == 200
    assert Api(browser.port).get("/metrics", fields={"Host": "evil.example"}).code == 401


def test_a_proxy_on_this_machine_says_who_asks(browser, relay):
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9, 192.0.2.1"}
    assert "; Secure" in browser.log_in(**said).fields["set-cookie"]
    assert browser.log_in("wrong" + PASSWORD, **said).code == 401
    assert "from 192.0.2.1" in relay.log() and "203.0.113.9" not in relay.log()


def test_a_session_stands_for_a_key_and_no_more(browser, relay):
    sent = browser.post("/v1/emails", SENT)
    assert sent.code == 200
    eventually(lambda: browser.get(f"/v1/emails/{sent.json['id']}").json["status"] == "delivered",
               "it is delivered")
    assert browser.get(f"/v1/emails/{sent.json['id']}").json["key"] == "dashboard:admin"
    assert browser.get("/v1/overview", fields={"Cookie": "waypost_session=" + "0" * 64}).code == 401
    assert browser.get("/v1/overview", fields={"Cookie": "waypost_session="}).code == 401
    reader = relay.command("keys", "create", "reader", "--any-sender", "--scope", "read").stdout.strip()
    for path in ("/v1/overview", "/v1/history", "/v1/bounces"):
        assert Api(browser.port, reader).get(path).name == "missing-scope"
        assert Api(browser.port).get(path).code == 401


def test_events_end_with_the_session(browser):
    with socket.create_connection(("127.0.0.1", browser.port), 30) as stream:
        stream.sendall(f"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n"
                       f"Cookie: waypost_session={browser.cookie}\r\n\r\n".encode())
        assert b"text/event-stream" in stream.recv(4096)
        browser.ask("DELETE", "/v1/session")
        stream.settimeout(10)
        while stream.recv(4096):
            pass


def test_figures_say_what_happened_and_why(browser):
    for to in ("ann@sink.example", "gone@sink.example", "later@sink.example"):
        assert browser.post("/v1/emails", {**SENT, "to": to}).code == 200

    def all_tried():
        page = browser.get("/v1/overview?window=1h").json
        tried = page["delivered"] + page["bounced"] + page["deferred"] + page["apart"]["notices"]["delivered"]
        return page if tried == 4 else None
    page = eventually(all_tried, "all were tried, and the notice of the bounce as well",
                      explain=lambda: browser.get("/v1/overview").body.decode())
    assert (page["accepted"], page["delivered"], page["deferred"], page["bounced"]) == (3, 1, 1, 1), "the notice counts apart"
    assert page["waiting"] == 1 and page["loss"] == {"acknowledged": 4, "unaccounted": 0}
    assert page["verdict"]["state"] == "attention"
    assert page["verdict"]["text"].startswith("1 of 2 that ended bounced; too few to judge.")
    assert {cause["cause"] for cause in page["causes"]} >= {"recipient-unknown"}
    [provider] = page["providers"]
    assert (provider["delivered"], provider["waiting"], provider["state"]) == (1, 1, "open")
    [cause] = browser.get("/v1/bounces").json["data"]
    assert cause["cause"] == "recipient-unknown" and cause["fix"] and cause["share"] == 1
    assert cause["example"]["recipient"] == "gone@sink.example"
    assert cause["providers"] == [{"provider": provider["provider"], "count": 1}]
    assert browser.get(f"/v1/emails/{cause['example']['message']}").json["status"] == "bounced"
    for window in ("1h", "24h", "7d", "30d", "400d"):
        curves = browser.get(f"/v1/history?window={window}").json["series"]
        assert sum(value or 0 for value in curves["accepted"]) == 3, window
        assert curves["accepted"][0] is None and curves["accepted"][-1] is not None
    curves = browser.get(f"/v1/history?window=1h&provider={provider['provider']}").json["series"]
    assert "accepted" not in curves and sum(value or 0 for value in curves["bounced"]) == 1
    assert browser.get("/v1/history?provider=nobody").name == "provider-not-found"
    for query in ("window=2h", "window=400d", "what=1", "window=1h&window=1h"):
        assert browser.get(f"/v1/overview?{query}").name == "invalid-fields", query


def test_curves_outlive_a_restart_and_a_damaged_file_is_told_of(browser, relay):
    browser.post("/v1/emails", SENT)
    eventually(lambda: browser.get("/v1/overview?window=24h").json["delivered"] == 1, "it is counted")
    since = browser.get("/v1/overview?window=24h").json["since"]

    def again(meanwhile=lambda: None):
        relay.stop()
        meanwhile()
        relay.start()
        browser.port, browser.cookie = http_port(relay), None
        assert browser.log_in().code == 200
        return browser.get("/v1/overview?window=24h").json

    page = again()
    assert page["delivered"] == 1 and page["accepted"] == 1 and page["since"] == since

    def damage():
        file = relay.data / "records" / "history"
        octets = bytearray(file.read_bytes())
        octets[-1] ^= 1
        file.write_bytes(octets)
    page = again(damage)
    assert page["delivered"] == 0 and page["since"] > since
    assert "the dashboard's curves begin anew" in relay.log()


def test_mail_is_found_by_what_a_person_types_and_by_its_state(browser):
    sent = {to: browser.post("/v1/emails", {**SENT, "to": to}).json["id"]
            for to in ("ann@sink.example", "gone@sink.example", "later@sink.example")}

    def found(query):
        return {each["id"] for each in browser.get(f"/v1/emails?{query}").json["data"]}
    eventually(lambda: found("status=deferred") == {sent["later@sink.example"]}, "it is deferred")
    eventually(lambda: found("status=bounced") == {sent["gone@sink.example"]}, "it bounced")
    eventually(lambda: sent["ann@sink.example"] in found("status=delivered"), "it is delivered")
    assert found("status=held") == found("status=throttled") == found("status=expired") == set()
    assert found("q=ANN@") == found(f"q={sent['ann@sink.example']}") == {sent["ann@sink.example"]}
    assert found("q=%40sink.example") == set(sent.values())
    assert found("q=gone&status=bounced") == {sent["gone@sink.example"]}
    assert found("q=gone&status=delivered") == found("q=nn%40") == set()
    page = browser.get(f"/v1/emails/{sent['ann@sink.example']}").json
    assert found("q=" + quote(page["message_id"])) == {page["id"]}
    for query in ("q=", "q=%40", "status=lost"):
        assert browser.get(f"/v1/emails?{query}").name == "invalid-fields", query


def test_the_doctor_tells_rung_by_rung(browser, sink, relay):
    host, port = sink.address
    answer = browser.post("/v1/doctor", {"target": f"{host}:{port}", "to": "gone@sink.example"})
    assert answer.code == 200 and answer.fields["content-type"] == "text/event-stream"
    text = answer.body.decode()
    told = [json.loads(data) for data in re.findall(r"^event: doctor\ndata: (.*)$", text, re.M)]
    assert [each["n"] for each in told if each.get("event") == "rung"][:2] == [1, 2], text
    assert told[-1]["event"] == "report" and told[-1]["verdict"]
    assert text.rstrip().endswith("event: end\ndata: {}")
    secret = "a-secret-that-is-long"
    walked = browser.post("/v1/doctor", {"target": f"{host}:{port}", "user": "me", "password": secret})
    assert secret not in walked.body.decode() and secret not in relay.log()
    for body in ({}, {"target": "169.254.169.254:80"}, {"target": "x", "port": 25},
                 {"target": f"{host}:{port}", "user": "me"}):
        assert browser.post("/v1/doctor", body).name == "invalid-fields", body


def test_pages_are_served_and_nothing_else(relay):
    """With the pages that were built into the program, if there are any."""
    browser = Browser(http_port(relay))
    page = browser.get("/")
    for path in ("/../etc/passwd", "/assets/../../etc/passwd", "/assets/..%2f..%2fetc%2fpasswd",
                 "//etc/passwd", "/%2e%2e/etc/passwd", "/index.html", "/assets/", "/ui/dist"):
        assert browser.get(path).code == 404, path
    if page.code == 404:
        pytest.skip("the program was built without ui/dist")
    assert page.fields["content-type"].startswith("text/html")
    assert page.fields["cache-control"] == "no-cache" and page.fields["x-content-type-options"] == "nosniff"
    policy = page.fields["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert browser.get("/activity").body == browser.get("/messages/1").body == page.body
    [script] = re.findall(rb'<script[^>]* src="(/assets/[^"]+)"', page.body)[:1]
    asset = browser.get(script.decode(), fields={"Accept-Encoding": "gzip"})
    assert asset.fields["content-encoding"] == "gzip" and "immutable" in asset.fields["cache-control"]
    assert browser.get("/", fields={"Host": "evil.example"}).name == "unknown-host"


def test_a_password_is_set_only_if_it_is_one(relay):
    file = relay.folder / "password"
    file.write_text("short\n")
    refused = relay.command("admin", "password", "--password-file", str(file), code=64)
    assert "12 characters" in refused.stderr
    assert relay.command("admin", "ls").stdout == ""
    relay.command("admin", "remove", "nobody", code=1)

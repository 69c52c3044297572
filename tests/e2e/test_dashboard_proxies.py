"""The dashboard behind a proxy with TLS: nginx and Caddy, set up as docs/operate/dashboard.md shows them."""

import http.client
import os
import re
import ssl
import time
from pathlib import Path

import pytest

from peers.api import Api, http_port
from peers.package import unpacked
from peers.process import Process, free_port
from peers.waiting import eventually
from test_dashboard import PASSWORD, SENT, Browser, set_password

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operate" / "dashboard.md"
NAME = "waypost.example.com"
CLIENT = "127.0.0.5"  # the browser's side of the proxy
FORGED = {"X-Forwarded-For": "192.0.2.66", "X-Forwarded-Proto": "http", "Forwarded": "for=192.0.2.66;proto=http",
          "X-Real-IP": "192.0.2.66", "X-Forwarded-Host": "evil.example"}
NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  {server}
}}
"""
CADDY = """
{{
  admin off
  auto_https off
}}
{server}
"""


def shown(language):
    """The example on the page."""
    [text] = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    return text


def put(text, *changes):
    for old, new in changes:
        assert old in text, (old, text)
        text = text.replace(old, new)
    return text


def start_nginx(folder, certificate, port, relay_port):
    server = put(shown("nginx"), ("listen 443", f"listen 127.0.0.1:{port}"), ("127.0.0.1:8025", f"127.0.0.1:{relay_port}"),
                 ("/etc/nginx/tls/fullchain.pem", str(certificate.file)), ("/etc/nginx/tls/privkey.pem", str(certificate.key)))
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, server=server))
    return Process([unpacked("nginx") / "usr/sbin/nginx", "-c", config, "-e", "stderr"], folder / "nginx.log")


def start_caddy(folder, certificate, port, relay_port):
    tls = f"  bind 127.0.0.1\n  tls {certificate.file} {certificate.key}\n"
    server = put(shown("caddy"), (f"{NAME} {{\n", f"{NAME}:{port} {{\n{tls}"), ("127.0.0.1:8025", f"127.0.0.1:{relay_port}"))
    config = folder / "Caddyfile"
    config.write_text(CADDY.format(server=server))
    return Process([unpacked("caddy") / "usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", config], folder / "caddy.log",
                   env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)})


class Named(http.client.HTTPSConnection):
    def connect(self):
        http.client.HTTPConnection.connect(self)
        # Whose certificate it is, is for other tests.
        believing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        believing.check_hostname, believing.verify_mode = False, ssl.CERT_NONE
        self.sock = believing.wrap_socket(self.sock, server_hostname=NAME)


class Page(Browser):
    """One on the other side of the proxy, under the name that the proxy has."""

    def __init__(self, port):
        super().__init__(port)
        self.host = f"{NAME}:{port}"

    def connection(self):
        return Named("127.0.0.1", self.port, timeout=30, source_address=(CLIENT, 0))

    def ask(self, method, path, body=None, fields=None, check=True):
        return super().ask(method, path, body, {"Host": self.host, "Origin": f"https://{self.host}", **(fields or {})}, check)


@pytest.fixture(name="relay")
def relay_fixture(start_relay, make_sink):
    relay = start_relay(make_sink().address, http={"address": "127.0.0.1:0", "hostnames": [NAME.upper()], "behind_tls": True,
                                                     "proxies": ["127.0.0.1"]})  # and not CLIENT
    set_password(relay)
    return relay


@pytest.fixture(name="start_page")
def start_page_fixture(relay, folder, certificate):
    """start_page(start_nginx): the proxy runs, and a browser on its other side."""
    started = []

    def start_page(start):
        port = free_port()
        started.append(start(folder, certificate, port, http_port(relay)))
        started[0].wait_for_listener(("127.0.0.1", port))
        return Page(port)
    yield start_page
    for proxy in started:
        proxy.stop()


@pytest.mark.parametrize("start", [start_nginx, start_caddy])
def test_the_dashboard_works_behind_the_proxy_of_the_page_and_nobody_gets_around_it(start, start_page, relay):
    page = start_page(start)
    answer = page.log_in()
    assert answer.code == 200, answer
    cookie = answer.fields["set-cookie"]
    assert cookie.startswith("__Host-waypost_session=") and {"Path=/", "HttpOnly", "SameSite=Strict", "Secure"} == set(cookie.split("; ")[1:])
    assert answer.fields["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in Api(http_port(relay)).get("/v1/about").fields
    assert page.get("/").fields["content-security-policy"]
    # More than nginx lets through unasked.
    sent = page.post("/v1/emails", {**SENT, "text": "Hello Ann\n" * 200_000})
    assert sent.code == 200, sent
    change = ("PUT", "/v1/suppressions/ann@sink.example", {})
    assert page.ask(*change).code == 200
    for origin in (f"http://{page.host}", f"https://{NAME}", "https://evil.example", "null"):
        assert page.ask(*change, fields={"Origin": origin}).name == "foreign-page", origin
    page.csrf, csrf = None, page.csrf
    assert page.ask(*change).name == "foreign-page"
    page.csrf = csrf
    # A cookie under the name that a neighbour could have made.
    assert page.get("/v1/queue", fields={"Cookie": f"waypost_session={page.cookie}"}).code == 401
    assert page.log_in("wrong" + PASSWORD, **FORGED).code == 401
    assert f"from {CLIENT}" in relay.log() and "192.0.2.66" not in relay.log()
    assert Api(http_port(relay)).get("/metrics").code == 200
    assert Page(page.port).get("/metrics").code == 401


@pytest.mark.parametrize("start", [start_nginx, start_caddy])
def test_what_happens_is_told_at_once_through_the_proxy(start, start_page, relay):
    page = start_page(start)
    assert page.log_in().code == 200
    stream = page.connection()
    stream.request("GET", "/v1/events", headers={"Host": page.host, "Cookie": f"{page.cookie_name}={page.cookie}", "Sec-Fetch-Site": "same-origin"})
    told = stream.getresponse()
    assert told.status == 200
    number = page.post("/v1/emails", SENT).json["id"]
    latest = time.monotonic() + 10
    while number.encode() not in told.readline():
        assert time.monotonic() < latest, "nothing was told"
    stream.close()


def test_a_page_that_renames_itself_gets_nothing_through_nginx(start_page):
    page = start_page(start_nginx)
    assert page.log_in().code == 200
    for path in ("/", "/v1/about", "/v1/session", "/v1/queue"):
        for host in ("evil.example", f"evil.example:{page.port}", f"{NAME}.evil.example"):
            answer = page.get(path, fields={"Host": host, "Origin": f"https://{host}"})
            assert answer.name == "unknown-host" and "hostnames" in answer.json["detail"], (path, host)


def test_only_proxies_that_are_named_are_believed(start_relay, make_sink):
    relay = start_relay(make_sink().address, http={"address": "127.0.0.1:0", "proxies": ["127.0.0.9", "203.0.113.0/24"]})
    set_password(relay)
    stranger = Browser(http_port(relay))
    said = {"X-Forwarded-For": "192.0.2.66", "X-Forwarded-Proto": "https"}
    assert stranger.log_in(**said).fields["set-cookie"].startswith("waypost_session=")
    assert stranger.log_in("wrong" + PASSWORD, **said).code == 401
    assert "from 127.0.0.1" in relay.log() and "192.0.2.66" not in relay.log()

    class Proxy(Browser):
        def connection(self):
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=("127.0.0.9", 0))
    proxy = Proxy(http_port(relay))
    chain = {"X-Forwarded-For": "198.51.100.66, 192.0.2.1, 203.0.113.9", "X-Forwarded-Proto": "https"}
    assert "; Secure" in proxy.log_in(**chain).fields["set-cookie"]
    assert proxy.log_in("wrong" + PASSWORD, **chain).code == 401
    eventually(lambda: "from 192.0.2.1" in relay.log(), "the client is named")
    assert "198.51.100.66" not in relay.log()

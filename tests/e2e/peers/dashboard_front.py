"""Stands before a relay that has no dashboard of its own: serves ui/dist under the policy that the relay will
use, passes /v1 on with a key, and answers what only the dashboard asks from the relay's event log."""

import collections
import http.client
import json
import mimetypes
import re
import select
import subprocess
import threading
from datetime import datetime, timedelta, timezone
from http import cookies
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from peers.relay import binary

DIST = Path(__file__).resolve().parents[3] / "ui" / "dist"
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
          "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
PAGES = re.compile(r"/(activity|messages/[^/]+|providers(/[^/]+)?|diagnose|domains(/[^/]+)?|bounces|suppressions|login)?")
WINDOWS = {"1h": 3600, "24h": 86400, "7d": 7 * 86400, "30d": 30 * 86400}
USER, PASSWORD = "admin", "correct horse"
COOKIE, CSRF = "waypost_session=11aa22bb", "c5rf"


class Front:
    """answers: {path: object}, said in the place of what is made from the event log."""

    def __init__(self, relay, port, key, answers=None, demo=False):
        self.relay, self.port, self.key, self.demo = relay, port, key, demo
        self.answers = answers or {}
        self.asked = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.front = self
        self.address = "http://127.0.0.1:%d" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *_):
        pass

    @property
    def front(self):
        return self.server.front

    def answer(self, code, body, kind="application/json", **fields):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), "X-Content-Type-Options": "nosniff",
                            "Content-Security-Policy": POLICY, **fields}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def problem(self, code, title, detail):
        self.answer(code, {"type": "about:blank", "title": title, "status": code, "detail": detail, "name": "problem",
                           "message": detail, "statusCode": code}, "application/problem+json")

    def handle_any(self):
        path = urlsplit(self.path).path
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        self.front.asked.append((self.command, self.path))
        if not path.startswith("/v1/"):
            return self.file(path)
        if path == "/v1/about":
            return self.answer(200, {"name": "Waypost", "version": "0.1.0", "hostname": "relay.example",
                                     "demo": self.front.demo, "needs_admin": False,
                                     "session": COOKIE in self.headers.get("Cookie", "")})
        if path == "/v1/session":
            return self.session(body)
        if COOKIE not in self.headers.get("Cookie", ""):
            return self.problem(401, "Not logged in", "Log in first")
        if self.command not in ("GET", "HEAD") and self.headers.get("X-Waypost-CSRF") != CSRF:
            return self.problem(403, "Forged", "The request has no X-Waypost-CSRF of this session")
        return self.known(path, body)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def file(self, path):
        found = DIST / path.lstrip("/")
        if PAGES.fullmatch(path):
            found = DIST / "index.html"
        elif not path.startswith("/assets/") or not found.is_file():
            return self.problem(404, "No such page", path)
        return self.answer(200, found.read_bytes(), mimetypes.guess_type(found.name)[0] or "text/plain")

    def session(self, body):
        there = {"user": USER, "scopes": ["send", "read", "admin"], "csrf": CSRF, "expires_at": "2099-01-01T00:00:00Z"}
        if self.command == "POST":
            said = json.loads(body)
            if (said.get("user"), said.get("password")) != (USER, PASSWORD):
                return self.problem(401, "The login is not known", "User or password is wrong")
            return self.answer(200, there, Set_Cookie=f"{COOKIE}; HttpOnly; SameSite=Strict; Path=/")
        jar = cookies.SimpleCookie(self.headers.get("Cookie", ""))
        if "waypost_session" not in jar:
            return self.problem(401, "Not logged in", "Log in first")
        if self.command == "DELETE":
            return self.answer(204, b"", Set_Cookie="waypost_session=; Max-Age=0; Path=/")
        return self.answer(200, there)

    def known(self, path, body):
        query = {name: each[0] for name, each in parse_qs(urlsplit(self.path).query).items()}
        if path in self.front.answers:
            said = self.front.answers[path]
            return self.answer(200, said(query) if callable(said) else said)
        if path == "/v1/overview":
            return self.answer(200, overview(self.front.relay, query.get("window", "24h")))
        if path == "/v1/history":
            return self.answer(200, history(self.front.relay, query.get("window", "24h")))
        if path == "/v1/bounces":
            return self.answer(200, {"object": "list", "data": causes(self.front.relay, ("bounced",))})
        if path == "/v1/doctor":
            return self.doctor(json.loads(body))
        if path == "/v1/domains" or path.startswith("/v1/domains/"):
            return self.domains(path)
        return self.pass_on(body)

    def domains(self, path):
        command = lambda *words: self.front.relay.command("--json", "domains", *words).stdout
        name = unquote(path.removeprefix("/v1/domains").strip("/"))
        if not name:
            found = [json.loads(line) for line in command("ls").splitlines() if line.strip()]
            return self.answer(200, {"object": "list", "data": found, "has_more": False})
        return self.answer(200, json.loads(command("show", name)))

    def doctor(self, said):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        ran = subprocess.Popen([binary(), "doctor", said["target"], "--jsonl"], stdout=subprocess.PIPE,
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with ran:
            for line in ran.stdout:
                self.wfile.write(b"event: doctor\ndata: " + line.strip() + b"\n\n")
        self.wfile.write(b"event: end\ndata: {}\n\n")

    def pass_on(self, body):
        split = urlsplit(self.path)
        wanted = {name: each[0] for name, each in parse_qs(split.query).items()}
        narrowed = {name: wanted.pop(name) for name in ("q", "status") if name in wanted}
        path = self.path
        if split.path == "/v1/emails" and narrowed:
            path = split.path + "?" + "&".join(f"{name}={value}" for name, value in wanted.items())
        upstream = http.client.HTTPConnection("127.0.0.1", self.front.port, timeout=60)
        fields = {"Authorization": f"Bearer {self.front.key}"}
        for name in ("Content-Type", "Last-Event-ID"):
            if self.headers.get(name):
                fields[name] = self.headers[name]
        upstream.request(self.command, path, body or None, fields)
        got = upstream.getresponse()
        kind = got.getheader("Content-Type", "application/json")
        if kind == "text/event-stream":
            return self.stream(got)
        content = got.read()
        if narrowed and got.status == 200 and split.path == "/v1/emails":
            content = json.dumps(narrow(json.loads(content), narrowed)).encode()
        upstream.close()
        return self.answer(got.status, content, kind)

    def stream(self, got):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            # A page that went away must not keep one of the few places that the relay has for listeners.
            while self.connection not in select.select([got, self.connection], [], [])[0]:
                octets = got.read1(65536)
                if not octets:
                    return
                self.wfile.write(octets)
        except OSError:
            pass  # the page went away
        finally:
            got.close()


def narrow(page, by):
    def fits(email):
        recipients = [each["to"] for each in email["recipients"]]
        return ((not by.get("status") or email["status"] == by["status"]) and
                (not by.get("q") or by["q"] in " ".join([email["from"], email["id"], *recipients])))
    return {**page, "data": [email for email in page["data"] if fits(email)]}


def now():
    return datetime.now(timezone.utc)


def causes(relay, kinds):
    found = collections.defaultdict(list)
    for event in relay.events():
        if event["event"] in kinds and event.get("class"):
            found[event["class"]].append(event)
    total = sum(map(len, found.values())) or 1
    return [{"cause": name, "title": name.replace("-", " ").capitalize(), "class": name, "who_acts": events[-1]["who"],
             "meaning": "What their server said.", "fix": [events[-1]["remedy"]] if "remedy" in events[-1] else [],
             "count": len(events), "share": len(events) / total, "providers": [], "provider": None,
             "first_seen": events[0]["at"], "last_seen": events[-1]["at"], "example_message": events[-1]["id"],
             "example": {"message": events[-1]["id"], "recipient": events[-1]["recipients"][0],
                         "reply": events[-1]["reply"]}}
            for name, events in sorted(found.items(), key=lambda each: -len(each[1]))]


def overview(relay, window):
    counts = collections.Counter()
    for event in relay.events():
        counts[event["event"]] += len(event.get("recipients", [])) or 1
    waiting = relay.queue()
    return {"window": window, "since": (now() - timedelta(seconds=WINDOWS[window])).isoformat(),
            "verdict": {"state": "slow" if waiting else "good" if counts else "idle",
                        "text": "Some mail waits." if waiting else "Mail flows."},
            **{name: counts[name] for name in ("accepted", "delivered", "deferred", "bounced")},
            "waiting": len(waiting), "held": 0, "oldest_waiting_seconds": 0, "paused": False,
            "loss": {"acknowledged": counts["accepted"], "unaccounted": 0},
            "causes": causes(relay, ("bounced", "deferred"))[:5], "providers": []}


def history(relay, window):
    step = WINDOWS[window] / 120
    start = now() - timedelta(seconds=WINDOWS[window])
    series = {name: [0] * 121 for name in ("accepted", "delivered", "deferred", "bounced", "waiting")}
    for event in relay.events():
        at = datetime.fromisoformat(event["at"].replace("Z", "+00:00"))
        place = int((at - start).total_seconds() / step)
        if event["event"] in series and 0 <= place <= 120:
            series[event["event"]][place] += 1
    return {"step_seconds": step, "start": start.isoformat(), "series": series}

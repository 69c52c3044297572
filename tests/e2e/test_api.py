"""The HTTP API: sent, followed, retried and suppressed over it, and what must not get through."""

import base64
import email
import http.client
import json
import re
import smtplib
import socket
import threading
import time
from datetime import datetime, timedelta, timezone
from email import policy
from pathlib import Path

import pytest

from peers.api import DOCUMENT, Api, answers, http_port
from peers.waiting import eventually

FROM = "Shop <hi@shop.example>"
SENT = {"from": FROM, "to": "ann@sink.example", "subject": "Hello", "text": "Hello Ann"}


@pytest.fixture(name="sink")
def sink_fixture(make_sink):
    return make_sink(answer=answers)


@pytest.fixture(name="relay")
def relay_fixture(start_relay, sink):
    return start_relay(sink.address, http={"address": "127.0.0.1:0"},
                       queue={"retry_first": "1h", "retry_max": "1h"},
                       delivery={"transcripts": "failures"})


def make_key(relay, name, *scopes, senders=("--any-sender",), tenant="default"):
    words = [word for scope in scopes for word in ("--scope", scope)]
    return relay.command("keys", "create", name, *senders, *words, "--tenant", tenant).stdout.strip()


@pytest.fixture(name="api")
def api_fixture(relay):
    return Api(http_port(relay), make_key(relay, "all", "send", "read", "admin"))


def wait_for(api, number, status):
    def there():
        answer = api.get(f"/v1/emails/{number}")
        return answer.json if answer.code == 200 and answer.json["status"] == status else None
    return eventually(there, f"{number} is {status}",
                      explain=lambda: api.get(f"/v1/emails/{number}").body.decode())


def parsed(content):
    return email.message_from_bytes(content, policy=policy.default)


def test_mail_is_sent_and_followed_to_its_end(api, sink, relay):
    picture = base64.b64encode(b"\x89PNG picture").decode()
    sent = api.post("/v1/emails", {
        **SENT, "to": ["Änne <ann@sink.example>"], "cc": "bob@sink.example",
        "bcc": ["kim@sink.example"], "subject": "Grüße ☀", "html": "<p>Grüße <img src=cid:sun></p>",
        "reply_to": "answers@shop.example", "headers": {"X-Order": "1042"},
        "attachments": [{"filename": "Rechnung ü.pdf", "content_type": "application/pdf",
                         "content": base64.b64encode(b"%PDF" * 1000).decode()},
                        {"filename": "sun.png", "content_type": "image/png", "content": picture,
                         "content_id": "sun"}],
        "stream": "bulk", "expire_after": "2h"})
    assert (sent.code, sent.json["status"]) == (200, "queued"), sent.body
    assert [each["to"] for each in sent.json["recipients"]] == [
        "ann@sink.example", "bob@sink.example", "kim@sink.example"]
    page = wait_for(api, sent.json["id"], "delivered")
    assert page["stream"] == "bulk" and page["key"] == "all" and page["from"] == "hi@shop.example"
    assert [event["event"] for event in page["timeline"]][0] == "accepted"
    [message] = {content for _, content in sink.delivered()}
    got = parsed(message)
    assert got["From"] == FROM.replace("Shop", '"Shop"') or got["From"].addresses[0].username == "hi"
    assert got["To"].addresses[0].display_name == "Änne" and got["Subject"] == "Grüße ☀"
    assert got["X-Order"] == "1042" and got["Reply-To"] == "answers@shop.example"
    assert "Bcc" not in got and b"kim@" not in message and b"X-Waypost" not in message
    assert "with HTTP" in got["Received"]
    assert got.get_body(("plain",)).get_content().strip() == "Hello Ann"
    files = {part.get_filename(): part.get_content() for part in got.walk() if part.get_filename()}
    assert files["Rechnung ü.pdf"] == b"%PDF" * 1000 and files["sun.png"] == b"\x89PNG picture"
    assert api.get(f"/v1/emails/{sent.json['id']}/raw").name == "content-gone"
    assert "delivered" in relay.trace(sent.json["id"])


def test_a_bounce_says_why(api):
    sent = api.post("/v1/emails", {**SENT, "to": "gone@sink.example"}).json
    [recipient] = wait_for(api, sent["id"], "bounced")["recipients"]
    assert recipient["diagnosis"]["class"] == "recipient-unknown" and recipient["diagnosis"]["remedy"]
    explained = api.post("/v1/explain", {"text": recipient["last_reply"]}).json
    assert explained["class"] == "recipient-unknown"
    [transcript] = eventually(
        lambda: api.get(f"/v1/emails/{sent['id']}/transcripts").json["data"], "a transcript")
    assert "RCPT TO:<gone@sink.example>" in transcript["text"]
    # What bounced so is not written to again, until somebody says so.
    listed = eventually(lambda: api.get("/v1/suppressions").json["data"], "it is suppressed")
    assert [each["address"] for each in listed] == ["gone@sink.example"]


def test_what_waits_can_be_looked_at_tried_again_and_stopped(api):
    sent = api.post("/v1/emails", {**SENT, "to": "later@sink.example"}).json
    page = wait_for(api, sent["id"], "deferred")
    assert page["recipients"][0]["next_attempt_at"] and page["recipients"][0]["attempts"] == 1
    [waiting] = api.get("/v1/queue").json["data"]
    assert waiting["id"] == sent["id"] and waiting["hold"] == "deferred" and waiting["reason"]
    raw = api.get(f"/v1/emails/{sent['id']}/raw")
    assert raw.fields["content-disposition"].startswith("attachment")
    assert parsed(raw.body)["Subject"] == "Hello"
    assert api.post(f"/v1/emails/{sent['id']}/retry").json["recipients"] == 1
    eventually(lambda: api.get(f"/v1/emails/{sent['id']}").json["recipients"][0]["attempts"] == 2,
               "it was tried again")
    [site] = [each for each in api.get("/v1/providers").json["data"] if each["queued"]]
    assert site["limits"]["connections"]["origin"]
    assert api.post(f"/v1/emails/{sent['id']}/hold").json["recipients"] == 1
    wait_for(api, sent["id"], "held")
    assert api.post(f"/v1/emails/{sent['id']}/release").json["recipients"] == 1
    assert api.post(f"/v1/emails/{sent['id']}/cancel").json["recipients"] == 1
    wait_for(api, sent["id"], "cancelled")
    assert not api.get("/v1/queue").json["data"]


def test_suppressed_addresses_can_be_listed_added_and_taken_off(api, relay):
    quoted = "/v1/suppressions/Ann%2Bnews@sink.example"
    assert api.get(quoted).name == "suppression-not-found"
    put = api.ask("PUT", quoted, {"reason": "unsubscribe", "evidence": "by phone"})
    assert put.json["address"] == "Ann+news@sink.example" and put.json["who"] == "key all"
    assert api.get(quoted).json["data"][0]["evidence"] == "by phone"
    for said in ("two\nlines", "a\x1b[2Jb", "a\x00b", "a\rb", 5):
        refused = api.ask("PUT", quoted, {"evidence": said})
        assert refused.name == "invalid-fields" and [each["field"] for each in refused.json["errors"]] == ["evidence"], said
    assert api.get(quoted).json["data"][0]["evidence"] == "by phone"
    reader = Api(api.port, make_key(relay, "reader", "read"))
    [seen] = reader.get(quoted).json["data"]
    assert seen["reason"] == "unsubscribe" and not {"who", "message", "evidence"} & set(seen)
    assert "total" in api.get("/v1/suppressions").json
    assert reader.get("/v1/suppressions").name == "missing-scope", "those of all tenants"
    sent = api.post("/v1/emails", {**SENT, "to": "ann+news@sink.example"}).json
    wait_for(api, sent["id"], "suppressed")
    for address in ("a@x.example", "b@x.example"):
        assert api.ask("PUT", f"/v1/suppressions/{address}").code == 200
    first = api.get("/v1/suppressions?limit=2").json
    second = api.get(f"/v1/suppressions?limit=2&after={first['next_after'].replace('+', '%2B')}").json
    addresses = [each["address"] for page in (first, second) for each in page["data"]]
    assert first["has_more"] and not second["has_more"]
    assert addresses == sorted(addresses, key=str.lower) and len(addresses) == 3
    assert api.ask("DELETE", quoted).json["data"]
    assert api.ask("DELETE", quoted).name == "suppression-not-found"
    assert api.get("/v1/suppressions/nobody").name == "invalid-fields"


def test_mail_is_found_by_sender_subject_and_tag_also_after_a_crash(api, sink, relay):
    tags = [{"name": "kind", "value": "invoice"}, {"name": "lang", "value": "de"}]
    invoice = api.post("/v1/emails", {**SENT, "subject": "Ihre RECHNUNG für März", "tags": tags}).json["id"]
    waiting = api.post("/v1/emails", {**SENT, "to": "later@sink.example", "from": "news@blog.example",
                                      "subject": "<img src=x>", "tags": tags[:1]}).json["id"]
    with smtplib.SMTP(*relay.trusted, timeout=10) as client:
        client.sendmail("app@shop.example", ["bob@sink.example"],
                        "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nX-Waypost-Tag: kind=greeting\r\n\r\nHello\r\n")
        with pytest.raises(smtplib.SMTPDataError, match="not a tag such as kind=invoice"):
            client.sendmail("app@shop.example", ["bob@sink.example"], "X-Waypost-Tag: <b>\r\n\r\nHello\r\n")
    page = wait_for(api, invoice, "delivered")
    assert (page["tags"], page["subject"]) == (tags, "Ihre RECHNUNG für März")
    assert {tuple(event["tags"]) for event in page["timeline"]} == {("kind=invoice", "lang=de")}
    wait_for(api, waiting, "deferred")
    eventually(lambda: len(sink.delivered()) == 2, "two are delivered")
    assert not any(b"X-Waypost" in content for _, content in sink.delivered())

    def found(api, asked):
        return sorted(each["subject"] for each in api.get(f"/v1/emails?{asked}").json["data"])
    eventually(lambda: len(found(api, "status=delivered")) == 2, "the records know of both")
    for _ in range(2):
        assert found(api, "tag=kind") == ["<img src=x>", "Grüße", "Ihre RECHNUNG für März"]
        assert found(api, "tag=kind%3Dinvoice") == found(api, "tag=kind:invoice") == [
            "<img src=x>", "Ihre RECHNUNG für März"]
        assert found(api, "tag=kind:invoice&from=shop.example") == ["Ihre RECHNUNG für März"]
        assert found(api, "from=news@blog.example") == found(api, "subject=IMG") == ["<img src=x>"]
        assert found(api, "subject=m%C3%A4rz+rech") == ["Ihre RECHNUNG für März"]
        assert found(api, "subject=gr%C3%BC&status=delivered") == ["Grüße"]
        relay.kill()
        relay.start()
        api = Api(http_port(relay), api.key)
    assert api.get(f"/v1/emails/{waiting}").json["tags"] == tags[:1]
    assert api.post(f"/v1/emails/{waiting}/cancel").code == 200
    page = wait_for(api, waiting, "cancelled")
    assert page["timeline"][-1]["tags"] == ["kind=invoice"], "the spool keeps them"
    for bad in ("tag=", "tag=a%20b", "tag=a:b:c", "from=", "subject=%22%21%22"):
        assert api.get(f"/v1/emails?{bad}", check=False).name == "invalid-fields", bad
    assert invoice in relay.command("trace", "--tag", "lang=de", "--from", "@shop.example", "--subject", "rechnung").stdout
    assert relay.command("trace", "--subject", "nothing", code=1).stdout == ""


def test_an_end_that_a_crash_took_is_told_as_unknown_and_not_as_waiting(start_relay, make_sink):
    def is_written():
        return relay.events("accepted")
    go = threading.Event()
    sink = make_sink(answer=lambda phase, *_: None if phase != "rcpt" else go.wait(20) and
                     "550 5.1.1 The email account that you tried to reach does not exist")
    relay = start_relay(sink.address, http={"address": "127.0.0.1:0"}, events={"flush_every": "8s"})
    api = Api(http_port(relay), make_key(relay, "all", "send", "read", "admin"))
    number = api.post("/v1/emails", SENT).json["id"]
    # The event log has just been written when the answer comes: the end is not in it for 8 seconds.
    eventually(is_written, "the acceptance is written")
    go.set()
    eventually(lambda: not api.get("/v1/queue").json["data"], "it has left the queue")
    relay.kill()
    assert not relay.events("bounced")
    relay.start()
    api = Api(http_port(relay), api.key)
    email_state = wait_for(api, number, "unknown")
    assert "How it ended is not known" in email_state["recipients"][0]["reason"]
    for query in ("", "?status=unknown"):
        listed = {each["id"]: each for each in api.get(f"/v1/emails{query}").json["data"]}
        assert listed[number]["status"] == "unknown", query
        assert listed[number]["recipients"] == email_state["recipients"]
    for status in ("queued", "queued,throttled,deferred,scheduled,held"):
        assert not api.get(f"/v1/emails?status={status}").json["data"]
    assert api.post(f"/v1/emails/{number}/retry").json["recipients"] == 0


def test_a_batch_is_accepted_one_by_one(api, sink):
    many = [{**SENT, "to": f"a{i}@sink.example"} for i in range(20)]
    answered = api.post("/v1/emails/batch", many).json["data"]
    assert len({each["id"] for each in answered}) == 20
    eventually(lambda: len(sink.delivered()) == 20, "all have come")
    # What the pages are made of comes a moment later.
    eventually(lambda: len(api.get("/v1/emails?limit=50").json["data"]) == 20, "all are in the records")
    refused = api.post("/v1/emails/batch", [*many, {"from": FROM}])
    assert refused.name == "invalid-fields" and refused.json["errors"][0]["field"].startswith("[20]")
    assert api.post("/v1/emails/batch", []).name == "invalid-json"
    pages, before = [], ""
    while True:
        page = api.get(f"/v1/emails?limit=7{before}").json
        pages.append([each["id"] for each in page["data"]])
        if not page["has_more"]:
            break
        before = f"&before={page['next_before']}"
    listed = [number for page in pages for number in page]
    assert len(listed) == len(set(listed)) and set(listed) >= {each["id"] for each in answered}
    assert [len(page) for page in pages] == [7, 7, 6]
    assert len(api.get("/v1/emails?address=a3@sink.example").json["data"]) == 1
    assert api.get("/v1/emails?limit=0").name == api.get("/v1/emails?what=1").name == "invalid-fields"


def test_an_email_of_a_batch_as_a_forbidden_sender_is_refused_by_itself(api, relay):
    key = make_key(relay, "shop", "send", senders=("--domain", "shop.example"))
    foreign = {**SENT, "from": "a@bank.example"}
    shop = Api(api.port, key)
    refused, sent = shop.post("/v1/emails/batch", [foreign, SENT]).json["data"]
    assert (refused["status"], refused["name"]) == (403, "sender-not-allowed")
    assert sent["status"] == "queued"
    assert shop.post("/v1/emails", foreign).name == "sender-not-allowed"


def test_a_repeated_request_sends_once_also_after_a_crash(api, sink, relay):
    named = {"Idempotency-Key": "order-1042"}
    first = api.post("/v1/emails", SENT, fields=named)
    again = api.post("/v1/emails", SENT, fields=named)
    assert again.json == first.json and again.fields["idempotency-replayed"] == "true"
    other = api.post("/v1/emails", {**SENT, "text": "Something else"}, fields=named)
    assert (other.code, other.name) == (409, "invalid_idempotent_request")
    for bad in ("a b", ""):
        refused = api.post("/v1/emails", SENT, fields={"Idempotency-Key": bad})
        assert (refused.code, refused.name) == (400, "invalid_idempotency_key")
    assert api.post("/v1/emails/batch", [SENT], fields=named).name == "invalid-fields"
    wait_for(api, first.json["id"], "delivered")
    relay.kill()
    relay.start()
    after = Api(http_port(relay), api.key)
    assert after.post("/v1/emails", SENT, fields=named).json == first.json
    time.sleep(0.5)
    assert len(sink.delivered()) == 1
    # One that was refused has sent nothing, and its name is free.
    unsent = {"Idempotency-Key": "order-1043"}
    assert after.post("/v1/emails", {**SENT, "to": "a@b@c"}, fields=unsent).code == 422
    assert after.post("/v1/emails", SENT, fields=unsent).code == 200


def test_events_are_told_while_they_happen(api, relay):
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
    connection.request("GET", "/v1/events", headers={"Authorization": f"Bearer {api.key}"})
    stream = connection.getresponse()
    assert stream.getheader("Content-Type") == "text/event-stream"
    sent = api.post("/v1/emails", SENT).json
    told, number = read_events(stream, "delivered")
    assert sent["id"] in json.dumps(told[-1])
    connection.close()
    second = api.post("/v1/emails", SENT).json
    wait_for(api, second["id"], "delivered")
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
    connection.request("GET", "/v1/events", headers={"Authorization": f"Bearer {api.key}",
                                                     "Last-Event-ID": number})
    told, _ = read_events(connection.getresponse(), "delivered")
    assert second["id"] in json.dumps(told[-1]) and sent["id"] not in json.dumps(told)
    began = time.monotonic()
    assert relay.stop() == 0
    assert time.monotonic() - began < 8, "who listens does not hold up the stop"


def test_a_page_that_is_loaded_again_and_again_always_finds_the_events(api):
    headers = {"Authorization": f"Bearer {api.key}"}
    for _ in range(40):
        connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
        connection.request("GET", "/v1/events", headers=headers)
        assert connection.getresponse().status == 200
        connection.close()


def read_events(stream, last_kind):
    told, number, kind = [], "", ""
    for line in stream:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        kind = value if name == "event" else kind
        number = value if name == "id" else number
        if name == "data":
            told.append(json.loads(value))
            if kind == last_kind:
                return told, number
    raise AssertionError(f"the stream ended: {told}")


def test_silent_clients_keep_nobody_out(api):
    silent = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(105)]
    for each in silent[::2]:
        each.sendall(b"G")
    assert api.get("/v1/queue").code == 200
    for each in silent:
        each.close()


def remaining(api):
    return int(api.get("/v1/queue").fields["ratelimit-remaining"])


def test_keys_are_for_what_they_were_made_for(api, relay, sink):
    port = api.port
    sender = Api(port, make_key(relay, "sender", "send", senders=("--domain", "shop.example")))
    reader = Api(port, make_key(relay, "reader", "read"))
    stranger = Api(port, make_key(relay, "stranger", "read", tenant="another"))
    sent = sender.post("/v1/emails", SENT)
    assert sent.code == 200
    refused = sender.post("/v1/emails", {**SENT, "from": "ceo@bank.example"})
    assert (refused.code, refused.name) == (403, "sender-not-allowed")
    raw = base64.b64encode(b"From: ceo@bank.example\r\nSubject: x\r\n\r\nx\r\n").decode()
    refused = sender.post("/v1/emails", {"from": FROM, "to": "ann@sink.example", "raw": raw})
    assert (refused.code, refused.name) == (403, "sender-not-allowed")
    raw = base64.b64encode(b"From: hi@shop.example\r\nSender: ceo@bank.example\r\n\r\nx\r\n").decode()
    refused = sender.post("/v1/emails", {"from": FROM, "to": "ann@sink.example", "raw": raw})
    assert (refused.code, refused.name) == (403, "sender-not-allowed")
    assert sender.get("/v1/queue").name == reader.post("/v1/emails", SENT).name == "missing-scope"
    assert reader.ask("DELETE", "/v1/suppressions/a@b.example").name == "missing-scope"
    assert reader.post(f"/v1/emails/{sent.json['id']}/cancel").name == "missing-scope"
    wait_for(reader, sent.json["id"], "delivered")
    assert stranger.get(f"/v1/emails/{sent.json['id']}").name == "email-not-found"
    assert stranger.get(f"/v1/emails/{sent.json['id']}/raw").name == "email-not-found"
    assert not stranger.get("/v1/emails").json["data"]
    for key in (None, "wp_wrong", reader.key[:-1], reader.key + "x", "\u00ff"):
        answer = Api(port, key).get("/v1/emails")
        assert (answer.code, answer.name) == (401, "unauthorized")
        assert answer.fields["www-authenticate"].startswith("Bearer")
    # One that is for reading is no login.
    with smtplib.SMTP(*relay.starttls, timeout=10) as client:
        client.starttls()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("reader", reader.key)
    # Each request counts, but for two with the end of a minute between them.
    eventually(lambda: remaining(reader) - remaining(reader) == 1, "there is one less to be made")
    relay.command("keys", "revoke", "reader")
    eventually(lambda: reader.get("/v1/queue").code == 401, "a revoked key ends", patience_s=5)
    log = relay.log() + json.dumps(relay.events())
    assert not any(each.key in log for each in (api, sender, reader))


def test_keys_are_made_and_revoked_over_http(api, relay, sink):
    made = api.post("/v1/api-keys", {"name": "shop", "domains": ["shop.example", "*.shop.example"]})
    assert made.code == 200 and made.json["scopes"] == ["send"]
    shop = Api(api.port, made.json["token"])
    assert shop.post("/v1/emails", SENT).code == 200
    assert shop.post("/v1/emails", {**SENT, "from": "ceo@bank.example"}).name == "sender-not-allowed"
    assert shop.get("/v1/api-keys").name == "missing-scope"
    [listed] = [key for key in api.get("/v1/api-keys").json["data"] if key["name"] == "shop"]
    assert listed["domains"] == ["shop.example", "*.shop.example"] and "token" not in listed
    assert api.post("/v1/api-keys", {"name": "shop", "any_sender": True}).name == "key-conflict"
    for wrong in ({"name": "a b", "any_sender": True}, {"name": "x"}, {"any_sender": True},
                  {"name": "x", "any_sender": True, "scopes": ["all"]},
                  {"name": "x", "any_sender": True, "domains": "a.example"},
                  {"name": "x", "domains": "no domain"}, {"name": "x", "any_sender": True, "ip": 1}):
        assert api.post("/v1/api-keys", wrong).name == "invalid-fields", wrong
    # Nothing is made that may more than who asks.
    desk = Api(api.port, make_key(relay, "desk", "send", "admin",
                                  senders=("--domain", "shop.example")))
    assert desk.post("/v1/api-keys", {"name": "y", "any_sender": True}).name == "missing-scope"
    assert desk.post("/v1/api-keys", {"name": "y", "domains": "bank.example"}).code == 403
    assert desk.post("/v1/api-keys", {"name": "y", "domains": "*.shop.example"}).code == 403
    assert desk.post("/v1/api-keys", {"name": "y", "domains": "shop.example",
                                      "scopes": ["send", "read", "admin"]}).code == 200
    admin = Api(api.port, make_key(relay, "admin", "admin"))
    assert admin.post("/v1/api-keys", {"name": "z", "any_sender": True}).code == 403
    assert api.ask("DELETE", "/v1/api-keys/shop").json["revoked"]
    eventually(lambda: shop.post("/v1/emails", SENT).code == 401, "a revoked key ends")
    assert api.ask("DELETE", "/v1/api-keys/nobody").name == "key-not-found"
    log = relay.log()
    assert "the key all made the key shop" in log and "the key all revoked the key shop" in log
    assert made.json["token"] not in log


def test_a_sending_key_stops_and_moves_what_it_has_sent_itself(api, relay):
    sender, other = (Api(api.port, make_key(relay, name, "send")) for name in ("one", "two"))
    waiting = sender.post("/v1/emails", {**SENT, "scheduled_at": in_a_day()}).json["id"]
    for verb, body in (("cancel", None), ("reschedule", {"scheduled_at": in_a_day()})):
        assert other.post(f"/v1/emails/{waiting}/{verb}", body).name == "missing-scope"
    assert sender.post(f"/v1/emails/{waiting}/hold").name == "missing-scope"
    moved = sender.post(f"/v1/emails/{waiting}/reschedule", {"scheduled_at": in_a_day()})
    assert moved.code == 200 and moved.json["recipients"] == 1
    assert sender.post(f"/v1/emails/{waiting}/cancel").json["recipients"] == 1
    wait_for(api, waiting, "cancelled")


def in_a_day():
    return (datetime.now(timezone.utc) + timedelta(days=1)).isoformat()


def test_nothing_smuggles_a_header_a_recipient_or_a_path(api, sink):
    evil = "x\r\nBcc: evil@sink.example\r\n\r\nbody"
    for members in ({"subject": evil}, {"from": f"{evil} <hi@shop.example>"}, {"reply_to": evil},
                    {"to": f"ann@sink.example\r\nRCPT TO:<evil@sink.example>"},
                    {"headers": {"X-A": evil}}, {"headers": {"Bcc": "evil@sink.example"}},
                    {"headers": {"X-A\r\nBcc": "e"}}, {"stream": evil},
                    {"attachments": [{"filename": evil, "content": ""}]},
                    {"attachments": [{"filename": "a", "content": "!", "path": "/etc/passwd"}]},
                    {"scheduled_at": "2030-01-01T00:00:00Z"}, {"to": ["a"] * 1001}):
        answer = api.post("/v1/emails", {**SENT, **members})
        assert (answer.code, answer.name) == (422, "invalid-fields"), members
        assert answer.json["errors"]
    raw = base64.b64encode(b"From: " + FROM.encode() + b"\r\nSubject: x\r\n\r\nbody\r\n.\r\nMAIL FROM:<e@x>\r\n..\r\n").decode()
    sent = api.post("/v1/emails", {"from": FROM, "to": "ann@sink.example", "raw": raw}).json
    wait_for(api, sent["id"], "delivered")
    [(_, content)] = sink.delivered()
    assert content.endswith(b"body\r\n.\r\nMAIL FROM:<e@x>\r\n..\r\n"), "dots are content, not commands"
    for path in ("/v1/emails/../../etc/passwd", "/v1/emails/%2e%2e%2fkeys", "/v1/emails/%00",
                 "/v1/problems/..%2F..", "/v1/emails/00000000-0000-7000-8000-000000000000",
                 "/v1/emails/x/raw", "/v1/nothing"):
        assert api.get(path).code == 404, path
    assert api.post("/v1/emails/00000000-0000-7000-8000-000000000000/cancel").code == 404
    assert "evil" not in json.dumps(sink.commands)


def test_what_is_no_request_is_refused_with_a_problem(api, relay):
    json_type = {"Content-Type": "application/json"}
    for body in ("{", "[]", "null", '{"from":"\\ud800"}', "[" * 5000, b"\xff\xfe"):
        assert api.post("/v1/emails", body, fields=json_type).name == "invalid-json", body
    assert api.post("/v1/emails", "{}", fields={"Content-Type": "text/plain"}).name == \
        "unsupported-media-type"
    large = api.ask("POST", "/v1/explain", None, fields={"Content-Length": "10000000"})
    assert (large.code, large.name) == (413, "body-too-large")
    assert api.post("/v1/explain", {"text": "x" * 20000}).name == "invalid-fields"
    assert api.ask("DELETE", "/v1/emails").code == 405
    assert api.get("/v1/emails?limit=1&limit=2").name == "invalid-fields"
    # Who has no key is told so before a body comes.
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(b"POST /v1/emails HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")
    # One that sends nothing holds nobody up.
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as slow:
        slow.sendall(b"POST /v1/emails HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                     api.key.encode() + b"\r\nContent-Type: application/json\r\n"
                     b"Content-Length: 100\r\n\r\n{")
        assert api.get("/v1/queue").code == 200
    browser = api.ask("OPTIONS", "/v1/emails", fields={"Origin": "https://evil.example"})
    assert not any(name.startswith("access-control") for name in browser.fields)


def test_a_client_that_looks_for_the_answer_when_it_has_sent_all_gets_it(api):
    json_type, body = {"Content-Type": "application/json"}, b"x" * 40_000_000
    for _ in range(3):
        assert api.post("/v1/emails", body, fields=json_type).code == 413
    unknown = {**json_type, "Authorization": "Bearer wp_wrong"}
    assert api.post("/v1/emails", body, fields=unknown).code == 401


def test_what_a_client_is_told_names_what_it_wrote(api):
    def told(answer):
        assert (answer.code, answer.name) == (422, "invalid-fields"), answer
        return [error["field"] for error in answer.json["errors"]]
    assert told(api.get("/v1/domains?limit=0&what=1")) == ["limit", "what"]
    assert told(api.ask("DELETE", "/v1/domains/shop.example?force=maybe")) == ["force"]
    number = api.post("/v1/emails", {**SENT, "to": "later@sink.example"}).json["id"]
    for verb in ("retry", "hold", "release", "cancel"):
        assert told(api.post(f"/v1/emails/{number}/{verb}", {"reason": "x"})) == ["reason"]
        assert api.post(f"/v1/emails/{number}/{verb}", {}).code == 200
    # An offset as scheduled_at takes it, also with its sign as it is.
    for time_of in ("2020-01-01T00:00:00%2B01:00", "2020-01-01T00:00:00+01:00", "2020-01-01T00:00:00Z"):
        for name in ("since", "happened_since"):
            assert len(api.get(f"/v1/emails?{name}={time_of}").json["data"]) == 1, (name, time_of)
        assert not api.get(f"/v1/emails?until={time_of}").json["data"]
        assert api.get(f"/v1/suppressions?since={time_of}").code == 200
    assert told(api.get("/v1/emails?since=yesterday")) == ["since"]
    answers_kept = []
    while len(answers_kept) < 40 and (not answers_kept or answers_kept[-1].status == 200):
        connection = api.connection()
        connection.request("GET", "/v1/events", headers={"Authorization": f"Bearer {api.key}"})
        answers_kept.append(connection.getresponse())
    assert len(answers_kept) == 33 and answers_kept[-1].status == 503
    assert answers_kept[-1].getheader("Retry-After")
    for answer in answers_kept:
        answer.close()


def test_a_full_disk_is_a_503_that_can_be_repeated(start_relay):
    relay = start_relay(("127.0.0.1", 9), http={"address": "127.0.0.1:0"},
                        limits={"spool_free_octets_min": "1000GiB"})
    api = Api(http_port(relay), make_key(relay, "all", "send"))
    answer = api.post("/v1/emails", SENT)
    assert (answer.code, answer.name) == (503, "try-later") and answer.fields["retry-after"]


def test_metrics_count_what_happened(api):
    sent = [api.post("/v1/emails", {**SENT, "to": f"{who}@sink.example"}).json["id"]
            for who in ("ann", "gone", "later")]
    for number, status in zip(sent, ("delivered", "bounced", "deferred")):
        wait_for(api, number, status)
    page = Api(api.port).get("/metrics").body.decode()
    values = {}
    for line in page.splitlines():
        if not line.startswith("#"):
            assert re.fullmatch(r'[a-z_]+(\{([a-z_]+="[^"]*",?)*\})? [0-9.e+-]+', line), line
            name, _, value = line.rpartition(" ")
            values[name] = float(value)
    # The bounce makes a notice to its sender, which counts apart.
    assert values['waypost_messages_accepted_total{stream="default"}'] == 3
    assert values['waypost_bounces_total{provider="other",cause="recipient-unknown"}'] == 1
    assert values['waypost_queue_messages{provider="other",state="deferred"}'] == 1
    assert values['waypost_time_to_deliver_seconds_count{provider="other"}'] == 1
    assert values['waypost_attempt_phase_seconds_count{phase="connect"}'] > 0
    assert values['waypost_queue_oldest_seconds{provider="other"}'] > 0
    assert values['waypost_check_ok{check="spool"}'] == 1
    # Each was acknowledged after a sync; several may share one.
    assert values["waypost_spool_fsync_seconds_count"] > 0
    since_loaded = time.time() - values["waypost_config_last_reload_success_timestamp_seconds"]
    assert 0 < since_loaded < 600 and values["waypost_config_last_reload_successful"] == 1
    assert len([name for name in values if name.startswith("waypost_build_info{version=")]) == 1
    # What a proxy of this machine passes on is of others.
    assert Api(api.port).get("/metrics", fields={"X-Forwarded-For": "192.0.2.1"}).code == 401
    assert api.get("/metrics", fields={"X-Forwarded-For": "192.0.2.1"}).code == 200


def test_what_was_deferred_before_a_restart_is_counted_though_its_site_is_not_known(api, relay, sink):
    wait_for(api, api.post("/v1/emails", {**SENT, "to": "later@sink.example"}).json["id"], "deferred")
    site = "%s:%d" % sink.address
    assert api.get("/v1/providers").json["unrouted"] == 0
    relay.stop()
    relay.start()
    api = Api(http_port(relay), api.key)
    deferred = 'waypost_queue_messages{provider="other",state="deferred"} 1\n'
    assert deferred in api.get("/metrics").body.decode()
    providers = api.get("/v1/providers").json
    assert (providers["data"], providers["unrouted"]) == ([], 1)
    overview = api.get("/v1/overview").json
    assert (overview["waiting"], overview["unrouted"]) == (1, 1)
    paused = api.post(f"/v1/providers/{site}/pause", {"for": "10m"}).json
    assert (paused["known"], paused["unrouted"]) == (False, 1)


def test_the_document_lists_all_that_is_served(api):
    assert Api(api.port).get("/v1/openapi.json").json == DOCUMENT
    served = set()
    sources = Path(__file__).resolve().parents[2] / "src"
    for file in [*(sources / "api").glob("*.cc"), sources / "daemon" / "health_pages.cc",
                 sources / "daemon" / "doctor_pages.cc"]:
        text = file.read_text()
        served |= {(method.lower(), path) for method, path in
                   re.findall(r'\bon\(\s*"([A-Z]+)",\s*"(/[^"]*)"(?!\s*\+)', text)}
        served |= {("post", f"/v1/emails/{{id}}/{verb}")
                   for verb in re.findall(r'act_on\("(\w+)"', text)}
    documented = {(method, path) for path, methods in DOCUMENT["paths"].items()
                  for method in methods}
    assert served == documented
    # What only a demo has is not there.
    assert api.get("/v1/session/enter?word=x").name == "not-found"
    for path in {path for _, path in documented} - {"/v1/session/enter"}:
        answer = api.ask("TRACE", path.format(id="00000000-0000-7000-8000-000000000000", name="x",
                                              address="a@b.example", selector="x"))
        allowed = {each.strip().lower() for each in answer.fields["allow"].split(",")} - {"head"}
        assert answer.code == 405 and allowed == set(DOCUMENT["paths"][path])
    for name in ("unauthorized", "invalid-fields", "not-found", "too-slow"):
        assert api.get(f"/v1/problems/{name}").body.count(b"\n") >= 3
    assert api.get("/v1/problems/none").code == 404

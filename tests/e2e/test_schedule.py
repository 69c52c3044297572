"""Mail that is to be sent later: at its time and not before, whatever happens meanwhile."""

import json
import time
from datetime import datetime, timedelta, timezone

import pytest

from peers.api import Api, http_port
from peers.waiting import eventually

SENT = {"from": "hi@shop.example", "to": "ann@sink.example", "subject": "Hello", "text": "Hello"}


@pytest.fixture(name="sink")
def sink_fixture(make_sink):
    return make_sink()


@pytest.fixture(name="relay")
def relay_fixture(start_relay, sink):
    return start_relay(sink.address, http={"address": "127.0.0.1:0"})


@pytest.fixture(name="api")
def api_fixture(relay):
    key = relay.command("keys", "create", "all", "--any-sender", "--scope", "send", "--scope",
                        "read", "--scope", "admin").stdout.strip()
    return Api(http_port(relay), key)


def ahead(seconds, zone=timezone.utc):
    return (datetime.now(zone) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def seconds_of(text):
    return datetime.fromisoformat(text).timestamp()


def status_of(api, number):
    return api.get(f"/v1/emails/{number}").json["status"]


def comes_at(sink, count, asked):
    """Waits for so many messages; the last one came at its time."""
    early = len(sink.messages)
    assert early == count - 1 and time.time() < seconds_of(asked)
    eventually(lambda: len(sink.messages) == count, f"{count} messages came")
    came = time.time() - (time.monotonic() - sink.messages[-1].began)
    late = came - seconds_of(asked)
    assert 0 <= late < 5, late


def test_it_goes_at_its_time_also_after_a_crash(api, relay, sink):
    asked = ahead(10, timezone(timedelta(hours=-3)))
    sent = api.post("/v1/emails", {**SENT, "scheduled_at": asked})
    assert sent.code == 200 and sent.json["status"] == "scheduled", sent.body
    assert abs(seconds_of(sent.json["scheduled_at"]) - seconds_of(asked)) < 0.001
    number = sent.json["id"]
    # The records are written a moment later.
    [found] = eventually(lambda: api.get("/v1/emails?status=scheduled").json["data"],
                         "it is found by its status")
    assert found["id"] == number and found["scheduled_at"] == sent.json["scheduled_at"]
    relay.kill()
    relay.start()
    after = Api(http_port(relay), api.key)
    assert status_of(after, number) == "scheduled"
    [waiting] = after.get("/v1/queue").json["data"]
    assert waiting["hold"] == "scheduled"
    assert waiting["next_attempt_at"] == waiting["scheduled_at"] == sent.json["scheduled_at"]
    assert "to be sent at" in relay.command("why", number).stdout
    comes_at(sink, 1, asked)
    eventually(lambda: status_of(after, number) == "delivered", "it is told as delivered")


def test_it_can_be_moved_sent_now_and_cancelled(api, relay, sink):
    numbers = [api.post("/v1/emails", {**SENT, "scheduled_at": ahead(3600)}).json["id"]
               for _ in range(4)]
    sooner = ahead(12)  # a start of the relay comes before
    moved = api.post(f"/v1/emails/{numbers[0]}/reschedule", {"scheduled_at": sooner})
    assert moved.code == 200 and moved.json["recipients"] == 1, moved.body
    later = ahead(7200)
    assert api.ask("PATCH", f"/v1/emails/{numbers[1]}", {"scheduled_at": later}).json == {
        "object": "email", "id": numbers[1]}
    assert api.post(f"/v1/emails/{numbers[2]}/cancel").json["recipients"] == 1
    relay.kill()
    relay.start()
    after = Api(http_port(relay), api.key)
    comes_at(sink, 1, sooner)
    standing = {each["id"]: each for each in after.get("/v1/queue").json["data"]}
    assert set(standing) - {numbers[0]} == {numbers[1], numbers[3]}
    assert abs(seconds_of(standing[numbers[1]]["scheduled_at"]) - seconds_of(later)) < 0.001
    # By hand: another time, then now.
    soon = ahead(6)
    assert "rescheduled" in relay.command("queue", "reschedule", numbers[1], "--at", soon).stdout
    comes_at(sink, 2, soon)
    assert after.post(f"/v1/emails/{numbers[3]}/retry").json["recipients"] == 1
    eventually(lambda: len(sink.delivered()) == 3, "the third came")
    eventually(lambda: not after.get("/v1/queue").json["data"], "nothing waits")
    refused = after.post(f"/v1/emails/{numbers[3]}/reschedule", {"scheduled_at": ahead(60)})
    assert (refused.code, refused.name) == (409, "email-not-waiting")
    kinds = [json.loads(line)["event"] for line in
             relay.command("trace", numbers[1], "--json").stdout.splitlines()]
    assert kinds.count("rescheduled") == 2, kinds


def test_times_that_cannot_be_are_refused_with_words(api):
    for asked in ("in 1 hour", "2026-11-21", ahead(31 * 86400), 1795000000):
        answer = api.post("/v1/emails", {**SENT, "scheduled_at": asked})
        assert (answer.code, answer.name) == (422, "invalid-fields"), asked
        assert answer.json["errors"][0]["field"] == "scheduled_at"
    batch = api.post("/v1/emails/batch", [SENT, {**SENT, "scheduled_at": ahead(31 * 86400)}])
    assert batch.code == 422 and batch.json["errors"][0]["field"] == "[1].scheduled_at"
    assert not api.get("/v1/queue").json["data"]
    sent = api.post("/v1/emails", {**SENT, "scheduled_at": ahead(-60)}).json
    assert sent["status"] == "queued" and "scheduled_at" not in sent
    there = f"/v1/emails/{sent['id']}"
    for body in ({}, {"scheduled_at": "soon"}, {"scheduled_at": ahead(60), "subject": "x"}):
        assert api.ask("PATCH", there, body).name == "invalid-fields"
        assert api.post(f"{there}/reschedule", body).name == "invalid-fields"
    unknown = "/v1/emails/00000000-0000-7000-8000-000000000000/reschedule"
    assert api.post(unknown, {"scheduled_at": ahead(60)}).code == 404

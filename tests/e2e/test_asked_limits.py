"""A person sends a site less than its limits allow, for a time: by command, over HTTP, and over a restart."""

import json
import smtplib

from peers.api import Api, http_port
from peers.waiting import eventually
from test_smtplib import CONTENT


def start(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address, http={"address": "127.0.0.1:0"},
                        sites=[{"id": "slow", "match": ["slow.test"], "connections": 2}])
    return relay, sink, "slow:%d" % sink.address[1]


def send(relay, count):
    with smtplib.SMTP(*relay.trusted) as client:
        for number in range(count):
            client.sendmail("app@example.com", [f"user{number}@slow.test"], CONTENT)


def api_of(relay, key):
    return Api(http_port(relay), key)


def waits_for(relay, origin):
    """All that is not on its way, and whose limit that is."""
    return [line for line in relay.queue() if line["limit_origin"].startswith(origin)]


def counted(relay, site):
    """How much of it is written down."""
    file = relay.data / "quotas.json"
    quotas = json.loads(file.read_text())["quotas"] if file.exists() else []
    return max((sum(count for _, count in each["counts"]) for each in quotas if each["site"] == site), default=0)


def test_a_limit_is_set_holds_over_a_kill_and_is_lifted(start_relay, make_sink):
    relay, sink, site = start(start_relay, make_sink)
    key = relay.command("keys", "create", "ops", "--any-sender", "--scope", "send", "--scope", "read",
                        "--scope", "admin").stdout.strip()
    # Nobody has sent anything to it yet, and it is spelled as people do.
    ran = relay.command("limit", site.capitalize(), "--messages-per-hour", "2", "--for", "30m",
                        "--reason", "their alarm")
    assert ran.stdout.startswith(f"site {site} gets at most 2 messages an hour, set by") and "their alarm" in ran.stdout
    assert "No mail has come to a site of this name" in ran.stderr
    send(relay, 5)
    relay.wait_for_events("delivered", 2)
    eventually(lambda: len(waits_for(relay, "set by ")) == 3, "three wait, and say for whose limit",
               explain=relay.explain)
    assert "at most 2 messages an hour" in relay.queue()[0]["reason"]
    table = relay.command("providers").stdout
    assert "messages_per_hour 2 (2 used), set by " in table and ": their alarm" in table
    # What a site got lasts over a crash once it is a second old.
    eventually(lambda: counted(relay, site) == 2, "the counts are written")
    relay.kill()
    relay.start()
    [kept] = json.loads(relay.command("--json", "limit").stdout)["limits"]
    assert (kept["site"], kept["messages_per_hour"], kept["reason"]) == (site, 2, "their alarm")
    eventually(lambda: len(waits_for(relay, "set by ")) == 3, "they wait for the same again",
               explain=relay.explain)

    api, path = api_of(relay, key), f"/v1/providers/{site}"
    [listed] = api.get("/v1/providers").json["data"]
    assert listed["asked_limit"] == kept and api.get(path).json["asked_limit"] == kept
    answer = api.post(f"{path}/limit", {"messages_per_hour": 3, "connections": 1, "reason": "a <b>try</b>"}).json
    assert answer["known"] and answer["limited"]["by"] == "API, key ops"
    relay.wait_for_events("delivered", 3)
    [listed] = api.get("/v1/providers").json["data"]
    assert listed["limits"]["connections"]["most"] == 1
    assert listed["limits"]["messages_per_hour"]["origin"].startswith("set by API, key ops until 2")
    assert api.ask("DELETE", f"{path}/limit").json == {"lifted": True}
    relay.wait_until_empty()
    assert len(sink.messages) == 5
    assert api.ask("DELETE", f"{path}/limit").json == {"lifted": False}
    relay.command("unlimit", site, code=1)
    log = relay.log()
    assert f"site {site} gets at most 2 messages an hour, set by" in log
    assert f"the limit of site {site} is lifted by API, key ops" in log


def test_what_is_no_limit_is_refused_and_a_damaged_file_is_kept(start_relay, make_sink):
    relay, _sink, site = start(start_relay, make_sink)
    keys = {scope: relay.command("keys", "create", scope, "--any-sender", "--scope", scope).stdout.strip()
            for scope in ("admin", "read")}
    api = api_of(relay, keys["admin"])
    for body, field in (({}, "messages_per_second"), ({"for": "1h"}, "messages_per_second"),
                        ({"connections": 0}, "connections"), ({"connections": 1.5}, "connections"),
                        ({"connections": "2"}, "connections"), ({"messages_per_second": -1}, "messages_per_second"),
                        ({"connections": 2, "for": "8d"}, "for"), ({"connections": 2, "until": "x"}, "until"),
                        ({"connections": 2, "reason": "a\nb"}, "reason")):
        answer = api.post(f"/v1/providers/{site}/limit", body)
        assert answer.name == "invalid-fields" and field in [each["field"] for each in answer.json["errors"]], body
    assert api_of(relay, keys["read"]).post(f"/v1/providers/{site}/limit", {"connections": 2}).name == "missing-scope"
    assert api_of(relay, keys["read"]).ask("DELETE", f"/v1/providers/{site}/limit").name == "missing-scope"
    assert api.post("/v1/providers/a%0ab/limit", {"connections": 2}).code >= 400
    # A site that is not known is taken, and the answer says so.
    answer = api.post("/v1/providers/MX.Nowhere.example/limit", {"connections": 2}).json
    assert not answer["known"] and answer["limited"]["site"] == "mx.nowhere.example"
    assert api.get("/v1/providers/mx.nowhere.example").json["asked_limit"] == answer["limited"]
    assert not api.post("/v1/providers/mx.nowhere.example/pause", {"for": "1m"}).json["known"]
    for wrong in (["limit", "--connections", "2"], ["limit", site], ["limit", site, "--connections", "0"],
                  ["limit", site, "--connections", "2", "--for", "8d"], ["unlimit"]):
        relay.command(*wrong, code=64)
    assert relay.stop() == 0
    file = relay.data / "limits.json"
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(b"\0" * 100)
    relay.start()
    assert "limits.json cannot be read" in relay.log()
    assert (relay.data / "limits.json.damaged").read_bytes() == b"\0" * 100
    assert json.loads(relay.command("--json", "limit").stdout)["limits"] == []

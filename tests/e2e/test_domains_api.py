"""Sending domains over HTTP, against a real BIND: made, published, seen, signing, retired and removed, while mail goes on."""

import json

import pytest

from peers.api import Api, http_port
from peers.bind import Bind
from peers.waiting import eventually

SENT = {"from": "Shop <hi@shop.test>", "to": ["ann@sink.example"], "subject": "Hello", "text": "Hello Ann"}


@pytest.fixture(name="bind")
def bind_fixture(folder):
    bind = Bind(folder, {"shop.test": "@ MX 10 ns\n", "other.test": "@ MX 0 .\n"})
    yield bind
    bind.stop()


@pytest.fixture(name="sink")
def sink_fixture(make_sink):
    return make_sink()


@pytest.fixture(name="relay")
def relay_fixture(start_relay, sink, bind):
    return start_relay(sink.address, http={"address": "127.0.0.1:0"}, dns={"resolver": "%s:%d" % bind.address})


def make_key(relay, name, *scopes, senders=("--any-sender",)):
    return relay.command("keys", "create", name, *senders, *(each for scope in scopes for each in ("--scope", scope))).stdout.strip()


@pytest.fixture(name="api")
def api_fixture(relay):
    return Api(http_port(relay), make_key(relay, "desk", "send", "read", "admin"))


def servers(bind):
    return {"servers": ["%s:%d" % bind.address]}


def publish(relay, bind, domain, *arguments):
    """As a person does with what POST answered."""
    relay.command("domains", "add", domain, *arguments, "--publish", "rfc2136", "--server", "%s:%d" % bind.address,
                  "--tsig-file", str(bind.key_file), "--resolver", "%s:%d" % bind.address)


def states(answer):
    return {key["selector"]: key["state"] for key in answer["keys"]}


def signatures(api, sink):
    before = len(sink.messages)
    assert api.post("/v1/emails", SENT).code == 200
    eventually(lambda: len(sink.messages) > before, "a message arrives")
    return sink.messages[-1].content.lower().count(b"dkim-signature:")


def test_a_domain_is_made_published_seen_and_signs(api, relay, bind, sink):
    assert api.get("/v1/domains").json == {"object": "list", "data": [], "has_more": False}
    made = api.post("/v1/domains", {"domain": "Shop.test", "senders": ["192.0.2.1"], "reports": "dmarc@shop.test"}).json
    assert {record["purpose"] for record in made["records"]} == {"spf", "dkim", "dmarc"} and not made["published"]
    assert set(states(made).values()) == {"prepared"} and len(made["keys"]) == 2
    first = made["keys"][0]["selector"]
    # Nobody sees the record yet, so that nothing may be signed with it.
    refused = api.post(f"/v1/domains/shop.test/keys/{first}/activate", servers(bind))
    assert (refused.code, refused.name) == (409, "domain-conflict")
    unseen = api.post("/v1/domains/shop.test/verify", servers(bind)).json
    assert not unseen["good"] and not unseen["activated"]
    assert {each["difference"] for record in unseen["records"] for each in record["observations"]} == {"missing"}
    assert signatures(api, sink) == 0

    publish(relay, bind, "shop.test")
    looked = api.post("/v1/domains/shop.test/verify", {**servers(bind), "activate": False}).json
    assert looked["good"] and set(states(looked).values()) == {"prepared"}
    assert states(api.post(f"/v1/domains/shop.test/keys/{first}/activate", servers(bind)).json)[first] == "signing"
    # The running relay signs with it, without a reload.
    assert signatures(api, sink) == 1
    seen = api.post("/v1/domains/shop.test/verify", servers(bind)).json
    assert seen["good"] and len(seen["activated"]) == 1
    assert signatures(api, sink) == 2
    assert api.get("/v1/domains/shop.test").json["published"]

    rotated = api.post("/v1/domains/shop.test/keys", {"type": "ed25519"}).json
    [new] = [key["selector"] for key in rotated["keys"] if key["state"] == "prepared"]
    assert api.post("/v1/domains/shop.test/keys").name == "domain-conflict"
    assert api.post(f"/v1/domains/shop.test/keys/{new}/retire").json["gone"] == [new]
    assert [each["selector"] for each in api.post(f"/v1/domains/shop.test/keys/{first}/retire").json["retired"]] == [first]
    assert signatures(api, sink) == 1
    assert api.post(f"/v1/domains/shop.test/keys/{first}/activate").name == "domain-conflict"
    assert states(api.get("/v1/domains/shop.test/keys").json)[first] == "retired"
    assert api.get("/v1/domains").json["data"][0]["domain"] == "shop.test"
    assert api.ask("DELETE", "/v1/domains/shop.test").name == "domain-conflict"
    assert api.ask("DELETE", "/v1/domains/shop.test?force=true").json["removed"]
    assert signatures(api, sink) == 0
    assert not [each for each in (relay.folder / "data" / "keys").rglob("*") if each.is_file()]
    assert "PRIVATE KEY" not in json.dumps(made) + relay.log()


def test_a_key_may_do_with_domains_what_it_was_made_for(api, relay):
    assert api.post("/v1/domains", {"domain": "shop.test"}).code == 200
    assert api.post("/v1/domains", {"domain": "other.test", "type": "ed25519"}).code == 200
    page = api.get("/v1/domains?limit=1").json
    assert [each["domain"] for each in page["data"]] == ["other.test"] and page["has_more"]
    page = api.get(f"/v1/domains?limit=1&after={page['next_after']}").json
    assert [each["domain"] for each in page["data"]] == ["shop.test"] and not page["has_more"]
    port = api.port
    reader = Api(port, make_key(relay, "reader", "read", senders=("--domain", "shop.test")))
    assert [each["domain"] for each in reader.get("/v1/domains").json["data"]] == ["shop.test"]
    assert reader.get("/v1/domains/shop.test").code == reader.get("/v1/domains/shop.test/keys").code == 200
    assert reader.get("/v1/domains/other.test").name == "domain-not-found"
    sender = Api(port, make_key(relay, "sender", "send"))
    selector = api.get("/v1/domains/shop.test/keys").json["keys"][0]["selector"]
    assert sender.get("/v1/domains").name == "missing-scope"
    changes = [("POST", ""), ("DELETE", "/shop.test"), ("POST", "/shop.test/verify"), ("POST", "/shop.test/keys"),
               ("POST", f"/shop.test/keys/{selector}/activate"), ("POST", f"/shop.test/keys/{selector}/retire")]
    for method, path in changes:
        assert reader.ask(method, "/v1/domains" + path).name == "missing-scope", path
        assert Api(port).ask(method, "/v1/domains" + path).name == "unauthorized", path


def test_an_address_is_looked_at_for_a_form(api, relay, sink):
    def check(asker, address):
        return asker.post("/v1/addresses/validate", {"address": address}).json
    good = check(api, "Ann@SHOP.test")
    assert (good["address"], good["deliverable"], good["mail_hosts"]) == ("Ann@shop.test", "unknown", "mx")
    assert not good["role"] and not good["suppressed"] and good["did_you_mean"] is None
    for address, reason in (("ann@other.test", "null-mx"), ("ann@absent.test", "no-such-domain"),
                            ("ann@a\r\nRCPT TO:<b@c>", "syntax")):
        found = check(api, address)
        assert found["deliverable"] == "no" and [each["reason"] for each in found["reasons"]] == [reason], found
    assert check(api, "info@gmial.com")["did_you_mean"] == "info@gmail.com"
    assert api.ask("PUT", "/v1/suppressions/ann@shop.test", {"reason": "unsubscribe"}).code == 200
    told = check(api, "ANN@shop.test")
    assert told["suppressed"] and told["deliverable"] == "no" and told["reasons"][0]["reason"] == "suppressed"
    # Whom the relay spares is not for every form to know.
    sender = Api(api.port, make_key(relay, "sender", "send"))
    kept = check(sender, "ann@shop.test")
    assert "suppressed" not in kept and kept["deliverable"] == "unknown" and not kept["reasons"]
    for body in ({}, {"address": 1}, {"address": "x" * 2000}, {"address": "a@b.test", "probe": True}, []):
        assert api.post("/v1/addresses/validate", body).code in (400, 422), body
    assert Api(api.port).post("/v1/addresses/validate", {"address": "a@shop.test"}).name == "unauthorized"
    assert not sink.messages


def test_no_name_leads_out_of_the_folder_or_into_a_record(api, relay):
    outside = relay.folder / "data" / "outside.toml"
    outside.write_text('domain = "outside"\n')
    for name in ("..%2Foutside", "%2e%2e%2foutside", "..", "a%00b", "a%0d%0ab", "shop.test%2F..%2Fx", "x" * 300, "a..b"):
        for method, rest in (("GET", ""), ("DELETE", "?force=true"), ("GET", "/keys"), ("POST", "/verify"),
                             ("POST", "/keys"), ("POST", "/keys/..%2Fx/retire")):
            assert api.ask(method, f"/v1/domains/{name}{rest}", check=False).code in (400, 404, 422), (method, name, rest)
    for body in ({"domain": "../outside"}, {"domain": "a b"}, {"domain": "a\r\nb"}, {}, {"domain": 1}, [],
                 {"domain": "a.test", "policy": "none; rua=mailto:x@y"}, {"domain": "a.test", "reports": "a@b\r\nX: y"},
                 {"domain": "a.test", "senders": ["include:%{i}.x"]}, {"domain": "a.test", "senders": ["ip4:1.2.3.4 +all"]},
                 {"domain": "a.test", "return_path": "../x"}, {"domain": "a.test", "type": "dsa"}, {"domain": "a.test", "key": "x"}):
        assert api.post("/v1/domains", body).code in (400, 422), body
    assert api.post("/v1/domains/shop.test/verify", {"servers": ["127.0.0.1:22"]}).name == "invalid-fields"
    assert outside.exists() and api.get("/v1/domains").json["data"] == []

"""A relay whose mail does not get to a site says what the doctor finds there."""

import json

from peers.waiting import eventually
from test_health import checks, get, http_port
from test_smarthosts import closed_port, plain, send, smarthost, write_secret

# Attempts within a second count once.
PACED = {"queue": {"retry_first": "1200ms", "retry_max": "1200ms"},
         "http": {"address": "127.0.0.1:0"}}


def after_it(relay, kind="deferred"):
    """The events of this kind behind the diagnosis."""
    events = relay.events()
    [at] = [number for number, event in enumerate(events) if event["event"] == "diagnosed"]
    return [event for event in events[at:] if event["event"] == kind]


def test_a_site_that_cannot_be_reached_is_diagnosed_until_it_takes_mail(start_relay, make_sink):
    kept, closed = closed_port()
    relay = start_relay(delivery=smarthost(closed), diagnosis={"enabled": True}, **PACED)
    send(relay)
    [diagnosed] = relay.wait_for_events("diagnosed")
    assert (diagnosed["rule"], diagnosed["phase"]) == ("M2001", "connect"), diagnosed
    assert diagnosed["site"] == f"127.0.0.1:{closed}" and diagnosed["remedy"]
    [waiting] = relay.queue()
    assert waiting["diagnosis"].startswith("M2001, "), waiting
    assert f"diagnosis: {waiting['diagnosis']}" in relay.command("why", waiting["id"]).stdout
    assert "diagnosis: M2001" in relay.command("queue", "show", waiting["id"]).stdout
    eventually(lambda: after_it(relay), "another attempt", explain=relay.explain)
    assert after_it(relay)[0]["rule"] == "M2001"
    assert "waypost explain M2001" in eventually(
        lambda: "M2001" in relay.trace(waiting["id"]) and relay.trace(waiting["id"]), "it is traced")
    page = eventually(lambda: checks(get(http_port(relay), "/readyz")[1])["sites"].get("trouble"),
                      "the health tells", explain=relay.explain)
    assert f"127.0.0.1:{closed}: M2001" in page
    kept.close()
    make_sink(port=closed)
    relay.wait_for_events("delivered")
    eventually(lambda: not checks(get(http_port(relay), "/readyz")[1])["sites"].get("trouble"),
               "all is well again", explain=relay.explain)
    assert len(relay.events("diagnosed")) == 1


def test_a_refused_login_is_read_and_nobody_logs_in_once_more(start_relay, make_sink, folder,
                                                              certificate):
    sink = make_sink(certificate=certificate, logins={plain("shop", "another")})
    relay = start_relay(ca_file=str(certificate.file), diagnosis={"enabled": True}, **PACED,
                        delivery=smarthost(sink, login="shop",
                                           secret_file=write_secret(folder, "right-password")))
    send(relay)
    [diagnosed] = relay.wait_for_events("diagnosed")
    assert (diagnosed["rule"], diagnosed["phase"]) == ("M4001", "login"), diagnosed
    # Each connection to it was an attempt of mail.
    assert relay.stop() == 0
    tried = sum(event["event"] == "deferred" for event in relay.events())
    assert len(sink.sessions) - tried in (0, 1)
    assert "right-password" not in json.dumps(relay.events()) + relay.log()


def test_nobody_is_asked_where_it_is_switched_off(start_relay):
    kept, closed = closed_port()
    relay = start_relay(delivery=smarthost(closed), **PACED)
    send(relay)
    relay.wait_for_events("deferred", 5)
    assert not relay.events("diagnosed") and "diagnosis" not in relay.queue()[0]
    kept.close()

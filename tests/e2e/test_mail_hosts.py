"""Which hosts get a domain's mail, as a real name server tells it."""

import smtplib

import pytest

from peers.knot import Knot
from peers.waiting import eventually
from test_smtplib import CONTENT

FIRST, SECOND, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"
ZONE = f"""
first     A {FIRST}
second    A {SECOND}
third     A {THIRD}
ordered   MX 30 third
ordered   MX 10 first
ordered   MX 20 second
bare      A {SECOND}
nullmx    MX 0 .
nullmx    A {FIRST}
text      TXT "no mail here"
astray    MX 10 nowhere.example.test.
alias     CNAME ordered
"""


@pytest.fixture(name="hosts")
def hosts_fixture(make_sink):
    """Three mail hosts on one port: {address: sink}."""
    first = make_sink(address=FIRST)
    return {FIRST: first, **{address: make_sink(address=address, port=first.port)
                             for address in (SECOND, THIRD)}}


@pytest.fixture(name="relay")
def relay_fixture(start_relay, folder, hosts):
    knot = Knot(folder, {"example.test": ZONE, "broken.test": None})
    yield start_relay(dns={"resolver": "%s:%d" % knot.address, "timeout": "5s"},
                      delivery={"mx_port": hosts[FIRST].port})
    knot.stop()


def send(relay, domain):
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail("app@example.com", [f"ann@{domain}"], CONTENT,
                        rcpt_options=["NOTIFY=NEVER"])


def arrived(hosts):
    return {address: len(sink.messages) for address, sink in hosts.items() if sink.messages}


def test_the_most_preferred_host_gets_the_mail(relay, hosts):
    send(relay, "ordered.example.test")
    [delivered] = relay.wait_for_events("delivered")
    assert delivered["host"] == "first.example.test"
    assert delivered["address"] == f"{FIRST}:{hosts[FIRST].port}"
    assert arrived(hosts) == {FIRST: 1}


def test_the_next_host_gets_it_when_connections_are_refused(relay, hosts):
    hosts[FIRST].stop()
    send(relay, "ordered.example.test")
    [delivered] = relay.wait_for_events("delivered")
    assert (delivered["host"], delivered["attempt"]) == ("second.example.test", 1)
    assert arrived(hosts) == {SECOND: 1}
    hosts[SECOND].stop()
    send(relay, "ordered.example.test")
    relay.wait_for_events("delivered", 2)
    assert arrived(hosts) == {SECOND: 1, THIRD: 1}


def test_without_mx_the_domain_itself_gets_the_mail(relay, hosts):
    send(relay, "bare.example.test")
    [delivered] = relay.wait_for_events("delivered")
    assert (delivered["host"], arrived(hosts)) == ("bare.example.test", {SECOND: 1})


def test_an_alias_gets_the_mail_of_what_it_stands_for(relay, hosts):
    send(relay, "alias.example.test")
    [delivered] = relay.wait_for_events("delivered")
    assert (delivered["host"], arrived(hosts)) == ("first.example.test", {FIRST: 1})


@pytest.mark.parametrize("domain, said", [
    ("nobody.example.test", "NXDOMAIN"),
    ("nullmx.example.test", "null MX"),
    ("text.example.test", "neither MX nor address"),
])
def test_a_domain_that_takes_no_mail_bounces(relay, hosts, domain, said):
    send(relay, domain)
    [bounced] = relay.wait_for_events("bounced")
    assert bounced["phase"] == "resolve" and said in bounced["reply"]
    assert not relay.events("deferred") and not arrived(hosts)
    relay.wait_until_empty()


@pytest.mark.parametrize("domain", ["broken.test", "unserved.test"])
def test_a_name_server_that_fails_defers(relay, hosts, domain):
    send(relay, domain)
    [deferred, *_] = relay.wait_for_events("deferred")
    assert deferred["phase"] == "resolve" and domain in deferred["reply"]
    assert not relay.events("bounced") and not arrived(hosts)
    assert relay.queue()


def test_a_mail_host_without_an_address_is_no_reason_to_bounce(relay, hosts):
    send(relay, "astray.example.test")
    event = eventually(lambda: relay.events("deferred") + relay.events("bounced"),
                       "an outcome", explain=relay.explain)[0]
    assert "nowhere.example.test" in event["reply"] or event["host"] == "nowhere.example.test"
    assert event["event"] == "deferred" and not arrived(hosts)

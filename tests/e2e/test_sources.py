"""From which address mail leaves, and through which proxy."""

import smtplib
from collections import Counter

import pytest

from peers.proxy import HeaderProxy, SocksProxy
from peers.waiting import eventually
from test_smtplib import CONTENT

HERE, ALSO_HERE, NOT_HERE = "127.0.0.5", "127.0.0.6", "198.51.100.7"


def send(relay, count=1):
    with smtplib.SMTP(*relay.trusted) as client:
        for number in range(count):
            client.sendmail("app@example.com", [f"ann{number}@example.net"], CONTENT)


def source(name, address=None, **more):
    addresses = {"addresses": [address]} if address else {}
    return {"id": name, "helo": f"{name}.relay.example", **addresses, **more}


def pooled(*sources, pool=None, **delivery):
    return {"source": list(sources), "pool": [{"id": "all", "sources": pool or [
        each["id"] for each in sources]}], "delivery": {"pool": "all", **delivery}}


@pytest.fixture(name="make_proxy")
def make_proxy_fixture():
    made = []

    def make_proxy(kind, **options):
        made.append(kind(**options))
        return made[-1]
    yield make_proxy
    for proxy in made:
        proxy.stop()


def test_each_source_has_its_address_and_its_name(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(next_hop=sink.address[:2],
                        **pooled(source("one", HERE), source("two", ALSO_HERE)))
    send(relay, 40)
    delivered = relay.wait_for_events("delivered", 40)
    shares = Counter((event["source"], event["source_address"]) for event in delivered)
    assert set(shares) == {("one", HERE), ("two", ALSO_HERE)}, shares
    names = Counter()
    for session in sink.sessions:
        names[session.hello.split()[-1]] += session.messages
    assert names == {"one.relay.example": shares["one", HERE],
                     "two.relay.example": shares["two", ALSO_HERE]}


def test_a_source_that_is_not_here_is_passed_over_and_said(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(next_hop=sink.address[:2],
                        **pooled(source("one", NOT_HERE), source("two", HERE),
                                 pool=["one:1000", "two"]))
    send(relay, 3)
    assert {event["source"] for event in relay.wait_for_events("delivered", 3)} == {"two"}
    eventually(lambda: f"{NOT_HERE} is not an address of this machine" in relay.log(), "it is said")
    assert "source:one" in relay.log()


def test_mail_waits_when_no_source_of_its_pool_works(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(next_hop=sink.address[:2], **pooled(source("one", NOT_HERE)))
    send(relay)
    deferred = relay.wait_for_events("deferred", 2)
    assert {event["phase"] for event in deferred} == {"egress"}
    assert NOT_HERE in deferred[0]["reply"]
    assert not sink.sessions


def test_mail_leaves_through_a_socks_proxy_with_a_login(start_relay, make_sink, make_proxy, folder,
                                                        certificate):
    sink = make_sink(certificate=certificate)
    proxy = make_proxy(SocksProxy, login=("relay", "hush-hush"))
    secret = folder / "proxy.secret"
    secret.write_text("hush-hush\n")
    secret.chmod(0o600)
    relay = start_relay(next_hop=sink.address[:2], **pooled(
        source("far", proxy=f"socks5://127.0.0.1:{proxy.port}", proxy_login="relay",
               proxy_secret_file=str(secret)), transcripts="all"))
    send(relay, 2)
    delivered = relay.wait_for_events("delivered", 2)
    assert {event["source"] for event in delivered} == {"far"}
    assert delivered[0]["tls"].startswith("TLSv1.3")
    assert set(proxy.asked) == {(None, sink.address[:2])}
    assert "hush-hush" not in relay.log() + str(relay.events())
    secret.write_text("wrong\n")
    eventually(lambda: sink.open == 0, "the idle connection has ended")
    send(relay)
    [deferred] = relay.wait_for_events("deferred")[:1]
    assert (deferred["phase"], deferred["source"]) == ("egress", "far"), deferred
    assert "it refuses the login" in deferred["reply"]


def test_a_proxy_that_would_not_connect_keeps_no_other_mail_from_the_host(start_relay, make_sink,
                                                                        make_proxy):
    sink = make_sink()
    proxy = make_proxy(SocksProxy, deny=2)
    # Nobody is tried twice before all were tried once.
    relay = start_relay(next_hop=sink.address[:2], queue={"retry_first": "1h", "retry_max": "1h"},
                        **pooled(source("far", proxy=f"socks5://127.0.0.1:{proxy.port}")))
    send(relay, 3)
    deferred = relay.wait_for_events("deferred", 3)
    assert {event["phase"] for event in deferred} == {"egress"}
    assert len({tuple(event["recipients"]) for event in deferred}) == 3, "the site is not shut"
    proxy.deny = None
    relay.command("queue", "retry", "--all")
    relay.wait_for_events("delivered", 3)


def test_mail_leaves_through_a_proxy_that_is_told_by_header(start_relay, make_sink, make_proxy):
    sink = make_sink()
    proxy = make_proxy(HeaderProxy)
    relay = start_relay(next_hop=sink.address[:2], **pooled(
        source("far", HERE, proxy=f"proxy2://127.0.0.1:{proxy.port}")))
    send(relay)
    [delivered] = relay.wait_for_events("delivered")
    assert (delivered["source"], delivered["source_address"]) == ("far", HERE)
    assert proxy.asked == [(HERE, sink.address[:2])]
    sink.stop()
    eventually(lambda: sink.open == 0, "the idle connection has ended")
    send(relay)
    deferred = relay.wait_for_events("deferred")[0]
    assert deferred["phase"] == "egress" and "proxy2://" in deferred["reply"], deferred


def test_check_says_what_is_wrong_with_sources_and_goes_on(start_relay, make_sink):
    relay = start_relay(next_hop=make_sink().address[:2], **pooled(
        source("one", NOT_HERE), source("two", HERE)), dns={"resolver": "127.0.0.1:9", "records": [
            f"two.relay.example. 60 IN A {ALSO_HERE}", f"one.relay.example. 60 IN A {NOT_HERE}"]})
    checked = relay.command("check")
    said = checked.stdout + checked.stderr
    assert f"{NOT_HERE} of the source \"one\" is not an address of this machine" in said
    assert f"does not lead to its address {HERE}" in said

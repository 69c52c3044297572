"""The lab itself: each fault is there, as raw sockets, openssl and swaks see it. What the doctor says
of them is judged elsewhere."""

import json
import subprocess
from contextlib import contextmanager

import pytest

from lab import keeper
from lab.network import Loopback, make_network
from lab.runs import run
from lab.scenarios import named
from lab.world import HOST, PASSWORD, RESOLVER_NUMBER, USER
from peers.presence import program

PROBE = keeper.__file__.replace("keeper", "probe")
TRIES = 6
SOON_S = 20  # where an answer comes, on a machine with more to do as well
SILENCE_S = 2  # where none comes


@pytest.fixture(name="open_world")
def open_world_fixture(lab):
    """open_world("name of a scenario"): it runs until the block ends."""
    @contextmanager
    def open_world(name):
        scenario = named(name)
        own = make_network() if scenario.quiet and lab.network.has_filters else None
        world = lab.world(own)
        scenario.prepare(world)
        try:
            world.start()
            yield world
        finally:
            world.stop()
            if own:
                own.stop()
    return open_world


def probe(world, *arguments):
    said = run([*world.network.enter(), program("python3"), PROBE, *map(str, arguments)])
    assert said.code == 0, said.err
    return json.loads(said.out)


@pytest.mark.parametrize("name, family, result, seconds_max", [
    ("STARTTLS on 587", 4, "connected", 1),
    ("STARTTLS on 587", 6, "connected", 1),
    ("nothing listens", 4, "ECONNREFUSED", 1),
    ("reset by a firewall", 6, "ECONNREFUSED", 1),
    ("reset by this machine", 4, "ECONNREFUSED", 1),
    ("dropped on the way", 4, "timeout", 4),
    ("dropped by this machine", 4, "timeout", 4),
    ("IPv6 black hole", 4, "connected", 1),
    ("IPv6 black hole", 6, "timeout", 4),
    ("route unreachable", 4, "EHOSTUNREACH", 1),
    ("forbidden by a firewall", 4, "EHOSTUNREACH", 1),
    ("forbidden by this machine's firewall", 4, "EHOSTUNREACH", 1),
    ("prohibited by a route", 4, "EACCES", 1),
    ("swallowed by a route", 4, "EINVAL", 1),
])
def test_a_connection_ends_as_its_fault_wants(open_world, name, family, result, seconds_max):
    with open_world(name) as world:
        took = []
        # A machine with more to do only makes it longer: the least of some is what the network takes.
        while not took or (took[-1] >= seconds_max and len(took) < TRIES):
            seen = probe(world, "connect", world.address(family=family), world.port, SILENCE_S)
            assert seen["result"] == result
            took.append(seen["seconds"])
        assert min(took) < seconds_max, took


def test_addresses_without_a_way(open_world):
    with open_world("no route") as world:
        assert probe(world, "connect", "203.0.113.7", 587, SOON_S)["result"] == "ENETUNREACH"
        gone = probe(world, "connect", "192.0.2.77", 587, SOON_S)
        assert gone["result"] == "EHOSTUNREACH" and gone["seconds"] > 1


def test_every_second_syn_is_lost(open_world):
    with open_world("half of the SYNs lost") as world:
        seen = [probe(world, "connect", world.address(), 587, SOON_S) for _ in range(2)]
        first, second = sorted(seen, key=lambda each: each["sent_again"])
        assert (first["sent_again"], second["sent_again"]) == (0, 1) and second["seconds"] > 0.9


def test_small_packets_pass_where_large_ones_are_lost(open_world):
    with open_world("large packets lost") as world:
        seen = probe(world, "connect", world.address(), 587, 3 * SILENCE_S, "EHLO probe.test")
        assert seen["result"] == "connected" and seen["heard"].startswith("220 ")
        assert "250" not in seen["heard"]
        assert "250" in probe(world, "connect", world.address(), 587, SOON_S, "NOOP")["heard"]


def test_port_25_leads_somewhere_else(open_world):
    with open_world("port 25 redirected") as world:
        for family in (4, 6):
            seen = probe(world, "connect", world.address(family=family), 25, SOON_S)
            assert "outbound.isp.test" in seen["heard"]
        assert HOST in probe(world, "connect", world.address(), 587, SOON_S)["heard"]


@pytest.mark.parametrize("name, wanted, kind, result", [
    ("name does not exist", HOST, 1, {"result": 3, "answers": 0}),
    ("name has no address", HOST, 1, {"result": 0, "answers": 0}),
    ("SERVFAIL", HOST, 1, {"result": 2, "answers": 0}),
    ("resolver refuses", HOST, 1, {"result": 5, "answers": 0}),
    ("null MX", "null.test", 15, {"result": 0, "answers": 1}),
    ("MX without address", "nowhere.dangling.test", 28, {"result": 3, "answers": 0}),
    ("resolver silent", HOST, 1, {"result": "TimeoutError"}),
    ("no resolver there", HOST, 1, {"result": "ConnectionRefusedError"}),
    ("search suffix", HOST + ".office.example", 1, {"result": 0, "answers": 1}),
    ("an alias", "smtp.lab.test", 28, {"result": 0, "answers": 2}),
])
def test_a_name_is_answered_as_its_fault_wants(open_world, name, wanted, kind, result):
    patience_s = SILENCE_S if result["result"] == "TimeoutError" else SOON_S
    with open_world(name) as world:
        assert probe(world, "name", world.address(RESOLVER_NUMBER), wanted, kind, patience_s) == result


def test_a_bogus_name_is_answered_to_who_checks_nothing(open_world):
    with open_world("bogus DNSSEC") as world:
        resolver = world.address(RESOLVER_NUMBER)
        assert probe(world, "name", resolver, HOST, 1, SOON_S)["result"] == 2
        assert probe(world, "name", resolver, HOST, 1, SOON_S, "unchecked")["answers"] == 1


@pytest.mark.parametrize("name, code", [
    ("STARTTLS on 587", 0), ("certificate expired", 10), ("certificate not yet valid", 9),
    ("certificate for another name", 62), ("certificate signs itself", 18), ("intermediate missing", 21),
    ("issuer unknown", 19), ("key of 1024 bits", 66),
])
def test_a_certificate_is_wrong_in_one_way(open_world, lab, name, code):
    with open_world(name) as world:
        said = run([*world.network.enter(), program("openssl"), "s_client", "-connect",
                    f"{world.address()}:587", "-starttls", "smtp", "-CAfile", lab.authority.root,
                    "-verify_hostname", HOST, "-auth_level", "2"])
        assert f"Verify return code: {code} " in said.out, said.out + said.err


def test_a_login_by_swaks_goes_through(open_world):
    with open_world("STARTTLS on 587") as world:
        said = run([*world.network.enter(), program("swaks"), "--server", world.address(), "--port", "587",
                    "--tls", "--auth", "PLAIN", "--auth-user", USER, "--auth-password", PASSWORD,
                    "--from", USER, "--to", "bob@example.net"])
        assert said.code == 0, said.out
        assert len(world.seen("messages")) == 1 and world.seen("logins") == 1


@pytest.mark.parametrize("name", ["STARTTLS stripped", "Postfix: STARTTLS stripped on the way"])
def test_a_stripped_offer_looks_as_on_the_wire(open_world, name):
    with open_world(name) as world:
        seen = probe(world, "connect", world.address(), 587, SOON_S, "EHLO probe.test")
        assert "XXXXXXXA" in seen["heard"] and "STARTTLS" not in seen["heard"]


def test_a_wrong_clock_is_wrong_for_the_command_alone(open_world):
    with open_world("clock 400 days ahead") as world:
        command = [*world.network.enter(under=world.under), program("date"), "+%s"]
        ahead = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10,
                               env={"PATH": "/usr/bin:/bin", **world.environment})
        here = subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True, timeout=10)
        assert 399 < (int(ahead.stdout) - int(here.stdout)) / 86400 < 401


def test_without_name_spaces_scripts_run_on_loopback_and_filters_are_missing(lab):
    world = lab.world(Loopback("the kernel refuses them"))
    try:
        world.start()
        seen = probe(world, "connect", world.address(), 587, SOON_S, "EHLO probe.test")
        assert seen["heard"].startswith(f"220 {HOST}")
        assert probe(world, "name", world.address(RESOLVER_NUMBER), HOST, 1, SOON_S)["answers"] == 1
        with pytest.raises(BaseException, match="MISSING PEER: .*the kernel refuses them"):
            world.network.client("nft add table inet faults")
    finally:
        world.stop()

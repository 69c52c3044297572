"""`waypost spf check` as its users call it, and the public suite of RFC 7208 over real name servers."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from peers.knot import Knot
from peers.presence import missing
from peers.relay import binary
from peers.responder import Responder

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WAYPOST_TEST_DATA", HERE.parents[1] / ".." / "shared" / "data"))
SUITE = DATA / "mailauth" / "spf" / "rfc7208-2019.08.json"
ZONE = """
@       TXT "v=spf1 include:big.example.test include:desk.example.test include:news.example.test mx a ~all"
@       MX 10 mx
@       A 203.0.113.10
mx      A 203.0.113.10
big     TXT "v=spf1 include:b1.example.test include:b2.example.test include:b3.example.test ~all"
b1      TXT "v=spf1 ip4:203.0.113.0/24 ~all"
b2      TXT "v=spf1 ip4:198.51.100.0/25 ~all"
b3      TXT "v=spf1 ip6:2001:db8::/32 ~all"
desk    TXT "v=spf1 include:d1.example.test include:d2.example.test -all"
d1      TXT "v=spf1 ip4:192.0.2.0/28 -all"
d2      TXT "v=spf1 ip4:192.0.2.64/28 -all"
news    TXT "v=spf1 include:n1.example.test ~all"
n1      TXT "v=spf1 ip4:192.0.2.128/25 ~all"
two     TXT "v=spf1 ip4:192.0.2.1 -all"
two     TXT "v=spf1 ip4:192.0.2.2 ~all"
fine    TXT "v=spf1 ip4:192.0.2.0/24 -all exp=why.example.test"
why     TXT "%{i} is not ours"
near    TXT " v=spf1 a -all"
"""


def spf(server, *arguments, code=None):
    ran = subprocess.run([binary(), "spf", "check", "--resolver", "%s:%d" % server, *arguments],
                         text=True, capture_output=True, timeout=60, check=False)
    assert code is None or ran.returncode == code, ran.stdout + ran.stderr
    return ran


@pytest.fixture(name="server")
def server_fixture(folder):
    knot = Knot(folder, {"example.test": ZONE})
    yield knot.address
    knot.stop()


def test_it_says_who_may_send_and_which_term_decided(server):
    passed = spf(server, "--ip", "192.0.2.7", "--from", "ann@fine.example.test", code=0).stdout
    assert " SPF  pass  192.0.2.7 may send for fine.example.test" in passed
    assert 'decided by "ip4:192.0.2.0/24" in the record of fine.example.test' in passed
    failed = json.loads(spf(server, "--ip", "198.51.100.7", "--from", "ann@fine.example.test",
                            "--json", code=1).stdout)
    assert (failed["result"], failed["decided_by"]) == ("fail", "-all")
    assert failed["explanation"] == "198.51.100.7 is not ours"


def test_it_shows_the_eleventh_lookup_and_a_record_that_needs_fewer(server):
    ran = spf(server, "--ip", "192.0.2.200", "--from", "ann@example.test", code=0)
    assert "include:n1.example.test" in ran.stdout
    ran = spf(server, "--ip", "10.1.1.1", "--from", "ann@example.test", code=1)
    assert "SPF  permerror" in ran.stdout and "<- the 11th" in ran.stdout
    checked = json.loads(spf(server, "example.test", "--json", code=1).stdout)["analysis"]
    assert (checked["lookups"], checked["eleventh"]) == (11, "a")
    assert checked["proposal"]["removed"] == ["mx", "a"]
    assert checked["proposal"]["checked"] is True
    assert checked["proposal"]["lookups"] == 9
    assert all(len(line) <= 80 for line in ran.stdout.splitlines())


def test_it_names_a_record_that_receivers_do_not_see(server):
    told = " ".join(spf(server, "near.example.test", code=1).stdout.split())
    assert "a blank stands in front" in told and "no SPF record that receivers see" in told


def test_it_merges_two_records(server):
    found = json.loads(spf(server, "two.example.test", "--json", code=1).stdout)["analysis"]
    assert found["proposal"]["merged"] is True
    assert found["proposal"]["record"] in ("v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ~all",
                                           "v=spf1 ip4:192.0.2.2 ip4:192.0.2.1 ~all")


def test_it_tells_wrong_calls_from_silence(server, folder):
    spf(server, code=64)
    spf(server, "--ip", "1.2.3", "--from", "ann@example.test", code=64)
    spf(server, "--from", "ann@example.test", code=64)
    silent = Responder({"quiet.test": [None]})
    ran = spf(silent.address, "--ip", "192.0.2.1", "--from", "ann@quiet.test", "--timeout", "1s",
              code=2)
    silent.stop()
    assert "SPF  temperror" in ran.stdout


def records_of(zone):
    """{name: [(type, data) or None]} of a scenario: its type SPF is TXT where there is no TXT."""
    made = {}
    for host, entries in zone.items():
        has_txt = any("TXT" in each for each in entries if each != "TIMEOUT")
        records = made[host] = []
        for each in entries:
            if each == "TIMEOUT":
                records.append(None)
                continue
            [(kind, data)] = each.items()
            if kind in ("SPF", "TXT"):
                if data == "NONE" or (kind == "SPF" and has_txt):
                    continue
                # A TXT of no string at all is no record that a resolver passes on.
                parts = [part.encode("latin-1") for part in
                         ([data] if isinstance(data, str) else data or [""])]
                kind, data = "TXT", [part[i:i + 255] for part in parts
                                     for i in range(0, max(len(part), 1), 255)]
            records.append((kind, data))
    return made


def escaped(octets):
    return "".join(chr(each) if chr(each).isalnum() else f"\\{each:03}" for each in octets)


def owner(name):
    return ".".join(escaped(label.encode("latin-1")) for label in name.rstrip(".").split(".")) + "."


def zone_line(name, kind, data):
    if kind == "TXT":
        data = " ".join(f'"{escaped(part)}"' for part in data)
    elif kind == "MX":
        data = f"{data[0]} {owner(data[1]) if data[1] else '.'}"
    elif kind in ("PTR", "CNAME"):
        data = owner(data)
    return f"{owner(name)} {kind} {data}\n"


def serve(records, folder):
    """Knot with all of it, or the responder for what Knot cannot do: to be silent."""
    if any(None in entries for entries in records.values()):
        return Responder(records)
    return Knot(folder, {".": "".join(zone_line(name, *each) for name, entries in records.items()
                                      for each in entries)})


def scenarios():
    return list(json.loads(SUITE.read_text())["zones"]) if SUITE.exists() else [None]


@pytest.mark.parametrize("scenario", scenarios())
def test_the_public_suite_passes(scenario, folder):
    if scenario is None:
        missing(f"no {SUITE}; set WAYPOST_TEST_DATA")
    suite = json.loads(SUITE.read_text())
    server = serve(records_of(suite["zones"][scenario]), folder)
    wrong = []
    for test in (each for each in suite["tests"] if each["scenario"] == scenario):
        # Short only where silence is what is asked for.
        patience = "2s" if "temperror" in test["result"] else "8s"
        ran = spf(server.address, "--ip", test["host"], "--from", test["mailfrom"], "--helo",
                  test["helo"], "--json", "--timeout", patience)
        found = json.loads(ran.stdout)
        explanation = None if test["explanation"] == "DEFAULT" else test["explanation"]
        if found["result"] not in test["result"] or (
                test["explanation"] and found["explanation"] != explanation):
            wrong.append((test["id"], found["result"], test["result"], found["explanation"],
                          found["problem"]))
    server.stop()
    assert not wrong

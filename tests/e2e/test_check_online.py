"""`waypost check --online`: what receivers see of the machine that a configuration describes."""

import json

import pytest

from peers.responder import Responder

ADDRESS = "203.0.113.7"
LISTS = ["zen.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org", "bl.mailspike.net",
         "psbl.surriel.com"]
CLOSED = "127.0.0.9"


def working_lists():
    return {f"2.0.0.127.{zone}": [("A", "127.0.0.2")] for zone in LISTS}


@pytest.fixture(name="ask")
def ask_fixture(start_relay):
    """ask(records) gives what is said to whoever runs the check with these names in the world."""
    made = []
    one_source = {"source": [{"id": "one", "helo": "mail.example.net", "addresses": [ADDRESS]}],
                  "pool": [{"id": "all", "sources": ["one"]}], "delivery": {"pool": "all"}}

    def ask(records, sources=one_source):
        responder = Responder(records)
        made.append(responder)
        relay = start_relay(("127.0.0.1", 9), dns={"resolver": f"127.0.0.1:{responder.address[1]}"},
                            **sources)
        relay.stop()
        ran = relay.command("--json", "check", "--online", "--towards", "far.example.net")
        return json.dumps(json.loads(ran.stdout)), ran.stderr
    yield ask
    for responder in made:
        responder.stop()


def test_a_machine_in_order_is_told_nothing_but_what_was_asked(ask):
    said, notes = ask({**working_lists(),
                       "7.113.0.203.in-addr.arpa": [("PTR", "mail.example.net")],
                       "mail.example.net": [("A", ADDRESS)]})
    assert not any(found in said for found in ("M6007", "M6008", "M6009", "M6010")), said
    assert f"asking about {ADDRESS}" in notes and "zen.spamhaus.org" in notes


def test_it_tells_of_a_listing_a_missing_name_and_a_closed_port(ask):
    said, _ = ask({**working_lists(),
                   "7.113.0.203.zen.spamhaus.org": [("A", "127.0.0.3"), ("TXT", [b"see the list"])],
                   "mail.example.net": [("A", ADDRESS)],
                   "far.example.net": [("MX", (10, "mx.example.net"))],
                   "mx.example.net": [("A", CLOSED)]})
    assert "M6009" in said and "Spamhaus" in said and "check.spamhaus.org" in said
    assert "M6007" in said
    assert "M2008" in said and "mx.example.net" in said


def test_a_list_that_refuses_to_answer_is_no_listing(ask):
    said, _ = ask({**working_lists(),
                   "7.113.0.203.zen.spamhaus.org": [("A", "127.255.255.254")],
                   "7.113.0.203.in-addr.arpa": [("PTR", "mail.example.net")],
                   "mail.example.net": [("A", ADDRESS)]})
    assert "M6009" not in said and "M6010" in said and "public resolver" in said


def test_the_name_in_ehlo_must_lead_somewhere(ask):
    said, _ = ask(working_lists(), sources={})
    assert "M5011" in said and "relay.example" in said, said


def test_a_resolver_that_is_silent_is_told_alone(ask):
    said, _ = ask({"far.example.net": [None]})
    assert "M1004" in said, said
    assert "M2008" not in said and "M6010" not in said, said

"""How fast a site gets its mail is the configuration's word, whatever waits."""

import itertools
import json
import smtplib
import subprocess
import time

from peers.relay import binary
from peers.waiting import eventually
from test_smtplib import CONTENT

MESSAGES = 70
CONNECTIONS, RATE = 3, 20


def test_a_site_never_sees_more_connections_or_messages_a_second_than_allowed(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address, sites=[
        {"id": "slow", "match": ["slow.test"], "connections": CONNECTIONS,
         "messages_per_second": RATE}])
    before = time.monotonic()
    with smtplib.SMTP(*relay.trusted) as client:
        for number in range(MESSAGES):
            client.sendmail("app@example.com", [f"user{number}@slow.test"], CONTENT)
    relay.wait_for_events("delivered", MESSAGES)
    assert len(sink.messages) == MESSAGES
    assert sink.open_max <= CONNECTIONS
    began = sorted(message.began for message in sink.messages)
    assert began[-1] - before >= (MESSAGES - 1) / RATE
    # In every span: what a busy machine held up on the way comes with what is due then, but it is no
    # more than one a connection.
    for first, last in itertools.combinations(range(MESSAGES), 2):
        came, seconds = last - first + 1, began[last] - began[first]
        assert came <= RATE * seconds + 1 + CONNECTIONS, (first, last, began)


def test_a_waiting_message_names_the_limit_that_holds_it(start_relay, make_sink):
    relay = start_relay(make_sink().address, sites=[
        {"id": "slow", "match": ["slow.test"], "connections": 1, "messages_per_second": 0.1}])
    with smtplib.SMTP(*relay.trusted) as client:
        for number in range(5):
            client.sendmail("app@example.com", [f"user{number}@slow.test"], CONTENT)
    relay.wait_for_events("delivered")
    waiting = relay.queue()
    line = 1 + relay.config_file.read_text().splitlines().index("messages_per_second = 0.1")
    assert any(f"waypost.toml:{line}" in standing["limit_origin"] for standing in waiting), waiting


def counted(relay):
    """What is written down of the messages that sites got."""
    file = relay.data / "quotas.json"
    quotas = json.loads(file.read_text())["quotas"] if file.exists() else []
    return sum(count for quota in quotas for _, count in quota["counts"])


def held_by_quota(relay, count):
    """Those that wait for the hour, as soon as so many do."""
    def waiting():
        held = [one for one in relay.queue() if one["hold"] == "quota"]
        return held if len(held) >= count else None
    held = eventually(waiting, f"{count} wait for the hour", explain=relay.explain)
    assert len(held) == count, held
    return held


def test_an_hour_holds_over_a_kill_and_says_whose_rule_that_is(start_relay, make_sink):
    sink = make_sink()
    sites = [{"id": "hourly", "match": ["hourly.test"], "messages_per_hour": 3}]
    relay = start_relay(sink.address, sites=sites)
    with smtplib.SMTP(*relay.trusted) as client:
        for number in range(5):
            client.sendmail("app@example.com", [f"user{number}@hourly.test"], CONTENT)
    relay.wait_for_events("delivered", 3)
    eventually(lambda: counted(relay) == 3, "what the site got is written down")
    relay.kill()
    relay.start()
    waiting = held_by_quota(relay, 2)
    assert len(sink.messages) == 3
    line = 1 + relay.config_file.read_text().splitlines().index("messages_per_hour = 3")
    for standing in waiting:
        assert standing["limit_origin"].endswith(f"waypost.toml:{line}")
        assert "at most 3 messages an hour, it has had 3" in standing["reason"]
        assert standing["next_attempt_at"] > standing["accepted_at"]
    [site] = [json.loads(line) for line in relay.command("--json", "providers").stdout.splitlines()]
    assert site["hold"] == "quota"
    hour = site["limits"]["messages_per_hour"]
    assert hour["most"] == 3 and hour["used"] == 3 and hour["origin"].endswith(f"waypost.toml:{line}")
    assert "messages_per_hour 3 (3 used)" in relay.command("providers").stdout
    told = relay.command("why", waiting[0]["id"]).stdout
    assert "messages an hour" in told and f"waypost.toml:{line}" in told


def test_a_minute_of_new_connections_holds_back_what_open_ones_cannot_carry(start_relay, make_sink):
    sink = make_sink()
    # The open ones stay open, however slowly the mail comes in.
    relay = start_relay(sink.address, delivery={"idle_connection": "1m"}, sites=[
        {"id": "shy", "match": ["shy.test"], "connections": 5, "connections_per_minute": 2}])
    with smtplib.SMTP(*relay.trusted) as client:
        for number in range(20):
            client.sendmail("app@example.com", [f"user{number}@shy.test"], CONTENT)
    relay.wait_for_events("delivered", 20)
    assert len(sink.sessions) <= 2


HOSTED = ["one.test. 60 IN MX 10 mta5.am0.yahoodns.net.", "two.test. 60 IN MX 10 mta6.am0.yahoodns.net.",
          "mta5.am0.yahoodns.net. 60 IN A 127.0.0.1", "mta6.am0.yahoodns.net. 60 IN A 127.0.0.1"]


def test_domains_that_one_provider_hosts_share_what_it_states(start_relay, make_sink):
    sink = make_sink(answer=lambda phase, text, session:
                     "451 4.3.0 Later" if phase == "rcpt" and "waits@" in text else None)
    relay = start_relay(dns={"records": HOSTED}, delivery={"mx_port": sink.port},
                        sites=[{"id": "yahoo", "connections": 1}])
    with smtplib.SMTP(*relay.trusted) as client:
        for number in range(45):
            to = f"user{number}@{('one', 'two')[number % 2]}.test"
            client.sendmail("app@example.com", [to], CONTENT)
        delivered = relay.wait_for_events("delivered", 45)
        # A site that has neither mail nor a connection is not listed.
        client.sendmail("app@example.com", ["waits@one.test"], CONTENT)
        relay.wait_for_events("deferred")
    assert {event["site"] for event in delivered} == {"yahoo"}
    assert sink.open_max == 1
    assert max(session.messages for session in sink.sessions) <= 20
    [site] = [json.loads(line) for line in relay.command("--json", "providers").stdout.splitlines()]
    assert site["limits"]["messages_per_connection"]["most"] == 20
    assert site["limits"]["messages_per_connection"]["origin"].startswith("rules/sites/yahoo.toml:")
    assert "waypost.toml:" in site["limits"]["connections"]["origin"]


TENANTS = ["alive.test. 60 IN MX 10 alive-test.mail.protection.outlook.com.",
           "alive-test.mail.protection.outlook.com. 60 IN A 127.0.0.1",
           "dead.test. 60 IN MX 10 dead-test.mail.protection.outlook.com."]


def test_a_name_that_does_not_exist_shuts_no_provider(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(dns={"records": TENANTS}, delivery={"mx_port": sink.port},
                        queue={"retry_first": "1h", "retry_max": "1h"})
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail("app@example.com", ["ann@dead.test"], CONTENT)
        [deferred] = relay.wait_for_events("deferred")
        client.sendmail("app@example.com", ["bob@alive.test"], CONTENT)
    [delivered] = relay.wait_for_events("delivered")
    assert deferred["site"] == delivered["site"] == "microsoft-365"
    assert deferred["phase"] == "resolve"
    [site] = [json.loads(line) for line in relay.command("--json", "providers").stdout.splitlines()]
    assert site["hold"] != "site_shut", site


def test_what_is_known_of_a_provider_comes_with_its_source(start_relay, make_sink):
    relay = start_relay(make_sink().address)
    known = {site["site"]: site for site in
             map(json.loads, relay.command("--json", "providers", "--known").stdout.splitlines())}
    [limit] = known["yahoo"]["limits"]
    assert limit["key"] == "messages_per_connection" and limit["source"].startswith("https://")
    assert known["google"]["limits"] == [] and known["google"]["note"]
    text = relay.command("providers", "--known").stdout
    assert "messages_per_connection 20: " in text and limit["source"] in text


def test_a_site_without_hosts_is_one_that_is_known(start_relay, make_sink, folder):
    relay = start_relay(make_sink().address)
    wrong = folder / "wrong.toml"
    wrong.write_text(relay.config_file.read_text() + '\n[[site]]\nid = "yaho"\n')
    refused = subprocess.run([binary(), "--config", wrong, "check"], text=True, capture_output=True,
                             timeout=30, check=False)
    assert refused.returncode == 78
    assert "`match` is missing" in refused.stderr and "yahoo" in refused.stderr

"""How fast a site gets its mail is the configuration's word, whatever waits."""

import smtplib

from test_smtplib import CONTENT

MESSAGES = 70
CONNECTIONS, RATE = 3, 20


def test_a_site_never_sees_more_connections_or_messages_a_second_than_allowed(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address, sites=[
        {"id": "slow", "match": ["slow.test"], "connections": CONNECTIONS,
         "messages_per_second": RATE}])
    with smtplib.SMTP(*relay.trusted) as client:
        for number in range(MESSAGES):
            client.sendmail("app@example.com", [f"user{number}@slow.test"], CONTENT)
    relay.wait_for_events("delivered", MESSAGES)
    assert len(sink.messages) == MESSAGES
    assert sink.open_max <= CONNECTIONS
    began = sorted(message.began for message in sink.messages)
    busiest = max(sum(1 for moment in began if start <= moment < start + 1) for start in began)
    assert busiest <= RATE + 1
    # While it held mail back, it could say whose rule that is: the site's, in this file.
    assert began[-1] - began[0] >= (MESSAGES - 1) / RATE - 0.2


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

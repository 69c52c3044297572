"""Several event loops: who connects is spread over them, and nobody can tell."""

import json
import smtplib
import threading
from pathlib import Path

import pytest

from peers.waiting import eventually

LOOPS = 4
CONNECTIONS = 24
MESSAGES = 20


def loops_of(pid):
    """The names of the threads that run loops beside the first; each gives itself its name."""
    names = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except OSError:  # it has just ended
            continue
    return [name for name in names if name.startswith("waypost-loop-")]


def listening_sockets(pid, port):
    """How many sockets listen at this port in the network namespace of `pid`."""
    listens = "0A"
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == listens for row in rows)


def send_all(address, number):
    with smtplib.SMTP(*address, local_hostname="client.example", timeout=60) as client:
        for message in range(MESSAGES):
            to = [f"u{number}-{message}@{domain}.test" for domain in ("one", "two", "three")]
            client.sendmail("app@example.com", to, f"Subject: {number}-{message}\r\n\r\nHi\r\n")


def send_from_many(relay):
    senders = [threading.Thread(target=send_all, args=(relay.trusted, number))
               for number in range(CONNECTIONS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()


@pytest.fixture(name="spread")
def spread_fixture(start_relay, make_sink):
    """A relay with some loops that has carried mail to three sites, and their sink."""
    sink = make_sink()
    hosts = [f"{domain}.test. MX 10 mx.{domain}.test." for domain in ("one", "two", "three")]
    hosts += [f"mx.{domain}.test. A 127.0.0.1" for domain in ("one", "two", "three")]
    relay = start_relay(loops=LOOPS, dns={"records": hosts}, delivery={"mx_port": sink.port})
    send_from_many(relay)
    relay.wait_for_events("delivered", CONNECTIONS * MESSAGES * 3)
    return relay, sink


def test_all_mail_comes_once_and_its_events_stand_in_their_order(spread):
    relay, sink = spread
    came = [to for to, _ in sink.delivered()]
    assert len(came) == len(set(came)) == CONNECTIONS * MESSAGES * 3
    accepted = set()
    for event in relay.events():
        if event["event"] == "accepted":
            accepted.add(event["id"])
        elif event["event"] == "delivered":
            assert event["id"] in accepted, json.dumps(event)
    relay.wait_until_empty()
    assert relay.stop() == 0


def test_every_loop_listens(start_relay):
    relay = start_relay(loops=LOOPS)
    eventually(lambda: len(loops_of(relay.pid)) == LOOPS - 1, "all loops run", explain=relay.log)
    assert listening_sockets(relay.pid, relay.trusted[1]) == LOOPS


def test_a_limit_of_clients_holds_over_all_loops(start_relay):
    relay = start_relay(("127.0.0.1", 9), loops=LOOPS,
                        limits={"connections_per_address_max": 5})
    clients = []
    refused = 0
    for _ in range(20):
        try:
            clients.append(smtplib.SMTP(*relay.trusted, local_hostname="c.example", timeout=60))
        except smtplib.SMTPResponseException as error:
            assert error.smtp_code == 421
            refused += 1
    assert (len(clients), refused) == (5, 15)
    for client in clients:
        client.quit()


def test_a_pace_of_a_site_holds_whichever_loop_took_the_mail(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(("127.0.0.1", sink.port), loops=LOOPS,
                        site_default={"connections": 2})
    send_from_many(relay)
    relay.wait_for_events("delivered", CONNECTIONS * MESSAGES * 3, patience_s=60)
    assert sink.open_max <= 2


def test_a_reload_reaches_every_loop(start_relay):
    relay = start_relay(("127.0.0.1", 9), loops=LOOPS)
    text = relay.config_file.read_text()
    relay.config_file.write_text(text.replace('hostname = "relay.example"',
                                              'hostname = "other.example"'))
    relay.command("reload")
    for _ in range(20):
        with smtplib.SMTP(timeout=60) as client:
            assert b"other.example" in client.connect(*relay.trusted)[1]


def test_a_second_relay_does_not_share_the_port_of_the_first(start_relay):
    first = start_relay(("127.0.0.1", 9), loops=LOOPS)
    taken = f'address = "127.0.0.1:{first.trusted[1]}"'

    def at_the_same_port(relay):
        text = relay.config_file.read_text()
        relay.config_file.write_text(
            taken.join(text.rsplit('address = "127.0.0.1:0"', 1)))
    with pytest.raises(AssertionError, match="already|in use"):
        start_relay(("127.0.0.1", 9), loops=LOOPS, prepare=at_the_same_port)


def test_sessions_of_every_loop_end_with_a_goodbye(start_relay):
    relay = start_relay(("127.0.0.1", 9), loops=LOOPS)
    clients = [smtplib.SMTP(*relay.trusted, local_hostname="c.example", timeout=60)
               for _ in range(16)]
    relay.signal(15)
    assert {client.getreply()[0] for client in clients} == {421}
    eventually(lambda: not relay.is_running(), "the relay ends")

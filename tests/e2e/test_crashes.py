"""The promise: what was answered with 250 arrives, whatever happens to the process."""

import random
import signal
import threading
import time
from collections import Counter

import pytest

from peers.ledger import Clients, Ledger, numbered
from peers.waiting import eventually

KILLS = 20
KILLS_A_MOMENT = 4
CLIENTS = 4
SEED = 20261121


class SlowAnswers:
    """A peer that thinks a little before it answers a message, so that a kill often comes in the
    moment when the message is there and the relay does not know it yet."""

    def __init__(self, seconds_max):
        self.seconds_max, self.chance = seconds_max, random.Random(SEED)

    def __call__(self, phase, _text, _session):
        if phase == "content":
            time.sleep(self.chance.uniform(0, self.seconds_max))


def test_twenty_kills_lose_nothing_and_repeat_as_many_as_connections_broke(start_relay, make_sink):
    sink = make_sink(answer=SlowAnswers(0.02))
    relay = start_relay(sink.address, site_default={"connections": 8})
    ledger, chance = Ledger(), random.Random(SEED)
    kills, seen = [], 0  # for each kill, the connections that it broke
    for number in range(KILLS):
        clients = Clients(ledger, relay.trusted, CLIENTS, f"{SEED}.{number}")
        acknowledged = len(ledger.acknowledged)
        eventually(lambda: len(ledger.acknowledged) > acknowledged, "mail is taken",
                   explain=relay.explain)
        time.sleep(chance.uniform(0, 0.3))
        relay.kill()
        clients.stop()
        eventually(lambda: sink.open == 0, "the sink has seen the end of every connection")
        kills.append([session.number for session in sink.sessions[seen:] if session.ended == "lost"])
        seen = len(sink.sessions)
        relay.start()
    relay.wait_until_empty(patience_s=60)
    came = ledger.check([message.content for message in sink.messages])
    assert len(ledger.acknowledged) > KILLS
    repeated = repeated_by_session(sink)
    print(f"{len(ledger.acknowledged)} of {len(ledger.sent)} acknowledged, {len(came)} came, "
          f"{sum(repeated.values())} of them again, at most {max(repeated.values(), default=0)} "
          "of one connection")
    # Only what was under way may come again: as many messages as a kill broke connections.
    for number, broken in enumerate(kills):
        again = {session: repeated.pop(session) for session in broken if session in repeated}
        assert sum(again.values()) <= len(broken), f"kill {number} broke {broken}; again: {again}"
    assert not repeated, "came again though its connection was ended in order"


def repeated_by_session(sink):
    """Of each session, how many of its messages came again later."""
    came_last_by, repeated = {}, Counter()
    for message in sink.messages:
        number, _ = numbered(message.content)
        if number in came_last_by:
            repeated[came_last_by[number]] += 1
        came_last_by[number] = message.session
    return repeated


class Moment:
    """Kills the relay at the very moment when something happens, once it is armed."""

    def __init__(self, moment):
        self.moment, self.relay = moment, None
        self._armed, self.came = threading.Lock(), threading.Event()
        self._armed.acquire()

    def arm(self):
        self.came.clear()
        self._armed.release()

    def __call__(self, moment, *_):
        if moment == self.moment and self._armed.acquire(blocking=False):
            self.relay.signal(signal.SIGKILL)
            self.came.set()


@pytest.mark.parametrize("moment", ["rcpt", "dot", "acknowledged", "content", "answered"])
def test_a_kill_at_this_very_moment_loses_nothing(start_relay, make_sink, moment):
    killer = Moment(moment)
    sink = make_sink(answer=killer)
    relay = killer.relay = start_relay(sink.address, site_default={"connections": 8})
    ledger, allowed, seen = Ledger(), 0, 0
    for number in range(KILLS_A_MOMENT):
        clients = Clients(ledger, relay.trusted, CLIENTS, f"{SEED}.{number}", watch=killer)
        killer.arm()
        eventually(killer.came.is_set, f"the moment of {moment} comes", explain=relay.explain)
        relay.kill()
        clients.stop()
        eventually(lambda: sink.open == 0, "the sink has seen the end of every connection")
        allowed += sum(session.ended == "lost" for session in sink.sessions[seen:])
        seen = len(sink.sessions)
        relay.start()
    relay.wait_until_empty(patience_s=60)
    came = ledger.check([message.content for message in sink.messages])
    assert sum(came.values()) - len(came) <= allowed


def test_sigterm_under_load_loses_and_repeats_nothing(start_relay, make_sink):
    sink = make_sink(answer=SlowAnswers(0.02))
    relay = start_relay(sink.address)
    ledger = Ledger()
    for number in range(3):
        acknowledged = len(ledger.acknowledged)
        clients = Clients(ledger, relay.trusted, CLIENTS, f"{SEED}.{number}")
        eventually(lambda seen=acknowledged: len(ledger.acknowledged) > seen + 30, "mail is taken",
                   explain=relay.explain)
        assert relay.stop(patience_s=10) == 0
        clients.stop()
        relay.start()
    relay.wait_until_empty(patience_s=60)
    came = ledger.check([message.content for message in sink.messages])
    assert set(came.values()) == {1}
    # A stop by the book leaves nobody in doubt: whatever arrived had been acknowledged.
    assert set(came) == ledger.acknowledged
    accepted, delivered = relay.events("accepted"), relay.events("delivered")
    assert len(accepted) == len(delivered) == len(came)

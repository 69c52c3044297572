"""The promise: what was answered with 250 arrives, whatever happens to the process."""

import random
import time
from collections import Counter

from peers.ledger import Clients, Ledger, numbered
from peers.waiting import eventually

KILLS = 20
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


def test_twenty_kills_lose_nothing_and_repeat_only_what_was_under_way(start_relay, make_sink):
    sink = make_sink(answer=SlowAnswers(0.02))
    relay = start_relay(sink.address, site_default={"connections": 8})
    ledger, chance = Ledger(), random.Random(SEED)
    marks = []  # for each kill: messages that had come by then, connections it broke
    for number in range(KILLS):
        clients = Clients(ledger, relay.trusted, CLIENTS, f"{SEED}.{number}")
        before = len(sink.sessions)
        acknowledged = len(ledger.acknowledged)
        eventually(lambda seen=acknowledged: len(ledger.acknowledged) > seen, "mail is taken",
                   explain=relay.explain)
        time.sleep(chance.uniform(0, 0.3))
        relay.kill()
        clients.stop()
        eventually(lambda: sink.open == 0, "the sink has seen the end of every connection")
        broken = sum(session.ended != "quit" for session in sink.sessions[before:])
        marks.append((len(sink.messages), broken))
        relay.start()
    relay.wait_until_empty(patience_s=60)
    came = ledger.check([message.content for message in sink.messages])
    assert len(ledger.acknowledged) > KILLS
    extra = sum(came.values()) - len(came)
    print(f"{len(ledger.acknowledged)} acknowledged, {len(ledger.sent)} sent, {extra} repeated, "
          f"{sum(broken for _, broken in marks)} connections broken")
    repeated_by = repetitions(sink, [count for count, _ in marks])
    for number, (_, broken) in enumerate(marks):
        assert repeated_by[number] <= broken, f"kill {number}: {repeated_by[number]} repeated, " \
            f"{broken} connections broken"
    assert sum(repeated_by.values()) == extra, "messages were repeated without a kill between"


def repetitions(sink, counts):
    """For each kill, how many of the messages that came again after it had last come before it."""
    last_kill, repeated, kill = {}, Counter(), 0
    for index, message in enumerate(sink.messages):
        while kill < len(counts) and index >= counts[kill]:
            kill += 1
        number = numbered(message.content)[0]
        if number in last_kill and last_kill[number] < kill:
            repeated[last_kill[number]] += 1
        last_kill[number] = kill
    return repeated


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

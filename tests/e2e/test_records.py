"""What became of the mail, asked of a running relay: trace by each key, and the ledger."""

import json
import smtplib
import sqlite3
from contextlib import closing

from peers.waiting import eventually


def send(relay, sender, recipients, message_id):
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail(sender, recipients,
                        f"Subject: x\r\nMessage-ID: <{message_id}>\r\n\r\nhello\r\n")


def traced(relay, *arguments, code=0):
    lines = relay.command("--json", "trace", *arguments, code=code).stdout.splitlines()
    return [json.loads(line) for line in lines]


def kinds(events):
    return [event.get("event", "waiting") for event in events]


def ledger(relay, code=0):
    return json.loads(relay.command("--json", "ledger", code=code).stdout)


def records_of(relay):
    return sorted((relay.data / "records").glob("????-??-??.db"))


def count_events(relay):
    total = 0
    for file in records_of(relay):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            if database.execute("PRAGMA user_version").fetchone()[0]:
                total += database.execute("SELECT count(*) FROM events").fetchone()[0]
    return total


def wait_until_recorded(relay):
    eventually(lambda: count_events(relay) == len(relay.events()), "all is in the records",
               explain=relay.explain)


def test_a_message_is_found_by_each_key(make_sink, start_relay):
    sink = make_sink()
    relay = start_relay(sink.address)
    send(relay, "app@shop.example", ["ann@mail.example", "bob@else.example"], "one@shop.example")
    send(relay, "app@shop.example", ["cat@mail.example"], "two@shop.example")
    relay.wait_for_events("delivered", 3)
    first = relay.events("accepted")[0]["id"]
    whole = ["accepted", "delivered", "delivered"]
    assert kinds(traced(relay, first)) == whole
    assert kinds(traced(relay, "<one@shop.example>")) == whole
    assert kinds(traced(relay, "one@shop.example")) == whole
    assert kinds(traced(relay, "ANN@mail.example")) == ["accepted", "delivered"]
    assert len(traced(relay, "--domain", "mail.example", "--since", "1h")) == 3 + 2
    assert len(traced(relay, "app@shop.example", "--limit", "1")) == 2
    wait_until_recorded(relay)
    # The same, from the records alone.
    assert kinds(traced(relay, "<one@shop.example>")) == whole
    assert kinds(traced(relay, "bob@else.example")) == ["accepted", "delivered"]
    assert "nothing about" in relay.command("trace", "nobody@mail.example", code=1).stderr
    relay.command("trace", code=64)
    relay.command("trace", "--since", "yesterday", code=64)


def test_a_transcript_is_shown_where_it_was_kept(make_sink, start_relay):
    relay = start_relay(make_sink().address, delivery={"transcripts": "all"})
    send(relay, "app@shop.example", ["ann@mail.example"], "one@shop.example")
    relay.wait_for_events("delivered")
    message = relay.events("accepted")[0]["id"]
    shown = eventually(lambda: "RCPT TO:<ann@mail.example>" in relay.command(
        "trace", "--transcript", message).stdout, "the transcript is kept", explain=relay.explain)
    assert shown
    page = relay.command("trace", "--transcript", message).stdout
    assert page.index("delivered") < page.index("EHLO relay.example")
    assert "hello\n" not in page
    assert "EHLO" not in relay.trace(message)
    transcript = traced(relay, "--transcript", message)[-1]["transcript"]
    assert transcript["recipients"] == ["ann@mail.example"] and transcript["attempt"] == 1


def test_the_ledger_is_right_while_mail_moves_and_afterwards(make_sink, start_relay):
    def answer(phase, text, _session):
        if phase == "rcpt" and "dan@" in text:
            return "450 4.2.1 Mailbox busy, try again later"
        return "550 5.1.1 No such user" if phase == "rcpt" and "eve" in text else None

    sink = make_sink(answer=answer)
    relay = start_relay(sink.address, queue={"retry_first": "1h", "retry_max": "1h"})
    for i in range(20):
        send(relay, "app@shop.example",
             [f"u{i}@mail.example", "dan@mail.example", f"eve{i}@mail.example"], f"m{i}@shop.example")
    assert ledger(relay)["balanced"]
    relay.wait_for_events("delivered", 40)
    relay.wait_for_events("deferred", 20)
    relay.wait_for_events("bounced", 20)
    wait_until_recorded(relay)
    account = ledger(relay)
    # A notice to the sender for each that bounced.
    assert account["total"]["accepted"] == 60 + 20
    assert [account["total"][name] for name in ("delivered", "bounced", "queued")] == [40, 20, 20]
    assert account["in_queue"] == 20 and account["missing"] == []
    waiting = traced(relay, "dan@mail.example", "--limit", "1")[-1]["waiting"]
    assert waiting["recipient"] == "dan@mail.example"
    # The sender in another case.
    found = traced(relay, "APP@SHOP.example", "--limit", "100")
    assert any("waiting" in shown for shown in found)
    relay.stop()
    assert ledger(relay)["balanced"]


def test_the_ledger_names_a_recipient_that_is_lost(make_sink, start_relay):
    relay = start_relay(make_sink().address)
    send(relay, "app@shop.example", ["ann@mail.example"], "one@shop.example")
    relay.wait_for_events("delivered")
    wait_until_recorded(relay)
    # As if its outcome had never been known: the spool has nothing of it either.
    with sqlite3.connect(records_of(relay)[0]) as database:
        database.execute("UPDATE recipients SET state = 'queued'")
        # It is there, with 0, when the outcome came in a later batch than the acceptance.
        database.execute("DELETE FROM totals WHERE name = 'queued'")
        database.execute("UPDATE totals SET name = 'queued' WHERE name = 'delivered'")
    account = ledger(relay, code=1)
    assert not account["balanced"]
    assert [found["recipient"] for found in account["missing"]] == ["ann@mail.example"]
    assert "NOT right" in relay.command("ledger", code=1).stdout


def test_the_ledger_is_wrong_where_one_is_lost_and_another_unknown(make_sink, start_relay):
    def answer(phase, text, _session):
        return "450 4.2.1 Mailbox busy" if phase == "rcpt" and "dan@" in text else None

    relay = start_relay(make_sink(answer=answer).address,
                        queue={"retry_first": "1h", "retry_max": "1h"})
    send(relay, "app@shop.example", ["ann@mail.example", "dan@mail.example"], "one@shop.example")
    relay.wait_for_events("delivered")
    relay.wait_for_events("deferred")
    wait_until_recorded(relay)
    assert ledger(relay)["verdict"] == "right"
    # One crash can lose both the outcome of one and the acceptance of the other: the counts agree.
    with closing(sqlite3.connect(records_of(relay)[0])) as database, database:
        database.execute("UPDATE recipients SET state = CASE state WHEN 'queued' THEN 'delivered' "
                         "ELSE 'queued' END")
    account = ledger(relay, code=1)
    assert account["total"]["queued"] == account["in_queue"] == 1
    assert [found["recipient"] for found in account["missing"]] == ["ann@mail.example"]
    assert [found["recipient"] for found in account["unknown"]] == ["dan@mail.example"]


def test_the_ledger_is_not_sure_of_what_it_cannot_know(make_sink, start_relay):
    relay = start_relay(make_sink().address)
    send(relay, "app@shop.example", ["ann@mail.example"], "one@shop.example")
    relay.wait_for_events("delivered")
    wait_until_recorded(relay)
    with closing(sqlite3.connect(records_of(relay)[0])) as locker:
        locker.execute("BEGIN IMMEDIATE")
        send(relay, "app@shop.example", ["bob@mail.example"], "two@shop.example")
        relay.wait_for_events("delivered", 2)
        account = ledger(relay, code=2)
        assert account["events_not_recorded_yet"] == 2 and not account["balanced"]
        ran = relay.command("ledger", code=2)
        assert "not known" in ran.stdout and "not in the records yet" in ran.stderr
        locker.rollback()
    wait_until_recorded(relay)
    assert ledger(relay)["balanced"]


def test_records_that_are_not_wanted_any_more_are_removed(make_sink, start_relay):
    relay = start_relay(make_sink().address, delivery={"transcripts": "all"})
    send(relay, "app@shop.example", ["ann@mail.example"], "one@shop.example")
    relay.wait_for_events("delivered")
    relay.stop()
    assert records_of(relay)
    with relay.config_file.open("a") as config:
        config.write('\n[records]\nkeep = "0s"\n')
    relay.start()
    assert not list((relay.data / "records").glob("????-*"))
    assert kinds(traced(relay, "ann@mail.example")) == ["accepted", "delivered"]


def test_what_a_kill_left_out_of_the_records_comes_from_the_log(make_sink, start_relay):
    relay = start_relay(make_sink().address)
    for i in range(30):
        send(relay, "app@shop.example", [f"u{i}@mail.example"], f"m{i}@shop.example")
        if i % 10 == 9:
            # In the log, and perhaps not yet in the records.
            relay.wait_for_events("delivered", i + 1)
            relay.kill()
            relay.start()
    wait_until_recorded(relay)
    assert ledger(relay)["total"]["delivered"] == 30


def test_a_damaged_file_is_said_and_written_again(make_sink, start_relay):
    relay = start_relay(make_sink().address)
    send(relay, "app@shop.example", ["ann@mail.example"], "one@shop.example")
    relay.wait_for_events("delivered")
    wait_until_recorded(relay)
    relay.stop()
    records_of(relay)[0].write_bytes(b"no database" * 1000)
    # The log still has it.
    assert "cannot be read" in relay.command("trace", "ann@mail.example").stderr
    relay.start()
    send(relay, "app@shop.example", ["bob@mail.example"], "two@shop.example")
    relay.wait_for_events("delivered", 2)
    eventually(lambda: "whole again" in relay.log(), "the file is written again",
               explain=relay.explain)
    wait_until_recorded(relay)
    assert kinds(traced(relay, "ann@mail.example")) == ["accepted", "delivered"]
    assert ledger(relay)["balanced"]
    assert relay.log().count("is damaged") == 1


def test_without_records_the_log_answers(make_sink, start_relay):
    relay = start_relay(make_sink().address, records={"keep": "0s"})
    send(relay, "app@shop.example", ["ann@mail.example"], "one@shop.example")
    relay.wait_for_events("delivered")
    assert records_of(relay) == []
    assert kinds(traced(relay, "<one@shop.example>")) == ["accepted", "delivered"]
    assert "no records" in relay.command("ledger", code=2).stderr

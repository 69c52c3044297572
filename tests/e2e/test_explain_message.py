"""`waypost explain` on bounces, reports and logs, as its users call it."""

import bz2
import gzip
import json
import lzma
import subprocess
import threading

import pytest
from peers.relay import binary

DSN = """From: MAILER-DAEMON@mx.example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system at host mx.example.org.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ann@example.net
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; 550 5.1.1 <ann@example.net>: Recipient address rejected: User unknown

Final-Recipient: rfc822; bob@example.net
Action: delayed
Status: 4.2.2
Diagnostic-Code: smtp; 452 4.2.2 Mailbox full
--b--
"""

POSTFIX = "".join(
    f"Nov 22 03:04:{i:02} mx postfix/smtp[17]: 4F9K{i:02}: to=<u{i}@example.net>, "
    f"relay=mx.example.net[192.0.2.1]:25, delay=1, dsn={dsn}, status={status}\n"
    for i, (dsn, status) in enumerate(
        [("2.0.0", "sent (250 2.0.0 Ok)")] * 6
        + [("5.1.1", "bounced (host mx.example.net[192.0.2.1] said: 550 5.1.1 User unknown (in reply "
            "to RCPT TO command))")] * 3
        + [("4.2.2", "deferred (host mx.example.net[192.0.2.1] said: 452 4.2.2 Mailbox full)")]))


def explain(*arguments, given="", code=0):
    ran = subprocess.run([binary(), "explain", *map(str, arguments)], input=given, text=True,
                         capture_output=True, timeout=120, check=False)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout


def test_a_bounce_is_read_to_its_recipients(tmp_path):
    file = tmp_path / "bounce.eml"
    file.write_text(DSN)
    answer = json.loads(explain("--json", file))
    assert answer["kind"] == "dsn"
    ann, bob = answer["recipients"]
    assert (ann["address"], ann["action"], ann["status"]) == ("ann@example.net", "failed", "5.1.1")
    assert ann["remote_mta"] == "mx.example.net" and ann["reply"].startswith("550 5.1.1")
    assert ann["class"] == "recipient-unknown" and ann["suppress"] is True
    assert (bob["action"], bob["class"], bob["suppress"]) == ("delayed", "mailbox-full", False)
    assert {"group", "who", "disposition", "provider", "standard_meaning", "meaning", "confidence",
            "rule", "evidence", "alternatives", "remedy", "retry_after_s"} <= set(ann)


def test_a_bounce_is_told_in_words():
    page = explain("-", given=DSN)
    for words in ("ann@example.net (failed, 5.1.1, said by mx.example.net)", "bob@example.net",
                  "stop sending to this address"):
        assert words in page


def test_a_notice_without_a_header_is_read_too():
    answer = json.loads(explain("--json", "-", given="\n".join([
        "Hi. This is the qmail-send program at mx.example.org.", "",
        "<ann@example.net>:", "Remote host said: 550 5.1.1 no such user", ""])))
    assert answer["kind"] == "bounce"
    assert [one["address"] for one in answer["recipients"]] == ["ann@example.net"]


def test_other_mail_is_no_bounce():
    answer = json.loads(explain("--json", "-", given="From: ann@example.net\nSubject: lunch\n\nAt 12?\n",
                                code=1))
    assert answer["kind"] == "not-a-bounce" and answer["recipients"] == []


def test_a_file_with_one_reply_is_still_a_reply(tmp_path):
    file = tmp_path / "reply.txt"
    file.write_text("550 5.1.1 User unknown\n")
    assert json.loads(explain("--json", file))["class"] == "recipient-unknown"


@pytest.mark.parametrize("pack", [None, gzip.compress, bz2.compress, lzma.compress])
def test_a_log_is_summed_up_the_worst_cause_first(tmp_path, pack):
    file = tmp_path / "mail.log"
    file.write_bytes(pack(POSTFIX.encode()) if pack else POSTFIX.encode())
    answer = json.loads(explain("--json", "--log", file))
    assert (answer["outcomes"], answer["delivered"], answer["bounced"], answer["deferred"]) == (10, 6, 3, 1)
    first, second = answer["causes"]
    assert (first["class"], first["count"], first["share"]) == ("recipient-unknown", 3, 0.3)
    assert (first["first_seen"], first["last_seen"]) == ("Nov 22 03:04:06", "Nov 22 03:04:08")
    assert second["class"] == "mailbox-full"


def test_a_log_is_read_from_standard_input_and_narrowed():
    page = explain("--log", "-", given=POSTFIX)
    assert "10 outcomes: 6 delivered" in page and "User unknown" in page
    none = json.loads(explain("--json", "--log", "-", "--provider", "google", given=POSTFIX, code=1))
    assert none["outcomes"] == 0
    page = explain("--log", "-", "--provider", "google", given=POSTFIX, code=1)
    assert "The log tells 10 outcomes" in page and "No line" not in page


def test_what_is_no_log_or_is_damaged_is_said(tmp_path):
    assert "No line tells" in explain("--log", "-", given="words\n", code=1)
    explain("--log", tmp_path / "absent", code=66)
    file = tmp_path / "mail.log.gz"
    file.write_bytes(gzip.compress(POSTFIX.encode() * 1000)[:-200])
    assert "delivered" in explain("--log", file, code=2)


def test_what_is_a_log_or_no_file_is_said(tmp_path):
    file = tmp_path / "mail.txt"
    file.write_text(POSTFIX)
    explain(file, code=66)
    explain(file, file, code=64)
    explain(tmp_path / "absent.eml", code=66)
    explain("absent.eml", code=66)


def test_a_log_that_is_emptied_in_its_place_is_read_on(tmp_path):
    file = tmp_path / "mail.log"
    file.write_text(POSTFIX * 2)
    with subprocess.Popen([binary(), "explain", "--json", "--log", file, "-f"], text=True,
                          stdout=subprocess.PIPE) as following:
        patience = threading.Timer(60, following.kill)
        patience.start()
        try:
            assert json.loads(following.stdout.readline())["outcomes"] == 20
            file.write_text(POSTFIX)
            assert json.loads(following.stdout.readline())["outcomes"] == 30
        finally:
            patience.cancel()
            following.terminate()


def test_a_log_is_followed_as_it_grows(tmp_path):
    file = tmp_path / "mail.log"
    file.write_text(POSTFIX)
    with subprocess.Popen([binary(), "explain", "--json", "--log", file, "-f"], text=True,
                          stdout=subprocess.PIPE) as following:
        # Who waits for a summary that never comes finds the end of the output instead.
        patience = threading.Timer(60, following.kill)
        patience.start()
        try:
            assert json.loads(following.stdout.readline())["outcomes"] == 10
            with open(file, "a", encoding="ascii") as log:
                log.write(POSTFIX)
            assert json.loads(following.stdout.readline())["outcomes"] == 20
        finally:
            patience.cancel()
            following.terminate()

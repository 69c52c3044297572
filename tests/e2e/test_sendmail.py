"""`waypost sendmail`: what cron, PHP and git call, with and without a relay that runs."""

import os
import re
import stat
import subprocess
import time

from peers.relay import binary
from peers.waiting import eventually

TEXT = "From: a@example.org\nTo: b@example.com\nBcc: c@example.com\nSubject: {}\n\nHi\n.hidden\n"


def sendmail(relay, *arguments, text="", code=0, program=None):
    command = [program, "-C", relay.config_file] if program else \
        [binary(), "--config", relay.config_file, "sendmail"]
    ran = subprocess.run([*command, *arguments], input=text.encode(), capture_output=True,
                         timeout=60, check=False)
    assert ran.returncode == code, f"{arguments}: exit {ran.returncode}\n{ran.stderr.decode()}"
    return ran


def dropped(relay, folder="new"):
    return sorted(os.listdir(relay.data / "drop" / folder))


def test_mail_from_the_command_line_arrives_whole(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    sendmail(relay, "-t", "-i", text=TEXT.format("now"))
    delivered = eventually(lambda: len(sink.delivered()) == 2 and sink.delivered(),
                           "both are delivered", explain=relay.explain)
    assert sorted(to for to, _ in delivered) == ["b@example.com", "c@example.com"]
    content = delivered[0][1]
    assert b"Bcc" not in content and content.endswith(b"\r\n\r\nHi\r\n.hidden\r\n")
    assert f"(from user {os.getuid()})".encode() in content
    accepted = relay.wait_for_events("accepted")[0]
    assert accepted["login"] == f"uid:{os.getuid()}"
    eventually(lambda: not dropped(relay), "the drop folder is empty")


def test_mail_is_taken_while_no_relay_runs_and_sent_when_it_does(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    relay.stop()
    for number in range(20):
        sendmail(relay, "b@example.com", text=f"Subject: {number}\n\nHi\n")
    assert len(dropped(relay)) == 20 and not dropped(relay, "tmp")
    assert stat.S_IMODE((relay.data / "drop").stat().st_mode) == 0o700
    relay.start()
    eventually(lambda: len(sink.delivered()) == 20, "all are delivered", explain=relay.explain)
    assert not dropped(relay)


def test_a_crash_between_the_commit_and_the_removal_sends_nothing_twice(start_relay, make_sink):
    """The file that a crash left comes back beside the message that the spool holds."""
    sink = make_sink(answer=lambda phase, text, session: "451 4.3.0 Later" if phase == "mail" else None)
    relay = start_relay(sink.address, queue={"retry_first": "1h", "retry_max": "1h"})
    relay.stop()
    sendmail(relay, "b@example.com", text="Subject: once\n\nHi\n")
    name = dropped(relay)[0]
    octets = (relay.data / "drop" / "new" / name).read_bytes()
    relay.start()
    relay.wait_for_events("deferred")
    relay.kill()
    (relay.data / "drop" / "new" / name).write_bytes(octets)
    relay.start()
    assert not dropped(relay)
    assert [entry["id"] for entry in relay.queue()] == [name]


def test_what_hostile_users_leave_is_set_aside(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    relay.stop()
    new = relay.data / "drop" / "new"
    milliseconds = f"{time.time_ns() // 1_000_000:012x}"  # names of another time get new ids
    ids = [f"{milliseconds[:8]}-{milliseconds[8:]}-7abc-8def-0123456789a{digit}"
           for digit in "0123456"]
    good = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
    os.symlink("/etc/passwd", new / ids[0])
    os.mkfifo(new / ids[1])
    (new / ids[2]).write_bytes(good + b"Subject: cut\r\n\r\nno end")
    (new / ids[3]).write_bytes(good + b"Subject: lf\n\nbare\r\n.\r\n")
    (new / ids[4]).write_bytes(good + b"x\r\n.\r\nMAIL FROM:<evil@example.org>\r\n")
    (new / ids[5]).write_bytes(b"\0" * 100_000)
    (new / ids[6]).mkdir()
    (new / "no-id").write_bytes(good + b"x\r\n.\r\n")
    relay.start()
    eventually(lambda: not dropped(relay), "nothing is left there", explain=relay.explain)
    assert dropped(relay, "refused") == sorted([*ids, "no-id"])
    assert relay.is_running() and not relay.events("accepted") and not sink.delivered()
    rejected = relay.wait_for_events("rejected", len(ids))
    assert sorted(event["id"] for event in rejected) == sorted(ids), "each is known by its name"
    assert all(event["reply"].startswith("554 5.") for event in rejected)
    sendmail(relay, "b@example.com", text="Subject: good\n\nHi\n")
    eventually(sink.delivered, "good mail still goes", explain=relay.explain)


def test_the_name_of_a_file_does_not_choose_the_day_of_the_records(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    new = relay.data / "drop" / "new"
    names = ["00000000-0001-7000-8000-000000000001", "ffffffff-ffff-7000-8000-000000000002"]
    for name in names:
        (relay.data / name).write_bytes(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n"
                                        b"DATA\r\nSubject: x\r\n\r\nHi\r\n.\r\n")
        os.rename(relay.data / name, new / name)
    relay.wait_for_events("delivered", 2)
    ids = {event["id"] for event in relay.events()}
    assert len(ids) == 2 and not ids & set(names)
    assert all(f"{name}, is taken as" in relay.log() for name in names)
    assert not dropped(relay) and not dropped(relay, "refused")
    eventually(lambda: relay.command("ledger").stdout.count("The sum is right"),
               "all is in the records", explain=relay.explain)
    today = {event["at"][:10] for event in relay.events()}
    assert {file.name[:10] for file in (relay.data / "records").glob("*-*.db")} <= today


def test_exit_codes_say_what_the_caller_should_do(start_relay, folder):
    relay = start_relay(("127.0.0.1", 9))
    assert b"no recipient" in sendmail(relay, "-t", text="Subject: x\n\n", code=65).stderr
    assert b"-Z" in sendmail(relay, "-Z", code=64).stderr
    assert b"too large" in sendmail(relay, "b@example.com", text="x" * (26 << 20), code=69).stderr
    sendmail(relay, "-bi")
    sendmail(relay, "-q")
    relay.stop()
    for name in ("tmp", "new", "refused"):
        (relay.data / "drop" / name).rmdir()
    sendmail(relay, "b@example.com", text="x\n", code=75)
    relay.config_file.unlink()
    sendmail(relay, "b@example.com", text="x\n", code=78)


def test_links_named_as_the_old_programs_work_as_they(start_relay, make_sink, folder):
    sink = make_sink()
    relay = start_relay(sink.address)
    for name in ("sendmail", "mailq", "newaliases"):
        (folder / name).symlink_to(binary())
    sendmail(relay, "b@example.com", text="Subject: link\n\nHi\n", program=folder / "sendmail")
    eventually(sink.delivered, "it is delivered", explain=relay.explain)
    relay.wait_until_empty()
    assert b"0 recipients wait" in sendmail(relay, program=folder / "mailq").stderr
    sendmail(relay, program=folder / "newaliases")


def test_bs_speaks_smtp_and_queues_before_its_250(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    relay.stop()
    said = sendmail(relay, "-bs", text="EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<bad\r\n"
                    "RCPT TO:<b@example.com>\r\nDATA\r\nSubject: bs\r\n\r\n..dot\r\n.\r\n"
                    "RCPT TO:<b@example.com>\r\nQUIT\r\n").stdout.decode()
    codes = [line[:3] for line in said.splitlines() if line[3:4] == " "]
    assert codes == ["220", "250", "250", "501", "250", "354", "250", "503", "221"], said
    queued = re.search("queued as ([-0-9a-f]{36})", said).group(1)
    assert dropped(relay) == [queued]
    relay.start()
    relay.wait_for_events("delivered")
    assert sink.delivered()[0][1].endswith(b"\r\n\r\n.dot\r\n")
    assert queued in relay.trace(queued)

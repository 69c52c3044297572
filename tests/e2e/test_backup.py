"""`waypost backup` beside a relay at work and without one, and `waypost restore`."""

import json
import os
import shutil
import smtplib
import threading

from peers.relay import recipients
from peers.waiting import eventually
from test_signing import make_domain
from test_smtplib import CONTENT

SENDER = "app@example.com"
RESTED = {"retry_first": "1h", "retry_max": "1h"}


class Gate:
    """Defers every recipient until it is opened."""

    def __init__(self):
        self.is_open = False

    def __call__(self, phase, _text, _session):
        return None if self.is_open or phase != "rcpt" else "451 4.7.1 Later"


def send(relay, *recipients, sender=SENDER):
    with smtplib.SMTP(*relay.trusted) as client:
        for recipient in recipients:
            client.sendmail(sender, [recipient], CONTENT.replace(SENDER.encode(), sender.encode()))


def told(relay, *arguments, code=0):
    return json.loads(relay.command("--json", *arguments, code=code).stdout)


def waiting(relay):
    return sorted(line["recipient"] for line in relay.queue())


def empty(relay):
    """Away with all that the relay knows."""
    shutil.rmtree(relay.data)
    relay.data.mkdir()


def test_a_backup_of_a_running_relay_is_restored_elsewhere(start_relay, make_sink, folder):
    gate = Gate()
    sink = make_sink(answer=gate)
    relay = start_relay(sink.address, queue=RESTED)
    relay.create_key("shop", "example.com")
    send(relay, "ann@example.net", "ben@example.org")
    relay.wait_for_events("deferred", 2)
    relay.command("pause", "--domain", "example.org", "--reason", "they asked")
    make_domain(relay.data / "keys")
    signing = {path.relative_to(relay.data): path.read_bytes()
               for path in (relay.data / "keys").rglob("*.*") if path.is_file()}
    (relay.data / "keys" / "shop.example" / "r1.pem.new").write_text("torn")
    out = folder / "backup"
    made = told(relay, "backup", str(out))
    assert made["whole"] and (made["messages"], made["waiting"]) == (2, 2)
    assert not (relay.data / "checkpoint").exists() and not out.with_suffix(".partial").exists()
    for path in [out, *out.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert relay.command("spool", "check", str(out)).returncode == 0

    # What comes afterwards is not in it, and what goes afterwards is.
    send(relay, "late@example.net")
    relay.wait_for_events("deferred", 3)
    relay.stop()
    empty(relay)
    said = relay.command("restore", str(out))
    assert "goes out again" in said.stderr
    relay.start()
    assert waiting(relay) == ["ann@example.net", "ben@example.org"]
    assert "they asked" in relay.command("pause").stdout
    assert "shop" in relay.command("keys", "ls").stdout
    assert "451 4.7.1 Later" in relay.trace("ann@example.net")
    assert (relay.data / "spool").stat().st_mode & 0o777 == 0o700
    assert (relay.data / "records" / "keys.db").stat().st_mode & 0o777 == 0o600
    assert {path.relative_to(relay.data): path.read_bytes()
            for path in (relay.data / "keys").rglob("*") if path.is_file()} == signing
    for path in [relay.data / "keys", *(relay.data / "keys").rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    send(relay, "carl@example.net", sender="app@shop.example")
    eventually(lambda: relay.events("accepted")[-1].get("signed_by") == "shop.example", "it is signed")
    eventually(lambda: "carl@example.net" in recipients(relay.events("deferred")), "it is put off")
    gate.is_open = True
    relay.command("resume", "--domain", "example.org")
    relay.command("queue", "retry", "--all")
    relay.wait_until_empty()
    assert sorted(m.recipients[0] for m in sink.messages) == [
        "ann@example.net", "ben@example.org", "carl@example.net"]


def test_restored_mail_is_held_until_it_is_released(start_relay, make_sink, folder):
    sink = make_sink(answer=Gate())
    relay = start_relay(sink.address, queue=RESTED)
    send(relay, "ann@example.net", "ben@example.org")
    relay.wait_for_events("deferred", 2)
    relay.command("backup", str(folder / "backup"))
    relay.stop()
    empty(relay)
    assert told(relay, "restore", "--hold", str(folder / "backup"))["held"] == 2
    tried = len(sink.messages)
    relay.start()
    assert {line["hold"] for line in relay.queue()} == {"held"}
    relay.command("queue", "release", "--recipient", "ann@example.net")
    holds = {line["recipient"]: line["hold"] for line in relay.queue()}
    assert holds["ben@example.org"] == "held" and holds["ann@example.net"] != "held"
    assert len(sink.messages) == tried


def test_every_acknowledged_message_is_in_a_backup_made_under_load(start_relay, make_sink, folder):
    relay = start_relay(make_sink(answer=Gate()).address, queue=RESTED)
    acknowledged, stop = [], threading.Event()

    def feed(name):
        with smtplib.SMTP(*relay.trusted) as client:
            number = 0
            while not stop.is_set():
                client.sendmail(SENDER, [f"{name}-{number}@example.net"], CONTENT)
                acknowledged.append(f"{name}-{number}@example.net")
                number += 1

    feeders = [threading.Thread(target=feed, args=(name,)) for name in ("one", "two", "three")]
    for feeder in feeders:
        feeder.start()
    eventually(lambda: len(acknowledged) > 50, "mail flows")
    before = list(acknowledged)
    made = told(relay, "backup", str(folder / "backup"))
    stop.set()
    for feeder in feeders:
        feeder.join()
    assert made["whole"]
    told(relay, "backup", str(folder / "second"))
    relay.stop()
    empty(relay)
    relay.command("restore", "--hold", str(folder / "backup"))
    relay.start()
    lines = relay.command("--json", "queue", "ls", "--limit", "100000").stdout.splitlines()
    restored = {json.loads(line)["recipient"] for line in lines}
    assert set(before) <= restored <= set(acknowledged)


def test_a_backup_without_a_relay_holds_the_same(start_relay, make_sink, folder):
    relay = start_relay(make_sink(answer=Gate()).address, queue=RESTED)
    send(relay, "ann@example.net")
    relay.wait_for_events("deferred", 1)
    relay.stop()
    drop = relay.data / "drop" / "new"
    (drop / "0190a0b0-0000-7000-8000-000000000001").write_bytes(
        b"MAIL FROM:<app@example.com>\r\nRCPT TO:<dropped@example.net>\r\nDATA\r\n"
        b"Subject: x\r\n\r\nx\r\n.\r\n")
    assert told(relay, "backup", str(folder / "backup"))["messages"] == 1
    empty(relay)
    relay.command("restore", str(folder / "backup"))
    relay.start()
    eventually(lambda: waiting(relay) == ["ann@example.net", "dropped@example.net"], "both wait",
               explain=relay.explain)


def test_nothing_is_ever_written_over(start_relay, make_sink, folder):
    relay = start_relay(make_sink().address)
    relay.command("backup", str(folder / "backup"))
    assert "is there already" in relay.command("backup", str(folder / "backup"), code=1).stderr
    (folder / "other.partial").mkdir()
    assert "remove it" in relay.command("backup", str(folder / "other"), code=1).stderr
    assert "is not empty" in relay.command("restore", str(folder / "backup"), code=1).stderr
    relay.stop()
    assert "is not empty" in relay.command("restore", str(folder / "backup"), code=1).stderr


def test_a_backup_that_was_changed_is_not_restored(start_relay, make_sink, folder):
    relay = start_relay(make_sink(answer=Gate()).address, queue=RESTED)
    send(relay, "ann@example.net")
    relay.wait_for_events("deferred", 1)
    backup = folder / "backup"
    relay.command("backup", str(backup))
    relay.stop()
    empty(relay)
    manifest = json.loads((backup / "backup.json").read_text())
    changed = backup / max(manifest["files"], key=lambda file: file["octets"])["path"]
    content = changed.read_bytes()
    changed.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert "is not what it was" in relay.command("restore", str(backup), code=2).stderr
    assert os.listdir(relay.data) == []
    changed.write_bytes(content)

    def with_path(path):
        files = [{**manifest["files"][0], "path": path}]
        (backup / "backup.json").write_text(json.dumps({**manifest, "files": files}))
        return relay.command("restore", str(backup), code=2).stderr

    for path in ("../out", "spool/../../out", "/etc/passwd", "spool/.hidden", "waypost.toml"):
        assert "is no file of a backup" in with_path(path)
    assert os.listdir(relay.data) == []


def test_a_relay_does_not_start_where_a_restore_was_cut_off(start_relay, make_sink, folder):
    relay = start_relay(make_sink().address)
    relay.stop()
    (relay.data / "restoring").mkdir()
    said = relay.command("serve", code=78)
    assert "a restore did not come to its end" in said.stderr + said.stdout + relay.log()

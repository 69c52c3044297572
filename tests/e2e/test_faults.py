"""The machine fails under the relay: its disk is full or broken, its descriptors run out."""

import os
import smtplib
import socket
import subprocess

import pytest

from peers.ledger import Clients, Ledger
from peers.presence import missing, program
from peers.waiting import eventually

SEED = 20261121
# What the spool still writes of its own accord below the floor has to fit in.
DISK_OCTETS, FLOOR_OCTETS = 384 << 20, 256 << 20
LARGE = b"Subject: large\r\n\r\n" + (b"0123456789" * 7 + b"\r\n") * 14_000  # about 1 MB


@pytest.fixture(name="small_disk")
def small_disk_fixture(folder):
    """small_disk(relay): its data is on a file system of its own, of DISK_OCTETS."""
    mounted = []

    def small_disk(relay):
        if os.geteuid() != 0:
            missing("a file system of its own wants root")
        subprocess.run([program("mount"), "-t", "tmpfs", "-o", f"size={DISK_OCTETS}", "waypost-e2e",
                        relay.data], check=True)
        mounted.append(relay.data)
    assert folder.is_dir()  # it goes after the mounts
    yield small_disk
    for path in mounted:
        subprocess.run([program("umount"), "--lazy", path], check=True)


def failing(call, error, from_nth):
    """The relay runs as ever, but from the n-th such system call on it fails."""
    return [program("strace"), "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
            "-e", f"inject={call}:error={error}:when={from_nth}+"]


def send_until_refused(relay, content, times=200):
    """(how many were taken, the refusal)"""
    with smtplib.SMTP(*relay.trusted) as client:
        for number in range(times):
            try:
                client.sendmail("app@example.com", ["ann@example.net"], content)
            except smtplib.SMTPResponseException as refused:
                return number, refused
            except smtplib.SMTPRecipientsRefused as refused:
                raise AssertionError(refused) from None
    raise AssertionError(f"{times} messages were taken")


class Down:
    """A next hop that takes nothing until it is told to."""

    def __init__(self):
        self.up = False

    def __call__(self, phase, _text, _session):
        return "421 4.3.2 down" if phase == "connect" and not self.up else None


def test_below_the_floor_mail_is_refused_while_delivery_makes_room_again(
        start_relay, make_sink, small_disk):
    hop = Down()
    sink = make_sink(answer=hop)
    relay = start_relay(sink.address, prepare=small_disk,
                        limits={"spool_free_octets_min": FLOOR_OCTETS})
    taken, refused = send_until_refused(relay, LARGE)
    assert refused.smtp_code == 452 and refused.smtp_error.startswith(b"4.3.1 ")
    assert taken > 10
    hop.up = True
    relay.wait_until_empty(patience_s=60)
    assert len(sink.messages) == taken

    def taken_again():
        try:
            with smtplib.SMTP(*relay.trusted) as client:
                client.sendmail("app@example.com", ["ann@example.net"], LARGE)
            return True
        except smtplib.SMTPResponseException:
            return False
    eventually(taken_again, "mail is taken again", explain=relay.explain)
    eventually(lambda: len(sink.messages) == taken + 1, "it is delivered", explain=relay.explain)


@pytest.mark.parametrize("call, error", [("fdatasync", "EIO"), ("write", "EIO"), ("write", "ENOSPC")])
def test_a_disk_that_fails_is_never_acknowledged_and_a_restart_finds_all_that_was(
        start_relay, make_sink, call, error):
    hop = Down()
    sink = make_sink(answer=hop)
    relay = start_relay(sink.address, under=failing(call, error, 400))
    ledger = Ledger()
    clients = Clients(ledger, relay.trusted, 4, SEED)
    eventually(lambda: ledger.refused, "mail is refused", explain=relay.explain)
    clients.stop()
    assert relay.is_running() and ledger.acknowledged
    relay.kill()
    hop.up = True
    relay.start()
    relay.wait_until_empty(patience_s=60)
    # What was refused because the disk failed may be there all the same: nobody knows.
    ledger.refused.clear()
    ledger.check([message.content for message in sink.messages])


def test_when_the_descriptors_run_out_old_sessions_go_on_and_new_ones_come_in_later(
        start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address, under=[program("prlimit"), "--nofile=128:128"])
    with smtplib.SMTP(*relay.trusted) as client:
        client.ehlo()
        idle = []
        for _ in range(200):
            idle.append(socket.create_connection(relay.trusted, timeout=20))
        client.sendmail("app@example.com", ["ann@example.net"], LARGE)
        for connection in idle:
            connection.close()
    relay.wait_for_events("accepted")
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail("app@example.com", ["bob@example.net"], LARGE)
    relay.wait_for_events("delivered", 2)
    relay.wait_until_empty()
    assert len(sink.messages) == 2

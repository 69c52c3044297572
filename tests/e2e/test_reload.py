"""A new configuration in a running relay: all of it or nothing, and no session notices."""

import os
import re
import signal
import smtplib
import socket
import ssl
import threading
from pathlib import Path

from peers.certificate import make_certificate
from peers.process import Process, accepts_connections, free_port
from peers.relay import binary
from peers.waiting import eventually

BROKEN_LINE = "\n[quee]\n"
CLIENTS = 4
RELOADS = 12


def message(subject):
    return f"From: a@example.org\r\nTo: b@example.com\r\nSubject: {subject}\r\n\r\nHi\r\n"


def connect(address):
    return smtplib.SMTP(*address, local_hostname="client.example", timeout=30)


def count_in_log(relay, text):
    return relay.log().count(text)


def hang_up_and_wait(relay, text):
    before = count_in_log(relay, text)
    relay.signal(signal.SIGHUP)
    eventually(lambda: count_in_log(relay, text) > before, text, explain=relay.log)


def test_reloads_under_load_drop_no_session_and_lose_nothing(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    good = relay.config_file.read_text()
    failures = []
    enough = threading.Event()
    sent = [[] for _ in range(CLIENTS)]

    def send(client):
        try:
            with connect(relay.trusted) as smtp:
                while not enough.is_set():
                    subject = f"{client}.{len(sent[client])}"
                    smtp.sendmail("a@example.org", ["b@example.com"], message(subject))
                    sent[client].append(subject)
        except (smtplib.SMTPException, OSError) as error:
            failures.append(error)

    clients = [threading.Thread(target=send, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for number in range(RELOADS):
        broken = number % 2 == 1
        relay.config_file.write_text(good + (BROKEN_LINE if broken else ""))
        hang_up_and_wait(relay, "not reloaded: " if broken else "configuration reloaded")
    enough.set()
    for client in clients:
        client.join()
    assert not failures and all(sent)
    relay.config_file.write_text(good)
    relay.wait_until_empty()
    came = sorted(line[len(b"Subject: "):].decode() for _, content in sink.delivered()
                  for line in content.split(b"\r\n") if line.startswith(b"Subject: "))
    assert came == sorted(subject for subjects in sent for subject in subjects)
    line = good.count("\n") + 2
    assert f"not reloaded: {relay.config_file}:{line}:" in relay.log()


def test_a_listener_comes_another_goes_and_its_session_stays(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    old, new = free_port(), free_port()
    good = relay.config_file.read_text()
    listener = ('\n[[listener]]\naddress = "127.0.0.1:{}"\ntls = "none"\n'
                'trusted_networks = ["127.0.0.0/8"]\n')
    relay.config_file.write_text(good + listener.format(old))
    assert relay.command("reload").stdout == "configuration reloaded\n"
    smtp = connect(("127.0.0.1", old))
    smtp.ehlo()
    smtp.mail("a@example.org")
    relay.config_file.write_text(good + listener.format(new))
    relay.command("reload")
    assert not accepts_connections(("127.0.0.1", old))
    assert accepts_connections(("127.0.0.1", new))
    assert smtp.rcpt("b@example.com")[0] == 250
    assert smtp.data(message("stayed"))[0] == 250
    smtp.quit()
    eventually(sink.delivered, "it is delivered", explain=relay.explain)
    assert accepts_connections(relay.trusted)


def test_an_address_that_is_taken_refuses_the_whole_reload(start_relay):
    relay = start_relay(("127.0.0.1", 9))
    good = relay.config_file.read_text()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        relay.config_file.write_text(
            good.replace('hostname = "relay.example"', 'hostname = "other.example"') +
            f'\n[[listener]]\naddress = "127.0.0.1:{port}"\ntls = "none"\n'
            'trusted_networks = ["127.0.0.0/8"]\n')
        assert str(port) in relay.command("reload", code=78).stderr
    with connect(relay.trusted) as smtp:
        smtp.ehlo()
        assert smtp.ehlo_resp.startswith(b"relay.example")


def served_certificate(address):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with connect(address) as smtp:
        smtp.starttls(context=context)
        return smtp.sock.getpeercert(binary_form=True)


def test_new_handshakes_show_the_new_certificate_and_a_broken_one_changes_nothing(
        start_relay, certificate, tmp_path):
    relay = start_relay(("127.0.0.1", 9))
    before = served_certificate(relay.starttls)
    open_session = connect(relay.starttls)
    other = make_certificate(tmp_path)
    good = relay.config_file.read_text()
    mixed = good.replace(str(certificate.file), str(other.file))
    relay.config_file.write_text(mixed)
    assert "does not belong" in relay.command("reload", code=78).stderr
    assert served_certificate(relay.starttls) == before
    relay.config_file.write_text(mixed.replace(str(certificate.key), str(other.key)))
    relay.command("reload")
    assert served_certificate(relay.starttls) != before
    assert open_session.noop()[0] == 250
    open_session.close()


def test_the_next_hop_changes_for_new_mail(start_relay, make_sink):
    first, second = make_sink(), make_sink()
    relay = start_relay(first.address)
    with connect(relay.trusted) as smtp:
        smtp.sendmail("a@example.org", ["b@example.com"], message("first"))
        eventually(first.delivered, "the first is delivered", explain=relay.explain)
        good = relay.config_file.read_text()
        relay.config_file.write_text(good.replace(f":{first.port}\"", f":{second.port}\""))
        relay.command("reload")
        smtp.sendmail("a@example.org", ["b@example.com"], message("second"))
    eventually(second.delivered, "the second is delivered elsewhere", explain=relay.explain)
    assert len(first.delivered()) == 1


def test_mail_that_waits_at_a_next_hop_that_is_down_goes_to_the_new_one(start_relay, make_sink):
    down = free_port()
    sink = make_sink()
    relay = start_relay(("127.0.0.1", down), queue={"retry_first": "1h", "retry_max": "1h"})
    with connect(relay.trusted) as smtp:
        for number in range(3):
            smtp.sendmail("a@example.org", [f"u{number}@example.com"], message("waits"))
    relay.wait_for_events("deferred", 1)
    text = relay.config_file.read_text()
    relay.config_file.write_text(text.replace(f":{down}", f":{sink.port}"))
    relay.command("reload")
    with connect(relay.trusted) as smtp:
        smtp.sendmail("a@example.org", ["new@example.com"], message("new"))

    def recipients(kind):
        return {to for event in relay.events(kind) for to in event["recipients"]}
    # Who had been tried waits for the next attempt; whom the site had held, because it was down,
    # waits for nothing any more.
    sent = {"new@example.com", *(f"u{number}@example.com" for number in range(3))}
    eventually(lambda: recipients("delivered") == sent - recipients("deferred"),
               "all but those that were tried are delivered", explain=relay.explain)


def test_reload_names_what_takes_a_restart(start_relay):
    relay = start_relay(("127.0.0.1", 9))
    relay.config_file.write_text(relay.config_file.read_text().replace("5ms", "7ms"))
    assert "[events]" in relay.command("reload").stderr
    assert "the change of [events] takes a restart" in relay.log()


def test_reload_without_a_relay_says_so_and_ends_with_75(start_relay):
    relay = start_relay(("127.0.0.1", 9))
    relay.stop()
    assert "not running" in relay.command("reload", code=75).stderr


def holds_hangups(pid):
    """Whether a thread of this process lets SIGHUP wait."""
    def blocked(task):
        found = re.search(r"SigBlk:\s*(\w+)", (task / "status").read_text())
        return int(found.group(1), 16) >> (signal.SIGHUP - 1) & 1
    try:
        return any(blocked(task) for task in Path(f"/proc/{pid}/task").iterdir())
    except OSError:  # a thread that has just ended
        return False


def test_a_reload_asked_for_while_it_starts_is_made_when_it_has(start_relay, folder):
    relay = start_relay(("127.0.0.1", 9))
    relay.stop()
    starting = Process([binary(), "--config", relay.config_file, "serve"], folder / "serve.log")
    try:
        eventually(lambda: holds_hangups(starting.pid), "it waits with SIGHUP")
        os.kill(starting.pid, signal.SIGHUP)
        eventually(lambda: "configuration reloaded" in starting.log(), "it reloads",
                   explain=starting.log)
    finally:
        assert starting.stop() == 0

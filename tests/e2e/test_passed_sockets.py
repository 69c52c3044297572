"""Sockets that a supervisor opened, passed on as sd_listen_fds(3) has it."""

import smtplib
import sys

import pytest

from peers.process import free_port

# Opens a socket at each address, puts them at descriptor 3 and on, and becomes the relay. Whatever
# stands there already, as this interpreter's own, makes room first.
PASS_ON = """
import os, socket, sys
port, names, *command = sys.argv[1:]
opened = [socket.create_server((address, int(port)), family=family) for address, family in
          (("127.0.0.2", socket.AF_INET), ("::1", socket.AF_INET6))]
high = [os.dup2(made.fileno(), 200 + at) for at, made in enumerate(opened)]
for at, descriptor in enumerate(high):
    os.dup2(descriptor, 3 + at, inheritable=True)
    os.set_inheritable(descriptor, False)
os.environ.update(LISTEN_FDS="2", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


def passing(port, names):
    """For Relay.start(): what runs it with a socket for IPv4 and one for IPv6, of these names."""
    return (sys.executable, "-c", PASS_ON, str(port), names)


def add_listener(relay, address, **keys):
    keys = {"address": address, "tls": "none", **keys}
    lines = "".join(f'{key} = "{value}"\n' for key, value in keys.items())
    with relay.config_file.open("a") as file:
        file.write(f"\n[[listener]]\n{lines}trusted_networks = [\"127.0.0.0/8\", \"::1/128\"]\n")


def send(address, port):
    with smtplib.SMTP(address, port, local_hostname="client.example", timeout=30) as smtp:
        smtp.sendmail("a@example.org", ["b@example.com"], "Subject: x\r\n\r\nHi\r\n")


def test_mail_comes_in_at_every_socket_of_the_name_also_after_reloads(start_relay):
    port = free_port()
    relay = start_relay(("127.0.0.1", 9), under=passing(port, "smtp:smtp"),
                        prepare=lambda relay: add_listener(relay, "systemd:smtp"))
    for address in ("127.0.0.2", "::1"):
        send(address, port)
    with_socket = relay.config_file.read_text()
    without = with_socket[:with_socket.rindex("[[listener]]")]
    relay.config_file.write_text(without)
    relay.command("reload")
    assert f"mail is no longer taken at 127.0.0.2:{port}, though its socket stays open" in relay.log()
    assert 'no [[listener]] has the address "systemd:smtp"' in relay.log()
    relay.config_file.write_text(with_socket)
    relay.command("reload")
    for address in ("127.0.0.2", "::1"):
        send(address, port)
    clients = {event["client"].rpartition(":")[0] for event in relay.wait_for_events("accepted", 4)}
    assert len(clients) == 2 and "[::1]" in clients


def test_a_socket_without_a_listener_is_a_warning(start_relay):
    relay = start_relay(("127.0.0.1", 9), under=passing(free_port(), "smtp:other"),
                        prepare=lambda relay: add_listener(relay, "systemd:smtp"))
    assert 'no [[listener]] has the address "systemd:other"' in relay.log()


def test_a_name_that_was_not_passed_keeps_it_from_starting(start_relay):
    with pytest.raises(AssertionError, match="ended at once") as failed:
        start_relay(("127.0.0.1", 9), under=passing(free_port(), "smtp:smtp"),
                    prepare=lambda relay: add_listener(relay, "systemd:submission"))
    assert 'systemd passed no socket named "submission"' in str(failed.value)
    assert "smtp at 127.0.0.2:" in str(failed.value)


def test_a_reload_that_names_one_is_refused_and_changes_nothing(start_relay):
    port = free_port()
    relay = start_relay(("127.0.0.1", 9), under=passing(port, "smtp:smtp"),
                        prepare=lambda relay: add_listener(relay, "systemd:smtp"))
    add_listener(relay, "systemd:submission")
    ran = relay.command("reload", code=78)
    assert 'no socket named "submission"' in ran.stdout + ran.stderr
    send("127.0.0.2", port)


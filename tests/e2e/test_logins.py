"""Logins by every mechanism, by the clients that people use: gsasl, msmtp, swaks, smtplib."""

import json
import re
import smtplib
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from peers.presence import program

SENDER, RECIPIENT = "app@example.com", "ann@example.net"
MESSAGE = f"From: {SENDER}\r\nTo: {RECIPIENT}\r\nSubject: a login\r\n\r\nbody\r\n"
LOGINS_PAGE = Path(__file__).resolve().parents[2] / "docs" / "operate" / "logins.md"
FAILED_LOGIN = re.compile(r"^failregex = (.*)$", re.MULTILINE)
TLS12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2"


@pytest.fixture(name="relay")
def relay_fixture(start_relay, make_sink):
    return start_relay(make_sink().address)


def run(*command, text=""):
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60,
                          check=False)


class Introducer:
    """A way to the relay for gsasl, which says STARTTLS without having said EHLO: says it for gsasl
    and hides the reply. Everything behind STARTTLS passes as it is, so TLS runs end to end."""

    def __init__(self, relay):
        self._relay = relay.starttls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        near, _ = self._listener.accept()
        with near, socket.create_connection(self._relay) as far:
            near.sendall(far.recv(4096))
            command = near.recv(4096)
            far.sendall(b"EHLO client.example\r\n")
            reply = b""
            while b"\n250 " not in reply:
                reply += far.recv(4096)
            far.sendall(command)
            back = threading.Thread(target=self._pass_on, args=(far, near), daemon=True)
            back.start()
            self._pass_on(near, far)
            back.join(timeout=30)

    @staticmethod
    def _pass_on(source, target):
        try:
            while octets := source.recv(65536):
                target.sendall(octets)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.close()
        self._thread.join(timeout=30)


def gsasl(relay, certificate, password, mechanism, *options):
    """The conversation of one login inside TLS. gsasl's exit code tells nothing."""
    way = Introducer(relay)
    ran = run(program("gsasl"), "--smtp", "--client", "--starttls",
              "--connect", f"127.0.0.1:{way.port}", "--mechanism", mechanism,
              "--authentication-id", "app", "--password", password,
              "--x509-ca-file", str(certificate.file), *options, text="QUIT\r\n")
    way.close()
    return ran.stdout + ran.stderr


def msmtp(relay, certificate, folder, password, mechanism, *options):
    host, port = relay.starttls
    secret = folder / "secret"
    secret.write_text(password)
    return run(program("msmtp"), "--file=", f"--host={host}", f"--port={port}", "--tls=on",
               f"--tls-trust-file={certificate.file}", f"--auth={mechanism}", "--user=app",
               f"--passwordeval=cat {secret}", f"--from={SENDER}", *options, "--", RECIPIENT,
               text=MESSAGE)


@pytest.mark.parametrize("mechanism, options", [
    ("SCRAM-SHA-256-PLUS", ()),                          # tls-exporter
    ("SCRAM-SHA-256-PLUS", ("--priority", TLS12)),       # tls-unique
    ("SCRAM-SHA-256", ("--no-cb",)),
    ("PLAIN", ()),
    ("LOGIN", ()),
], ids=["plus-tls1.3", "plus-tls1.2", "scram", "plain", "login"])
def test_gsasl_logs_in_and_a_wrong_secret_does_not(relay, certificate, mechanism, options):
    password = relay.create_key("app")
    good = gsasl(relay, certificate, password, mechanism, *options)
    assert "235 2.7.0 " in good, good
    bad = gsasl(relay, certificate, password[:-1] + "!", mechanism, *options)
    assert not re.search("^235 ", bad, re.MULTILINE), bad
    [rejected] = relay.wait_for_events("rejected")
    assert rejected["reply"] == "535 5.7.8 The name or the secret is wrong"


@pytest.mark.parametrize("mechanism", ["scram-sha-256", "plain", "login", "on"])
def test_msmtp_logs_in_and_sends(relay, certificate, folder, mechanism):
    password = relay.create_key("app")
    sent = msmtp(relay, certificate, folder, password, mechanism)
    assert sent.returncode == 0, sent.stderr
    [accepted] = relay.wait_for_events("accepted")
    assert accepted["login"] == "app"


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_logs_in(relay, mechanism):
    host, port = relay.starttls
    password = relay.create_key("app")
    for secret, code in ((password, 0), ("wrong", 28)):
        ran = run(program("swaks"), "--server", host, "--port", str(port), "--tls", "--auth",
                  mechanism, "--auth-user", "app", "--auth-password", secret, "--from", SENDER,
                  "--to", RECIPIENT, "--quit-after", "AUTH")
        assert ran.returncode == code, ran.stdout


@pytest.mark.parametrize("mechanism", ["plain", "login"])
@pytest.mark.parametrize("at_once", [True, False])
def test_smtplib_logs_in_with_and_without_an_initial_response(relay, mechanism, at_once):
    password = relay.create_key("app")
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    with smtplib.SMTP(*relay.starttls) as client:
        client.starttls(context=context)
        client.ehlo()
        assert client.esmtp_features["auth"].split() == [
            "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"]
        client.user, client.password = "app", password
        method = getattr(client, f"auth_{mechanism}")
        assert client.auth(mechanism.upper(), method, initial_response_ok=at_once)[0] == 235


def test_the_list_of_keys_says_how_each_can_log_in(relay):
    relay.create_key("app")
    [key] = map(json.loads, relay.command("--json", "keys", "ls").stdout.splitlines())
    assert key["mechanisms"] == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"]
    assert "by SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN " in relay.command("keys", "ls").stdout


def test_a_failed_login_is_told_to_the_operator(relay):
    relay.create_key("web-prod")
    with smtplib.SMTP_SSL(*relay.implicit, context=ssl._create_unverified_context()) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("web-prod", "a wrong secret")
    event = relay.wait_for_events("rejected")[0]  # smtplib tries each mechanism
    assert event["login"] == "web-prod"
    page = relay.trace(event["session"])
    for words in (f"from {event['client']}", "login web-prod", event["session"], "535 5.7.8"):
        assert words in page
    assert "a wrong secret" not in relay.log() + page
    # The expression of docs/operate/logins.md for fail2ban, which cuts the time off a line.
    expression = FAILED_LOGIN.search(LOGINS_PAGE.read_text())[1].replace("<HOST>", r"(\S+)")
    line = next(line for line in relay.log().splitlines() if "login refused" in line)
    for shown in (line.partition(" ")[2], f"host waypost[7]: {line}"):
        assert re.match(expression, shown)[1] == "127.0.0.1"

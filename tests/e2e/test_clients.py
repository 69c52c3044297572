"""The clients that people send with, beyond Python's own and swaks."""

import json
import subprocess

import pytest

from peers.node import modules, node
from peers.package import environment, unpacked
from test_interoperation import CONTENT, SENDER, check_arrived

RECIPIENT = "ann@example.net"
CLIENT_S = 60
WRONG_PASSWORD = "a wrong password"


@pytest.fixture(name="sink")
def sink_fixture(make_sink):
    return make_sink()


@pytest.fixture(name="relay")
def relay_fixture(start_relay, sink):
    return start_relay(sink.address)


def msmtp(relay, certificate, listener, password):
    host, port = getattr(relay, listener)
    file = relay.folder / "msmtprc"
    file.write_text(f"""
account default
host {host}
port {port}
tls on
tls_starttls {"on" if listener == "starttls" else "off"}
tls_trust_file {certificate.file}
auth plain
user app
password {password}
from {SENDER}
""")
    file.chmod(0o600)
    package = unpacked("msmtp")
    return subprocess.run([package / "usr/bin/msmtp", "-C", file, RECIPIENT],
                          input=CONTENT.replace(b"\r\n", b"\n"), capture_output=True,
                          env=environment(package), timeout=CLIENT_S, check=False)


@pytest.mark.parametrize("listener", ["starttls", "implicit"])
def test_msmtp_logs_in_over_tls_that_it_verifies(relay, sink, certificate, listener):
    ran = msmtp(relay, certificate, listener, relay.create_key("app"))
    assert ran.returncode == 0, ran.stderr
    relay.wait_for_events("delivered")
    [message] = sink.messages
    check_arrived(message.content)


def test_msmtp_says_with_its_exit_code_that_the_password_is_wrong(relay, sink, certificate):
    relay.create_key("app")
    ran = msmtp(relay, certificate, "starttls", WRONG_PASSWORD)
    assert ran.returncode == 77, ran.stderr  # EX_NOPERM
    assert b"535" in ran.stderr and not sink.sessions


NODEMAILER = """
const nodemailer = require('nodemailer')
const { transport, messages, mail } = JSON.parse(require('node:fs').readFileSync(0))
const sender = nodemailer.createTransport(transport)
Promise.all(Array.from({ length: messages }, () => sender.sendMail(mail)))
  .then((replies) => console.log(JSON.stringify(replies.map((reply) => reply.response))))
  .catch((error) => { console.log(JSON.stringify([error.response ?? String(error)])); process.exitCode = 1 })
  .finally(() => sender.close())
"""


def nodemailer(relay, certificate, listener, password, messages=1):
    host, port = getattr(relay, listener)
    job = {"messages": messages,
           "transport": {"host": host, "port": port, "secure": listener == "implicit", "pool": True,
                         "requireTLS": True, "auth": {"user": "app", "pass": password},
                         "tls": {"ca": certificate.file.read_text(), "servername": "localhost"}},
           "mail": {"from": SENDER, "to": RECIPIENT, "subject": "Grüße", "text": "first\n.\n..\nlast",
                    "attachments": [{"filename": "numbers.txt", "content": "0123456789" * 50_000}]}}
    return subprocess.run([node(), "-e", NODEMAILER], input=json.dumps(job), capture_output=True,
                          text=True, timeout=CLIENT_S, cwd=modules().parent, check=False)


@pytest.mark.parametrize("listener", ["starttls", "implicit"])
def test_nodemailer_sends_a_burst_through_its_pool(relay, sink, certificate, listener):
    ran = nodemailer(relay, certificate, listener, relay.create_key("app"), messages=20)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    delivered = relay.wait_for_events("delivered", 20)
    replies = json.loads(ran.stdout)
    assert len(replies) == len(sink.messages) == 20
    for event in delivered:
        assert any(event["id"] in reply for reply in replies), "a reply names each message"
    assert all(b"numbers.txt" in message.content for message in sink.messages)


def test_nodemailer_is_told_that_the_password_is_wrong(relay, sink, certificate):
    relay.create_key("app")
    ran = nodemailer(relay, certificate, "starttls", WRONG_PASSWORD)
    assert ran.returncode == 1
    assert json.loads(ran.stdout)[0].startswith("535 5.7.8 ")
    assert not sink.sessions

"""`waypost explain --log` on the log of a real Postfix that is made to fail, one domain a cause."""

import json
import smtplib
import socket
import threading

import pytest
from peers.postfix import Postfix
from peers.process import free_port
from peers.waiting import eventually
from test_explain_message import explain

# What the other side says, by the domain that is written to; and the class that the summary names.
REFUSED = {
    "unknown": ("550 5.1.1 <ann@unknown.test>: Recipient address rejected: User unknown", "recipient-unknown"),
    "full": ("452 4.2.2 Mailbox full", "mailbox-full"),
    "grey": ("450 4.7.1 <ann@grey.test>: Recipient address rejected: Greylisted, try again in 300 s",
             "greylisted"),
    "rate": ("451 4.7.1 Too many messages from your IP in the last hour, slow down", "rate-limited"),
    "listed": ("554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org",
               "blocklisted-ip"),
    "dmarc": ("550 5.7.26 Unauthenticated email from example.org is not accepted due to domain's DMARC "
              "policy", "dmarc-fail"),
    "large": ("552 5.3.4 Message size exceeds fixed maximum message size", "message-too-large"),
}
ELSEWHERE = {"closed": "connection-refused", "silent": "network-timeout", "plain": "tls-failed",
             "untrusted": "tls-failed", "login": "auth-failed"}

MORE = """
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
transport_maps = inline:{{ {transports} }}
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtp_tls_policy_maps = inline:{{ {policies} }}
smtp_sasl_auth_enable = yes
smtp_sasl_security_options = noanonymous
smtp_sasl_mechanism_filter = plain
smtp_sasl_password_maps = inline:{{ {{ [127.0.0.1]:{login} = ann:wrong }} }}
"""


# For who says nothing; all others have as long as they need.
SERVICES = "impatient unix - - n - - smtp -o smtp_helo_timeout=2s\n"
AT_CONTENT = ("dmarc", "large")


def answer(phase, text, session):
    said = text if phase == "rcpt" else " ".join(session.recipients)
    for domain, (reply, _) in REFUSED.items():
        if f"@{domain}." in said and phase == ("content" if domain in AT_CONTENT else "rcpt"):
            return reply
    return None


@pytest.fixture(name="silent")
def silent_fixture():
    """A port that takes connections and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    taken = []

    def accept():
        try:
            while True:
                taken.append(listener.accept()[0])
        except OSError:
            pass
    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()
    for one in taken:
        one.close()


@pytest.fixture(name="log")
def log_fixture(folder, certificate, make_sink, silent):
    """The log of a Postfix that has tried to send to each domain once."""
    says_no = make_sink(answer=answer)
    ports = {**{domain: says_no.port for domain in REFUSED}, "closed": free_port(), "silent": silent,
             "plain": make_sink().port, "untrusted": make_sink(certificate=certificate).port,
             "login": make_sink(certificate=certificate, logins={("PLAIN", "\0ann\0right")}).port}
    levels = {"plain": "encrypt", "untrusted": "secure match=localhost", "login": "encrypt"}
    services = {"silent": "impatient"}
    postfix = Postfix(folder, certificate, services=SERVICES, more=MORE.format(
        transports=", ".join(f"{{ {domain}.test = {services.get(domain, 'smtp')}:[127.0.0.1]:{port} }}"
                             for domain, port in ports.items()),
        policies=", ".join(f"{{ [127.0.0.1]:{ports[domain]} = {level} }}" for domain, level in levels.items()),
        login=ports["login"]))
    try:
        with smtplib.SMTP(*postfix.address, timeout=30) as client:
            for domain in ports:
                client.sendmail("ann@postfix.test", [f"ann@{domain}.test"], f"Subject: {domain}\n\nhello\n")
        eventually(lambda: all(f"to=<ann@{domain}.test>" in postfix.log() for domain in ports),
                   "an attempt for each domain", explain=postfix.log)
    finally:
        postfix.stop()
    return postfix.home / "mail.log"


def test_the_summary_names_each_cause(log):
    causes = json.loads(explain("--json", "--log", log))["causes"]
    expected = [each for _, each in REFUSED.values()] + list(ELSEWHERE.values())
    assert sorted(cause["class"] for cause in causes) == sorted(expected), causes
    assert all(cause["remedy"] for cause in causes)
    # Of the two that concern TLS each has its own page.
    assert {"postfix-tls-not-offered", "postfix-tls-failed"} <= {cause["rule"] for cause in causes}
    # Who did not answer has no host name but a domain.
    assert "closed.test" in {cause["provider"] for cause in causes}

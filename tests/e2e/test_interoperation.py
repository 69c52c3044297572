"""Mail between Waypost and the servers that it will meet, in both directions."""

import re
import smtplib

import pytest

from peers.exim import Exim
from peers.haraka import Haraka
from peers.opensmtpd import OpenSmtpd
from peers.postfix import Postfix
from peers.relay import recipients
from peers.waiting import eventually

SENDER = "app@example.com"
HEADER = b"From: app@example.com\r\nTo: ann@example.net\r\nSubject: from one to the other\r\n"
# More than one chunk of BDAT and of the spool; dots, empty lines, octets above 127, and as long a
# line as Haraka does not yet break.
BODY = (b"first\r\n.\r\n..\r\n.dotted\r\n\r\n" + b"x" * 990 + b"\r\n" + "Grüße\r\n".encode()
        + b"".join(b"%d.\r\n.%d\r\n\r\n" % (n, n) for n in range(30_000)) + b"last\r\n")
CONTENT = HEADER + b"\r\n" + BODY

SERVERS = [Postfix, Exim, OpenSmtpd, Haraka]


@pytest.fixture(name="start_server")
def start_server_fixture(folder, certificate):
    """start_server(Exim, smarthost=relay.trusted): one of SERVERS."""
    started = []

    def start_server(kind, **options):
        started.append(kind(folder, certificate, **options))
        return started[-1]
    yield start_server
    for server in started:
        server.stop()


def body_of(content):
    """What stands behind the header; servers keep mail with local line ends."""
    _, _, body = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    return body


def check_arrived(content):
    header = content.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    assert header.count(b"\nSubject: from one to the other") == 1
    assert body_of(content) == body_of(CONTENT)


@pytest.mark.parametrize("kind", SERVERS)
def test_it_takes_our_mail_octet_for_octet_over_tls_where_that_works(start_relay, start_server, kind):
    server = start_server(kind)
    relay = start_relay(server.address)
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail(SENDER, [f"ann@{server.domain}"], CONTENT)
    [delivered] = relay.wait_for_events("delivered")
    assert delivered.get("tls", "").startswith("TLSv1.3 ") == server.tls_works
    assert delivered["reply"].startswith("250 ")
    eventually(server.mail, "the message is in the mailbox", explain=server.log)
    [message] = server.mail()
    check_arrived(message)
    assert b"by relay.example" in message


@pytest.mark.parametrize("kind", SERVERS)
def test_whom_it_does_not_know_bounces_and_the_others_get_their_copy(start_relay, start_server, kind):
    server = start_server(kind)
    relay = start_relay(server.address)
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail(SENDER, [f"bob@{server.domain}", f"ann@{server.domain}"], CONTENT)
    relay.wait_until_empty()
    mail = relay.events("accepted")[0]["id"]
    [bounced], [delivered] = ([event for event in relay.events(kind) if event["id"] == mail]
                              for kind in ("bounced", "delivered"))
    assert (bounced["phase"], bounced["recipients"]) == ("rcpt", [f"bob@{server.domain}"])
    assert bounced["reply"].startswith("5")
    assert delivered["recipients"] == [f"ann@{server.domain}"]
    eventually(server.mail, "the message is in the mailbox", explain=server.log)


def send_through(server):
    with smtplib.SMTP(*server.address) as client:
        client.sendmail(SENDER, ["ann@example.net"], CONTENT)


def check_came_through(relay, sink, server):
    relay.wait_for_events("delivered", explain_more=server.log)
    [accepted] = relay.events("accepted")
    [message] = sink.messages
    assert (message.sender, message.recipients) == (SENDER, ("ann@example.net",))
    check_arrived(message.content)
    return accepted, message


@pytest.mark.parametrize("kind", SERVERS)
def test_as_its_smarthost_we_take_its_mail_octet_for_octet(start_relay, make_sink, start_server, kind):
    sink = make_sink()
    relay = start_relay(sink.address)
    server = start_server(kind, smarthost=relay.trusted)
    send_through(server)
    accepted, _ = check_came_through(relay, sink, server)
    assert "login" not in accepted


@pytest.mark.parametrize("kind", SERVERS)
def test_as_its_smarthost_we_let_it_log_in_over_tls(start_relay, make_sink, start_server, kind):
    sink = make_sink()
    relay = start_relay(sink.address)
    server = start_server(kind, smarthost=relay.starttls, login=("app", relay.create_key("app")))
    send_through(server)
    accepted, message = check_came_through(relay, sink, server)
    assert accepted["login"] == "app"
    assert b"with ESMTPSA" in message.content


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_exim_takes_our_login(start_relay, start_server, folder, certificate, mechanism):
    server = start_server(Exim, mechanism=mechanism, takes=("shop", "secret-of-the-shop"))
    secret = folder / "secret"
    secret.write_text("secret-of-the-shop\n")
    secret.chmod(0o600)
    relay = start_relay(server.address, ca_file=str(certificate.file),
                        delivery={"login": "shop", "secret_file": str(secret)})
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail(SENDER, [f"ann@{server.domain}"], CONTENT)
    [delivered] = relay.wait_for_events("delivered", explain_more=server.log)
    assert delivered["certificate"] == "valid"
    eventually(server.mail, "the message is in the mailbox", explain=server.log)
    check_arrived(server.mail()[0])
    assert re.search(r" A=\w+:shop ", server.log()), server.log()

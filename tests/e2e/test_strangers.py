"""Who may not send: nobody relays without a login or a trusted network, and no secret leaks."""

import base64
import smtplib
import socket

import pytest

from test_smtplib import CONTENT, trusting_nobody

SENDER, RECIPIENT = "app@example.com", "ann@example.net"


def plain(name, password):
    return base64.b64encode(f"\0{name}\0{password}".encode()).decode()


@pytest.fixture(name="sink")
def sink_fixture(make_sink):
    return make_sink()


@pytest.fixture(name="relay")
def relay_fixture(start_relay, sink):
    return start_relay(sink.address, log={"level": "debug"})


def secured(relay):
    client = smtplib.SMTP(*relay.starttls)
    client.starttls(context=trusting_nobody())
    client.ehlo()
    return client


def rejections(relay, count=1):
    return relay.wait_for_events("rejected", count)


def test_without_a_login_mail_is_refused(relay, sink):
    with secured(relay) as client:
        code, text = client.mail(SENDER)
        assert (code, text[:6]) == (530, b"5.7.0 ")
        # A client that does not listen and goes on gets no further.
        assert client.rcpt(RECIPIENT)[0] >= 500
        assert client.docmd("DATA")[0] >= 500
    replies = [event["reply"] for event in rejections(relay)]
    assert all(reply.startswith("530 5.7.0 ") for reply in replies), replies
    assert not relay.events("accepted") and not sink.sessions


def test_without_tls_nobody_may_log_in_or_send(relay, sink):
    password = relay.create_key("app")
    with smtplib.SMTP(*relay.starttls) as client:
        client.ehlo()
        assert not client.has_extn("auth"), "AUTH is offered before TLS"
        code, _ = client.docmd("AUTH PLAIN", plain("app", password))
        assert code in (530, 538)
        assert client.mail(SENDER)[0] == 530
    rejections(relay)
    assert not relay.events("accepted") and not sink.sessions


@pytest.mark.parametrize("name", ["app", "nobody"])
def test_a_wrong_password_is_refused_like_an_unknown_name(relay, name):
    relay.create_key("app")
    with secured(relay) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.login(name, "a wrong password")
        assert refused.value.smtp_code == 535
        assert refused.value.smtp_error.startswith(b"5.7.8 ")
        assert client.mail(SENDER)[0] == 530
    replies = [event["reply"] for event in rejections(relay)]
    assert any(reply.startswith("535 ") for reply in replies), replies


def test_a_revoked_key_is_refused(relay, sink):
    password = relay.create_key("app")
    with secured(relay) as client:
        client.login("app", password)
    relay.command("keys", "revoke", "app")
    with secured(relay) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.login("app", password)
        assert refused.value.smtp_code == 535
    rejections(relay)
    assert not sink.sessions


@pytest.mark.parametrize("recipient", [
    "ann@example.net", "ann%example.net@relay.example", "<@relay.example:ann@example.net>",
    '"ann@example.net"@relay.example', "example.net!ann@relay.example"])
def test_no_form_of_address_relays_for_a_stranger(relay, sink, recipient):
    with secured(relay) as client:
        assert client.docmd(f"MAIL FROM:<{SENDER}>")[0] == 530
        assert client.docmd(f"RCPT TO:<{recipient.strip('<>')}>")[0] >= 500
    assert not relay.events("accepted") and not sink.sessions


def test_commands_sent_ahead_of_tls_are_not_obeyed_inside_it(relay, sink):
    password = relay.create_key("app")
    with socket.create_connection(relay.starttls, timeout=20) as connection:
        connection.recv(4096)
        connection.sendall(b"EHLO client.example\r\n")
        connection.recv(4096)
        # The octets behind STARTTLS came from whoever sits on the wire (CVE-2011-0411).
        connection.sendall(b"STARTTLS\r\nNOOP injected\r\n")
        answer = connection.recv(4096)
        try:
            with trusting_nobody().wrap_socket(connection) as inside:
                inside.sendall(b"EHLO client.example\r\n")
                answer = inside.recv(4096)
                assert answer.startswith(b"250-"), answer
                inside.sendall(f"AUTH PLAIN {plain('app', password)}\r\n".encode())
                assert inside.recv(4096).startswith(b"235")
        except OSError:
            assert not answer.startswith(b"250"), answer
    assert not sink.sessions


def test_no_secret_is_in_the_log_the_events_the_data_or_the_output(relay):
    password = relay.create_key("app")
    secrets = [password, plain("app", password), base64.b64encode(password.encode()).decode()]
    with secured(relay) as client:
        client.login("app", password)
        client.sendmail(SENDER, [RECIPIENT], CONTENT)
    with secured(relay) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("app2", password)
        # A password where an address belongs, as a confused script sends it.
        client.docmd("AUTH PLAIN", plain("app", password) + "=")
    with smtplib.SMTP(*relay.starttls) as client:
        client.ehlo()
        client.docmd("AUTH PLAIN", plain("app", password))
    relay.wait_for_events("delivered")
    rejections(relay)
    output = [ran.stdout + ran.stderr for ran in (
        relay.command("keys", "ls"), relay.command("--json", "keys", "ls"),
        relay.command("trace", RECIPIENT), relay.command("queue", "ls"))]
    relay.stop()
    files = [path for path in relay.folder.rglob("*") if path.is_file()]
    assert len(files) > 3
    for secret in secrets:
        assert not any(secret in text for text in output)
        assert [path for path in files if secret.encode() in path.read_bytes()] == []


def test_a_login_sends_as_the_domains_of_its_key_only(relay, sink):
    password = relay.create_key("app", "example.com", "*.example.org")
    assert "sends as example.com *.example.org" in relay.command("keys", "ls").stdout
    with secured(relay) as client:
        client.login("app", password)
        code, text = client.mail("app@example.net")
        assert (code, text[:6]) == (553, b"5.7.1 ")
        assert client.mail("app@www.example.org")[0] == 250
        client.rset()
        client.sendmail("", [RECIPIENT], CONTENT)
    relay.wait_for_events("delivered")
    [refused] = rejections(relay)
    [accepted] = relay.events("accepted")
    assert refused["login"] == "app" and refused["session"] == accepted["session"]
    assert [message.sender for message in sink.messages] == [""]


def test_a_key_needs_a_word_about_senders(relay):
    assert "--any-sender" in relay.command("keys", "create", "app", code=64).stderr
    relay.command("keys", "create", "app", "--domain", "a@example.com", code=64)


def test_strangers_reach_the_domains_of_our_own_and_nothing_else(start_relay, sink):
    relay = start_relay(sink.address, inbound=[{"domains": ["our.example"],
                                                "recipients": ["abuse"]}])
    with smtplib.SMTP(*relay.starttls) as client:
        client.ehlo()
        client.mail("ann@example.net")
        assert client.rcpt("bob@example.net")[1].startswith(b"5.7.1 ")
        assert client.rcpt("nobody@our.example")[1].startswith(b"5.1.1 ")
        assert client.rcpt("abuse@our.example")[0] == 250
        assert client.rcpt("postmaster")[0] == 250
        assert client.data(CONTENT)[0] == 250
    relay.wait_for_events("delivered", 2)
    assert {address for message in sink.messages for address in message.recipients} == {
        "abuse@our.example", "postmaster@our.example"}

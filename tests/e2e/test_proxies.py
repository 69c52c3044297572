"""Behind a proxy that says who the client is: the PROXY protocol, by hand and by swaks."""

import socket
import ssl
import subprocess

from peers.presence import program
from peers.process import free_port

CLIENT = "203.0.113.9"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def listener(**keys):
    """The text of one [[listener]] on a free port, and that port."""
    port = free_port()
    lines = {"address": f'"127.0.0.1:{port}"', "tls": '"none"', **keys}
    return "\n[[listener]]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items()), port


def listen(relay, **keys):
    text, port = listener(**keys)
    with relay.config_file.open("a") as file:
        file.write(text)
    relay.command("reload")
    return port


def swaks(port, *options):
    return subprocess.run(
        [program("swaks"), "--server", "127.0.0.1", "--port", str(port), "--ehlo", "swaks.example",
         "--from", "app@example.com", "--to", "ann@example.net", *options],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


def test_the_client_of_a_proxy_is_the_client_everywhere(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    port = listen(relay, proxy_protocol_from='["127.0.0.1"]', trusted_networks='["203.0.113.0/24"]')
    for version in ("1", "2"):
        ran = swaks(port, "--proxy-version", version, "--proxy-family",
                    "TCP4" if version == "1" else "AF_INET", "--proxy-protocol", "STREAM",
                    "--proxy-command", "PROXY", "--proxy-source", CLIENT, "--proxy-source-port",
                    "50122", "--proxy-dest", "198.51.100.1", "--proxy-dest-port", "25")
        assert ran.returncode == 0, ran.stdout + ran.stderr
    accepted = relay.wait_for_events("accepted", 2)
    assert [event["client"] for event in accepted] == [f"{CLIENT}:50122"] * 2
    relay.wait_for_events("delivered", 2)
    for message in sink.messages:
        assert f"[{CLIENT}]".encode() in message.content.split(b"\r\n\r\n")[0]


def test_a_client_that_the_proxy_names_is_trusted_no_more_than_it_is_itself(start_relay, make_sink):
    relay = start_relay(make_sink().address)
    port = listen(relay, proxy_protocol_from='["127.0.0.1"]', trusted_networks='["127.0.0.0/8"]')
    for header in (b"PROXY TCP4 203.0.113.9 198.51.100.1 50122 25\r\n", b"PROXY UNKNOWN\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(header + b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nQUIT\r\n")
            said = b"".join(iter(lambda: client.recv(4096), b""))
        assert said.startswith(b"220 ") and b"\r\n530 5.7.0 " in said


def test_without_a_header_nobody_is_greeted(start_relay, make_sink):
    relay = start_relay(make_sink().address)
    port = listen(relay, proxy_protocol_from='["127.0.0.1"]', trusted_networks='["127.0.0.0/8"]')
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"EHLO x\r\n")
        said = b"".join(iter(lambda: client.recv(4096), b""))
    assert said.startswith(b"421 4.3.5 Bad PROXY header: ")
    port = listen(relay, proxy_protocol_from='["192.0.2.10"]', trusted_networks='["127.0.0.0/8"]')
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        said = b"".join(iter(lambda: client.recv(4096), b""))
    assert said.startswith(b"554 5.7.1 Only listed proxies")


def test_tls_from_the_first_octet_begins_behind_the_header(start_relay, make_sink):
    relay = start_relay(make_sink().address)
    port = listen(relay, tls='"implicit"', proxy_protocol_from='["127.0.0.1"]')
    block = bytes([203, 0, 113, 9, 198, 51, 100, 1]) + (50122).to_bytes(2, "big") + b"\0\x19"
    header = SIGNATURE + b"\x21\x11" + len(block).to_bytes(2, "big") + block
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        plain.sendall(header)
        with context.wrap_socket(plain) as client:
            assert client.recv(4096).startswith(b"220 ")
            client.sendall(b"EHLO x\r\n")
            assert b"AUTH " in client.recv(4096)


def test_swaks_speaks_for_another_client_by_xclient(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    port = listen(relay, xclient_from='["127.0.0.1"]', trusted_networks='["203.0.113.0/24"]')
    ran = swaks(port, "--xclient-addr", CLIENT, "--xclient-port", "50122", "--xclient-delim",
                "--xclient-helo", "client.example", "--xclient-proto", "ESMTP")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    [accepted] = relay.wait_for_events("accepted")
    assert accepted["client"] == f"{CLIENT}:50122"
    relay.wait_for_events("delivered")
    header = sink.messages[0].content.split(b"\r\n\r\n")[0]
    assert b"client.example" in header and b"swaks.example" not in header
    ran = swaks(port, "--xclient-addr", "198.51.100.1")
    assert " 530 5.7.0 " in ran.stdout, "another client must not be trusted"
    ran = swaks(port, "--xclient", f"ADDR={CLIENT} LOGIN=app")
    assert " 550 5.7.0 XCLIENT names no logins" in ran.stdout


def test_nobody_else_may_use_xclient(start_relay, make_sink):
    relay = start_relay(make_sink().address)
    port = listen(relay, xclient_from='["192.0.2.20"]', trusted_networks='["203.0.113.0/24"]')
    ran = swaks(port, "--xclient-no-verify", "--xclient-addr", CLIENT)
    assert "XCLIENT NAME" not in ran.stdout and ran.returncode != 0
    ran = swaks(port, "--xclient-optional", "--xclient", f"ADDR={CLIENT}", "--xclient-no-verify")
    assert " 530 5.7.0 " in ran.stdout


def converse(port, *pieces):
    """Sends each piece once the last was answered; gives all that was said."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        said += client.recv(4096)
        for piece in pieces[:-1]:
            client.sendall(piece)
            said += client.recv(4096)
        client.sendall(pieces[-1])
        return said + b"".join(iter(lambda: client.recv(4096), b""))


def test_a_client_behind_a_proxy_cannot_name_another_itself(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address)
    port = listen(relay, xclient_from='["127.0.0.1"]', trusted_networks='["203.0.113.0/24"]')
    named = b"EHLO proxy.example\r\nXCLIENT ADDR=198.51.100.1\r\n"
    # A stranger, whom the proxy hands through: it calls itself a client that is trusted.
    trusted = b"XCLIENT ADDR=203.0.113.9\r\n"
    mail = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<ann@example.net>\r\nQUIT\r\n"
    for pieces in ((named + b"EHLO x\r\n" + trusted + mail,),
                   (named + trusted + b"EHLO x\r\n" + mail,),
                   (named, b"EHLO x\r\n" + trusted + b"EHLO x\r\n" + mail),
                   (named, b"HELO x\r\n", trusted, b"EHLO x\r\n", mail)):
        said = converse(port, *pieces)
        assert b"\r\n530 5.7.0 " in said and b"\r\n250 2.1.0 " not in said, said
    assert not relay.events("accepted") and not sink.messages
    # Whom the proxy itself names as trusted is.
    said = converse(port, b"EHLO proxy.example\r\n" + trusted, b"EHLO x\r\n", mail)
    assert b"\r\n250 2.1.0 " in said or said.startswith(b"250 2.1.0 "), said

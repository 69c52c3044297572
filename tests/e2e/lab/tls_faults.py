"""Rung 3: TLS, and the certificate."""

import datetime
import ssl

from lab.scenario import Scenario, warns
from lab.script import BASE
from peers.presence import program


def certificate(kind):
    return lambda world: world.change(certificate=kind)


def encryption(port, mode):
    def prepare(world):
        world.port = port
        world.arguments += ["--tls", mode]
    return prepare


def offers(*extensions):
    return lambda world: world.change(587, plain=(*BASE, *extensions), wants_tls=None)


def answers(reply):
    return lambda world: world.change(587, starttls=reply)


def then(what):
    return lambda world: world.change(587, then=what)


def implicit_then(what):
    def prepare(world):
        world.port = 465
        world.change(465, then=what)
    return prepare


def only_tls_1_0(world):
    world.change(tls_max=ssl.TLSVersion.TLSv1)


def nothing_in_common(world):
    """Ciphers without a certificate, that no client takes."""
    world.change(tls_max=ssl.TLSVersion.TLSv1_2, ciphers="ECDH+aNULL:!eNULL")


def old_key_exchange(world):
    """The server's key itself protects the session: OpenSSL takes that by default, others do not."""
    world.change(tls_max=ssl.TLSVersion.TLSv1_2, ciphers="AES128-GCM-SHA256", certificate="rsa")


def wants_certificate(port=587, version=ssl.TLSVersion.TLSv1_3):
    def prepare(world):
        world.port = port
        world.change(port, wants_certificate=True, tls_max=version)
    return prepare


def alert(number):
    return then(bytes((0x15, 3, 3, 0, 2, 2, number)))


def clock(days):
    """This machine's clock is wrong; a server that tells the time in its greeting gives it away."""
    def prepare(world):
        now = datetime.datetime.now(datetime.timezone.utc)
        world.change(greeting=f"220 {{host}} ESMTP Exim 4.96 {now:%a, %d %b %Y %H:%M:%S} +0000")
        world.under = [program("faketime"), "-f", f"{days:+}d"]
        world.environment = {"DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    return prepare


SCENARIOS = [
    Scenario("TLS at once on 587", encryption(587, "implicit"), 3, "M3001", "STARTTLS"),
    Scenario("STARTTLS on 465", encryption(465, "starttls"), 3, "M3002", "465", slow_s=12),
    Scenario("STARTTLS not offered", offers(), 3, "M3003", "STARTTLS"),
    Scenario("STARTTLS not offered, but login", offers("AUTH PLAIN LOGIN"), 3, "M3003", "STARTTLS"),
    Scenario("STARTTLS stripped", offers("XXXXXXXA"), 3, "M3004", "XXXXXXXA"),
    Scenario("STARTTLS stripped to X's", offers("XXXXXXXX"), 3, "M3004", "hides STARTTLS"),
    Scenario("454 to STARTTLS", answers("454 4.7.0 TLS not available due to local problem"), 3,
             "M3005", "454"),
    Scenario("TLS 1.0 only", only_tls_1_0, 3, "M3006", "1.0"),
    Scenario("no cipher in common", nothing_in_common, 3, "M3007", "cipher"),
    Scenario("handshake refused by an alert", then("alert"), 3, "M3007", "alert"),
    Scenario("no security that suffices", alert(71), 3, "M3007", "insufficient security"),
    Scenario("internal error by an alert", alert(80), 3, "M3011", "80, internal error"),
    Scenario("unknown CA by an alert", alert(48), 3, "M3011", "48, unknown CA"),
    Scenario("unrecognized name by an alert", alert(112), 3, "M3012", "unrecognized name"),
    Scenario("client certificate wanted", wants_certificate(), 3, "M3010", "certificate required"),
    Scenario("client certificate wanted on 465", wants_certificate(465), 3, "M3010", "client certificate"),
    Scenario("client certificate wanted by TLS 1.2", wants_certificate(version=ssl.TLSVersion.TLSv1_2),
             3, "M3010", "handshake failure"),
    Scenario("handshake silent", then("silence"), 3, "M3008", "handshake", slow_s=32),
    Scenario("handshake silent on 465", implicit_then("silence"), 3, "M3008", "handshake",
             slow_s=32),
    Scenario("454 behind the 220",
             then(b"454 4.7.0 TLS not available due to local problem\r\n"), 3, "M3005", "454",
             second=False),
    Scenario("plain words behind the 220", then(b"250 2.0.0 slipped in\r\n"), 3, "M3009",
             "slipped in", second=False),
    Scenario("handshake closed", then("close"), 3, "M3008", "handshake"),
    Scenario("garbage for a handshake", then(b"\x00\x9f\x92garbage\r\n\x00"), 3, "M3008", "handshake"),
    Scenario("certificate expired", certificate("expired"), 3, "M3021", "expired"),
    Scenario("certificate not yet valid", certificate("future"), 3, "M3022", "not valid yet"),
    Scenario("certificate for another name", certificate("wrong-name"), 3, "M3023", "other.lab.test"),
    Scenario("certificate signs itself", certificate("self-signed"), 3, "M3024", "self-signed"),
    Scenario("intermediate missing", certificate("no-intermediate"), 3, "M3025", "intermediate"),
    Scenario("issuer unknown", certificate("unknown-issuer"), 3, "M3026", "Lab stranger"),
    Scenario("issuer of a company", certificate("private-issuer"), 3, "M3026", "trust CN=Lab stranger"),
    Scenario("second intermediate missing", certificate("no-upper"), 3, "M3025",
             "sends 2 certificates; the one of CN=Lab issuing"),
    Scenario("another intermediate sent", certificate("wrong-intermediate"), 3, "M3025",
             "CN=Lab issuing"),
    Scenario("key of 1024 bits", certificate("weak"), 3, "M3027", "1024"),
    Scenario("signed with SHA-1", certificate("sha1"), 3, "M3027", "a signature by SHA-1"),
    Scenario("authority with a key of 1024 bits", certificate("feeble-issuer"), 3, "M3032",
             "CN=Lab feeble has a weak key, RSA 1024"),
    Scenario("authority expired", certificate("old-issuer"), 3, "M3030",
             "CN=Lab old was good until"),
    Scenario("authority not yet valid", certificate("coming-issuer"), 3, "M3030",
             "CN=Lab coming is good only from"),
    Scenario("certificate with a wrong signature", certificate("forged"), 3, "M3031",
             "signature failure"),
    Scenario("certificate for clients", certificate("for-clients"), 3, "M3031", "purpose"),
    Scenario("clock 400 days ahead", clock(400), 3, "M3028", "clock"),
    Scenario("clock 400 days behind", clock(-400), 3, "M3028", "clock"),
    warns("no forward secrecy", old_key_exchange, 3, "M3013", "AES128-GCM-SHA256"),
    warns("name as the common name only", certificate("common-name"), 3, "M3033", "common name"),
    warns("certificate ends soon", certificate("ending"), 3, "M3029", "days"),
]

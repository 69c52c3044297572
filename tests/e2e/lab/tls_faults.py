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
    Scenario("key of 1024 bits", certificate("weak"), 3, "M3027", "1024"),
    Scenario("clock 400 days ahead", clock(400), 3, "M3028", "clock"),
    Scenario("clock 400 days behind", clock(-400), 3, "M3028", "clock"),
    warns("certificate ends soon", certificate("ending"), 3, "M3029", "days"),
]

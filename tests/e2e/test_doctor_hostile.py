"""Servers that send what no server should: the doctor ends soon, with a report that is safe to show."""

import json
import re

import pytest

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
ENDS_WITHIN_S = 60
BUG = 70

HOSTILE = {
    "a greeting of a megabyte": {"protocol": b"220 " + b"A" * (1 << 20) + b"\r\n"},
    "NULs": {"protocol": b"\0" * 4096 + b"\r\n220 mail ESMTP\r\n"},
    "octets at random": {"protocol": bytes((7 * index * index + 13 * index) % 256
                                           for index in range(4096))},
    "no line end": {"protocol": b"220 mail.lab.test ESMTP"},
    "a reply without an end": {"endless": b"250-X-MORE of the same, and no end of it\r\n"},
    "a line without an end": {"endless": b"250-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    "words for the terminal": {"greeting": "554 5.7.1 \x1b]0;owned\x07\x1b[2J\x9b31m go away \u202egnp"},
    "a login's words for the terminal": {"auth": "535 5.7.8 \x1b]0;owned\x07\x1b[2J no"},
    "a recipient's words for the terminal": {"rcpt": "550 5.1.1 \x1b[31m\x08\x08\x08no such user"},
    "numbers that do not fit": {"ehlo": "250 mail\n250 SIZE 99999999999999999999999999\n250 STARTTLS"},
    "a challenge that is no base64": {"secured": ("AUTH LOGIN",), "auth": "334 %%%not base64%%%"},
    "a reply of another code in the middle": {"ehlo": b"250-mail\r\n550-STARTTLS\r\n250 8BITMIME\r\n"},
    "an alert": {"then": b"\x15\x03\x03\x00\x02\x02\x50"},
    "a record longer than any": {"then": b"\x16\x03\x03\xff\xff" + b"\x02" * 65535},
    "words behind STARTTLS's answer": {"starttls": b"220 2.0.0 Go\r\n250 unasked\r\n"},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_ends_soon_with_words_that_are_safe_to_show(lab, name):
    world = lab.world()
    world.change(587, **HOSTILE[name])
    try:
        world.start()
        for options in ([], ["-v"], ["--json"]):
            said = lab.doctor(world, *options)
            assert said.seconds < ENDS_WITHIN_S and said.code not in (0, BUG) and said.code < 128, (
                f"{options}: exit {said.code} after {said.seconds:.0f} s\n{said.out}{said.err}")
            assert not CONTROLS.search(said.err), repr(CONTROLS.search(said.err))
            if options == ["--json"]:  # for programs; its grammar forbids control characters itself
                assert json.loads(said.out)["findings"]
            else:
                assert not CONTROLS.search(said.out), repr(CONTROLS.search(said.out))
    finally:
        world.stop()

"""Where nothing is wrong, nothing is found."""

from dataclasses import replace

import pytest

from lab.judge import did_no_harm, errors, finds_nothing
from lab.runs import run
from lab.scenarios import HEALTHY, named
from peers.exim import Exim
from peers.opensmtpd import OpenSmtpd
from peers.relay import binary

NAME, PASSWORD = "ann@exim.test", "correct-Horse7battery"
TEMPORARY = 75


@pytest.mark.parametrize("scenario", HEALTHY, ids=lambda scenario: scenario.name)
def test_nothing_is_found(ran, scenario):
    said, world = ran
    finds_nothing(said)
    did_no_harm(said, world, scenario)


def test_greylisting_is_no_fault_and_the_next_run_is_fine(lab):
    world = lab.world()
    named("an entrance").prepare(world)
    world.change(25, local="", rcpt="451 4.7.1 Greylisted, please try again in 60 seconds")
    try:
        world.start()
        first = lab.doctor(world, "--json")
        assert first.code == TEMPORARY and not first.report["stopped_at"] in (1, 2, 3, 4)
        [server] = [server for (_, port), server in world.servers.items() if port == 25]
        server.script = replace(server.script, rcpt=None)
        second = lab.doctor(world, "--json")
        assert second.code == 0 and not errors(second.report), second.out
    finally:
        world.stop()


def doctor_on_loopback(server, certificate, folder, *options):
    (folder / "password").write_text(PASSWORD + "\n")
    return run([binary(), "doctor", f"127.0.0.1:{server.address[1]}", "--ca-file", certificate.file,
                "--json", *options])


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_nothing_is_found_at_exim(folder, certificate, mechanism):
    exim = Exim(folder, certificate, mechanism=mechanism, takes=(NAME, PASSWORD))
    try:
        said = doctor_on_loopback(exim, certificate, folder, "--tls", "starttls", "--user", NAME,
                                  "--password-file", folder / "password", "--from", NAME,
                                  "--to", "ann@exim.test")
        assert said.code == 0 and not errors(said.report), said.out + exim.log()
    finally:
        exim.stop()


def test_nothing_is_found_at_opensmtpd(folder, certificate):
    """Without TLS, which Debian 12's breaks off itself."""
    server = OpenSmtpd(folder, certificate)
    try:
        said = doctor_on_loopback(server, certificate, folder, "--tls", "none", "--from",
                                  "eve@example.net", "--to", "ann@opensmtpd.test")
        assert said.code == 0 and not errors(said.report), said.out + server.log()
    finally:
        server.stop()

"""The commands beside the relay: what they print and how they end."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

from peers.relay import binary

UNKNOWN_ID = "019aa5b1-2c43-7abc-8def-0123456789ab"


def run(*arguments, **options):
    return subprocess.run([binary(), *arguments], text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=120, check=False, **options)


def test_check_shows_each_mistake_of_a_broken_file_and_ends_with_78(folder):
    file = folder / "waypost.toml"
    file.write_text('hostname = "mail"\n\n[[listener]]\naddress = "127.0.0.1:2525"\ntls = "none"\n\n'
                    "[queue]\nretry_frist = \"1m\"\nretry_max = 30\n")
    ran = run("--config", file, "check")
    assert (ran.returncode, ran.stdout) == (78, "")
    assert f"{file}:8:1" in ran.stderr and "retry_first" in ran.stderr
    assert f"{file}:9:" in ran.stderr
    assert f"{file}:1:" in ran.stderr
    assert run("--config", file, "serve").returncode == 78


def test_check_of_a_file_that_is_not_there_ends_with_78(folder):
    ran = run("--config", folder / "none.toml", "check")
    assert (ran.returncode, ran.stdout) == (78, "") and "none.toml" in ran.stderr


def test_check_of_a_good_file_ends_with_0(start_relay):
    relay = start_relay(("127.0.0.1", 9))
    assert "is good" in relay.command("check").stdout


def test_an_unknown_command_ends_with_64():
    ran = run("frobnicate")
    assert (ran.returncode, ran.stdout) == (64, "") and "frobnicate" in ran.stderr


@pytest.mark.parametrize("command", [("queue", "ls"), ("queue", "hold"), ("queue", "release"),
                                     ("queue", "retry"), ("queue", "cancel"), ("pause",),
                                     ("resume",), ("trace",)], ids=" ".join)
def test_an_option_that_selects_is_refused_when_it_is_empty(command):
    """As `--recipient "$UNSET"` has it: taken for no option at all, it would mean more mail."""
    options = re.findall(r"^  (--\S+) [A-Z]", run(*command, "--help").stdout, re.MULTILINE)
    narrowing = [option for option in options if option not in ("--reason", "--limit")]
    assert len(narrowing) >= 5, options
    positional = [] if command in (("pause",), ("resume",)) else [("",)]
    for empty in [(option, "") for option in narrowing] + positional:
        ran = run(*command, *empty, "--domain", "example.net")
        assert ran.returncode == 64 and "empty" in ran.stderr, (empty, ran)


def test_a_message_that_nobody_knows_ends_with_1(start_relay):
    relay = start_relay(("127.0.0.1", 9))
    assert UNKNOWN_ID in relay.command("trace", UNKNOWN_ID, code=1).stderr
    relay.command("why", UNKNOWN_ID, code=1)
    relay.command("trace", "stranger@example.com", code=1)
    relay.stop()
    relay.command("trace", UNKNOWN_ID, code=1)


def test_the_demo_without_a_terminal_ends_by_itself_and_leaves_nothing():
    with tempfile.TemporaryDirectory(prefix="waypost-e2e-") as folder:
        with subprocess.Popen([binary(), "demo", "--messages", "50"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              start_new_session=True, env={**os.environ, "TMPDIR": folder}) as demo:
            output, progress = demo.communicate(timeout=240)
        assert demo.returncode == 0, output + progress
        assert os.listdir(folder) == []
    assert processes_of_session(demo.pid) == []
    assert "delivered" in output and "accepted 50 of 50" in progress
    assert output.count("$ waypost trace ") == 1
    trace = output[output.index("$ waypost trace "):]
    assert "accepted" in trace and "attempt 1" in trace


def processes_of_session(session):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # pid (name) state parent group session ...; the name may hold spaces.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            found.append(stat.parent.name)
    return found

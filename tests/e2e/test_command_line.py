"""The commands beside the relay: what they print and how they end."""

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from peers.process import free_port
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


def broken_check(relay, *said):
    ran = relay.command("check", code=78)
    assert "is good" not in ran.stdout
    for words in said:
        assert words in ran.stderr
    assert json.loads(relay.command("--json", "check", code=78).stdout)["ok"] is False


def test_check_finds_a_secret_that_others_may_read_or_that_is_not_there(start_relay, folder):
    secret = folder / "secret"
    secret.write_text("wordpass")
    secret.chmod(0o600)
    login = {"login": "me", "secret_file": str(secret), "tls": "required"}
    relay = start_relay(("127.0.0.1", 9), delivery=login)
    relay.stop()
    assert "is good" in relay.command("check").stdout
    secret.chmod(0o644)
    broken_check(relay, str(secret))
    secret.unlink()
    broken_check(relay, str(secret))


def test_check_finds_an_http_address_in_use(start_relay):
    relay = start_relay(("127.0.0.1", 9))
    relay.stop()
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        with relay.config_file.open("a") as file:
            file.write(f'\n[http]\naddress = "127.0.0.1:{port}"\n')
        broken_check(relay, "[http]", str(port))
    assert "is good" in relay.command("check").stdout


def test_check_warns_of_a_disk_on_which_mail_would_be_refused(start_relay, folder):
    if shutil.disk_usage(folder).free >= 1 << 40:
        pytest.skip("the disk has more space than the highest floor")
    relay = start_relay(("127.0.0.1", 9))
    relay.stop()
    text = relay.config_file.read_text()
    relay.config_file.write_text(text.replace("spool_free_octets_min = 0",
                                              'spool_free_octets_min = "1024GiB"'))
    ran = relay.command("check")
    assert "is good" in ran.stdout and "warning" in ran.stderr and "452" in ran.stderr


def test_check_names_no_way_behind_one_that_takes_all_mail(start_relay):
    routes = [{"id": "some", "match": ["a.example"], "next_hop": "127.0.0.1:9"},
              {"id": "rest", "match": ["*"], "next_hop": "127.0.0.1:10"}]
    relay = start_relay(routes=routes)
    said = relay.command("check").stdout
    assert said.strip().endswith("127.0.0.1:9 for a.example, else to 127.0.0.1:10")


def another_user():
    """The ids of a user who is not us; only root can act as him."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def test_keys_that_root_makes_belong_to_the_owner_of_the_data_folder(folder):
    user, group = another_user()
    data = folder / "data"
    data.mkdir()
    os.chown(data, user, group)
    file = folder / "waypost.toml"
    file.write_text(f'hostname = "mail.shop.example"\ndata_dir = "{data}"\n\n'
                    '[[listener]]\naddress = "127.0.0.1:0"\ntls = "none"\n'
                    'trusted_networks = ["127.0.0.0/8"]\n')
    made = run("--config", file, "keys", "create", "web", "--domain", "shop.example")
    assert made.returncode == 0, made
    found = [data / "records", *(data / "records").iterdir()]
    assert len(found) >= 2
    for path in found:
        assert (path.stat().st_uid, path.stat().st_gid) == (user, group), path


def test_check_finds_a_folder_of_the_data_that_it_may_not_use(folder):
    user, group = another_user()
    data = folder / "data"
    (data / "records").mkdir(parents=True, mode=0o700)
    os.chown(data, user, group)
    file = folder / "waypost.toml"
    file.write_text(f'hostname = "mail.shop.example"\ndata_dir = "{data}"\n\n'
                    '[[listener]]\naddress = "127.0.0.1:0"\ntls = "none"\n'
                    'trusted_networks = ["127.0.0.0/8"]\n')
    file.chmod(0o644)
    ran = run("--config", file, "check", user=user, group=group, extra_groups=[])
    assert ran.returncode == 78 and f"{data}/records" in ran.stderr, ran
    os.chown(data / "records", user, group)
    ran = run("--config", file, "check", user=user, group=group, extra_groups=[])
    assert ran.returncode == 0, ran


def test_help_and_empty_ids_are_answered_in_words():
    ran = run("sendmail", "--help")
    assert ran.returncode == 0 and "-t" in ran.stdout and "-bs" in ran.stdout
    ran = run("why", "")
    assert ran.returncode == 64 and "empty" in ran.stderr


def test_mail_that_was_left_while_the_relay_is_down_is_spoken_of(start_relay):
    relay = start_relay(("127.0.0.1", 9))
    relay.stop()
    waited = relay.command("send", "--from", "a@example.com", "--to", "b@example.net", "--text",
                           "hello", "--wait", "--timeout", "1s", code=75)
    assert "has not taken it" in waited.stderr and "trace" not in waited.stderr
    assert "1 message more" in relay.command("queue", "ls").stderr


def test_an_unknown_command_ends_with_64():
    ran = run("frobnicate")
    assert (ran.returncode, ran.stdout) == (64, "") and "frobnicate" in ran.stderr


@pytest.mark.parametrize("command", [("queue", "ls"), ("queue", "hold"), ("queue", "release"),
                                     ("queue", "retry"), ("queue", "cancel"), ("queue", "show"), ("pause",),
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


def start_demo(folder, *arguments):
    return subprocess.Popen([binary(), "demo", *arguments], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            start_new_session=True, env={**os.environ, "TMPDIR": folder})


def test_the_demo_without_a_terminal_ends_by_itself_and_leaves_nothing():
    with tempfile.TemporaryDirectory(prefix="waypost-e2e-") as folder:
        # Side by side: ports are no part of what a seed decides.
        demos = [start_demo(folder, "--messages", "80", "--seed", "7", "--port", "0") for _ in range(2)]
        summaries = []
        for demo in demos:
            output, progress = demo.communicate(timeout=240)
            assert demo.returncode == 0, output + progress
            assert "accepted 80 of 80" in progress
            assert output.count("$ waypost trace ") == 1
            summary, trace = output.split("$ waypost trace ")
            assert "accepted" in trace and "attempt 1" in trace
            summaries.append(outcomes_of(summary))
        assert os.listdir(folder) == []
    for demo in demos:
        assert processes_of_session(demo.pid) == []
    assert summaries[0] == summaries[1]
    table, causes = summaries[0]
    assert len(table) == 14 and table["All"][0] == "80"
    assert any(cause.endswith("recipient-unknown") for cause in causes)


def outcomes_of(summary):
    """What depends on the seed alone: not how often mail was put off, nor how long it took."""
    table = {}
    for name, accepted, delivered, _, bounced, came_back in re.findall(
            r"^(.{12}) *(\d+) +(\d+) +(\d+) +(\d+) +(\d+) ", summary, re.MULTILINE):
        table[name.strip()] = (accepted, delivered, bounced, came_back)
    causes = re.findall(r"^(?:bounced|expired|late_bounced|complained) .*$", summary, re.MULTILINE)
    return table, causes


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

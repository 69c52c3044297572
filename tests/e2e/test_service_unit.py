"""packaging/waypost.service: what it forbids is nothing that the relay does."""

import grp
import os
import re
import subprocess

from peers.presence import program
from peers.relay import ROOT, binary
from peers.waiting import eventually

UNIT = ROOT / "packaging" / "waypost.service"


def values(key):
    """All values of a key of the unit, in their order."""
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def calls_of(name):
    """The system calls of a set such as @chown, or the one call that has this name."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run([program("systemd-analyze"), "syscall-filter", name], text=True,
                            capture_output=True, check=True).stdout.splitlines()[1:]
    names = (line.strip() for line in listed)
    return set().union(*(calls_of(name) for name in names if name and not name.startswith("#")))


def allowed_calls():
    """As systemd.exec(5) has it: the first line makes it a list of what is allowed, each later one
    adds to it or, with "~", takes away."""
    allowed = set()
    for line in values("SystemCallFilter"):
        named = set().union(*(calls_of(name) for name in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def test_the_unit_allows_every_call_of_a_relay_with_a_shared_drop_folder(start_relay, make_sink,
                                                                         folder):
    trace = folder / "trace"
    sink = make_sink()
    relay = start_relay(sink.address, drop={"group": grp.getgrgid(os.getgid()).gr_name},
                        http={"address": "127.0.0.1:0"},
                        under=[program("strace"), "-D", "-f", "-s", "0", "-o", trace])
    subprocess.run([binary(), "--config", relay.config_file, "sendmail", "b@example.com"],
                   input=b"Subject: x\n\nHi\n", check=True, timeout=60)
    eventually(sink.delivered, "it is delivered", explain=relay.explain)
    relay.command("reload")
    pid = relay.pid
    assert relay.stop() == 0
    eventually(lambda: re.search(rf"^{pid} +\+\+\+ exited", trace.read_text(), re.MULTILINE),
               "strace has seen the end")
    lines = trace.read_text()
    # systemd allows execve() whatever the filter says: with it the service begins.
    called = set(re.findall(r"^\d+ +(?:<\.\.\. )?([a-z]\w+)(?:\(| resumed)", lines, re.MULTILINE))
    assert {"chown", "fdatasync", "accept4"} & called, "the trace can be read"
    assert called - allowed_calls() - {"execve"} == set()
    families = set(re.findall(r"socket\((AF_\w+)", lines))
    assert families <= set(values("RestrictAddressFamilies")[0].split())


def test_what_may_pass_is_tried_again_for_ever_and_what_needs_a_person_is_not():
    assert values("Restart") == ["on-failure"]
    assert values("StartLimitIntervalSec") == ["0"], "otherwise a passing trouble is the end"
    assert values("RestartPreventExitStatus") == ["77 78"]

"""Hostile clients against the real relay: the public tools that try them, with every failure a
failure here. The full run of each takes minutes; these are the sets that end soon."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from peers.presence import missing
from peers.process import Process, free_port

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WAYPOST_TEST_DATA", HERE.parents[1] / ".." / "shared" / "data"))
TOOLS = DATA.parent / "tools"
PATIENCE_S = 600
SINK_WAIT_S = 10  # what was taken last has come by then, or never comes

# What floods for a long time, or guesses passwords and so makes this address wait.
LONG = ("size_actual,rcpt_flood,idle_flood,conn_limit,connect_storm,slow_clients,never_reads,"
        "tls_stall,line_endless,auth_brute,auth_rate")


def tool(name, *arguments, code=0):
    ran = subprocess.run([sys.executable, str(TOOLS / name), *map(str, arguments)], text=True,
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S,
                         check=False)
    assert ran.returncode == code, f"{name}: exit {ran.returncode}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


@pytest.fixture(name="sink_log")
def sink_log_fixture(folder):
    """The tools' own sink, which notes what a second server would make of the octets."""
    if not (TOOLS / "abuse.py").exists():
        missing(f"no tools in {TOOLS}; set WAYPOST_TEST_DATA to the folder beside them")
    address = ("127.0.0.1", free_port())
    log = folder / "sink.jsonl"
    sink = Process([sys.executable, str(TOOLS / "sink.py"), "--port", str(address[1]),
                    "--log", str(log)], folder / "sink.out")
    try:
        sink.wait_for_listener(address)
        yield address, log
    finally:
        sink.stop()


@pytest.fixture(name="relay")
def relay_fixture(start_relay, sink_log):
    return start_relay(sink_log[0], inbound=[
        {"domains": ["our.example"], "recipients": ["postmaster", "abuse"]}])


def session_options(relay, log):
    password = relay.create_key("app", "example.org")
    return ["--port", relay.starttls[1], "--tls", "starttls", "--auth", f"app:{password}",
            "--sink-log", log]


def test_no_stranger_relays(relay, sink_log):
    _, log = sink_log
    tool("relaytest.py", "--port", relay.starttls[1], "--local", "our.example",
         "--local-rcpt", "postmaster@our.example", "--data", "--sink-log", log, "--sink-wait", SINK_WAIT_S)


def test_no_octets_end_a_message_but_the_right_ones(relay, sink_log):
    _, log = sink_log
    tool("smuggle.py", *session_options(relay, log), "--patience", 1, "--sink-wait", SINK_WAIT_S)


def test_hostile_clients_get_nowhere(relay, sink_log):
    _, log = sink_log
    tool("abuse.py", *session_options(relay, log), "--skip", LONG, "--sink-wait", SINK_WAIT_S)

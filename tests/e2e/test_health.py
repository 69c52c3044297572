"""What a supervisor and a load balancer learn: the health pages and systemd's protocol."""

import http.client
import json
import os
import re
import signal
import smtplib
import socket
import sqlite3
import ssl
import threading

import pytest

from peers.presence import missing, program
from peers.process import Process
from peers.relay import binary
from peers.waiting import eventually


def http_port(relay):
    return int(re.search(r"HTTP on 127\.0\.0\.1:(\d+)", relay.log()).group(1))


def get(port, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, json.loads(body) if body else None


def checks(page):
    return {check["name"]: check for check in page["checks"]}


def test_the_pages_say_that_all_is_well(start_relay):
    relay = start_relay(("127.0.0.1", 9), http={"address": "127.0.0.1:0"})
    port = http_port(relay)
    assert get(port, "/healthz") == (200, {"alive": True})
    code, page = get(port, "/readyz")
    assert (code, page["ready"]) == (200, True)
    assert {"spool", "disk", "event_log", "certificate", "keys"} <= set(checks(page))
    assert get(port, "/nothing")[0] == 404
    assert get(port, "/readyz", "POST")[0] == 405
    assert get(port, "/readyz", "HEAD") == (200, None)


def test_a_full_disk_makes_it_not_ready_and_is_told_once(start_relay):
    relay = start_relay(("127.0.0.1", 9), http={"address": "127.0.0.1:0"},
                        limits={"spool_free_octets_min": "1000GiB"})
    port = http_port(relay)
    code, page = get(port, "/readyz")
    assert (code, page["ready"]) == (503, False)
    assert checks(page)["disk"]["stops_mail"] and "452" in checks(page)["disk"]["trouble"]
    assert get(port, "/healthz")[0] == 200
    good = relay.config_file.read_text().replace('"1000GiB"', "0")
    relay.config_file.write_text(good)
    relay.command("reload")
    assert get(port, "/readyz")[0] == 200
    assert relay.log().count("error: disk: ") == relay.log().count("disk: well again") == 1


def delay_next_syncs(relay, seconds, log_file):
    """Each thread's next fdatasync() takes that much longer."""
    strace = Process([program("strace"), "-f", "-p", str(relay.pid), "-o", "/dev/null", "-e",
                      "trace=fdatasync", "-e",
                      f"inject=fdatasync:delay_enter={seconds * 1_000_000}:when=1"], log_file)
    eventually(lambda: "attached" in strace.log() or not strace.is_running(), "strace has begun")
    return strace if strace.is_running() else missing(f"strace may not attach: {strace.log()}")


def test_storage_that_hangs_makes_it_not_ready(start_relay, folder):
    relay = start_relay(("127.0.0.1", 9), http={"address": "127.0.0.1:0"})
    port = http_port(relay)
    strace = delay_next_syncs(relay, 25, folder / "strace.log")

    def send():
        with smtplib.SMTP(*relay.trusted, timeout=60) as client:
            client.sendmail("a@example.org", ["b@example.com"], "Subject: x\r\n\r\nHi\r\n")
    sending = threading.Thread(target=send)
    sending.start()
    try:
        eventually(lambda: get(port, "/readyz")[0] == 503, "it is not ready", explain=relay.log)
        spool = checks(get(port, "/readyz")[1])["spool"]
        assert spool["stops_mail"] and "has not ended" in spool["trouble"]
        assert not relay.events("accepted")
        eventually(lambda: get(port, "/readyz")[0] == 200, "it is again", explain=relay.log)
    finally:
        strace.stop(signal.SIGTERM)
        sending.join()
    relay.wait_for_events("accepted")
    assert relay.log().count("error: spool: ") == relay.log().count("spool: well again") == 1


def test_keys_that_cannot_be_read_are_told(start_relay):
    relay = start_relay(("127.0.0.1", 9), http={"address": "127.0.0.1:0"})
    port = http_port(relay)
    password = relay.create_key("app")

    def log_in():
        with smtplib.SMTP(*relay.starttls, timeout=30) as client:
            client.starttls(context=ssl._create_unverified_context())
            client.login("app", password)

    def rename(table, to):
        with sqlite3.connect(relay.data / "records" / "keys.db") as database:
            database.execute(f"ALTER TABLE {table} RENAME TO {to}")
        database.close()
    log_in()
    rename("keys", "elsewhere")
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        log_in()
    assert refused.value.smtp_code == 454
    code, page = get(port, "/readyz")
    assert code == 200 and "no such table" in checks(page)["keys"]["trouble"]
    assert relay.log().count("warning: keys: logins get 454") == 1
    rename("elsewhere", "keys")
    log_in()
    assert checks(get(port, "/readyz")[1])["keys"]["ok"] and "keys: well again" in relay.log()


def test_systemd_hears_of_readiness_reload_watchdog_and_stop(start_relay, folder):
    relay = start_relay(("127.0.0.1", 9))
    relay.stop()
    path = str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(path)
        supervisor.settimeout(30)
        # As the socket holds few datagrams, and loses what comes while nobody reads, not too often.
        environment = {**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "4000000"}
        environment.pop("WATCHDOG_PID", None)
        process = Process([binary(), "--config", relay.config_file, "serve"], folder / "serve.log",
                          env=environment)
        said = []

        def hear(what):
            for _ in range(100):
                if any(line.startswith(what) for line in said):
                    return
                said.extend(supervisor.recv(4096).decode().splitlines())
            raise AssertionError(f"no {what} in {said}")

        try:
            hear("READY=1")
            hear("STATUS=")
            hear("WATCHDOG=1")
            said.clear()
            hear("WATCHDOG=1")
            os.kill(process.pid, signal.SIGHUP)
            hear("RELOADING=1")
            hear("MONOTONIC_USEC=")
            said.clear()
            hear("READY=1")
        finally:
            code = process.stop()
        hear("STOPPING=1")
        assert code == 0


def test_serve_says_by_its_exit_code_whether_to_try_again(start_relay, folder):
    relay = start_relay(("127.0.0.1", 9))
    good = relay.config_file.read_text()
    relay.stop()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        relay.config_file.write_text(good.replace("127.0.0.1:0", f"127.0.0.1:{port}", 1))
        relay.command("serve", code=75)
    relay.config_file.write_text(re.sub('certificate = ".*"', 'certificate = "/nowhere.pem"', good))
    relay.command("serve", code=78)

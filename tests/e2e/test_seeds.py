"""doctor --send --seeds: where the message landed in our own mailboxes, as a real Dovecot and broken
IMAP servers have it."""

import json
import socket
import ssl
import subprocess
import threading

import pytest

from peers.dovecot import Dovecot
from peers.relay import binary

PASSWORD = "correct horse battery staple"
HOST = "seeds.test"
ALL_PASS = "mx.seeds.test; spf=pass smtp.mailfrom=a.test; dkim=pass header.d=a.test; dmarc=pass"
ALL_FAIL = ("mx.seeds.test; spf=fail smtp.mailfrom=a.test; dkim=none; "
            "dmarc=fail (p=reject) header.from=a.test")
# What came with the message and stands below: nobody's word.
FORGED = "Authentication-Results: mx.forged.test; spf=pass; dkim=pass; dmarc=pass\r\n"

# {mailbox: (folder, what the receiver writes)}
LANDS = {"ann": ("", ALL_PASS), "bob": ("Unwanted mail", ALL_FAIL), "cat": ("Newsletters", ALL_PASS)}


@pytest.fixture(name="dovecot")
def dovecot_fixture(folder, certificate):
    logins = {name: PASSWORD for name in (*LANDS, "dan")}
    dovecot = Dovecot(folder, certificate, logins)
    yield dovecot
    dovecot.stop()


@pytest.fixture(name="mail_host")
def mail_host_fixture(make_sink, dovecot):
    """Delivers what it takes into the mailboxes, each by its rule."""
    def deliver(phase, content, session):
        if phase != "content":
            return None
        for recipient in session.recipients:
            name = recipient.partition("@")[0]
            if name in LANDS:
                into, says = LANDS[name]
                head = (f"Received: from a.test by mx.seeds.test\r\n"
                        f"Authentication-Results: {says}\r\n{FORGED}")
                dovecot.deliver(name, head.encode() + content, into)
        return None
    return make_sink(answer=deliver)


def write_seeds(folder, seeds, wait="20s"):
    """seeds: [{key: value}] beside address, host and password_file."""
    (folder / "seed.secret").write_text(PASSWORD + "\n")
    (folder / "seed.secret").chmod(0o600)
    text = f'wait = "{wait}"\n'
    for seed in seeds:
        seed = {"host": "127.0.0.1", "password_file": str(folder / "seed.secret"), **seed}
        text += "[[seed]]\n" + "".join(f"{key} = {json.dumps(value)}\n"
                                       for key, value in seed.items())
    (folder / "seeds.toml").write_text(text)
    return folder / "seeds.toml"


def doctor(mail_host, certificate, file, *options):
    command = [binary(), "doctor", f"127.0.0.1:{mail_host.port}", "--tls", "none", "--from",
               "me@a.test", "--ca-file", certificate.file, "--send", "--seeds", file, *options]
    said = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120,
                          check=False, stdin=subprocess.DEVNULL)
    assert PASSWORD not in said.stdout + said.stderr
    return said


def findings(said):
    report = json.loads(said.stdout)
    assert len(report["rungs"]) == 6, said.stdout
    return [finding["id"] for finding in report["findings"] if finding["rung"] == 6]


def test_it_says_where_each_message_landed(folder, certificate, dovecot, mail_host):
    seeds = [{"id": name, "address": f"{name}@{HOST}", "user": name, "port": dovecot.implicit}
             for name in LANDS]
    seeds[1].update(port=dovecot.starttls, tls="starttls", mechanism="plain")
    said = doctor(mail_host, certificate, write_seeds(folder, seeds), "--json")
    report = json.loads(said.stdout)
    assert said.returncode == 16, said.stdout + said.stderr
    assert findings(said) == ["M6012", "M6014", "M6015"]
    ann, bob, cat = report["rungs"][5]["seeds"]
    assert (ann["place"], bob["place"], cat["place"]) == ("inbox", "junk", "folder")
    assert (bob["folder"], cat["folder"]) == ("Unwanted mail", "Newsletters")
    assert ann["receiver_says"] == {"authserv_id": "mx.seeds.test", "spf": "pass", "dkim": "pass",
                                    "dmarc": "pass"}
    assert bob["receiver_says"]["dmarc"] == "fail"
    assert ann["after_least_ms"] == 0 and ann["after_most_ms"] < 20_000 and ann["internal_date"]
    assert report["side_effects"]["messages_sent"] == 3
    assert report["side_effects"]["mailboxes"] == 3
    # Nothing is marked as read, nothing is gone.
    assert all(len(dovecot.unread(name, into)) == 1 for name, (into, _) in LANDS.items())


def test_it_removes_the_message_where_that_is_wanted(folder, certificate, dovecot, mail_host):
    dovecot.deliver("ann", b"Subject: another\r\n\r\nwhich stays\r\n")
    seed = {"address": f"ann@{HOST}", "user": "ann", "port": dovecot.implicit, "delete": True}
    file = write_seeds(folder, [seed])
    said = doctor(mail_host, certificate, file, "--markdown")
    assert said.returncode == 0, said.stdout + said.stderr
    assert "in the inbox" in said.stdout
    assert len(dovecot.unread("ann")) == 1
    said = doctor(mail_host, certificate, file, "--nagios")
    assert "seeds=1 seeds_in_inbox=1" in said.stdout


def test_a_message_that_does_not_come_is_told_from_a_mailbox_that_is_shut(folder, certificate,
                                                                          dovecot, mail_host):
    (folder / "wrong.secret").write_text("another password\n")
    (folder / "wrong.secret").chmod(0o600)
    absent = {"address": f"dan@{HOST}", "user": "dan", "port": dovecot.implicit}
    shut = {"address": f"ann@{HOST}", "user": "ann", "port": dovecot.implicit,
            "password_file": str(folder / "wrong.secret")}
    said = doctor(mail_host, certificate, write_seeds(folder, [absent], "1s"), "--json")
    assert (said.returncode, findings(said)) == (16, ["M6013"])
    said = doctor(mail_host, certificate, write_seeds(folder, [shut], "1s"), "--json")
    assert (said.returncode, findings(said)) == (2, ["M6016"])
    assert "AUTHENTICATIONFAILED" in said.stdout and "another password" not in said.stdout


class BrokenImap:
    """Says what it is told behind the capabilities, once a client came; over TLS."""

    def __init__(self, certificate, say):
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate.file, certificate.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._say = say
        self.heard = b""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        try:
            client = self._tls.wrap_socket(self._listener.accept()[0], server_side=True)
            client.sendall(b"* OK ready\r\n")
            while True:
                line = client.recv(4096)
                self.heard += line
                if not line:
                    return
                if b"CAPABILITY" in line:
                    client.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n%s OK\r\n" %
                                   line.split()[0])
                    continue
                self._say(client)
        except OSError:
            pass

    def stop(self):
        self._listener.close()


def endless_line(client):
    while True:
        client.sendall(b"* OK AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" * 99)


def huge_literal(client):
    client.sendall(b"* LIST () \"/\" {4000000000}\r\n")


def closes(client):
    client.close()


def speaks_to_the_terminal(client):
    client.sendall(b"w2 NO \x1b]0;owned\x07 go away\r\n")


BROKEN = {"an endless line": (endless_line, "M6017"), "a huge literal": (huge_literal, "M6017"),
          "the end": (closes, "M6017"), "words for the terminal": (speaks_to_the_terminal, "M6016")}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_imap_server_is_the_seeds_fault(folder, certificate, make_sink, name):
    say, expected = BROKEN[name]
    server = BrokenImap(certificate, say)
    try:
        file = write_seeds(folder, [{"address": f"ann@{HOST}", "port": server.port}], "1s")
        said = doctor(make_sink(), certificate, file, "--json")
        assert findings(said) == [expected], said.stdout
        assert said.returncode == 2 and "\x1b" not in said.stdout
    finally:
        server.stop()


def test_no_password_goes_where_nobody_vouches_for_the_server(folder, certificate, make_sink):
    server = BrokenImap(certificate, closes)
    try:
        file = write_seeds(folder, [{"address": f"ann@{HOST}", "port": server.port}], "1s")
        said = doctor(make_sink(), type(certificate)("/etc/ssl/certs/ca-certificates.crt", ""),
                      file, "--json")
        assert (said.returncode, findings(said)) == (2, ["M6017"]), said.stdout
        assert b"AUTHENTICATE" not in server.heard
    finally:
        server.stop()


def test_wrong_calls_say_what_to_do(folder):
    file = write_seeds(folder, [{"address": f"ann@{HOST}"}])
    said = subprocess.run([binary(), "doctor", "127.0.0.1:1", "--seeds", file], capture_output=True,
                          text=True, check=False, stdin=subprocess.DEVNULL)
    assert said.returncode == 64 and "--seeds needs --send" in said.stderr
    (folder / "seeds.toml").write_text('[[seed]]\naddress = "a@b.test"\npassword = "hunter2!"\n')
    said = subprocess.run([binary(), "doctor", "127.0.0.1:1", "--send", "--seeds", file],
                          capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert said.returncode == 78 and "password_file" in said.stderr and "hunter2" not in said.stderr

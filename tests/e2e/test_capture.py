"""waypost serve --capture: takes mail, shows it, and sends it to nobody."""

import http.client
import json
import re
import signal
import smtplib
import subprocess

import pytest

from peers.relay import binary
from peers.waiting import eventually


class Capture:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [binary(), "serve", "--capture", "--port", "0", "--http-port", "0", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.greeting = ""
        while "End it with" not in self.greeting:
            line = self.process.stdout.readline()
            assert line, self.greeting
            self.greeting += line
        self.smtp_port = int(re.search(r"SMTP on 127\.0\.0\.1:(\d+)", self.greeting)[1])
        self.link = re.search(r"http://(127\.0\.0\.1:\d+)(/v1/session/enter\?word=\w+)", self.greeting)
        self.login = re.search(r"log in: (\S+) with the password (\S+)", self.greeting).groups()
        self.config = re.search(r"--config (\S+)", self.greeting)[1]

    def send(self, *recipients):
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=20) as client:
            client.ehlo("app.example")
            client.mail("app@shop.example")
            for recipient in recipients:
                assert client.rcpt(recipient)[0] == 250
            code, text = client.data(b"Subject: Hello\r\n\r\nHello\r\n")
        assert code == 250, text
        return text.decode()

    def get(self, path):
        client = http.client.HTTPConnection(self.link[1], timeout=20)
        client.request("GET", path, headers={"Authorization": "Bearer " + self.login[1]})
        answer = client.getresponse()
        return answer.status, answer.read().decode()

    def trace(self, what):
        return subprocess.run([binary(), "--config", self.config, "trace", what],
                              capture_output=True, text=True, timeout=60).stdout

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=30)
        return self.process.returncode


@pytest.fixture
def capture(tmp_path):
    running = Capture("--data", str(tmp_path / "data"))
    yield running
    if running.process.poll() is None:
        assert running.stop() == 0


def test_mail_is_held_and_shown_and_refused_where_its_name_says_so(capture):
    assert "sends none of it" in capture.greeting
    reply = capture.send("anna@gmail.com", "bob@example.net")
    assert "held: captured" in reply
    assert json.loads(capture.get("/v1/about")[1])["capture"] is True
    assert json.loads(capture.get("/v1/about")[1])["demo"] is False
    capture.send("550-5.7.26@anywhere.example")
    eventually(lambda: "550 5.7.26" in capture.trace("550-5.7.26@anywhere.example"), "it bounced")
    held = eventually(lambda: "held" in capture.trace("anna@gmail.com") and
                      capture.trace("anna@gmail.com"), "it is told to be held")
    assert "captured: this relay keeps mail" in held and "delivered" not in held
    status, emails = capture.get("/v1/emails")
    assert status == 200 and "anna@gmail.com" in emails


def test_what_a_person_lets_go_goes_nowhere(capture):
    queued = re.search(r"queued as ([0-9a-f-]{36})", capture.send("anna@gmail.com"))[1]
    released = subprocess.run([binary(), "--config", capture.config, "queue", "release", queued],
                              capture_output=True, text=True, timeout=60)
    assert released.returncode == 0, released
    trace = eventually(lambda: "deferred" in capture.trace(queued) and capture.trace(queued),
                       "it was put off")
    assert "sends it to nobody" in trace and "delivered" not in trace


def test_a_data_folder_is_for_one_kind_of_mail(capture, start_relay, tmp_path):
    text = open(capture.config).read()
    assert capture.stop() == 0
    config = tmp_path / "waypost.toml"
    config.write_text(re.sub(r"(?ms)^\[tls\].*?^$", "", text.replace('"starttls"', '"none"')))
    refused = subprocess.run([binary(), "--config", str(config), "serve"], capture_output=True,
                             text=True, timeout=60)
    assert refused.returncode == 78 and "must not be sent" in refused.stderr, refused
    relay = start_relay(("127.0.0.1", 9))
    relay.stop()
    data = re.search(r'data_dir = "(.*)"', relay.config_file.read_text())[1]
    refused = subprocess.run([binary(), "serve", "--capture", "--data", data], capture_output=True,
                             text=True, timeout=60)
    assert refused.returncode == 78 and "a relay that sends" in refused.stderr, refused


def test_options_that_do_not_go_together_are_refused():
    for arguments in (["--config", "/etc/waypost/waypost.toml", "serve", "--capture"],
                      ["serve", "--capture", "--data", "here"], ["serve", "--data", "/tmp/x"]):
        ran = subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=60)
        assert ran.returncode == 64, ran

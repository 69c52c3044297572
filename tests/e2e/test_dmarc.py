"""`waypost dmarc check` as its users call it, over a real name server."""

import json
import subprocess

import pytest
from peers.knot import Knot
from peers.relay import binary

ZONE = """
_dmarc        TXT "v=DMARC1; p=reject; sp=quarantine; np=none; pct=50; rua=mailto:a@example.test,mailto:b@reports.test,mailto:c@stranger.test"
_dmarc.trial  TXT "v=DMARC1; p=reject; t=y"
_dmarc.near   TXT "v=DMARC1 p=reject"
news          A 192.0.2.1
"""


@pytest.fixture(name="dmarc")
def dmarc_fixture(folder):
    """dmarc("--from", ...): what it prints, as JSON unless text=True."""
    reports = 'example.test._report._dmarc TXT "v=DMARC1"\n'
    knot = Knot(folder, {"example.test": ZONE,
                         "reports.test": reports, "stranger.test": "", "test": ""})

    def run(*arguments, code, text=False):
        ran = subprocess.run([binary(), "dmarc", "check", "--resolver", "%s:%d" % knot.address,
                              *arguments, *([] if text else ["--json"])],
                             text=True, capture_output=True, timeout=60, check=False)
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout if text else json.loads(ran.stdout)
    yield run
    knot.stop()


def test_an_aligned_identifier_passes_in_words(dmarc):
    found = dmarc("--from", "ann@news.example.test", "--spf-domain", "bounces.esp.test",
                  "--dkim-domain", "example.test", code=0)
    assert found["result"] == "pass"
    assert found["spf"]["aligned"] is False
    assert found["dkim"][0]["aligned"] is True
    assert "belongs to example.test as news.example.test does" in found["dkim"][0]["words"]
    text = dmarc("--from", "news.example.test", "--dkim-domain", "example.test", code=0, text=True)
    assert text.startswith(" DMARC  pass\n") and '"pct" is ignored' in text


def test_a_failing_message_gets_the_policy_of_its_tag(dmarc):
    def policy(domain):
        found = dmarc("--from", domain, "--spf-domain", "esp.test", "--spf-result", "pass", code=1)
        return found["result"], found["policy"], found["policy_tag"]
    assert policy("example.test") == ("fail", "reject", "p")
    assert policy("news.example.test") == ("fail", "quarantine", "sp")
    assert policy("gone.example.test") == ("fail", "none", "np")
    assert policy("trial.example.test") == ("fail", "quarantine", "p")


def test_reports_go_where_they_are_wanted(dmarc):
    found = dmarc("--from", "example.test", "--dkim-domain", "example.test", code=0)
    assert [each["state"] for each in found["reports"]] == ["own", "authorised", "refused"]


def test_it_tells_no_record_from_a_wrong_call(dmarc):
    assert dmarc("--from", "stranger.test", code=1)["result"] == "none"
    assert "no \";\" stands behind" in dmarc("--from", "near.example.test", code=1)["walk"][0]["unread"][0]["why"]
    near = dmarc("--from", "near.example.test", code=1, text=True)
    assert "Receivers do not see the record" in near
    dmarc(code=64, text=True)
    dmarc("--from", "example.test", "--spf-result", "maybe", code=64, text=True)

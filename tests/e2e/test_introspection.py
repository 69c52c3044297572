"""Logins with tokens about which their issuer is asked."""

import base64
import json
import re
import smtplib
import ssl
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from peers.certificate import make_certificate
from peers.issuer import CLIENT_ID, CLIENT_SECRET, Issuer
from peers.waiting import eventually

LOGIN = "ann@example.com"
TOKEN = "b3BhcXVl+/of-Ann=="
GOOD = {"active": True, "aud": "waypost", "scope": "smtp mail", "username": LOGIN}


@pytest.fixture(name="make_issuer")
def make_issuer_fixture():
    made = []

    def make_issuer(certificate=None):
        made.append(Issuer(certificate))
        return made[-1]
    yield make_issuer
    for issuer in made:
        issuer.stop()


@pytest.fixture(name="relay_of")
def relay_of_fixture(start_relay, make_sink, folder):
    """relay_of(issuer): a relay that asks it."""
    secret = folder / "client.secret"
    secret.write_text(CLIENT_SECRET + "\n")
    secret.chmod(0o600)

    def relay_of(issuer, ca_file=None, **more):
        return start_relay(make_sink().address, ca_file=ca_file, oauth={
            "issuer": "https://login.example.com", "audiences": ["waypost"], "scope": "smtp",
            "login_claim": "username", "introspection_url": issuer.url, "client_id": CLIENT_ID,
            "client_secret_file": str(secret), "introspection_cache": "0s", **more},
            http={"address": "127.0.0.1:0"})
    return relay_of


def log_in(relay, token=TOKEN):
    """The session, and the last reply to AUTH."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    smtp = smtplib.SMTP(*relay.starttls, local_hostname="client.example", timeout=30)
    smtp.starttls(context=context)
    smtp.ehlo()
    message = f"n,a={LOGIN},\1auth=Bearer {token}\1\1".encode()
    code, text = smtp.docmd("AUTH", "OAUTHBEARER " + base64.b64encode(message).decode())
    if code == 334:
        code, text = smtp.docmd("AQ==")
    return smtp, code, text.decode()


def health_of_tokens(relay):
    port = re.search(r"HTTP on 127\.0\.0\.1:(\d+)", relay.log()).group(1)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as page:
        checks = {check["name"]: check for check in json.load(page)["checks"]}
    return checks["tokens"]


def test_a_token_logs_in_where_its_issuer_vouches_for_it_over_tls(relay_of, make_issuer, certificate):
    issuer = make_issuer(certificate)
    issuer.tokens[TOKEN] = GOOD
    relay = relay_of(issuer, ca_file=certificate.file)
    smtp, code, text = log_in(relay)
    assert code == 235, text
    smtp.sendmail(LOGIN, ["bob@example.net"], "Subject: x\r\n\r\nx\r\n")
    smtp.quit()
    [accepted] = relay.wait_for_events("accepted")
    assert accepted["login"] == LOGIN
    assert issuer.asked == [("POST", TOKEN)]
    seen = relay.log() + json.dumps(relay.events())
    assert TOKEN not in seen and CLIENT_SECRET not in seen


def test_an_issuer_that_cannot_prove_its_name_hears_no_token(relay_of, make_issuer, certificate,
                                                             tmp_path):
    issuer = make_issuer(make_certificate(tmp_path))
    issuer.tokens[TOKEN] = GOOD
    relay = relay_of(issuer, ca_file=certificate.file)
    smtp, code, text = log_in(relay)
    assert (code, text[:6]) == (454, "4.7.0 ")
    assert issuer.asked == []
    smtp.close()


@pytest.mark.parametrize("answer, why", [
    ({"active": False}, "not, or no longer, active"),
    ({**GOOD, "aud": "another-service"}, "it is for another audience"),
    ({**GOOD, "scope": "imap"}, "it lacks the scope"),
    ({**GOOD, "username": "bob@example.com"}, "it is another login's"),
    ({**GOOD, "exp": 1000}, "it has expired"),
])
def test_a_token_that_is_no_good_is_refused_with_the_reason(relay_of, make_issuer, answer, why):
    issuer = make_issuer()
    issuer.tokens[TOKEN] = answer
    smtp, code, text = log_in(relay_of(issuer))
    assert code == 535 and why in text
    smtp.close()


def test_a_token_that_was_withdrawn_is_no_good_at_the_next_login(relay_of, make_issuer):
    issuer = make_issuer()
    issuer.tokens[TOKEN] = GOOD
    relay = relay_of(issuer)
    smtp, code, _ = log_in(relay)
    assert code == 235
    smtp.close()
    del issuer.tokens[TOKEN]
    smtp, code, text = log_in(relay)
    assert code == 535 and "no longer, active" in text
    smtp.close()


def test_what_the_issuer_said_is_kept_for_its_time(relay_of, make_issuer):
    issuer = make_issuer()
    issuer.tokens[TOKEN] = GOOD
    relay = relay_of(issuer, introspection_cache="10m")
    for _ in range(3):
        smtp, code, _ = log_in(relay)
        assert code == 235
        smtp.close()
    assert len(issuer.asked) == 1


@pytest.mark.parametrize("trouble", ["down", "broken", "elsewhere", "stranger"])
def test_an_issuer_that_cannot_say_is_no_guess_of_the_client(relay_of, make_issuer, trouble, folder):
    issuer, elsewhere = make_issuer(), make_issuer()
    issuer.tokens[TOKEN] = elsewhere.tokens[TOKEN] = GOOD
    relay = relay_of(issuer)
    if trouble == "down":
        issuer.stop()
    elif trouble == "broken":
        issuer.code = 500
    elif trouble == "elsewhere":
        issuer.code, issuer.fields = 307, {"Location": elsewhere.url}
    else:
        (folder / "client.secret").write_text("another secret")
        relay.command("reload")
    for _ in range(5):
        smtp, code, text = log_in(relay)
        assert (code, text[:6]) == (454, "4.7.0 "), text
        smtp.close()
    assert elsewhere.asked == []
    check = health_of_tokens(relay)
    assert not check["ok"] and "cannot say" in check["trouble"]
    assert "login refused" not in relay.log()
    if trouble == "broken":
        issuer.code = 200
        smtp, code, text = log_in(relay)
        assert code == 235, text
        smtp.close()
        assert health_of_tokens(relay)["ok"]


def test_after_a_reload_nobody_hears_of_the_issuer_that_was_asked_before(relay_of, make_issuer, folder):
    issuer = make_issuer()
    issuer.code = 500
    issuer.may_answer.clear()
    relay = relay_of(issuer)
    with ThreadPoolExecutor() as pool:
        login = pool.submit(log_in, relay)
        eventually(lambda: issuer.asked, "the question")
        relay.command("reload")
        issuer.may_answer.set()
        smtp, code, text = login.result(timeout=60)
    assert (code, text[:6]) == (454, "4.7.0 "), text
    smtp.close()
    assert health_of_tokens(relay)["ok"], "the new one was asked nothing yet"


def test_a_reload_that_lacks_the_secret_changes_nothing(relay_of, make_issuer, folder):
    issuer = make_issuer()
    issuer.tokens[TOKEN] = GOOD
    relay = relay_of(issuer)
    (folder / "client.secret").unlink()
    for command in ("reload", "check"):
        ran = relay.command(command, code=78)
        assert "client.secret" in ran.stdout + ran.stderr
    smtp, code, _ = log_in(relay)
    assert code == 235
    smtp.close()

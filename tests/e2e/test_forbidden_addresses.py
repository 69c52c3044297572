"""Nobody who may send has the relay connect to a service inside by a recipient's address."""

import smtplib

import pytest

from peers.api import Api, http_port
from test_smtplib import CONTENT

INNER = "127.0.0.2"
RECORDS = ["stranger.test. 60 IN MX 10 mx.stranger.test.", f"mx.stranger.test. 60 IN A {INNER}",
           f"localhost. 60 IN A {INNER}"]


@pytest.fixture(name="inner")
def inner_fixture(make_sink):
    return make_sink(address=INNER)


@pytest.fixture(name="relay")
def relay_fixture(start_relay, inner):
    return start_relay(dns={"records": RECORDS}, http={"address": "127.0.0.1:0"},
                       delivery={"mx_port": inner.port, "forbidden_addresses": None})


def refusal_by_smtp(relay, recipient):
    with smtplib.SMTP(*relay.trusted) as client:
        try:
            client.sendmail("app@example.com", [recipient], CONTENT, rcpt_options=["NOTIFY=NEVER"])
        except smtplib.SMTPRecipientsRefused as refused:
            return refused.recipients[recipient]
    return None


@pytest.mark.parametrize("literal", [f"[{INNER}]", "[IPv6:::ffff:127.0.0.2]", "[169.254.169.254]"])
def test_an_address_inside_is_refused_at_once(relay, inner, literal):
    code, text = refusal_by_smtp(relay, f"zz@{literal}")
    assert (code, text[:6]) == (550, b"5.1.2 ")
    key = relay.command("keys", "create", "app", "--any-sender", "--scope", "send").stdout.strip()
    answer = Api(http_port(relay), key).post("/v1/emails", {
        "from": "app@example.com", "to": f"zz@{literal}", "subject": "x", "text": "x"})
    assert (answer.code, answer.name) == (422, "refused")
    assert not inner.sessions


@pytest.mark.parametrize("domain", ["stranger.test", "localhost"])
def test_a_domain_that_leads_inside_bounces_and_nobody_connects(relay, inner, domain):
    assert refusal_by_smtp(relay, f"zz@{domain}") is None
    [bounced] = relay.wait_for_events("bounced")
    assert bounced["reply"].startswith("5.4.4 "), bounced
    # The resolver has addresses of its own for localhost.
    assert any(inside in bounced["reply"] for inside in (INNER, "127.0.0.1", "::1")), bounced
    assert bounced["rule"] == "waypost-forbidden-mail-host"
    assert (bounced["class"], bounced["who"]) == ("no-mx", "domain-owner")
    relay.wait_until_empty()
    assert not inner.sessions
    assert not relay.events("suppressed")

"""The relay signs: what it sends holds for dkimpy, OpenDKIM and itself, and passes SPF, DKIM and DMARC
at a real Postfix."""

import json
import re
import smtplib
import subprocess

import pytest

from peers.knot import Knot
from peers.milters import OpenDkim, OpenDmarc
from peers.postfix import Postfix
from peers.presence import missing, program
from peers.relay import binary
from peers.waiting import eventually

try:
    import dkim
    import dns.resolver
except ImportError:
    dkim = None

DOMAIN = "shop.example"
HERE = "127.9.9.9"
CONTENT = ("Subject: Your  order \r\n\twith a fold\r\nTo: you@postfix.test\r\n"
           "Bcc: secret@postfix.test\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
           "Content-Transfer-Encoding: 8bit\r\n\r\n.dots\tand 10 \u20ac  \r\n\r\n\r\n").encode()
STATES = ("e1", "ed25519", "signing"), ("r1", "rsa2048", "signing"), ("r2", "rsa2048", "prepared")


def waypost(*arguments, code=0):
    ran = subprocess.run([binary(), *map(str, arguments)], capture_output=True, timeout=60, text=True,
                         check=False)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout


def make_key(file, domain, selector, kind):
    made = json.loads(waypost("--json", "dkim", "key", "--domain", domain, "--selector", selector,
                              "--type", "rsa" if kind == "rsa2048" else kind, "--out", file))
    return made["zone"] + "\n"


def make_domain(keys, domain=DOMAIN, states=STATES):
    """The files of a sending domain, as docs/format/domains.md has them; gives the lines of its zone."""
    (keys / domain).mkdir(parents=True)
    at = "2026-11-21T09:08:07.000000Z"
    text, zone = f'domain = "{domain}"\n', ""
    for selector, kind, state in states:
        zone += make_key(keys / domain / f"{selector}.pem", domain, selector, kind)
        text += (f'[[key]]\nselector = "{selector}"\ntype = "{kind}"\nstate = "{state}"\n'
                 f'file = "{selector}.pem"\nmade_at = "{at}"\nsince = "{at}"\n')
    (keys / f"{domain}.toml").write_text(text)
    return zone


def send(relay, sender, content=CONTENT, options=("BODY=8BITMIME",)):
    with smtplib.SMTP(*relay.trusted, local_hostname="app.example", timeout=30) as smtp:
        smtp.ehlo()
        smtp.sendmail(sender, ["you@postfix.test"], f"From: Ann <{sender}>\r\n".encode() + content,
                      mail_options=options)


@pytest.fixture(name="start_knot")
def start_knot_fixture(folder):
    started = []

    def start_knot(zones, **options):
        started.append(Knot(folder, zones, **options))
        return started[-1]
    yield start_knot
    for knot in started:
        knot.stop()


def test_what_the_relay_signs_holds_for_everybody(folder, start_relay, make_sink, start_knot):
    if not dkim:
        missing("python3-dkim or -dnspython is not installed")
    zone = []
    sink = make_sink()
    relay = start_relay(sink.address,
                        prepare=lambda relay: zone.append(make_domain(relay.data / "keys")))
    knot = start_knot({DOMAIN: zone[0]})
    send(relay, f"ann@{DOMAIN}")
    # Of several chunks, from a name below the domain.
    send(relay, f"ann@news.{DOMAIN}", CONTENT + b"0123456789abcdef \r\n" * 30_000)
    eventually(lambda: len(sink.messages) == 2, "both came", explain=relay.log)

    def txt(name, timeout=5):
        asking = dns.resolver.Resolver(configure=False)
        asking.nameservers, asking.port = [knot.address[0]], knot.address[1]
        answer = asking.resolve(name.decode(), "TXT", lifetime=timeout)
        return b"".join(answer[0].strings)

    for message in sink.messages:
        content = message.content
        assert content.startswith(b"DKIM-Signature: ") and b"Bcc" not in content
        assert all(dkim.DKIM(content).verify(idx=index, dnsfunc=txt) for index in (0, 1))
        file = folder / "received.eml"
        file.write_bytes(content)
        judged = json.loads(waypost("--json", "--resolver", "%s:%d" % knot.address, "dkim", "verify",
                                    file))
        assert [(each["result"], each["domain"], each["selector"]) for each in judged["signatures"]] \
            == [("pass", DOMAIN, "e1"), ("pass", DOMAIN, "r1")]
    accepted = relay.wait_for_events("accepted", 2)
    assert [event["signed_by"] for event in accepted] == [DOMAIN] * 2
    assert f"signed by {DOMAIN}" in relay.command("trace", accepted[0]["id"]).stdout
    assert all("signing_trouble" not in event for event in accepted)


def test_mail_that_nobody_signs_is_warned_about_or_refused(folder, start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address, signing={"unaligned": "refuse"},
                        prepare=lambda relay: make_domain(relay.data / "keys"))
    help_text = "Mail from other.example is not signed: run `waypost domains add other.example`"
    send(relay, "ann@other.example")
    send(relay, "bob@other.example")
    eventually(lambda: len(sink.messages) == 2, "both came", explain=relay.log)
    accepted = relay.wait_for_events("accepted", 2)
    assert all(event["signing_trouble"].startswith(help_text) for event in accepted)
    assert help_text in relay.command("trace", accepted[0]["id"]).stdout
    assert 1 <= relay.log().count(help_text) <= 2  # once a loop

    # The envelope's domain signs, which the From field's has nothing of.
    with pytest.raises(smtplib.SMTPDataError) as refused:
        with smtplib.SMTP(*relay.trusted, timeout=30) as smtp:
            smtp.sendmail(f"bounces@{DOMAIN}", ["you@postfix.test"], "From: a@other.example\r\n\r\nx")
    assert refused.value.smtp_code == 550
    assert b"5.7.22 Mail from other.example is signed by shop.example alone" in refused.value.smtp_error

    # Another's key joins by a reload, and unsigned mail is refused from then on.
    make_key(folder / "other.pem", "other.example", "o1", "ed25519")
    good = relay.config_file.read_text().replace('unaligned = "refuse"', 'unsigned = "refuse"')
    relay.config_file.write_text(good + '[[signing_key]]\ndomain = "other.example"\n'
                                 f'selector = "o1"\nfile = "{folder}/other.pem"\n')
    relay.command("reload")
    send(relay, "ann@other.example")
    assert relay.wait_for_events("accepted", 3)[-1].get("signed_by") == "other.example"
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(relay, "ann@third.example")
    assert b"5.7.20 Mail from third.example is not signed" in refused.value.smtp_error
    assert "third.example" in relay.wait_for_events("rejected", 2)[-1]["reply"]

    # A key that is broken meanwhile is told, and the old one goes on.
    (folder / "other.pem").write_text("rubbish")
    assert "other.pem" in relay.command("check").stderr
    relay.command("reload")
    eventually(lambda: "mail may go out unsigned" in relay.log(), "the log says so")
    send(relay, "carl@other.example")
    last = relay.wait_for_events("accepted", 4)[-1]
    assert (last["sender"], last["signed_by"]) == ("carl@other.example", "other.example")
    assert "rubbish" not in relay.log()


def test_what_cannot_be_signed_yet_is_held_until_a_person_lets_it_go(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(sink.address, signing={"unsigned": "hold"},
                        prepare=lambda relay: make_domain(relay.data / "keys", states=STATES[2:]))
    with smtplib.SMTP(*relay.trusted) as smtp:
        smtp.ehlo()
        smtp.mail(f"ann@{DOMAIN}")
        smtp.rcpt("you@postfix.test")
        code, text = smtp.data(f"From: ann@{DOMAIN}\r\n\r\nx\r\n")
    why = f"publish its record r2._domainkey.{DOMAIN}"
    assert code == 250 and why in text.decode()
    send(relay, "ann@other.example")
    held = relay.wait_for_events("held", 2)
    assert why in held[0]["reply"] and "signed with that key already" in held[0]["reply"]
    assert "domains add other.example" in held[1]["reply"]
    accepted = relay.events("accepted")
    assert accepted[0]["signed_by"] == DOMAIN and why in accepted[0]["signing_trouble"]
    number = accepted[0]["id"]
    assert why in " ".join(relay.command("why", number).stdout.split())

    relay.kill()
    assert all(line["hold"] == "held" and "is not signed" in line["reason"] for line in relay.queue())
    relay.start()
    assert {line["hold"] for line in relay.queue()} == {"held"}
    assert why in " ".join(relay.command("queue", "show", number).stdout.split())
    assert not sink.messages
    relay.command("queue", "release", number)
    eventually(lambda: len(sink.messages) == 1, "it goes", explain=relay.log)
    assert sink.messages[0].content.startswith(b"DKIM-Signature: ")
    relay.command("queue", "cancel", "--sender", "ann@other.example")
    relay.wait_until_empty()
    assert len(sink.messages) == 1


def results_of(content, method):
    """What Authentication-Results fields say of one method."""
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", content).decode()
    fields = re.findall(r"^Authentication-Results: (.*)$", unfolded, re.M)
    return [found for field in fields for found in re.findall(rf"\b{method}=(\w+)", field)]


def test_spf_dkim_and_dmarc_pass_at_postfix(folder, certificate, start_relay, start_knot):
    zone = []
    relay = start_relay(
        routes=[], delivery={"next_hop": "127.0.0.1:1", "source_address": HERE, "tls": "never"},
        prepare=lambda relay: zone.append(make_domain(relay.data / "keys")))
    program("opendkim")
    knot = start_knot({DOMAIN: zone[0] + f'@ TXT "v=spf1 ip4:{HERE} -all"\n'
                       '_dmarc TXT "v=DMARC1; p=reject; adkim=s; aspf=s"\n', ".": ""},
                      address=("127.53.53.53", 53))
    name = "mx.postfix.test"
    milters = [OpenDkim(folder, name, knot.address), OpenDmarc(folder, name, knot.address)]
    postfix = Postfix(folder, certificate, mailboxes=("you",),
                      # Nobody but this machine's name server knows the name of HERE, if that answers.
                      more="smtpd_peername_lookup = no\nmilter_default_action = tempfail\n"
                      "smtpd_milters = %s\n" % ", ".join("inet:%s:%d" % milter.address for milter in milters))
    try:
        relay.config_file.write_text(relay.config_file.read_text().replace(
            "127.0.0.1:1", "127.0.0.1:%d" % postfix.address[1]))
        relay.command("reload")
        send(relay, f"ann@{DOMAIN}")
        eventually(lambda: len(postfix.mail("you")) == 1, "it came",
                   explain=lambda: relay.log() + postfix.log())
        content = postfix.mail("you")[0]
        assert results_of(content, "dkim") == ["pass", "pass"], content
        assert results_of(content, "spf") == ["pass"], content
        assert results_of(content, "dmarc") == ["pass"], content
    finally:
        postfix.stop()
        for milter in milters:
            milter.stop()

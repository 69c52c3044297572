"""DKIM and ARC with those of others: dkimpy, OpenDKIM and Waypost take each other's signatures, with
keys that a real name server has."""

import base64
import json
import re
import subprocess

import pytest

from peers.knot import Knot
from peers.presence import missing, program
from peers.relay import binary

try:
    import authres  # noqa: F401  dkimpy's ARC needs it
    import dkim
    import dns.resolver
except ImportError:
    dkim = None

DOMAIN = "shop.example"
MESSAGE = (b"Received: from app by relay; Mon, 23 Nov 2026 10:00:00 +0000\r\n"
           b"From: Ann  Example <ann@shop.example>\r\n"
           b"To: bob@customer.example,\r\n carl@customer.example\r\n"
           b"Subject: Your order\t 17 \r\n"
           b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
           b"Message-ID: <17@shop.example>\r\n"
           b"MIME-Version: 1.0\r\n"
           b"Content-Type: text/plain\r\n"
           b"\r\n"
           b"Hello  Bob, \r\n\r\n.dots\tand tabs \r\n\r\n\r\n")
FORMS = ["relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"]


def waypost(*arguments, code=0):
    ran = subprocess.run([binary(), *map(str, arguments)], capture_output=True, timeout=60,
                         check=False)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran


class Domain:
    """A domain with an RSA and an Ed25519 key in DNS."""

    def __init__(self, folder):
        self.folder = folder
        self.keys = {}
        lines = ""
        for selector, kind in (("r1", "rsa"), ("e1", "ed25519")):
            self.keys[selector] = folder / f"{selector}.pem"
            made = json.loads(waypost("--json", "dkim", "key", "--domain", DOMAIN, "--selector",
                                      selector, "--type", kind, "--out", self.keys[selector]).stdout)
            assert made["name"] == f"{selector}._domainkey.{DOMAIN}"
            assert all(len(part) <= 255 for part in made["strings"])
            assert "".join(made["strings"]) == made["value"]
            lines += made["zone"] + "\n"
        self._knot = Knot(folder, {DOMAIN: lines})
        self.resolver = "%s:%d" % self._knot.address
        self.address = self._knot.address

    def stop(self):
        self._knot.stop()

    def txt(self, name, timeout=5):
        """What dkimpy asks for a record with."""
        asking = dns.resolver.Resolver(configure=False)
        asking.nameservers = [self.address[0]]
        asking.port = self.address[1]
        answer = asking.resolve(name.decode() if isinstance(name, bytes) else name, "TXT",
                                lifetime=timeout)
        return b"".join(answer[0].strings)

    def sign(self, message, *selectors, form="relaxed/relaxed"):
        file = self.folder / "unsigned.eml"
        file.write_bytes(message)
        named = [part for selector in selectors
                 for part in ("--selector", selector, "--key", self.keys[selector])]
        return waypost("dkim", "sign", "--domain", DOMAIN, "--canonical", form, *named, file).stdout

    def verify(self, message, *command, code=0):
        file = self.folder / "received.eml"
        file.write_bytes(message)
        return json.loads(waypost("--json", "--resolver", self.resolver, *(command or
                                  ("dkim", "verify")), file, code=code).stdout)

    def opendkim(self, message, settings="Mode v\n"):
        """What `opendkim -t` says."""
        (self.folder / "unbound.conf").write_text(
            "server:\n  do-not-query-localhost: no\n  module-config: iterator\n"
            f"forward-zone:\n  name: .\n  forward-addr: {self.address[0]}@{self.address[1]}\n")
        (self.folder / "opendkim.conf").write_text(
            f"{settings}ResolverConfiguration {self.folder / 'unbound.conf'}\n")
        file = self.folder / "opendkim.eml"
        file.write_bytes(message)
        ran = subprocess.run([program("opendkim"), "-x", self.folder / "opendkim.conf", "-vvv", "-t",
                              file], capture_output=True, timeout=60, text=True, check=False)
        return ran.stdout + ran.stderr


@pytest.fixture(name="domain")
def domain_fixture(folder):
    program("knotd")
    made = Domain(folder)
    yield made
    made.stop()


@pytest.fixture(name="dkimpy")
def dkimpy_fixture():
    return dkim or missing("python3-dkim, -dnspython or -authres is not installed")


@pytest.mark.parametrize("form", FORMS)
def test_our_signatures_hold_for_dkimpy(domain, dkimpy, form):
    signed = domain.sign(MESSAGE, "e1", "r1", form=form)
    assert signed.endswith(MESSAGE)
    checks = dkimpy.DKIM(signed)
    assert checks.verify(idx=0, dnsfunc=domain.txt)
    assert checks.verify(idx=1, dnsfunc=domain.txt)
    changed = dkimpy.DKIM(signed.replace(b"order", b"offer"))
    assert not changed.verify(idx=0, dnsfunc=domain.txt)
    assert not changed.verify(idx=1, dnsfunc=domain.txt)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("selector", ["r1", "e1"])
def test_our_signatures_hold_for_opendkim(domain, selector, form):
    signed = domain.sign(MESSAGE, selector, form=form)
    said = domain.opendkim(signed)
    assert re.search(r"verification \(s=%s,? ?d=%s.*\) succeeded" % (selector, DOMAIN), said), said
    said = domain.opendkim(signed.replace(b"order", b"offer"))
    assert "succeeded" not in said, said


@pytest.mark.parametrize("form", FORMS)
def test_signatures_of_dkimpy_hold_for_us(domain, dkimpy, form):
    canonical = tuple(part.encode() for part in form.split("/"))
    pem = domain.keys["r1"].read_bytes()
    signature = dkimpy.sign(MESSAGE, b"r1", DOMAIN.encode(), pem, canonicalize=canonical)
    found = domain.verify(signature + MESSAGE)
    assert found["result"] == "pass", found
    assert found["signatures"][0]["key_bits"] == 2048
    found = domain.verify(signature + MESSAGE.replace(b"Bob", b"Rob"), code=1)
    assert found["result"] == "fail"
    assert "body was changed" in found["signatures"][0]["reason"]


def ed25519_seed(file):
    """The 32 octets at the end of a PKCS #8 key, as dkimpy takes them."""
    body = "".join(line for line in file.read_text().splitlines() if "---" not in line)
    return base64.b64encode(base64.b64decode(body)[-32:])


def test_ed25519_signatures_of_dkimpy_hold_for_us(domain, dkimpy):
    signature = dkimpy.sign(MESSAGE, b"e1", DOMAIN.encode(), ed25519_seed(domain.keys["e1"]),
                            canonicalize=(b"relaxed", b"relaxed"),
                            signature_algorithm=b"ed25519-sha256")
    assert domain.verify(signature + MESSAGE)["signatures"][0]["algorithm"] == "ed25519-sha256"


def test_we_sign_with_the_key_file_of_dkimpy(domain, dkimpy):
    seed = domain.folder / "seed.key"
    seed.write_bytes(ed25519_seed(domain.keys["e1"]) + b"\n")
    seed.chmod(0o600)
    domain.keys["e1"] = seed
    assert dkimpy.verify(domain.sign(MESSAGE, "e1"), dnsfunc=domain.txt)


# Not its Ed25519 signatures over simple headers: 2.11.0 makes them so that neither it nor dkimpy takes
# them.
@pytest.mark.parametrize("selector,algorithm,form",
                         [("r1", "rsa-sha256", form) for form in FORMS] +
                         [("e1", "ed25519-sha256", form) for form in FORMS[:2]])
def test_signatures_of_opendkim_hold_for_us(domain, selector, algorithm, form):
    said = domain.opendkim(MESSAGE, f"Mode s\nDomain {DOMAIN}\nSelector {selector}\n"
                           f"KeyFile {domain.keys[selector]}\nRequireSafeKeys no\n"
                           f"Canonicalization {form}\nSignatureAlgorithm {algorithm}\n")
    value = re.search(r"hname='DKIM-Signature' hvalue='([^']*)'", said).group(1)
    field = f"DKIM-Signature: {value}\n".replace("\n", "\r\n").encode()
    found = domain.verify(field + MESSAGE)
    assert found["result"] == "pass", found
    assert found["signatures"][0]["algorithm"] == algorithm
    assert domain.verify(field + MESSAGE.replace(b"order", b"offer"), code=1)["result"] == "fail"


def test_the_sha1_of_opendkim_is_refused(domain):
    ran = subprocess.run([program("opendkim-testmsg"), "-C", "-d", DOMAIN, "-s", "r1", "-k",
                          domain.keys["r1"]], input=MESSAGE, capture_output=True, timeout=60,
                         check=True)
    [found] = domain.verify(ran.stdout, code=1)["signatures"]
    assert found["result"] == "policy" and "SHA-1" in found["reason"]


def test_chains_of_dkimpy_hold_for_us(domain, dkimpy):
    results = b"Authentication-Results: mx.shop.example; arc=%s; spf=pass\r\n"
    message = results % b"none" + MESSAGE
    pem = domain.keys["r1"].read_bytes()
    for hop in (1, 2):
        message = b"".join(dkimpy.arc_sign(message, b"r1", DOMAIN.encode(), pem,
                                           b"mx.shop.example")) + message
        found = domain.verify(message, "arc", "verify")
        assert (found["result"], len(found["sets"])) == ("pass", hop), found
        # Each hop states anew what it found.
        message = message.replace(results % b"none", results % b"pass")
    assert found["sets"][0]["authserv_id"] == "mx.shop.example"
    found = domain.verify(message.replace(b"order", b"offer"), "arc", "verify", code=1)
    assert found["result"] == "fail"
    assert domain.verify(MESSAGE, "arc", "verify", code=1)["result"] == "none"


def test_files_with_unix_line_ends_are_signed_as_they_travel(domain):
    signed = domain.sign(MESSAGE.replace(b"\r\n", b"\n"), "r1", "e1")
    assert b"\r" not in signed
    assert domain.verify(signed)["result"] == "pass"
    assert domain.verify(signed.replace(b"\n", b"\r\n"))["result"] == "pass"


def test_a_large_message_is_signed_and_verified(domain):
    signed = domain.sign(MESSAGE + b"0123456789 abcdef ghijkl\r\n" * 200_000, "r1")
    assert domain.verify(signed)["result"] == "pass"


def test_a_key_is_kept_from_others_and_never_shown_or_replaced(domain):
    key = domain.keys["r1"]
    assert key.stat().st_mode & 0o777 == 0o600
    secret = key.read_text()
    shown = waypost("dkim", "key", "--domain", DOMAIN, "--selector", "r1", "--out", key)
    assert key.read_text() == secret
    assert b"v=DKIM1; k=rsa; p=" in shown.stdout and b"is there already" in shown.stderr
    lines = [line for line in secret.splitlines() if "---" not in line]
    assert not any(line.encode() in shown.stdout + shown.stderr for line in lines)
    key.chmod(0o644)
    (domain.folder / "m.eml").write_bytes(MESSAGE)
    refused = waypost("dkim", "sign", "--domain", DOMAIN, "--selector", "r1", "--key", key,
                      domain.folder / "m.eml", code=77)
    assert b"open to all users" in refused.stderr and refused.stdout == b""


def test_what_cannot_be_checked_is_said(domain):
    assert domain.verify(MESSAGE, code=1)["result"] == "none"
    signed = domain.sign(MESSAGE, "r1")
    [found] = domain.verify(signed.replace(b"s=r1", b"s=r2"), code=1)["signatures"]
    assert found["result"] == "permerror" and "no key at r2._domainkey.shop.example" in found["reason"]
    elsewhere = signed.replace(b"d=shop.example", b"d=refused.example")
    assert domain.verify(elsewhere, code=75)["result"] == "temperror"
    waypost("dkim", "verify", domain.folder / "nothing.eml", code=66)
    waypost("dkim", "sign", "--domain", "shop..example", "--selector", "r1", "--key",
            domain.keys["r1"], domain.folder / "received.eml", code=64)


def test_a_message_is_read_from_standard_input_and_from_a_mailbox_file(domain):
    signed = domain.sign(MESSAGE, "r1")
    box = b"From ann@shop.example Sun Nov 22 10:00:00 2026\n" + signed + b"\nFrom bob Mon\n" + MESSAGE
    for octets in (signed, box, b"\xef\xbb\xbf" + signed):
        assert domain.verify(octets)["result"] == "pass"
        for file in ("-", "/dev/stdin"):
            ran = subprocess.run([binary(), "--json", "--resolver", domain.resolver, "dkim", "verify",
                                  "--timeout", "9s", file], input=octets, capture_output=True,
                                 timeout=60, check=False)
            assert ran.returncode == 0, ran.stdout + ran.stderr
            assert json.loads(ran.stdout)["signatures"][0]["signed_fields"]
    cut = domain.verify(b"From: a@shop.example\r\nno field\r\n" + signed, code=1)
    assert cut["result"] == "none" and "the header ends at a line" in cut["reason"]
    wide = domain.verify(b"X-Wide: " + b"x" * 300_000 + b"\r\n" + signed, code=1)
    assert wide["result"] == "permerror" and "too large" in wide["reason"]


def test_octets_that_are_no_text_leave_the_json_readable(tmp_path):
    message = tmp_path / "odd.eml"
    message.write_bytes(b"DKIM-Signature: v=1; a=rsa-sha256; d=sh\xffp.example; s=\xfe; h=from; bh=; b=AA==\r\n"
                        b"ARC-Seal: i=1; a=rsa-sha256; d=\xff; s=a; cv=none; b=AA==\r\n" + MESSAGE)
    for command in ("dkim", "arc"):
        ran = waypost("--json", "--resolver", "127.0.0.1:9", command, "verify", message, code=1)
        assert json.loads(ran.stdout.decode("utf-8"))["result"] != "pass"

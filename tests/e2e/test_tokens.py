"""Logins with tokens, by clients that people use: curl and smtplib."""

import base64
import json
import smtplib
import ssl
import subprocess
import time

import pytest

from peers.presence import program

ISSUER = "https://login.example.com"
LOGIN = "ann@example.com"


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Issuer:
    """Signs tokens with a key of its own, by RS256."""

    def __init__(self, folder):
        self._key = folder / "issuer.pem"
        self._openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out",
                      self._key)
        self.keys_file = folder / "keys.json"
        modulus = self._openssl("rsa", "-in", self._key, "-noout", "-modulus").decode()
        number = bytes.fromhex(modulus.strip().partition("=")[2])
        self.keys_file.write_text(json.dumps({"keys": [
            {"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", "n": base64url(number),
             "e": "AQAB"}]}))

    def token(self, **claims):
        claims = {"iss": ISSUER, "aud": "waypost", "exp": int(time.time()) + 600, "email": LOGIN,
                  "scope": "smtp", **claims}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in
                          ({"alg": "RS256", "typ": "JWT", "kid": "one"}, claims))
        signature = self._openssl("dgst", "-sha256", "-sign", self._key, text=signed.encode())
        return f"{signed}.{base64url(signature)}"

    @staticmethod
    def _openssl(*arguments, text=b""):
        return subprocess.run([program("openssl"), *map(str, arguments)], input=text, check=True,
                              capture_output=True, timeout=60).stdout


@pytest.fixture(name="issuer")
def issuer_fixture(folder):
    return Issuer(folder)


@pytest.fixture(name="relay")
def relay_fixture(start_relay, make_sink, issuer):
    return start_relay(make_sink().address, oauth={
        "issuer": ISSUER, "audiences": ["waypost"], "keys_file": str(issuer.keys_file),
        "scope": "smtp"})


def curl(relay, token, mechanism, folder, sender=LOGIN):
    host, port = relay.starttls
    message = folder / "message.eml"
    message.write_text(f"From: {sender}\r\nTo: bob@example.net\r\nSubject: x\r\n\r\nbody\r\n")
    return subprocess.run(
        [program("curl"), "--url", f"smtp://{host}:{port}", "--ssl-reqd", "--insecure", "--user",
         LOGIN, "--oauth2-bearer", token, "--login-options", f"AUTH={mechanism}", "--mail-from",
         sender, "--mail-rcpt", "bob@example.net", "--upload-file", str(message), "--verbose"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_curl_sends_with_a_token(relay, issuer, folder, mechanism):
    ran = curl(relay, issuer.token(), mechanism, folder)
    assert ran.returncode == 0, ran.stderr
    [accepted] = relay.wait_for_events("accepted")
    assert accepted["login"] == LOGIN
    relay.wait_for_events("delivered")


def test_a_token_sends_as_its_own_domain_alone(relay, issuer, folder):
    ran = curl(relay, issuer.token(), "XOAUTH2", folder, sender="ann@elsewhere.example")
    assert ran.returncode != 0 and "553 5.7.1" in ran.stderr, ran.stderr


@pytest.mark.parametrize("claims, why", [
    ({"exp": 1000}, "it has expired"),
    ({"aud": "another-service"}, "it is for another audience"),
    ({"scope": "imap"}, "it lacks the scope"),
    ({"email": "bob@example.com"}, "it is another login's"),
])
def test_a_token_that_is_no_good_is_refused_with_the_reason(relay, issuer, claims, why):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    token = issuer.token(**claims)
    with smtplib.SMTP(*relay.starttls, local_hostname="client.example", timeout=30) as smtp:
        smtp.starttls(context=context)
        smtp.ehlo()
        assert "XOAUTH2" in smtp.esmtp_features["auth"]
        message = f"user={LOGIN}\1auth=Bearer {token}\1\1".encode()
        code, text = smtp.docmd("AUTH", "XOAUTH2 " + base64.b64encode(message).decode())
        assert code == 334 and json.loads(base64.b64decode(text)) == {
            "status": "invalid_token", "scope": "smtp"}
        code, text = smtp.docmd("")
        assert code == 535 and why in text.decode()
    [rejected] = relay.wait_for_events("rejected")
    assert why in rejected["reply"] and token not in json.dumps(rejected)
    assert token not in relay.log()


def test_a_reload_takes_new_keys_and_refuses_broken_ones(relay, issuer, folder):
    good = issuer.keys_file.read_text()
    issuer.keys_file.write_text('{"keys": []}')
    ran = relay.command("reload", code=78)
    assert "has no key for RS256" in ran.stdout + ran.stderr
    ran = relay.command("check", code=78)
    assert "has no key for RS256" in ran.stdout + ran.stderr
    assert curl(relay, issuer.token(), "OAUTHBEARER", folder).returncode == 0
    other = folder / "other"
    other.mkdir()
    issuer.keys_file.write_text(Issuer(other).keys_file.read_text())
    relay.command("reload")
    assert curl(relay, issuer.token(), "OAUTHBEARER", folder).returncode != 0
    issuer.keys_file.write_text(good)
    relay.command("reload")
    assert curl(relay, issuer.token(), "OAUTHBEARER", folder).returncode == 0

"""No command prints, logs or keeps a password that it was given, or one that was written where none
belongs. The doctor's own forms are test_doctor_secrets.py's."""

import base64
import smtplib
import ssl
import subprocess
from urllib.parse import quote

import pytest

from peers.presence import program
from peers.relay import binary
from peers.waiting import eventually
from test_doctor_secrets import leaks
from test_smarthosts import closed_port, plain, send, smarthost, write_secret

USER, SECRET = "shop@example.com", "pa55-Word+/=&lab%7"
SETTINGS = {
    ".env": "MAIL_HOST=127.0.0.1\nMAIL_PORT={port}\nMAIL_USERNAME={user}\nMAIL_PASSWORD='{secret}'\n",
    "dsn.env": "MAILER_DSN=\"failover(smtp://{quoted_user}:{quoted}@127.0.0.1:{port} null://null)\"\n",
    "names.env": "SMTP_HOST=127.0.0.1\nSMTP_PORT={port}\nSMTP_USER={user}\nSMTP_PASS='{secret}'\n",
    "mail.js": "nodemailer.createTransport({{ host: '127.0.0.1', port: {port},\n"
               "  auth: {{ user: '{user}', pass: '{secret}' }} }})\n",
    "url.js": "nodemailer.createTransport('smtp://{quoted_user}:{quoted}@127.0.0.1:{port}')\n",
    "mail.php": "$mail->Host = '127.0.0.1';\n$mail->Port = {port};\n$mail->SMTPAuth = true;\n"
                "$mail->Username = '{user}';\n$mail->Password = '{secret}';\n",
    "settings.py": "EMAIL_HOST = '127.0.0.1'\nEMAIL_PORT = {port}\nEMAIL_HOST_USER = '{user}'\n"
                   "EMAIL_HOST_PASSWORD = '{secret}'\n",
    "msmtprc": "account default\nhost 127.0.0.1\nport {port}\nauth on\nuser {user}\n"
               "password \"{secret}\"\n",
    "wp-config.php": "define('WPMS_SMTP_HOST', '127.0.0.1');\ndefine('WPMS_SMTP_PORT', {port});\n"
                     "define('WPMS_SMTP_USER', '{user}');\ndefine('WPMS_SMTP_PASS', '{secret}');\n",
}
DOCTOR_FORMS = ([], ["-v"], ["--json"], ["--markdown"])
MISPLACED = ("[delivery]\npassword = \"{secret}\"\n", "[oauth]\nclient_secret = '{secret}'\n",
             "[delivery]\nnext_hop = \"h:25\"\nsecret_file = \"{plain}\"\n",
             "[[route]]\nid = \"r\"\nsecret = \"{secret}\n", "api_key={secret}\n")


def said(*command):
    ran = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60,
                         stdin=subprocess.DEVNULL, check=False)
    return ran.stdout + ran.stderr


def silent_about(text, user=USER, secret=SECRET):
    assert text.strip() and not leaks(text, user, secret), text


@pytest.mark.parametrize("name", SETTINGS)
def test_a_settings_file_is_read_and_its_password_is_not_shown(folder, name):
    kept, port = closed_port()
    file = folder / name
    file.write_text(SETTINGS[name].format(port=port, user=USER, secret=SECRET, quoted=quote(SECRET, ""),
                                          quoted_user=quote(USER, "")))
    for form in DOCTOR_FORMS:
        text = said(binary(), "doctor", "--settings", file, *form)
        assert "M2001" in text, text
        silent_about(text)
    for form in ([], ["--json"]):
        text = said(binary(), "explain", *form, file)
        assert "doctor --settings" in text, text
        silent_about(text)
    silent_about(said(binary(), "explain", "--log", file))
    kept.close()


@pytest.mark.parametrize("mistake", MISPLACED)
def test_a_password_in_the_wrong_place_of_our_own_settings_is_not_shown(folder, mistake):
    """What check prints may end in a ticket, what serve prints in a log."""
    file = folder / "waypost.toml"
    file.write_text(mistake.format(secret=SECRET, plain=SECRET.replace("/", "").replace(".", "")))
    for command in (["check"], ["--json", "check"], ["check", "--online"], ["serve"]):
        text = said(binary(), "--config", file, *command)
        assert "error" in text, text
        silent_about(text)
        silent_about(text, secret=SECRET.replace("/", ""))


def everything_kept(relay):
    """All that the relay has written, but for its spool, in which messages are."""
    files = [file for file in relay.data.rglob("*") if file.is_file() and "spool" not in file.parts]
    return "".join(file.read_bytes().decode("utf-8", "replace") for file in files) + relay.log()


@pytest.mark.parametrize("right", [True, False], ids=["taken", "refused"])
def test_our_password_at_a_next_hop_stays_with_us(start_relay, make_sink, folder, certificate, right):
    sink = make_sink(certificate=certificate, logins={plain(USER, SECRET if right else "another")})
    relay = start_relay(ca_file=str(certificate.file), log={"level": "debug"},
                        diagnosis={"enabled": True},
                        delivery=smarthost(sink, login=USER, transcripts="all",
                                           secret_file=write_secret(folder, SECRET)))
    send(relay)
    event = relay.wait_for_events("delivered" if right else "deferred")[0]
    for command in (["trace", event["id"]], ["--json", "trace", event["id"]], ["queue", "ls"],
                    ["--json", "providers"], ["check"], ["--json", "check"]):
        silent_about(relay.command(*command).stdout or "nothing")
    page = eventually(lambda: "AUTH" in relay.command("trace", "--transcript", event["id"]).stdout and
                      relay.command("trace", "--transcript", event["id"]).stdout,
                      "the transcript is kept", explain=relay.explain)
    silent_about(page)
    assert relay.stop() == 0
    silent_about(everything_kept(relay))


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_the_password_of_a_client_is_not_kept(start_relay, certificate, mechanism):
    relay = start_relay(("127.0.0.1", 9), log={"level": "debug"})
    key = relay.create_key("app")
    trust = ssl.create_default_context(cafile=certificate.file)
    for secret in (key, SECRET):
        with smtplib.SMTP_SSL("localhost", relay.implicit[1], context=trust) as client:
            client.ehlo()
            client.user, client.password = "app", secret
            assert code_of_login(client, mechanism) == (235 if secret == key else 535)
    relay.wait_for_events("rejected")
    assert relay.stop() == 0
    text = everything_kept(relay)
    silent_about(text, "app", SECRET)
    silent_about(text, "app", key)


def code_of_login(client, mechanism):
    try:
        return client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"))[0]
    except smtplib.SMTPAuthenticationError as failure:
        return failure.smtp_code


def test_no_key_is_part_of_a_signed_message_or_of_an_error(folder):
    key, mail = folder / "key.pem", folder / "mail.eml"
    subprocess.run([program("openssl"), "genpkey", "-algorithm", "ed25519", "-out", key], check=True,
                   timeout=30)
    key.chmod(0o600)
    mail.write_text("From: ann@example.com\r\nSubject: hello\r\n\r\nHello\r\n")
    inner = "".join(key.read_text().splitlines()[1:-1])
    sign = [binary(), "dkim", "sign", "--domain", "example.com", "--selector", "s1", "--key"]
    text = said(*sign, key, mail)
    assert "DKIM-Signature" in text and inner not in text and inner[-24:] not in text
    broken = folder / "broken.pem"
    for content in (key.read_text().replace("PRIVATE", "PRIVAT"), SECRET,
                    base64.b64encode(SECRET.encode()).decode()):
        broken.write_text(content)
        broken.chmod(0o600)
        text = said(*sign, broken, mail)
        silent_about(text)
        assert inner not in text and inner[-24:] not in text

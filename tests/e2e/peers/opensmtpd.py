"""OpenSMTPD, run from its unpacked package in a private root: the server of opensmtpd.test, and a
smarthost's client for everybody else's mail."""

import shutil

from peers.private_root import PrivateRoot
from peers.process import Process, free_port

USERS = {"opensmtpd": 64602, "opensmtpq": 64603, "mailbox": 64604}
MAILBOX_ID = USERS["mailbox"]

CONFIG = """
pki here cert "{home}/certificate.pem"
pki here key "{home}/key.pem"
table mailboxes {{ {mailboxes} }}
table owners {{ mailbox = "{id}:{id}:{home}/mail" }}
table logins file:{home}/logins
listen on 127.0.0.1 port {port} tls pki here hostname mx.opensmtpd.test
action deliver maildir "{home}/mail/inbox" virtual <mailboxes> userbase <owners>
match from any for domain "opensmtpd.test" action deliver
{smarthost}
"""

SMARTHOST = """
action smarthost relay host "{protocol}127.0.0.1:{port}" {options}
match from local for any action smarthost
"""


class OpenSmtpd:
    """All mailboxes are one folder. smarthost: where mail for other domains goes; login: (name,
    password) there, over TLS."""
    domain = "opensmtpd.test"
    # Debian 12's offers STARTTLS and breaks every handshake off ("missing private key").
    tls_works = False

    def __init__(self, folder, certificate, mailboxes=("ann",), smarthost=None, login=None):
        self.home = folder / "opensmtpd"
        root = PrivateRoot(self.home, "opensmtpd", USERS, {
            "/var/spool": 0o711, "/var/lib": 0o711, "/run": 0o755})
        self.address = ("127.0.0.1", free_port())
        (root.path("/var/lib") / "opensmtpd" / "empty").mkdir(parents=True)
        (root.path("/var/lib") / "opensmtpd" / "empty").chmod(0o711)
        (self.home / "mail").mkdir()
        shutil.chown(self.home / "mail", MAILBOX_ID, MAILBOX_ID)
        shutil.copyfile(certificate.file, self.home / "certificate.pem")
        shutil.copyfile(certificate.key, self.home / "key.pem")
        (self.home / "key.pem").chmod(0o600)
        (self.home / "logins").touch(0o640)
        if login:
            (self.home / "logins").write_text("waypost {}:{}\n".format(*login))
            shutil.chown(self.home / "logins", 0, USERS["opensmtpd"])
        (root.etc / "smtpd.conf").write_text(CONFIG.format(
            home=self.home, port=self.address[1], id=MAILBOX_ID,
            mailboxes=", ".join(f'"{name}@opensmtpd.test" = "mailbox"' for name in mailboxes),
            smarthost=SMARTHOST.format(
                port=smarthost[1], protocol="smtp+tls://waypost@" if login else "smtp+notls://",
                options="auth <logins> tls no-verify" if login else "") if smarthost else ""))
        self._process = Process(root.command("/usr/sbin/smtpd", "-dv", "-f", "/etc/smtpd.conf"),
                                folder / "opensmtpd.log", cwd="/")
        self._process.wait_for_listener(self.address)

    def mail(self):
        """The messages of all mailboxes."""
        return [file.read_bytes() for file in sorted((self.home / "mail/inbox/new").glob("*"))]

    def log(self):
        return self._process.log()

    def stop(self):
        self._process.stop()

"""Dovecot's IMAP server, run from its unpacked package in a private root, never as this machine's
service. Mail is delivered into its Maildir folders as a delivery agent does."""

import itertools
import os
import shutil

from peers.private_root import PrivateRoot
from peers.process import Process, free_port

USERS = {"dovecot": 64611, "dovenull": 64612, "mailbox": 64613}
MAILBOX_ID = USERS["mailbox"]

CONFIG = """
protocols = imap
listen = 127.0.0.1
log_path = /dev/stderr
base_dir = /run/dovecot
state_dir = /run/dovecot-state
ssl = required
ssl_cert = <{home}/certificate.pem
ssl_key = <{home}/key.pem
auth_mechanisms = plain scram-sha-256
mail_location = maildir:{home}/mail/%n
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {home}/logins
}}
userdb {{
  driver = static
  args = uid={id} gid={id} home={home}/mail/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {starttls}
  }}
  inet_listener imaps {{
    port = {implicit}
    ssl = yes
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox "Unwanted mail" {{
    auto = create
    special_use = \\Junk
  }}
  mailbox Spam {{
    auto = create
  }}
  mailbox Newsletters {{
    auto = create
  }}
}}
"""


class Dovecot:
    """logins: {name: password}; each has its mailbox, with a folder that is \\Junk under a name that
    does not say so, and one named Spam that is not."""

    def __init__(self, folder, certificate, logins):
        self.home = folder / "dovecot"
        root = PrivateRoot(self.home, "dovecot-imapd", USERS, {"/run": 0o755, "/var/lib": 0o755})
        self.implicit, self.starttls = free_port(), free_port()
        (self.home / "mail").mkdir()
        shutil.chown(self.home / "mail", MAILBOX_ID, MAILBOX_ID)
        shutil.copyfile(certificate.file, self.home / "certificate.pem")
        shutil.copyfile(certificate.key, self.home / "key.pem")
        (self.home / "logins").write_text(
            "".join(f"{name}:{password}\n" for name, password in logins.items()))
        (self.home / "logins").chmod(0o644)
        (self.home / "dovecot.conf").write_text(CONFIG.format(
            home=self.home, id=MAILBOX_ID, implicit=self.implicit, starttls=self.starttls))
        self._numbers = itertools.count(1)
        self._process = Process(
            root.command("/usr/sbin/dovecot", "-F", "-c", self.home / "dovecot.conf"),
            folder / "dovecot.log", cwd="/")
        self._process.wait_for_listener(("127.0.0.1", self.implicit))

    def _maildir(self, name, folder):
        mailbox = self.home / "mail" / name
        return mailbox / f".{folder}" if folder else mailbox

    def deliver(self, name, content, folder=""):
        """Into a folder, or the inbox: written aside, then renamed, so that nobody reads half of it."""
        box = self._maildir(name, folder)
        for made in (self._maildir(name, ""), box, *(box / part for part in ("tmp", "new", "cur"))):
            made.mkdir(exist_ok=True)
            os.chown(made, MAILBOX_ID, MAILBOX_ID)
        file = f"{next(self._numbers)}.waypost.test"
        (box / "tmp" / file).write_bytes(content.replace(b"\r\n", b"\n"))
        os.chown(box / "tmp" / file, MAILBOX_ID, MAILBOX_ID)
        os.rename(box / "tmp" / file, box / "new" / file)

    def unread(self, name, folder=""):
        """Names of the messages without the flag \\Seen."""
        box = self._maildir(name, folder)
        return [file.name for part in ("new", "cur") for file in (box / part).glob("*")
                if "S" not in file.name.partition(":2,")[2]]

    def log(self):
        return self._process.log()

    def stop(self):
        self._process.stop()

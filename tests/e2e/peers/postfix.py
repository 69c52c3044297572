"""Postfix, run from its unpacked package.

All that Postfix would look for in fixed places has a configuration parameter, so it needs no root
file system of its own, and this machine's own Postfix, if it has one, is left alone. Its master
wants to be root, since its parts change to several users.
"""

import os
import re
import shutil
import subprocess

from peers.package import environment, unpacked
from peers.presence import missing
from peers.process import Process, free_port

# Users that every Debian has; Postfix wants two that nothing else of it shares.
OWNER, DROP_GROUP, MAILBOX_USER = "daemon", "mail", "nobody"
QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop",
          "pid", "private", "public", "saved", "trace")

# The services that every Postfix here has, as its master.cf names them.
PARTS = """
postlog   unix-dgram n - n - 1 postlogd
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
anvil     unix - - n - 1 anvil
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
virtual   unix - n n - - virtual
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
""" + PARTS

# Where everything is, for any Postfix that runs from the unpacked package.
PLACES = """
compatibility_level = 3.7
queue_directory = {home}/queue
data_directory = {home}/data
daemon_directory = {package}/usr/lib/postfix/sbin
command_directory = {package}/usr/sbin
shlib_directory = {package}/usr/lib/postfix
meta_directory = {home}
mail_owner = {owner}
setgid_group = {group}
import_environment = MAIL_CONFIG LD_LIBRARY_PATH SASL_PATH
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
"""

MAIN = PLACES + """
myhostname = mx.postfix.test
mydestination =
local_recipient_maps =
alias_maps =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = {tls}
smtpd_tls_cert_file = {certificate.file}
smtpd_tls_key_file = {certificate.key}
smtpd_tls_received_header = yes
virtual_mailbox_domains = postfix.test
virtual_mailbox_maps = inline:{{ {mailboxes} }}
virtual_mailbox_base = {home}/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_recipient_restrictions = {restrictions}
"""

SMARTHOST = """
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
relayhost = [127.0.0.1]:{port}
smtp_tls_security_level = none
"""

LOGIN = """
smtp_tls_security_level = secure
smtp_tls_CAfile = {certificate.file}
smtp_tls_secure_cert_match = localhost
smtp_sasl_auth_enable = yes
smtp_sasl_security_options = noanonymous
smtp_sasl_mechanism_filter = {mechanism}
smtp_sasl_password_maps = inline:{{ {{ [127.0.0.1]:{port} = {name}:{password} }} }}
"""


def package():
    return unpacked("postfix")


def with_libraries():
    libraries = environment(package())
    plugins = unpacked("libsasl2-modules") / "usr/lib" / f"{os.uname().machine}-linux-gnu" / "sasl2"
    return {**libraries, "SASL_PATH": str(plugins), "LD_LIBRARY_PATH":
            f"{package()}/usr/lib/postfix:{libraries['LD_LIBRARY_PATH']}"}


def smtp_source(address, *options):
    """Postfix's load generator; returns what it printed."""
    host, port = address
    return subprocess.run([package() / "usr/sbin/smtp-source", *options, f"{host}:{port}"],
                          env=with_libraries(), capture_output=True, text=True, check=True,
                          timeout=120).stdout


class SmtpSink:
    """Postfix's sink, that counts and keeps nothing."""

    def __init__(self, folder, connections_max=256, address=None):
        self.address = address or ("127.0.0.1", free_port())
        as_nobody = ["-u", MAILBOX_USER] if os.geteuid() == 0 else []
        self._process = Process(
            [package() / "usr/sbin/smtp-sink", "-c", "-m", str(connections_max), *as_nobody,
             "%s:%d" % self.address, str(connections_max)],
            folder / "smtp-sink.log", env=with_libraries(), cwd="/")
        self._process.wait_for_listener(self.address)

    def messages(self):
        """How many came; it prints its counters over and over on one line."""
        return max(map(int, re.findall(r"mesg=(\d+)", self._process.log())), default=0)

    def stop(self):
        self._process.stop()


def make_folders(home):
    """What any Postfix wants to find, with the owners that it insists on."""
    for name in ("", "mail", "data", "queue", *(f"queue/{queue}" for queue in QUEUES)):
        (home / name).mkdir()
    for name in ("data", *(f"queue/{queue}" for queue in QUEUES if queue != "pid")):
        shutil.chown(home / name, OWNER)
    for name in ("public", "maildrop"):
        shutil.chown(home / "queue" / name, OWNER, DROP_GROUP)
    (home / "queue" / "maildrop").chmod(0o730)
    (home / "queue" / "public").chmod(0o710)
    (home / "queue" / "private").chmod(0o700)
    shutil.chown(home / "mail", MAILBOX_USER, "nogroup")


class Postfix:
    """The mail server of postfix.test, with the given mailboxes. policy: the address of a policy
    server that it asks about each recipient. smarthost: where mail for other domains goes; login:
    (name, password) there, over TLS whose certificate must be the test's. more: lines of main.cf;
    services: lines of master.cf."""
    domain = "postfix.test"
    tls_works = True

    def __init__(self, folder, certificate, mailboxes=("ann",), tls="may", policy=None,
                 smarthost=None, login=None, mechanism="PLAIN", more="", services=""):
        if os.geteuid() != 0:
            missing("Postfix itself runs only as root")
        self.home = folder / "postfix"
        self.address = ("127.0.0.1", free_port())
        make_folders(self.home)
        self._configure(certificate, mailboxes, tls, policy)
        if smarthost:
            self._send_through(smarthost, login, mechanism, certificate)
        for name, lines in (("main.cf", more), ("master.cf", services)):
            with open(self.home / name, "a", encoding="ascii") as file:
                file.write(lines)
        self._process = Process([package() / "usr/lib/postfix/sbin/master", "-c", self.home, "-d"],
                                folder / "postfix.log", env=with_libraries(), cwd="/")
        self._process.wait_for_listener(self.address)

    def _configure(self, certificate, mailboxes, tls, policy):
        restrictions = "check_policy_service inet:%s:%d" % policy if policy else ""
        owner = (self.home / "mail").stat()
        (self.home / "main.cf").write_text(MAIN.format(
            home=self.home, package=package(), owner=OWNER, group=DROP_GROUP, tls=tls,
            certificate=certificate, uid=owner.st_uid, gid=owner.st_gid, restrictions=restrictions,
            mailboxes=", ".join(f"{{ {name}@postfix.test = {name}/ }}" for name in mailboxes)))
        (self.home / "master.cf").write_text(MASTER.format(port=self.address[1]))

    def _send_through(self, smarthost, login, mechanism, certificate):
        with open(self.home / "main.cf", "a", encoding="ascii") as file:
            file.write(SMARTHOST.format(port=smarthost[1]))
            if login:
                file.write(LOGIN.format(port=smarthost[1], name=login[0], password=login[1],
                                        mechanism=mechanism.lower(), certificate=certificate))

    def mail(self, mailbox="*"):
        """The messages in a mailbox, or in all."""
        return [file.read_bytes() for file in sorted((self.home / "mail").glob(f"{mailbox}/new/*"))]

    def log(self):
        file = self.home / "mail.log"
        return self._process.log() + (file.read_text(errors="replace") if file.exists() else "")

    def stop(self):
        self._process.stop()

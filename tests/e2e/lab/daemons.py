"""Real servers at the far end: Postfix with a service for each fault, Dovecot that judges its logins,
Unbound with a wrong trust anchor before Knot, and rbldnsd with block lists. Started once, when the
first scenario wants them."""

import os
import threading

from lab.names import Names
from lab.signed import SignedNames
from lab.world import HOST, PASSWORD, USER
from peers.package import unpacked
from peers.postfix import (DROP_GROUP, OWNER, PARTS, PLACES, make_folders, package,
                           with_libraries)
from peers.presence import missing, program
from peers.private_root import PrivateRoot
from peers.process import Process
from peers.waiting import eventually

WORLD = 0  # whose addresses are the real servers'
RESOLVER_NUMBER, KNOT_NUMBER, UNBOUND_NUMBER, LISTS_NUMBER = 53, 54, 55, 56
SUBMISSION = "-o smtpd_sasl_auth_enable=yes -o smtpd_tls_security_level=encrypt"

# {service: (its number, port, what Postfix is told)}
SERVICES = {
    "entrance": (1, 25, ""),
    "submission": (1, 587, SUBMISSION),
    "at once": (1, 465, "-o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes"),
    "no TLS": (3, 587, "-o smtpd_tls_security_level=none -o smtpd_sasl_auth_enable=yes "
                       "-o smtpd_tls_auth_only=no"),
    "TLS 1.0": (4, 587, SUBMISSION + " -o smtpd_tls_mandatory_protocols=TLSv1 "
                "-o smtpd_tls_protocols=TLSv1 -o smtpd_tls_mandatory_ciphers=medium "
                "-o tls_medium_cipherlist=DEFAULT:@SECLEVEL=0"),
    "expired": (5, 587, SUBMISSION + " -o smtpd_tls_cert_file={expired.file} "
                                     "-o smtpd_tls_key_file={expired.key}"),
    "another key": (6, 587, SUBMISSION + " -o smtpd_tls_key_file={expired.key}"),
    "owners": (7, 587, SUBMISSION + " -o smtpd_sender_restrictions=reject_sender_login_mismatch"),
    "rate": (8, 25, "-o smtpd_client_connection_rate_limit=1 -o smtpd_client_event_limit_exceptions="),
    "size": (9, 587, SUBMISSION + " -o message_size_limit=100"),
    "listed": (10, 25, "-o {{ smtpd_recipient_restrictions = reject_rbl_client bl.lab.test, permit }}"),
    "reverse": (11, 25, "-o smtpd_client_restrictions=reject_unknown_reverse_client_hostname "
                        "-o smtpd_peername_lookup=yes -o unknown_client_reject_code=550"),
    "greylist": (12, 25, "-o {{ smtpd_recipient_restrictions = check_recipient_access "
                         "static:{{451 4.7.1 Greylisted, please try again in 300 seconds}} }}"),
    "no login": (13, 587, "-o smtpd_tls_security_level=encrypt"),
}

MAIN = """
myhostname = mail.lab.test
mydestination = lab.test
local_recipient_maps = inline:{{ ann@lab.test=x, bob@lab.test=x }}
local_transport = discard:
default_transport = discard:
alias_maps =
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {good.file}
smtpd_tls_key_file = {good.key}
smtpd_sasl_type = dovecot
smtpd_sasl_path = {logins}
smtpd_sender_login_maps = inline:{{ ann@lab.test=ann@lab.test, bob@lab.test=bob@lab.test }}
"""

DOVECOT = """
protocols =
ssl = no
log_path = /dev/stderr
base_dir = /run/dovecot
auth_mechanisms = plain login
disable_plaintext_auth = no
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {home}/logins
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  unix_listener {home}/socket {{
    mode = 0666
  }}
}}
"""

# {zone: its file}. Two work, and one of those has the client's address; one is given up and has every
# address; one answers with its error code whatever the question is, one like a resolver that makes
# something of names that do not exist.
LISTS = {
    "zen.spamhaus.org": ":127.0.0.2:see https://check.spamhaus.org/query/ip/$\n127.0.0.2\n192.0.2.2\n",
    "bl.spamcop.net": ":127.0.0.2:listed\n127.0.0.2\n",
    "b.barracudacentral.org": ":127.0.0.2:listed\n0.0.0.0/1\n128.0.0.0/1\n",
    "bl.mailspike.net": ":127.255.255.254:public resolver\n0.0.0.0/1\n128.0.0.0/1\n",
    "psbl.surriel.com": ":11.18.200.200:\n0.0.0.0/1\n128.0.0.0/1\n",
}


class Daemons:
    def __init__(self, network, authority, folder):
        self._network, self._authority = network, authority
        self._folder = folder / "daemons"
        self._folder.mkdir()
        self._lock, self._started, self._stopping = threading.Lock(), {}, []

    def address(self, number):
        return self._network.address(WORLD, number)

    def postfix(self, service):
        """Lets a world lead to this service of it."""
        def prepare(world):
            self._once("postfix", self._start_postfix)
            number, world.port, _ = SERVICES[service]
            world.services.clear()
            world.names.add_host(HOST, self.address(number))
        return prepare

    def bogus(self, world):
        self._once("unbound", self._start_unbound)
        world.host, world.listens = "mail.bogus.test", False
        world.resolver = f"{self.address(UNBOUND_NUMBER)}:53"

    def lists(self, world):
        """Lets the world's resolver ask rbldnsd about the lists."""
        self._once("rbldnsd", self._start_lists)
        for name, kind in list(world.names.records):
            if name.endswith(tuple("." + zone for zone in LISTS)):
                del world.names.records[name, kind]
        world.names.elsewhere = {zone: self.address(LISTS_NUMBER) for zone in LISTS}

    def stop(self):
        for stop in reversed(self._stopping):
            stop()

    def _once(self, what, start):
        """Whoever comes later gets what became of the first try."""
        with self._lock:
            if what not in self._started:
                try:
                    start()
                    self._started[what] = None
                except BaseException as failure:  # pytest's skip too
                    self._started[what] = failure
        if self._started[what]:
            raise self._started[what]

    def _run(self, command, name, **options):
        process = Process([*self._network.enter_server(), *command], self._folder / f"{name}.log",
                          cwd="/", **options)
        self._stopping.append(process.stop)
        return process

    def _start_postfix(self):
        if os.geteuid() != 0:
            missing("Postfix and Dovecot change their user, as root alone may")
        logins = self._start_dovecot()
        self._start_names()
        home = self._folder / "postfix"
        made = {kind: self._authority.certificate(HOST, kind) for kind in ("good", "expired")}
        make_folders(home)
        (home / "main.cf").write_text(
            PLACES.format(home=home, package=package(), owner=OWNER, group=DROP_GROUP)
            .replace("inet_interfaces = 127.0.0.1", "inet_interfaces = all") +
            MAIN.format(logins=logins, **made))
        (home / "master.cf").write_text(PARTS + "".join(
            f"{self.address(number)}:{port} inet n - n - - smtpd {options.format(**made)}\n"
            for number, port, options in SERVICES.values()))
        resolv_conf = self._folder / "resolv.conf"
        resolv_conf.write_text(f"nameserver {self.address(RESOLVER_NUMBER)}\n")
        bind = 'mount --bind "$0" /etc/resolv.conf; exec "$@"'
        process = self._run([program("unshare"), "--mount", "sh", "-ec", bind, resolv_conf,
                             package() / "usr/lib/postfix/sbin/master", "-c", home, "-d"], "postfix",
                            env=with_libraries())
        self._wait_for_greeting(process)

    def _wait_for_greeting(self, process):
        log = self._folder / "postfix" / "mail.log"
        eventually(lambda: not process.is_running() or
                   log.exists() and "daemon started" in log.read_text(), "Postfix runs",
                   explain=process.log)
        assert process.is_running(), process.log()

    def _start_names(self):
        names = Names()
        names.add("2.2.0.192.bl.lab.test", "A", "127.0.0.2")
        names.add("2.2.0.192.bl.lab.test", "TXT", "listed, see https://bl.lab.test/")
        names.add("lab.test", "MX", f"10 {HOST}.")
        names.start(self._network, self.address(RESOLVER_NUMBER))
        self._stopping.append(names.stop)

    def _start_dovecot(self):
        """Where it listens for those who ask about logins."""
        root = PrivateRoot(self._folder / "dovecot", "dovecot-core",
                           {"dovecot": 64611, "dovenull": 64612}, {"/run": 0o755, "/var/lib": 0o755})
        home = self._folder / "dovecot"
        (home / "logins").write_text(f"{USER}:{PASSWORD}\n")
        (home / "logins").chmod(0o644)
        (home / "dovecot.conf").write_text(DOVECOT.format(home=home))
        process = self._run(root.command("/usr/sbin/dovecot", "-F", "-c", home / "dovecot.conf"),
                            "dovecot")
        eventually(lambda: (home / "socket").exists() or not process.is_running(), "Dovecot listens",
                   explain=process.log)
        assert process.is_running(), process.log()
        return home / "socket"

    def _start_unbound(self):
        names = SignedNames(self._network, self._folder / "signed",
                            (self.address(KNOT_NUMBER), self.address(UNBOUND_NUMBER)),
                            {"bogus.test": f"mail A {self.address(1)}\n"}, bogus=("bogus.test",))
        self._stopping.append(names.stop)
        names.start()

    def _start_lists(self):
        if os.geteuid() != 0:
            missing("rbldnsd changes its user, as root alone may")
        home = self._folder / "lists"
        home.mkdir()
        for zone, text in LISTS.items():
            (home / zone).write_text(text)
        rbldnsd = self._run([unpacked("rbldnsd") / "usr/sbin/rbldnsd", "-n", "-u", "nobody",
                             "-w", home, "-b", f"{self.address(LISTS_NUMBER)}/53",
                             *(f"{zone}:ip4set:{zone}" for zone in LISTS)], "rbldnsd")
        eventually(lambda: "zones reloaded" in rbldnsd.log() or not rbldnsd.is_running(),
                   "rbldnsd answers", explain=rbldnsd.log)
        assert rbldnsd.is_running(), rbldnsd.log()

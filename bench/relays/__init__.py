"""The relays that bench/relay.py measures, each as fast as its configuration lets it be, and what
stands around them: a sink, and TLS for a source and a sink that know none."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from peers import node, postfix  # noqa: E402
from peers.certificate import Certificate  # noqa: E402
from peers.package import environment, unpacked  # noqa: E402
from peers.process import Process, free_port  # noqa: E402


@dataclass(frozen=True)
class Setup:
    """How a relay is to run. Without a next hop it accepts and does not deliver."""
    connections: int
    sink: int | None = None
    certificate: Certificate | None = None


WAYPOST = """
hostname = "relay.bench.test"
data_dir = "{home}/data"
[[listener]]
address = "127.0.0.1:{port}"
tls = "{tls}"
trusted_networks = ["127.0.0.0/8"]
[limits]
spool_free_octets_min = "64MiB"
[delivery]
next_hop = "127.0.0.1:{sink}"
tls = "{tls_out}"
[site_default]
connections = {connections}
messages_per_connection = 1000
"""
WAYPOST_TLS = """
[tls]
certificate = "{certificate.file}"
key = "{certificate.key}"
"""


def signing_key(binary, home, kind):
    """A DKIM key for the source's domain; gives its part of the configuration."""
    file = home / f"{kind}.pem"
    subprocess.run([binary, "dkim", "key", "--domain", "src.test", "--selector", kind, "--type", kind,
                    "--out", file], check=True, capture_output=True)
    return f'[[signing_key]]\ndomain = "src.test"\nselector = "{kind}"\nfile = "{file}"\n'


class Waypost:
    """Nothing but the path of the mail is configured: events, records and all else as by default."""
    name, pace = "Waypost", 5
    top, signs_with = "", ()

    def __init__(self, home, setup):
        self.address = ("127.0.0.1", free_port())
        home.mkdir()
        # Where nobody listens, what is accepted waits.
        text = self.top + WAYPOST.format(home=home, port=self.address[1], sink=setup.sink or free_port(),
                              connections=setup.connections,
                              tls="starttls" if setup.certificate else "none",
                              tls_out="opportunistic" if setup.certificate else "never")
        if setup.certificate:
            text += WAYPOST_TLS.format(certificate=setup.certificate)
        binary = os.environ.get("WAYPOST_BIN", ROOT / "build/release/waypost")
        for kind in self.signs_with:
            text += signing_key(binary, home, kind)
        (home / "waypost.toml").write_text(text)
        self.process = Process([binary, "--config", home / "waypost.toml", "serve"],
                               home / "waypost.log")


class OneLoop(Waypost):
    """For comparison: what several loops cost and bring."""
    name, top = "OneLoop", "loops = 1\n"


class SignedRsa(Waypost):
    """For comparison: what a signature costs."""
    name, signs_with = "Signed-RSA", ("rsa",)


class SignedTwice(Waypost):
    name, signs_with = "Signed-both", ("rsa", "ed25519")


# No lookups, no limits of clients, no pause when the queue grows.
POSTFIX_MAIN = postfix.PLACES + """
myhostname = relay.bench.test
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{sink}
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
default_process_limit = 400
smtpd_client_connection_count_limit = 0
smtpd_client_event_limit_exceptions = static:all
in_flow_delay = 0
default_destination_concurrency_limit = {connections}
initial_destination_concurrency = {connections}
qmgr_message_active_limit = 100000
qmgr_message_recipient_limit = 100000
message_size_limit = 52428800
"""
POSTFIX_PLAIN = "smtp_tls_security_level = none\nsmtpd_tls_security_level = none\n"
POSTFIX_TLS = """
smtp_tls_security_level = encrypt
smtpd_tls_security_level = may
smtpd_tls_cert_file = {certificate.file}
smtpd_tls_key_file = {certificate.key}
smtp_tls_session_cache_database = btree:{home}/data/smtp_scache
smtp_tls_connection_reuse = yes
"""
POSTFIX_QUEUE_ONLY = "defer_transports = smtp\n"
POSTFIX_MASTER = postfix.MASTER + """
scache    unix - - n - 1 scache
tlsproxy  unix - - n - 0 tlsproxy
"""


class Postfix(postfix.Postfix):
    """The test's Postfix, laid out as a relay. Needs root."""
    name, pace = "Postfix", 1

    def __init__(self, home, setup):
        self.home, self.address = home, ("127.0.0.1", free_port())
        self._make_folders()
        main = POSTFIX_MAIN + (POSTFIX_TLS if setup.certificate else POSTFIX_PLAIN)
        if not setup.sink:
            main += POSTFIX_QUEUE_ONLY
        (home / "main.cf").write_text(main.format(
            home=home, package=postfix.package(), owner=postfix.OWNER, group=postfix.DROP_GROUP,
            sink=setup.sink or free_port(), connections=setup.connections,
            certificate=setup.certificate))
        (home / "master.cf").write_text(POSTFIX_MASTER.format(port=self.address[1]))
        self.process = Process([postfix.package() / "usr/lib/postfix/sbin/master", "-c", home, "-d"],
                               home / "postfix.out", env=postfix.with_libraries(), cwd="/")


# Takes all and asks no DNS.
HARAKA_PLUGIN = """
exports.register = function () {
  this.register_hook('connect_init', 'relaying')
  this.register_hook('rcpt', 'take')
  this.register_hook('get_mx', 'next_hop')
}
exports.relaying = (next, connection) => { connection.relaying = true; next() }
exports.take = (next) => next(OK)
exports.next_hop = (next) => next(OK, [%s])
"""


class Haraka:
    """With a worker a core."""
    name, pace = "Haraka", 1

    def __init__(self, home, setup):
        self.address = ("127.0.0.1", free_port())
        haraka = node.modules() / "Haraka" / "bin" / "haraka"
        shutil.copytree(haraka.parents[1] / "config", home / "config")
        for name in ("plugins", "queue"):
            (home / name).mkdir()
        hop = {"exchange": "127.0.0.1", "port": setup.sink, "priority": 0}
        (home / "plugins" / "bench.js").write_text(HARAKA_PLUGIN % json.dumps(hop))
        plugins, tls = "bench", "false"
        if setup.certificate:
            shutil.copyfile(setup.certificate.file, home / "config" / "tls_cert.pem")
            shutil.copyfile(setup.certificate.key, home / "config" / "tls_key.pem")
            plugins, tls = "tls\nbench", "true"
        for name, text in {
                "me": "relay.bench.test", "plugins": plugins, "loglevel": "notice",
                "log.ini": "[main]\nlevel=notice",
                "smtp.ini": f"listen=127.0.0.1:{self.address[1]}\nnodes={os.cpu_count()}",
                "outbound.ini": f"concurrency_max={setup.connections}\nenable_tls={tls}\n"
                                f"disabled={'false' if setup.sink else 'true'}",
                "databytes": "52428800", "queue_dir": str(home / "queue")}.items():
            (home / "config" / name).write_text(text + "\n")
        self.process = Process([node.node(), haraka, "-c", home], home / "haraka.log", cwd="/")


RELAYS = {relay.name.lower(): relay for relay in (Postfix, Haraka, Waypost, OneLoop, SignedRsa, SignedTwice)}

TUNNEL = """
foreground = yes
pid =
debug = err
[tunnel]
protocol = smtp
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{to}
"""
TUNNEL_SIDES = {"client": "client = yes\n", "server": "cert = {file}\nkey = {key}\n"}


class Tunnel:
    """STARTTLS for one side that has none: its plain end is here, or its end with TLS."""

    def __init__(self, folder, side, to, certificate):
        self.address = ("127.0.0.1", free_port())
        configuration = folder / f"stunnel-{side}.conf"
        configuration.write_text(TUNNEL.format(port=self.address[1], to=to)
                                 + TUNNEL_SIDES[side].format(**vars(certificate)))
        package = unpacked("stunnel4")
        self._process = Process([package / "usr/bin/stunnel4", configuration],
                                folder / f"stunnel-{side}.log", env=environment(package))
        self._process.wait_for_listener(self.address)

    def stop(self):
        self._process.stop()

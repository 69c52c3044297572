"""Exim, run from its unpacked package in a private root: the server of exim.test, and a smarthost's
client for everybody else's mail."""

import shutil

from peers.private_root import PrivateRoot
from peers.process import Process, free_port

USER, USER_ID = "Debian-exim", 64601

CONFIG = """
primary_hostname = mx.exim.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
disable_ipv6 = true
log_file_path = {home}/log/%slog
log_selector = +smtp_confirmation +tls_cipher
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
tls_advertise_hosts = *
tls_certificate = {home}/certificate.pem
tls_privatekey = {home}/key.pem
acl_smtp_rcpt = rcpt
acl_smtp_data = accept

begin acl
rcpt:
  accept hosts = 127.0.0.1
         domains = ! exim.test
  require message = relay not permitted
          domains = exim.test
  require verify = recipient
  accept

begin routers
mailbox:
  driver = accept
  domains = exim.test
  local_parts = {mailboxes}
  transport = mailbox
  cannot_route_message = Unknown user
{smarthost}

begin transports
mailbox:
  driver = appendfile
  maildir_format
  create_directory
  directory = {home}/mail/$local_part_data
  user = {user}
  group = {user}
smarthost:
  driver = smtp
  port = {smarthost_port}
  allow_localhost
  hosts_try_chunking = *
  {smarthost_options}

begin retry
* * F,2h,1s

begin authenticators
{authenticators}
"""

SMARTHOST = """
smarthost:
  driver = manualroute
  domains = ! exim.test
  transport = smarthost
  route_list = * 127.0.0.1 byname
  self = send
"""

# A login only inside TLS, whose certificate must hold.
LOGIN_OPTIONS = """hosts_require_tls = *
  hosts_require_auth = *
  tls_verify_certificates = {home}/certificate.pem
  tls_verify_hosts = *
  tls_verify_cert_hostnames ="""

LOGIN = """
{mechanism}:
  driver = plaintext
  public_name = {mechanism}
  client_send = {sent}
"""

# What it takes from those who send to it, inside TLS only.
TAKES = {
    "PLAIN": """
plain_server:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{name}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
""", "LOGIN": """
login_server:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{{name}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
""", "CRAM-MD5": """
cram_server:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{{name}}}{{{password}}}fail}}
  server_set_id = $auth1
"""}
ADVERTISED = "  server_advertise_condition = ${if def:tls_in_cipher}\n"
SENT = {"PLAIN": "^{name}^{password}", "LOGIN": ": {name} : {password}"}


class Exim:
    """smarthost: where mail for other domains goes; login: (name, password) there, over TLS whose
    certificate must be the test's. takes: (name, password) that it takes from its own clients. Both
    by `mechanism`."""
    domain = "exim.test"
    tls_works = True

    def __init__(self, folder, certificate, mailboxes=("ann",), smarthost=None, login=None,
                 mechanism="PLAIN", takes=None):
        root = PrivateRoot(folder / "exim", "exim4-daemon-light", {USER: USER_ID},
                           {"/var/spool": 0o755, "/run": 0o755})
        self.home = folder / "exim"
        self.address = ("127.0.0.1", free_port())
        for file, name in ((certificate.file, "certificate.pem"), (certificate.key, "key.pem")):
            shutil.copyfile(file, self.home / name)
        for name in ("mail", "log", "own/var/spool/exim4"):
            (self.home / name).mkdir()
            shutil.chown(self.home / name, USER_ID, USER_ID)
        (self.home / "key.pem").chmod(0o400)
        shutil.chown(self.home / "key.pem", USER_ID, USER_ID)
        (root.etc / "exim4").mkdir()
        (root.etc / "exim4" / "exim4.conf").write_text(self._config(
            mailboxes, smarthost, login, mechanism, takes))
        self._process = Process(root.command("/usr/sbin/exim4", "-bdf", "-q1s"),
                                folder / "exim.log", cwd="/")
        self._process.wait_for_listener(self.address)

    def _config(self, mailboxes, smarthost, login, mechanism, takes):
        authenticators = ""
        if login:
            sent = SENT[mechanism].format(name=login[0], password=login[1])
            authenticators += LOGIN.format(mechanism=mechanism, sent=sent)
        if takes:
            authenticators += TAKES[mechanism].format(name=takes[0], password=takes[1]) + ADVERTISED
        return CONFIG.format(
            home=self.home, port=self.address[1], mailboxes=" : ".join(mailboxes), user=USER,
            smarthost=SMARTHOST if smarthost else "",
            smarthost_port=smarthost[1] if smarthost else 25,
            smarthost_options=LOGIN_OPTIONS.format(home=self.home) if login else "hosts_avoid_tls = *",
            authenticators=authenticators)

    def mail(self):
        """The messages of all mailboxes."""
        return [file.read_bytes() for file in sorted((self.home / "mail").glob("*/new/*"))]

    def log(self):
        files = sorted((self.home / "log").glob("*log"))
        return self._process.log() + "".join(file.read_text(errors="replace") for file in files)

    def stop(self):
        self._process.stop()

"""Certificates of every kind that a mail server is found with, made once each with the openssl program."""

import datetime
import ssl
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from peers.presence import program

DAY = datetime.timedelta(days=1)
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
WEAK = ["-newkey", "rsa:1024"]

CONFIG = """
[ca]
default_ca = lab
[lab]
database = {folder}/index.txt
new_certs_dir = {folder}/issued
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
[leaf]
basicConstraints = CA:false
[issuer]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[req]
distinguished_name = name
[name]
"""


KEYS = {"weak": WEAK, "rsa": ["-newkey", "rsa:2048"]}
# Authorities below the root, made when one of their certificates is asked for: when they hold, and
# their key.
BELOW = {"old": ((-300, -3), CURVE), "coming": ((3, 300), CURVE), "feeble": ((-30, 300), WEAK)}
SIGNED_BY = {"unknown-issuer": "stranger", "old-issuer": "old", "coming-issuer": "coming",
             "feeble-issuer": "feeble", "private-issuer": "private", "no-upper": "lower"}
SENT = {"no-intermediate": (), "wrong-intermediate": ("stranger",), "private-issuer": ("private", "stranger")}


@dataclass(frozen=True)
class Made:
    file: Path  # the certificate, then what the server sends with it
    key: Path


def forge(file):
    """The last octet, which is of the signature, becomes another."""
    octets = bytearray(ssl.PEM_cert_to_DER_cert(file.read_text()))
    octets[-1] ^= 1
    file.write_text(ssl.DER_cert_to_PEM_cert(bytes(octets)))


class Authority:
    """A root that the client trusts (`root`), one below it that issues, and one that nobody knows."""

    def __init__(self, folder):
        self.folder, self._made, self._lock = folder, {}, threading.Lock()
        (folder / "issued").mkdir()
        (folder / "index.txt").touch()
        self._config = folder / "openssl.cnf"
        self._config.write_text(CONFIG.format(folder=folder))
        for root in ("root", "stranger"):
            self._openssl("req", "-x509", *CURVE, "-nodes", "-days", "3650", "-extensions", "issuer",
                          "-subj", f"/CN=Lab {root}", "-keyout", f"{root}.key", "-out", f"{root}.pem")
        self._issue("issuing", "Lab issuing", "root", "issuer", (-30, 3000))
        self.root = folder / "root.pem"

    def certificate(self, name, kind="good"):
        """kind: good, expired, future, ending, wrong-name, self-signed, no-intermediate,
        wrong-intermediate, weak, sha1, rsa, forged, for-clients, common-name, or one of SIGNED_BY."""
        with self._lock:
            if (name, kind) not in self._made:
                self._made[name, kind] = self._make(name, kind)
            return self._made[name, kind]

    def _make(self, name, kind):
        stem = f"{name}.{kind}"
        if kind == "self-signed":
            self._openssl("req", "-x509", *CURVE, "-nodes", "-days", "90", "-subj", f"/CN={name}",
                          "-addext", f"subjectAltName=DNS:{name}", "-keyout", f"{stem}.key",
                          "-out", f"{stem}.pem")
            return Made(self.folder / f"{stem}.pem", self.folder / f"{stem}.key")
        days = {"expired": (-120, -30), "future": (30, 120), "ending": (-85, 4)}.get(kind, (-5, 85))
        issuer = SIGNED_BY.get(kind, "issuing")
        self._make_issuer(issuer)
        subject = "other.lab.test" if kind == "wrong-name" else name
        more = ["-addext", "extendedKeyUsage=clientAuth"] if kind == "for-clients" else []
        if kind != "common-name":
            more += ["-addext", f"subjectAltName=DNS:{subject}"]
        self._issue(stem, subject, issuer, "leaf", days, KEYS.get(kind, CURVE), more,
                    "sha1" if kind == "sha1" else "sha256")
        if kind == "forged":
            forge(self.folder / f"{stem}.pem")
        chain = self.folder / f"{stem}.chain.pem"
        parts = [stem, *SENT.get(kind, (issuer,))]
        chain.write_text("".join((self.folder / f"{part}.pem").read_text() for part in parts))
        return Made(chain, self.folder / f"{stem}.key")

    def _make_issuer(self, name):
        if (self.folder / f"{name}.pem").exists():
            return
        above = {"private": "stranger", "lower": "issuing"}.get(name, "root")
        days, key = BELOW.get(name, ((-30, 300), CURVE))
        self._issue(name, f"Lab {name}", above, "issuer", days, key)

    def _issue(self, stem, subject, issuer, extensions, days, key=(), alternative=(), digest="sha256"):
        now = datetime.datetime.now(datetime.timezone.utc)
        begin, end = (f"{now + day * DAY:%Y%m%d%H%M%SZ}" for day in days)
        self._openssl("req", *(key or CURVE), "-nodes", "-subj", f"/CN={subject}", *alternative,
                      "-keyout", f"{stem}.key", "-out", f"{stem}.csr")
        self._openssl("ca", "-batch", "-notext", "-md", digest, "-cert", f"{issuer}.pem", "-keyfile",
                      f"{issuer}.key", "-extensions", extensions, "-startdate", begin, "-enddate",
                      end, "-in", f"{stem}.csr", "-out", f"{stem}.pem")

    def _openssl(self, command, *arguments):
        ran = subprocess.run([program("openssl"), command, "-config", self._config, *arguments],
                             cwd=self.folder, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"openssl {command}: {ran.stderr}"

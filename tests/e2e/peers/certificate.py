"""A certificate that signs itself, for whoever offers TLS in a test."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from peers.presence import program


@dataclass(frozen=True)
class Certificate:
    file: Path
    key: Path


def make_certificate(folder):
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    subprocess.run([program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", str(made.key), "-out", str(made.file)],
                   check=True, capture_output=True)
    return made

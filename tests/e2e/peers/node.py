"""Mail software of the Node world, fetched once by npm as its lock file says, below build/peers."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from peers.package import PEERS, fetching
from peers.presence import missing, program

LOCK = Path(__file__).parent / "node"
VERSION_MIN = 20  # Haraka's


def node():
    """The interpreter. Debian 12 has none that is new enough, so that its absence only skips, also
    where peers are required."""
    path = shutil.which("node")
    if not path:
        pytest.skip(f"MISSING PEER: no node, {VERSION_MIN} or newer")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < VERSION_MIN:
        pytest.skip(f"MISSING PEER: node is {version.strip()}, Haraka wants {VERSION_MIN}")
    return path


def modules():
    """The folder node_modules that holds Haraka and nodemailer."""
    node()
    folder = PEERS / "node"
    if not folder.is_dir():
        with fetching():
            if not folder.is_dir():
                fetch_modules(folder)
    return folder / "node_modules"


def fetch_modules(folder):
    npm, partial = program("npm"), PEERS / "node.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(LOCK, partial)
    fetched = subprocess.run([npm, "ci", "--omit=optional", "--ignore-scripts", "--no-audit",
                              "--no-fund"], cwd=partial, check=False, stdout=sys.stderr)
    if fetched.returncode != 0:
        missing("npm ci failed in tests/e2e/peers/node; is there a network?")
    partial.rename(folder)

"""Debian packages that are used and never installed: unpacked below build/peers and run from there,
so that this machine's own mail server, if it has one, is left alone."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

from peers.presence import missing
from peers.relay import ROOT

PEERS = ROOT / "build" / "peers"


@contextmanager
def fetching():
    """One at a time, over all processes that run tests side by side: whoever comes second finds what
    the first has fetched."""
    PEERS.mkdir(parents=True, exist_ok=True)
    with open(PEERS / "fetching.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def unpacked(name):
    """The folder of an unpacked package, fetched once, with those of its dependencies that are not
    installed."""
    folder = PEERS / name
    if not folder.is_dir():
        with fetching():
            if not folder.is_dir():
                fetch(name, folder)
    return folder


def fetch(name, folder):
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        missing(f"{name} comes from a Debian package, and this is not Debian")
    downloads, partial = PEERS / f"{name}.download", PEERS / f"{name}.partial"
    for made in (downloads, partial):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
    refreshed = False
    while not download(name, downloads):
        if refreshed or os.geteuid() != 0:
            missing(f"apt-get download {name} failed; is there a network, and apt-get update done?")
        subprocess.run(["apt-get", "-qq", "update"], check=False, stdout=sys.stderr)
        refreshed = True
    for file in downloads.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", file, partial], check=True)
    shutil.rmtree(downloads)
    partial.rename(folder)


def download(name, folder):
    # --print-uris would leave out what lies in the cache already.
    plan = subprocess.run(["apt-get", "-qq", "--simulate", "--no-install-recommends", "install", name],
                          capture_output=True, text=True, check=False)
    names = {name, *re.findall(r"^Inst (\S+) ", plan.stdout, re.M)}
    return subprocess.run(["apt-get", "-qq", "download", *sorted(names)], cwd=folder, check=False,
                          stdout=sys.stderr).returncode == 0


def environment(folder):
    """Lets a program of the unpacked package find the libraries that came with it."""
    library = folder / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"
    return {**os.environ, "LD_LIBRARY_PATH": str(library)}

#!/usr/bin/env python3
"""How long `waypost explain --log` takes for 1 GB of a Postfix log, on one core.

The log is made here: nine lines in ten about mail that was delivered or only passed through, one
about a failure of a dozen causes, with ids and addresses that differ from line to line.

    bench/logs.py [MEGABYTES]
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CAUSES = [
    ("gmail-smtp-in.l.google.com", "bounced", "5.1.1",
     "550-5.1.1 The email account that you tried to reach does not exist. {q} - gsmtp"),
    ("gmail-smtp-in.l.google.com", "deferred", "4.7.28",
     "421-4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP "
     "address {ip}. {q} - gsmtp"),
    ("example-org.mail.protection.outlook.com", "bounced", "5.7.606",
     "550 5.7.606 Access denied, banned sending IP [{ip}]. To request removal from this list please "
     "visit https://sender.office.com/ AS(1410) [{q}.prod.protection.outlook.com]"),
    ("mta7.am0.yahoodns.net", "deferred", "4.7.0",
     "421 4.7.0 [TSS04] Messages from {ip} temporarily deferred due to unexpected volume or user "
     "complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes"),
    ("mx.example.net", "bounced", "5.2.2", "552 5.2.2 <{to}>: Mailbox is full (id {q})"),
    ("mx.example.com", "bounced", "5.7.1",
     "554 5.7.1 Service unavailable; Client host [{ip}] blocked using zen.spamhaus.org"),
    ("mx.example.edu", "deferred", "4.7.1", "450 4.7.1 <{to}>: Recipient address rejected: Greylisted"),
]


def write(path, megabytes):
    rng = random.Random(17)
    wanted = megabytes * 1_000_000
    written = 0
    second = 0
    with open(path, "w", buffering=1 << 20) as log:
        while written < wanted:
            second += 1
            at = time.strftime("%b %d %H:%M:%S", time.gmtime(1_763_000_000 + second // 20))
            q = f"{rng.getrandbits(40):010X}"
            to = f"user{rng.randrange(10**6)}@example.net"
            head = f"{at} mx postfix"
            lines = [f"{head}/qmgr[812]: {q}: from=<news@example.org>, size=18234, nrcpt=1 (queue active)"]
            if second % 5:
                lines.append(f"{head}/smtp[{rng.randrange(99999)}]: {q}: to=<{to}>, relay=mx.example.net"
                             f"[192.0.2.{rng.randrange(256)}]:25, delay=1.3, delays=0.01/0/0.4/0.9, "
                             f"dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {q})")
                lines.append(f"{head}/qmgr[812]: {q}: removed")
            else:
                host, fate, dsn, reply = CAUSES[rng.randrange(len(CAUSES))]
                said = reply.format(q=q, to=to, ip=f"192.0.2.{rng.randrange(256)}")
                lines.append(f"{head}/smtp[{rng.randrange(99999)}]: {q}: to=<{to}>, relay={host}"
                             f"[192.0.2.{rng.randrange(256)}]:25, delay=1.3, delays=0.01/0/0.4/0.9, "
                             f"dsn={dsn}, status={fate} (host {host}[192.0.2.1] said: {said} (in reply "
                             "to RCPT TO command))")
            text = "\n".join(lines) + "\n"
            log.write(text)
            written += len(text)


def main():
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    binary = os.environ.get("WAYPOST_BIN", ROOT / "build/release/waypost")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mail.log"
        write(log, megabytes)
        size = log.stat().st_size
        started = time.monotonic()
        ran = subprocess.run([binary, "explain", "--quiet", "--log", log], check=True,
                             capture_output=True, text=True)
        took = time.monotonic() - started
        print("\n".join(ran.stdout.splitlines()[:12]))
        print(f"{size / 1e6:.0f} MB in {took:.1f} s: {size / 1e6 / took:.0f} MB a second")


if __name__ == "__main__":
    main()

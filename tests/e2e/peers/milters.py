"""What Postfix asks about the mail that comes in: OpenDKIM about signatures, OpenDMARC about SPF and
DMARC. Both ask the name server of the test, and write what they find into Authentication-Results."""

import shlex

from peers.package import environment, unpacked
from peers.presence import missing, program
from peers.process import Process, free_port

# Without these, mail from this machine counts as our own and is not looked at.
OTHERS = "192.0.2.1\n"

DKIM = """
Mode v
Socket inet:{port}@127.0.0.1
AuthservID {name}
InternalHosts {others}
PeerList {none}
ResolverConfiguration {resolver}
AlwaysAddARHeader yes
Syslog no
UserID root
PidFile {home}/opendkim.pid
"""
RESOLVER = """
server:
  do-not-query-localhost: no
  module-config: iterator
forward-zone:
  name: .
  forward-addr: {host}@{port}
"""
DMARC = """
Socket inet:{port}@127.0.0.1
AuthservID {name}
TrustedAuthservIDs {name}
IgnoreHosts {others}
SPFSelfValidate true
SPFIgnoreResults true
RejectFailures false
Syslog false
PidFile {home}/opendmarc.pid
"""


class OpenDkim:
    def __init__(self, folder, name, resolver):
        home = folder / "opendkim"
        home.mkdir()
        self.address = ("127.0.0.1", free_port())
        (home / "resolver").write_text(RESOLVER.format(host=resolver[0], port=resolver[1]))
        (home / "others").write_text(OTHERS)
        (home / "none").write_text("")
        (home / "conf").write_text(DKIM.format(home=home, name=name, port=self.address[1],
                                               others=home / "others", none=home / "none",
                                               resolver=home / "resolver"))
        self._process = Process([program("opendkim"), "-f", "-x", home / "conf"], home / "log")
        self._process.wait_for_listener(self.address)

    def stop(self):
        self._process.stop()


class OpenDmarc:
    """It knows of no other name servers than those of resolv.conf, and so of none at a port but 53:
    it gets a resolv.conf of its own, which wants root."""

    def __init__(self, folder, name, resolver):
        assert resolver[1] == 53
        home = folder / "opendmarc"
        home.mkdir()
        self.address = ("127.0.0.1", free_port())
        (home / "resolv.conf").write_text(f"nameserver {resolver[0]}\n")
        (home / "others").write_text(OTHERS)
        (home / "conf").write_text(DMARC.format(home=home, name=name, port=self.address[1],
                                                others=home / "others"))
        package = unpacked("opendmarc")
        libraries = environment(package)
        # libspf2 is not in the folder of the machine's kind.
        libraries["LD_LIBRARY_PATH"] += f":{package}/usr/lib"
        mine = shlex.quote(str(home / "resolv.conf"))
        self._process = Process(
            [program("unshare"), "--mount", "--propagation", "private", "sh", "-ec",
             f"mount --bind {mine} /etc/resolv.conf\n"
             f"exec {package}/usr/sbin/opendmarc -f -c {home / 'conf'}"],
            home / "log", env=libraries)
        try:
            self._process.wait_for_listener(self.address)
        except AssertionError:
            if "mount" in self._process.log():
                missing("OpenDMARC needs a mount of its own, which this system refuses")
            raise

    def stop(self):
        self._process.stop()

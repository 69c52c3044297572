"""Rung 2: the way there, and the greeting."""

from lab.scenario import TEMPORARY, Scenario, warns
from lab.script import Script, changed
from lab.world import HOST, OTHER_NUMBER

CHAIN = "{{ type filter hook {hook} priority 0; }}"
NETWORK_WITHOUT_ROUTE = "203.0.113.7"
ON_THE_LINK = "192.0.2.77"


def filtered(rule, side="server", hook="input", ports=(587,), families=(4, 6)):
    """rule: what becomes of packets for the host's ports. They are filtered on the server's machine,
    or on the client's own with hook output."""
    def install(world):
        commands = ["nft add table inet faults",
                    ["nft", "add chain inet faults rules " + CHAIN.format(hook=hook)]]
        for family in families:
            word = "ip" if family == 4 else "ip6"
            to = world.address(family=family)
            for port in ports:
                commands.append(["nft", f"add rule inet faults rules {word} daddr {to} "
                                        f"tcp dport {port} {rule}"])
        getattr(world.network, side)(*commands)
    return lambda world: world.started.append(install)


def answers_lost_above(octets):
    """Packets of the server's that are larger never arrive, nor word of it."""
    def install(world):
        rules = [f"{word} saddr {world.address(family=family)} meta length gt {octets} drop"
                 for word, family in (("ip", 4), ("ip6", 6))]
        world.network.server(
            "nft add table inet faults",
            ["nft", "add chain inet faults rules " + CHAIN.format(hook="output")],
            *(["nft", "add rule inet faults rules " + rule] for rule in rules))

    def prepare(world):
        world.change(padding=1500)
        world.started.append(install)
    return prepare


def nothing_listens(world):
    del world.services[587]


def all_shut(world):
    world.services.clear()


def leads_to(*addresses):
    def prepare(world):
        world.names.add_host(HOST, *addresses)
    return prepare


def routed(kind):
    """The client's own table forbids the way."""
    def install(world):
        world.network.client(*(f"ip route add {kind} {address}" for address in world.addresses()))
    return lambda world: world.started.append(install)


def redirected(world):
    """Whatever goes to port 25 ends at a server of somebody else's, as some providers do."""
    world.port, world.user = 25, None
    world.recipient = "bob@lab.test"

    def install(world):
        world.serve(25, Script(greeting="220 outbound.isp.test ESMTP"), OTHER_NUMBER,
                    "outbound.isp.test")
        for word, family in (("ip", 4), ("ip6", 6)):
            to = world.address(OTHER_NUMBER, family)
            to = f"[{to}]:25" if family == 6 else f"{to}:25"
            world.network.client(
                f"nft add table {word} faults",
                ["nft", f"add chain {word} faults rules "
                        "{ type nat hook output priority -100; }"],
                ["nft", f"add rule {word} faults rules {word} daddr {world.address(family=family)} "
                        f"tcp dport 25 dnat to {to}"])
    world.started.append(install)


def port_25(prepare):
    def both(world):
        world.port, world.user = 25, None
        world.sender, world.recipient = "eve@example.net", "bob@lab.test"
        prepare(world)
    return both


def greets(*ports, **what):
    return lambda world: world.change(*(ports or (587,)), **what)


def speaks(octets):
    return greets(protocol=octets)


def wrong_port(port):
    def prepare(world):
        world.port = port
    return prepare


def closed_at_once(world):
    world.services[587] = changed(world.services[587], closes=True)


LISTED = "554 5.7.1 Service unavailable; Client host [192.0.2.2] blocked using zen.spamhaus.org"
REFUSED = "M2001"
SCENARIOS = [
    Scenario("nothing listens", nothing_listens, 2, REFUSED, "refused"),
    Scenario("no port listens", all_shut, 2, REFUSED, "refused"),
    Scenario("reset by a firewall", filtered("reject with tcp reset"), 2, REFUSED, "refused"),
    Scenario("reset by this machine", filtered("reject with tcp reset", "client", "output"), 2, REFUSED,
             "refused"),
    Scenario("dropped on the way", filtered("drop"), 2, "M2002", "no answer", quiet=True, slow_s=25),
    Scenario("all ports dropped on the way", filtered("drop", ports=(25, 465, 587, 2525)), 2, "M2002",
             "no answer", quiet=True, slow_s=25),
    Scenario("dropped by this machine", filtered("drop", "client", "output"), 2, "M2003",
             "this machine", quiet=True, slow_s=25),
    Scenario("no route", leads_to(NETWORK_WITHOUT_ROUTE), 2, "M2004", "route"),
    Scenario("route unreachable", routed("unreachable"), 2, "M2004", "route", quiet=True),
    Scenario("next hop is not there", leads_to(ON_THE_LINK), 2, "M2004", "route", slow_s=4),
    Scenario("forbidden by a firewall", filtered("reject with icmpx type admin-prohibited"), 2,
             "M2005", "firewall"),
    Scenario("forbidden by this machine's firewall",
             filtered("reject with icmpx type admin-prohibited", "client", "output"), 2, "M2005",
             "firewall"),
    Scenario("IPv6 black hole", filtered("drop", families=(6,)), 2, "M2006", "IPv6", quiet=True,
             slow_s=12, second=False),
    Scenario("IPv4 black hole", filtered("drop", families=(4,)), 2, "M2007", "IPv4", quiet=True,
             slow_s=12, second=False),
    Scenario("port 25 blocked", port_25(filtered("drop", ports=(25,))), 2, "M2008", "25", quiet=True,
             slow_s=12),
    Scenario("port 25 refused here", port_25(filtered("reject with tcp reset", "client", "output",
                                                      ports=(25,))), 2, "M2008", "25"),
    Scenario("port 25 redirected", redirected, 2, "M2009", "outbound.isp.test", quiet=True),
    Scenario("no greeting", greets(silent=True), 2, "M2010", "greet", slow_s=32),
    Scenario("tarpit", greets(drip_s=0.9, greeting="220 {host} ESMTP spamd IP-based SPAM blocker"), 2,
             "M2022", "tarpit", slow_s=32, second=False),
    warns("slow greeting", greets(delay_s=20), 2, "M2011", "greet", slow_s=21),
    Scenario("large packets lost", answers_lost_above(900), 2, "M2012", "large", quiet=True, slow_s=32),
    Scenario("a web server", speaks(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), 2,
             "M2013", "HTTP"),
    Scenario("an IMAP server", speaks(b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n"), 2, "M2013",
             "IMAP"),
    Scenario("a POP server", speaks(b"+OK Dovecot ready.\r\n"), 2, "M2013", "POP"),
    Scenario("an SSH server", speaks(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), 2, "M2013", "SSH"),
    Scenario("an LMTP server", greets(greeting="220 {host} LMTP Dovecot ready",
                                      ehlo="500 5.5.1 Unknown command"), 2, "M2013", "LMTP",
             second=False),
    Scenario("an FTP server", greets(greeting="220 (vsFTPd 3.0.3)",
                                     ehlo="530 Please login with USER and PASS."), 2, "M2013", "FTP",
             second=False),
    Scenario("578 for 587", wrong_port(578), 2, "M2014", "587"),
    Scenario("456 for 465", wrong_port(456), 2, "M2014", "465"),
    Scenario("4655 for 465", wrong_port(4655), 2, "M2014", "465"),
    Scenario("greeting refuses", greets(greeting="554 5.7.1 No SMTP service here for you"), 2, "M2015",
             "No SMTP service here"),
    Scenario("closed before the greeting", closed_at_once, 2, "M2016", "closed"),
    Scenario("prohibited by a route", routed("prohibit"), 2, "M2017", "route", quiet=True),
    Scenario("swallowed by a route", routed("blackhole"), 2, "M2017", "route", quiet=True),
    Scenario("busy", greets(greeting="421 4.7.0 {host} Too many connections, try again later"), 2,
             "M2018", "Too many connections", exit=TEMPORARY),
    Scenario("a list, told at EHLO", greets(ehlo=LISTED), 2, "M5009", "zen.spamhaus.org", second=False),
    Scenario("a policy, told at EHLO", greets(ehlo="550 5.7.1 Access denied"), 2, "M2015",
             "Access denied", second=False),
    Scenario("our name is not liked", greets(ehlo="550 5.7.1 Helo command rejected: Host not found"),
             2, "M2019", "Host not found", second=False),
]

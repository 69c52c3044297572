"""The same faults at real servers: Postfix, Dovecot, Unbound, Knot and rbldnsd."""

from lab.inbox_faults import to_a_mail_host
from lab.probe import connect
from lab.scenario import TEMPORARY, Scenario
from lab.stripping import Stripping
from lab.world import HOST, USER

STRANGER = "eve@example.net"


def at(service, user=USER, sender=USER, recipient="x@outside.example", *more, **attributes):
    def prepare(world):
        world.daemons.postfix(service)(world)
        world.user, world.sender, world.recipient = user, sender, recipient
        world.arguments += more
        for name, value in attributes.items():
            setattr(world, name, value)
    return prepare


def entrance(service, recipient="bob@lab.test"):
    return at(service, None, STRANGER, recipient)


def bogus(world):
    world.daemons.bogus(world)


def at_real_lists(world):
    world.daemons.lists(world)


def too_often(world):
    """One connection a minute is allowed, and has been."""
    entrance("rate")(world)
    world.started.append(lambda world: world.network.client(
        ["/usr/bin/python3", connect.__code__.co_filename, "connect",
         world.daemons.address(8), "25", "5"]))


def stripped_on_the_way(world):
    """What goes to Postfix passes a box that changes what Postfix offers."""
    at("submission")(world)

    def install(world):
        network, behind = world.network, world.daemons.address(1)
        box = Stripping(network.listen(world.address(), 1587), lambda: network.connect(behind, 587))
        world.ending.append(box.stop)
        rule = f"ip daddr {world.address()} tcp dport 587 dnat to :1587"
        network.server("nft add table ip stripping",
                       ["nft", "add chain ip stripping rules "
                               "{ type nat hook prerouting priority -100; }"],
                       ["nft", "add rule ip stripping rules " + rule])
    world.names.records.clear()
    world.names.add_host(HOST, world.address())
    world.started.append(install)


def real(name, prepare, rung, finding, word, **more):
    return Scenario(name, prepare, rung, finding, word, second=False, slow_s=4, **more)


SCENARIOS = [
    real("Unbound: bogus", bogus, 1, "M1003", "DNSSEC"),
    real("Postfix: TLS at once on 587", at("submission", USER, USER, "x@outside.example", "--tls",
                                           "implicit"), 3, "M3001", "STARTTLS"),
    real("Postfix: STARTTLS on 465", at("at once", USER, USER, "x@outside.example", "--tls",
                                        "starttls"), 3, "M3002", "465"),
    real("Postfix: no STARTTLS", at("no TLS"), 3, "M3003", "STARTTLS"),
    real("Postfix: STARTTLS stripped on the way", stripped_on_the_way, 3, "M3004", "XXXXXXXA"),
    real("Postfix: another key's certificate", at("another key"), 3, "M3005",
         "TLS not available due to local problem"),
    real("Postfix: TLS 1.0 only", at("TLS 1.0"), 3, "M3006", "1.0"),
    real("Postfix: certificate expired", at("expired"), 3, "M3021", "expired"),
    real("Postfix: wrong password", at("submission", password="wrong"), 4, "M4001", "535"),
    real("Postfix: bare user name", at("submission", "ann"), 4, "M4002", "ann"),
    real("Postfix: no login", at("no login"), 4, "M4004", "login"),
    real("Postfix: relaying denied", entrance("entrance", "x@outside.example"), 5, "M5001",
         "Relay access denied"),
    real("Postfix: sender not owned", at("owners", USER, "bob@lab.test"), 5, "M5003", "not owned"),
    real("Postfix: user unknown", entrance("entrance", "nobody@lab.test"), 5, "M5004",
         "nobody@lab.test"),
    real("Postfix: greylisted", entrance("greylist"), 5, "M5006", "Greylisted", exit=TEMPORARY),
    real("Postfix: too often", too_often, 2, "M2018", "too many connections", exit=TEMPORARY),
    real("Postfix: message too large",
         at("size", USER, USER, "x@outside.example", "--send"), 5, "M5008", "size"),
    real("Postfix: listed", entrance("listed"), 5, "M5009", "bl.lab.test"),
    real("Postfix: no reverse name", entrance("reverse"), 5, "M5010", "reverse"),
    real("rbldnsd: listed, and lists that do not work", to_a_mail_host(at_real_lists), 6, "M6009",
         "see https://check.spamhaus.org", also=("M6010",)),
    real("Postfix: login first", at("submission", None), 5, "M5001", "Relay access denied"),
]

HEALTHY = [
    Scenario(f"Postfix: {name}", prepare, 0, None, "", exit=0, second=False)
    for name, prepare in (("submission", at("submission")), ("TLS at once", at("at once")),
                          ("entrance", entrance("entrance")),
                          ("a message", at("submission", USER, USER, "x@outside.example", "--send")))
]

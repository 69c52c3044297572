"""Worlds in which nothing is wrong: no finding, exit 0."""

from lab.connect_faults import filtered
from lab.scenario import Scenario

EVERY_SECOND = "tcp flags syn / fin,syn,rst,ack numgen inc mod 2 1 drop"


def nothing(_):
    pass


def tls_at_once(world):
    world.port = 465


def no_login(world):
    world.user = None


def entrance(world):
    world.port, world.user = 25, None
    world.sender, world.recipient = "eve@example.net", "bob@lab.test"


def only(family):
    def prepare(world):
        world.families = (family,)
    return prepare


def slow_login(world):
    """Some wait for seconds when a login came before that was wrong."""
    world.change(auth_delay_s=8)


def slow_greeting(world):
    """Slow enough to be noticed, and no tarpit."""
    world.change(delay_s=3)


def sends(world):
    world.arguments += ["--send"]


def through_a_name(world):
    world.names.add("smtp.lab.test", "CNAME", f"{world.host}.")
    world.names.add_host(world.host, *world.addresses())
    world.host = "smtp.lab.test"


def control(name, prepare, **more):
    return Scenario(name, prepare, 0, None, "", exit=0, second=False, **more)


SCENARIOS = [
    control("STARTTLS on 587", nothing),
    control("TLS at once on 465", tls_at_once),
    control("without a login", no_login),
    control("an entrance", entrance),
    control("IPv4 alone", only(4)),
    control("IPv6 alone", only(6)),
    control("a login that takes 8 s", slow_login, slow_s=9),
    control("a greeting after 3 s", slow_greeting, slow_s=4),
    control("a message is sent", sends),
    control("an alias", through_a_name),
    control("half of the SYNs lost", filtered(EVERY_SECOND), quiet=True, slow_s=10),
]

"""Rung 1: the name."""

from lab.connect_faults import filtered
from lab.names import NXDOMAIN, REFUSED, SERVFAIL
from lab.scenario import Scenario
from lab.world import DOMAIN, HOST, OTHER_NUMBER, RESOLVER_NUMBER


def no_such_name(world):
    world.names.add_host("www.lab.test", world.address())
    world.started.append(lambda world: world.names.remove(HOST))


def no_address(world):
    world.names.add(HOST, "TXT", "a name without an address")


def bogus(world):
    world.names.bogus.add(DOMAIN)


def fails(world):
    world.names.failing[DOMAIN] = SERVFAIL


def refuses(world):
    world.names.failing["test"] = REFUSED


def silent_resolver(world):
    world.names.silent = True


def no_resolver(world):
    world.listens = False


def alias_loop(world):
    world.host = "loop.lab.test"
    world.names.add("loop.lab.test", "CNAME", "again.lab.test.")
    world.names.add("again.lab.test", "CNAME", "loop.lab.test.")


def search_suffix(world):
    """mail.lab.test does not exist, but what the system makes of it with its suffix does."""
    world.names.add("*.office.example", "A", world.address(OTHER_NUMBER))
    world.names.add_host("www.lab.test", world.address())
    world.started.append(lambda world: world.names.remove(HOST))
    world.resolv_conf = world.folder / f"resolv.conf{world.number}"
    world.resolv_conf.write_text(
        f"nameserver {world.address(RESOLVER_NUMBER)}\nsearch office.example\noptions ndots:1\n")
    world.resolver = None


def misspelt(wrong, right):
    def prepare(world):
        world.names.failing[wrong] = NXDOMAIN
        world.be(right)
        world.names.add_host(right, *world.addresses())
        world.target = f"{wrong}:587"
    return prepare


def googles_entrance(world):
    """A name that exists, and takes mail on port 25 alone."""
    world.be("smtp.google.com")
    world.names.add_host("smtp.gmail.com", *world.addresses(OTHER_NUMBER))
    filtered("drop", ports=(465, 587, 2525))(world)


def look_alike(world):
    world.be("smtp.gmai1.com")


def trailing(octets):
    def prepare(world):
        world.target = f"{HOST}{octets}:587" if ":" not in octets else HOST + octets
    return prepare


def domain_is_no_server(world):
    world.names.add(DOMAIN, "MX", f"10 {HOST}.")
    world.target = f"{DOMAIN}:587"


def null_mx(world):
    world.names.add("null.test", "MX", "0 .")
    world.target = "null.test"


def dangling_mx(world):
    world.names.add("dangling.test", "MX", "10 nowhere.dangling.test.")
    world.target = "dangling.test"


def private_address(world):
    world.be("smtp.gmail.com")
    world.names.add_host("smtp.gmail.com", "127.0.0.1")


def pasted(text):
    def prepare(world):
        world.target = text
    return prepare


SCENARIOS = [
    Scenario("name does not exist", no_such_name, 1, "M1001", "does not exist"),
    Scenario("name has no address", no_address, 1, "M1002", "no address"),
    Scenario("bogus DNSSEC", bogus, 1, "M1003", "DNSSEC"),
    Scenario("resolver silent", silent_resolver, 1, "M1004", "resolver", slow_s=15),
    Scenario("no resolver there", no_resolver, 1, "M1004", "resolver", slow_s=15),
    Scenario("SERVFAIL", fails, 1, "M1005", "SERVFAIL"),
    Scenario("resolver refuses", refuses, 1, "M1005", "REFUSED"),
    Scenario("aliases in a circle", alias_loop, 1, "M1017", "again.lab.test", second=False),
    Scenario("search suffix", search_suffix, 1, "M1006", "office.example"),
    Scenario("gmial for gmail", misspelt("smtp.gmial.com", "smtp.gmail.com"), 1, "M1007",
             "smtp.gmail.com"),
    Scenario("office356 for office365", misspelt("smtp.office356.com", "smtp.office365.com"), 1,
             "M1007", "smtp.office365.com"),
    Scenario("google for gmail", googles_entrance, 2, "M2002", "smtp.gmail.com", quiet=True, slow_s=25,
             also=("M1008",)),
    Scenario("look-alike host", look_alike, 1, "M1008", "smtp.gmail.com"),
    Scenario("space behind the host", trailing(" "), 1, "M1009", "space"),
    Scenario("zero-width space in the host", trailing("\u200b"), 1, "M1009", "U+200B"),
    Scenario("null MX", null_mx, 1, "M1010", "mail"),
    Scenario("MX without address", dangling_mx, 1, "M1011", "nowhere.dangling.test"),
    Scenario("the domain is no server", domain_is_no_server, 1, "M1012", HOST),
    Scenario("a provider's name leads to this machine", private_address, 2, "M2001", "127.0.0.1",
             also=("M1013",)),
    Scenario("URL for a host", pasted(f"https://{HOST}/"), 1, "M1014", HOST),
    Scenario("address for a host", pasted(f"ann@{HOST}"), 1, "M1014", HOST),
]

"""Rung 3, beyond TLS itself: what a domain demands by DANE and MTA-STS, and does not live up to."""

from lab.scenario import Scenario, warns
from lab.signed import SignedNames, key_record
from lab.web import Web, response
from lab.world import HOST

DOMAIN, MAIL_HOST = "dane.test", "mx.dane.test"
PLAIN_DOMAIN, PLAIN_HOST = "plain.test", "mx.plain.test"
STALE = "3 1 1 " + "a" * 64
POLICY_DOMAIN = "policy.test"
POLICY_HOST = f"mta-sts.{POLICY_DOMAIN}"
POLICY = f"version: STSv1\r\nmode: enforce\r\nmx: {HOST}\r\nmax_age: 604800\r\n"
WEB_NUMBER, KNOT_NUMBER, UNBOUND_NUMBER = 44, 54, 55


def to_the_mail_host(world, domain):
    """As the domain's owner asks: without a recipient."""
    world.families = (4,)
    world.target, world.user, world.port = domain, None, 25
    world.sender = world.recipient = None
    world.change(25, rcpt=None, local="")


def dane(record=None, domain=DOMAIN, host=MAIL_HOST, **more):
    """record: the TLSA record of the host; by default that of its certificate's key. The domain's MX
    leads there; dane.test is signed, plain.test is not."""
    def prepare(world):
        to_the_mail_host(world, domain)
        world.host, world.listens = host, False
        world.names.add(domain, "MX", f"10 {host}.")  # for who asks about the lab, not in it
        published = record or key_record(world.authority.certificate(host, "good"))
        zones = {DOMAIN: "", PLAIN_DOMAIN: ""}
        zones[domain] += f"@ MX 10 {host}.\n"
        owner = host.partition(".")[2]
        zones[owner] += f"mx A {world.address()}\n"
        if more.get("bogus"):
            zones[owner] += "_tcp.mx NS ns\n"
            zones[more["bogus"][0]] = f"_25 TLSA {published}\n"
        else:
            zones[owner] += f"_25._tcp.mx TLSA {published}\n"
        names = SignedNames(world.network, world.folder / f"signed{world.number}",
                            (world.address(KNOT_NUMBER), world.address(UNBOUND_NUMBER)), zones,
                            unsigned=(PLAIN_DOMAIN,), **more)
        world.resolver = names.address
        world.ending.append(names.stop)
        world.started.append(lambda _: names.start())
    return prepare


def sts(answer=response(POLICY), certificate="good", record="v=STSv1; id=20261122;"):
    """answer: what the web server of the policy says, and under which certificate."""
    def prepare(world):
        to_the_mail_host(world, POLICY_DOMAIN)
        names = world.names
        names.add(POLICY_DOMAIN, "MX", f"10 {HOST}.")
        names.add(f"_mta-sts.{POLICY_DOMAIN}", "TXT", record)
        names.add_host(POLICY_HOST, world.address(WEB_NUMBER))
        web = Web(world.authority.certificate(POLICY_HOST, certificate), answer)
        world.ending.append(web.stop)
        world.started.append(
            lambda world: web.start(world.network.listen(world.address(WEB_NUMBER), 443)))
    return prepare


def certificate_of_the_mail_host(kind):
    def prepare(world):
        sts()(world)
        world.change(25, certificate=kind)
    return prepare


def two_records(world):
    sts()(world)
    world.names.add(f"_mta-sts.{POLICY_DOMAIN}", "TXT", "v=STSv1; id=2;")


ANOTHER_MX = response(POLICY.replace(HOST, "old.lab.test"))
MOVED = response("", "301 Moved Permanently", "text/html", "Location: https://www.policy.test/")

SCENARIOS = [
    Scenario("DANE: record of another key", dane(STALE), 3, "M3041", "IN TLSA 3 1 1", slow_s=4),
    Scenario("DANE: record with broken signatures", dane(bogus=(f"_tcp.{MAIL_HOST}",)), 3, "M3042",
             "DNSSEC", slow_s=4),
    warns("DANE: mail host in an unsigned zone", dane(host=PLAIN_HOST), 3, "M3043", "not signed",
          slow_s=4),
    warns("DANE: unsigned MX", dane(domain=PLAIN_DOMAIN), 3, "M3045", "MX is not", slow_s=4),
    warns("DANE: no record that counts", dane("1 1 1 " + "a" * 64), 3, "M3046", "usage 1", slow_s=4),
    Scenario("MTA-STS: MX not listed", sts(ANOTHER_MX), 3, "M3057", HOST),
    warns("MTA-STS: MX not listed, while testing",
          sts(response(POLICY.replace("enforce", "testing").replace(HOST, "*.example.com"))), 3,
          "M3057", "mode testing"),
    Scenario("MTA-STS: mail host's certificate for another name",
             certificate_of_the_mail_host("wrong-name"), 3, "M3058", "enforce", also=("M3023",)),
    warns("MTA-STS: certificate for another name", sts(certificate="wrong-name"), 3, "M3054",
          "certificate"),
    warns("MTA-STS: redirect", sts(MOVED), 3, "M3055", "www.policy.test"),
    warns("MTA-STS: missing file", sts(response("", "404 Not Found")), 3, "M3053", "404"),
    warns("MTA-STS: a page in the place of the policy", sts(response("<html>\n")), 3, "M3056",
          "<html>"),
    warns("MTA-STS: two records", two_records, 3, "M3051", "two MTA-STS records"),
    warns("MTA-STS: a record that cannot be read", sts(record="v=STSv1; id=2026-11-22"), 3, "M3052",
          "2026-11-22"),
]


def control(name, prepare, **more):
    return Scenario(name, prepare, 0, None, "", exit=0, second=False, **more)


HEALTHY = [
    control("DANE fits", dane(), slow_s=4),
    control("MTA-STS holds", sts()),
]

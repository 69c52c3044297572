"""Rung 6: what receivers hold against a message that was taken."""

from lab.scenario import Scenario, warns
from lab.world import HOST

CLIENT = "192.0.2.2"
BACKWARDS = "2.2.0.192"
INBOX = "inbox.test"
SENDER_DOMAIN = "sender.test"
SENDER = f"eve@{SENDER_DOMAIN}"
LISTS = ("zen.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org", "bl.mailspike.net",
         "psbl.surriel.com")
SPF, DMARC = (SENDER_DOMAIN, "TXT"), (f"_dmarc.{SENDER_DOMAIN}", "TXT")
REVERSE = (f"{BACKWARDS}.in-addr.arpa", "PTR")


def to_a_mail_host(change=lambda world: None):
    """A message to a domain's own mail host, from an address with all its proofs, but for what is
    changed."""
    def prepare(world):
        world.families = (4,)
        world.target, world.user, world.port = INBOX, None, 25
        world.sender, world.recipient = SENDER, f"bob@{INBOX}"
        world.arguments += ["--send"]
        world.change(25, rcpt=None, local="")
        names = world.names
        names.add(INBOX, "MX", f"10 {HOST}.")
        names.add(*SPF, f"v=spf1 ip4:{CLIENT} -all")
        names.add(*DMARC, "v=DMARC1; p=reject")
        for zone in LISTS:
            names.add(f"2.0.0.127.{zone}", "A", "127.0.0.2")
        change(world)
    return prepare


def with_names(change):
    return to_a_mail_host(lambda world: change(world.names))


def spf(*records):
    def change(names):
        names.records[SPF] = list(records)
    return with_names(change)


def no_dmarc(names):
    del names.records[DMARC]


def no_reverse_name(world):
    """It is added as the world starts."""
    world.started.append(lambda world: world.names.records.pop(REVERSE))


def reverse_name_leads_elsewhere(world):
    world.started.append(lambda world: world.names.records.update(
        {("client.lab.test", "A"): ["192.0.2.99"]}))


def answers(zone, *addresses, about=BACKWARDS):
    def change(names):
        names.add(f"{about}.{zone}", "A", *addresses)
    return change


def listed_in_words(names):
    answers("psbl.surriel.com", "127.0.0.2")(names)
    names.add(f"{BACKWARDS}.psbl.surriel.com", "TXT", "Listed in PSBL, see https://psbl.org/listing")


def every_name_has_an_address(names):
    """As resolvers of some networks do with names that do not exist."""
    names.add("*.bl.spamcop.net", "A", "11.18.200.200")


def nothing_is_proved(world):
    for key in (SPF, DMARC):
        del world.names.records[key]
    answers("zen.spamhaus.org", "127.0.0.2")(world.names)
    no_reverse_name(world)


def and_nothing_proves_the_sender(**script):
    def change(world):
        nothing_is_proved(world)
        world.change(25, **script)
    return to_a_mail_host(change)


def no_mail_host(world):
    nothing_is_proved(world)
    world.names.records[(INBOX, "MX")] = ["10 nowhere.inbox.test."]


def no_port(world):
    nothing_is_proved(world)
    del world.services[25]


UNKNOWN = "550 5.1.1 <bob@inbox.test>: Recipient address rejected: User unknown"
SPAM = "554 5.7.1 Message rejected due to content restrictions: looks like spam"


def inbox(name, prepare, finding, word, **more):
    return Scenario(name, prepare, 6, finding, word, second=False, **more)


def mentioned(name, prepare, finding, word, **more):
    return warns(name, prepare, 6, finding, word, second=False, **more)


SCENARIOS = [
    inbox("SPF names other addresses", spf("v=spf1 ip4:198.51.100.1 -all"), "M6001", CLIENT),
    inbox("two SPF records", spf("v=spf1 -all", f"v=spf1 ip4:{CLIENT} -all"), "M6001", "SPF"),
    mentioned("no SPF record", spf("an unrelated text"), "M6001", "SPF"),
    mentioned("no DMARC record", with_names(no_dmarc), "M6006", "DMARC"),
    inbox("the sending address has no name", to_a_mail_host(no_reverse_name), "M6007", CLIENT),
    mentioned("its name leads elsewhere", to_a_mail_host(reverse_name_leads_elsewhere), "M6008",
              "client.lab.test"),
    inbox("listed by Spamhaus", with_names(answers("zen.spamhaus.org", "127.0.0.3")), "M6009",
          "Spamhaus"),
    inbox("an end user's address", with_names(answers("zen.spamhaus.org", "127.0.0.10")), "M6009",
          "PBL"),
    inbox("listed in the list's own words", with_names(listed_in_words), "M6009", "PSBL"),
    mentioned("a list does not answer public resolvers",
              with_names(answers("zen.spamhaus.org", "127.255.255.254")), "M6010",
              "public resolver"),
    mentioned("a list has every address",
              with_names(answers("bl.spamcop.net", "127.0.0.2", about="1.0.0.127")), "M6010",
              "SpamCop"),
    mentioned("names that do not exist have an address", with_names(every_name_has_an_address),
              "M6010", "11.18.200.200"),
    # A later rung is broken as well, and only the first is told.
    Scenario("no mail host, and nothing proves the sender", to_a_mail_host(no_mail_host), 1, "M1011",
             "nowhere.inbox.test", second=False),
    Scenario("port 25 closed, and nothing proves the sender", to_a_mail_host(no_port), 2, "M2008",
             "25", second=False),
    Scenario("recipient unknown, and nothing proves the sender",
             and_nothing_proves_the_sender(rcpt=UNKNOWN), 5, "M5004", "bob@inbox.test",
             second=False),
    Scenario("content refused, and nothing proves the sender",
             and_nothing_proves_the_sender(content=SPAM), 5, "M5016", "content", second=False),
]

HEALTHY = [
    Scenario("a message with all its proofs", to_a_mail_host(), 0, None, "", exit=0, second=False),
]

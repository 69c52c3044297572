"""Rung 5: the sender, the recipient and, where one is sent, the message."""

from lab.login_faults import GMAIL_TAIL, OUTLOOK, OUTLOOK_TAIL, SENDGRID, SES
from lab.scenario import TEMPORARY, Scenario
from lab.script import BASE
from lab.world import WANTS_TLS

SEND = "--send"
YAHOO_MX = "mta5.am0.yahoodns.net"


def to_recipient(reply):
    return lambda world: world.change(rcpt=reply)


def to_sender(reply):
    return lambda world: world.change(mail=reply)


def to_content(reply):
    def prepare(world):
        world.arguments += [SEND]
        world.change(content=reply)
    return prepare


def entrance(**what):
    """The port for everybody's mail, without a login."""
    def prepare(world):
        world.port, world.user = 25, None
        world.sender, world.recipient = "eve@example.net", "bob@lab.test"
        world.change(25, **{"rcpt": None, "local": "", **what})
    return prepare


def stranger_relays(world):
    world.port, world.user = 25, None
    world.sender, world.recipient = "eve@example.com", "bob@example.net"


def without_login(reply):
    def prepare(world):
        world.user = None
        world.change(587, wants_login=reply)
    return prepare


def provider(host, user, prepare):
    def both(world):
        world.be(host, user=user)
        prepare(world)
    return both


def without_tls(world):
    world.user = None
    world.arguments += ["--tls", "none"]
    world.change(587, plain=(*BASE, "STARTTLS"), wants_tls=WANTS_TLS)


def hello_refused(world):
    entrance(rcpt="504 5.5.2 <client>: Helo command rejected: need fully-qualified hostname")(world)


LISTED = ("554 5.7.1 Service unavailable; Client host [192.0.2.2] blocked using zen.spamhaus.org; "
          "https://www.spamhaus.org/query/ip/192.0.2.2")
NO_REVERSE = ("550 5.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.2]")
DAILY_LIMIT = ("550-5.4.5 Daily user sending limit exceeded. For more information on Gmail\n"
               "550-5.4.5 sending limits go to\n"
               "550 5.4.5  https://support.google.com/a/answer/166852" + GMAIL_TAIL)
SES_UNVERIFIED = ("554 Message rejected: Email address is not verified. The following identities "
                  "failed the check in region EU-WEST-1: ann@lab.test")
SENDGRID_UNVERIFIED = ("550 The from address does not match a verified Sender Identity. Mail cannot be "
                       "sent until this error is resolved.")
SEND_AS = ("554 5.2.252 SendAsDenied; ann@contoso.com not allowed to send as info@contoso.com" +
           OUTLOOK_TAIL)
ANONYMOUS = ("530 5.7.57 Client not authenticated to send mail." + OUTLOOK_TAIL)
YAHOO_SLOW = ("421 4.7.0 [TSS04] Messages from 192.0.2.2 temporarily deferred due to unexpected volume "
              "or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes")

SCENARIOS = [
    Scenario("relaying denied to a stranger", stranger_relays, 5, "M5001", "Relay access denied"),
    Scenario("logged in, and still no relaying",
             to_recipient("554 5.7.1 <bob@example.net>: Relay access denied"), 5, "M5002",
             "Relay access denied"),
    Scenario("sender not owned",
             to_recipient("553 5.7.1 <ann@lab.test>: Sender address rejected: not owned by user "
                          "ann@lab.test"), 5, "M5003", "not owned"),
    Scenario("Microsoft: SendAsDenied", provider(OUTLOOK, "ann@contoso.com", to_content(SEND_AS)), 5,
             "M5003", "SendAsDenied"),
    Scenario("recipient unknown",
             to_recipient("550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown"), 5,
             "M5004", "bob@example.net"),
    Scenario("sender's domain not found",
             to_sender("550 5.1.8 <ann@lab.test>: Sender address rejected: Domain not found"), 5,
             "M5005", "lab.test"),
    Scenario("greylisted",
             entrance(rcpt="450 4.2.0 <bob@lab.test>: Recipient address rejected: Greylisted, see "
                           "http://postgrey.schweikert.ch/help/lab.test.html"), 5, "M5006", "later",
             exit=TEMPORARY),
    Scenario("Yahoo slows down", provider(YAHOO_MX, None, entrance(mail=YAHOO_SLOW)), 5, "M5007",
             "TSS04", exit=TEMPORARY),
    Scenario("too much in a minute",
             to_recipient("451 4.7.1 Rate limit exceeded, 100 messages per hour allowed"), 5, "M5007",
             "Rate limit", exit=TEMPORARY),
    Scenario("message too large", to_content("552 5.3.4 Message size exceeds fixed limit"), 5, "M5008",
             "size"),
    Scenario("our address is listed", entrance(rcpt=LISTED), 5, "M5009", "zen.spamhaus.org"),
    Scenario("no reverse name", entrance(rcpt=NO_REVERSE), 5, "M5010", "reverse"),
    Scenario("EHLO refused", hello_refused, 5, "M5011", "Helo"),
    Scenario("530 before TLS", without_tls, 5, "M5012", "STARTTLS"),
    Scenario("mailbox full",
             entrance(rcpt="552 5.2.2 <bob@lab.test>: Recipient address rejected: Mailbox full"), 5,
             "M5013", "full"),
    Scenario("SES: sender not verified",
             provider(SES, "AKIAIOSFODNN7EXAMPLE", to_content(SES_UNVERIFIED)), 5, "M5014",
             "not verified"),
    Scenario("SES: the sandbox does not know the recipient",
             provider(SES, "AKIAIOSFODNN7EXAMPLE",
                      to_content(SES_UNVERIFIED.replace("ann@lab.test", "bob@example.net"))), 5,
             "M5024", "production access"),
    Scenario("SPF does not allow the sender",
             entrance(mail="550 5.7.23 <eve@example.net>: Recipient address rejected: Message rejected "
                           "due to: SPF fail - not authorized"), 5, "M5025", "SPF"),
    Scenario("an answer that cannot stand there", to_sender("354 go on"), 5, "M5023", "354"),
    Scenario("SendGrid: sender not verified",
             provider(SENDGRID, "apikey", to_content(SENDGRID_UNVERIFIED)), 5, "M5014", "verified"),
    Scenario("Gmail's daily limit", provider("smtp.gmail.com", "ann@gmail.com",
                                             to_content(DAILY_LIMIT)), 5, "M5015", "limit"),
    Scenario("content refused",
             to_content("554 5.7.1 Message rejected due to content restrictions: looks like spam"), 5,
             "M5016", "content"),
    Scenario("account suspended",
             to_sender("550 5.7.1 Account has been suspended, contact SparkPost compliance"), 5,
             "M5017", "suspended"),
    Scenario("login first", without_login("530 5.7.0 Authentication Required"), 5, "M5018",
             "Authentication Required"),
    Scenario("Microsoft: login first",
             provider(OUTLOOK, None, without_login(ANONYMOUS)), 5, "M5018", "5.7.57"),
    Scenario("refused in no known words", to_recipient("554 5.0.0 Rule 7G refuses this"), 5, "M5019",
             "Rule 7G"),
    Scenario("deferred in no known words", to_recipient("451 4.0.0 Rule 7G is not sure"), 5, "M5020",
             "Rule 7G", exit=TEMPORARY),
]

"""Rung 4: the login, in the words of the providers that refuse it."""

from lab.scenario import TEMPORARY, Scenario
from lab.script import BASE
from lab.world import PASSWORD, USER

YANDEX = "smtp.yandex.ru"
GMAIL, OUTLOOK, YAHOO = "smtp.gmail.com", "smtp.office365.com", "smtp.mail.yahoo.com"
SENDGRID, SES = "smtp.sendgrid.net", "email-smtp.eu-west-1.amazonaws.com"
TOKEN = "ya29.a0AfB-lab-token-Q0uV1w"
APP_PASSWORD = "abcd efgh ijkl mnop"
OUTLOOK_TAIL = " [LO2P265CA0001.GBRP265.PROD.OUTLOOK.COM]"
GMAIL_TAIL = " d9 - gsmtp"

BAD_CREDENTIALS = ("535-5.7.8 Username and Password not accepted. For more information, go to\n"
                   "535 5.7.8  https://support.google.com/mail/?p=BadCredentials" + GMAIL_TAIL)


def refuses(reply, **what):
    return lambda world: world.change(auth=reply, **what)


def provider(host, reply, user, password=PASSWORD):
    def prepare(world):
        world.be(host, user=user)
        world.password = password
        world.change(auth=reply)
    return prepare


def gmail(reply, password=PASSWORD):
    return provider(GMAIL, reply, "ann@gmail.com", password)


def outlook(reply):
    return provider(OUTLOOK, reply + OUTLOOK_TAIL, "ann@contoso.com")


def wrong_password(world):
    world.password = "Wrong-horse7battery"


def bare_user(world):
    world.user = USER.partition("@")[0]


def spaced(before, after):
    def prepare(world):
        world.password = before + PASSWORD + after
    return prepare


def without_tls(*extensions, **what):
    def prepare(world):
        world.arguments += ["--tls", "none"]
        world.change(587, plain=(*BASE, *extensions), **what)
    return prepare


def offers(*extensions):
    return lambda world: world.change(secured=(*BASE, *extensions))


def oauth(status, scheme):
    def prepare(world):
        world.be(GMAIL, user="ann@gmail.com")
        world.password = TOKEN
        world.arguments += ["--mechanism", "XOAUTH2"]
        world.change(secured=(*BASE, "AUTH LOGIN PLAIN XOAUTH2 OAUTHBEARER"),
                     challenge={"status": status, "schemes": scheme,
                                "scope": "https://mail.google.com/"}, auth=BAD_CREDENTIALS)
    return prepare


TENANT_OFF = ("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the "
              "Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.")
MAILBOX_OFF = TENANT_OFF.replace("Tenant", "Mailbox")
BASIC_OFF = "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."
BASIC_GONE = "550 5.7.30 Basic authentication is not supported for Client Submission."
DEFAULTS = ("535 5.7.139 Authentication unsuccessful, user is locked by your organization's security "
            "defaults policy. Contact your administrator.")
CRITERIA = ("535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be "
            "authenticated successfully. Contact your administrator.")
SECOND_FACTOR = ("534-5.7.9 Application-specific password required. For more information, go to\n"
                 "534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor" + GMAIL_TAIL)
WEB_LOGIN = ("534-5.7.14 <https://accounts.google.com/signin/continue?sarp=1&scc=1> Please\n"
             "534-5.7.14 log in via your web browser and then try again.\n"
             "534-5.7.14  Learn more at\n"
             "534 5.7.14  https://support.google.com/mail/answer/78754" + GMAIL_TAIL)
TOO_MANY = "454 4.7.0 Too many login attempts, please try again later." + GMAIL_TAIL

SCENARIOS = [
    Scenario("wrong password", wrong_password, 4, "M4001", "password"),
    Scenario("Gmail says bad credentials", gmail(BAD_CREDENTIALS), 4, "M4001", "app password"),
    Scenario("Microsoft says bad credentials",
             outlook("535 5.7.139 Authentication unsuccessful, the user credentials were incorrect."),
             4, "M4001", "5.7.139"),
    Scenario("bare user name", bare_user, 4, "M4002", "ann"),
    Scenario("login only inside TLS", without_tls("STARTTLS"), 4, "M4003", "TLS"),
    Scenario("no login on this port", offers(), 4, "M4004", "login"),
    Scenario("no mechanism in common", offers("AUTH GSSAPI NTLM"), 4, "M4005", "GSSAPI"),
    Scenario("Gmail wants an app password", gmail(SECOND_FACTOR), 4, "M4006", "app password"),
    Scenario("app password with its spaces", gmail(BAD_CREDENTIALS, APP_PASSWORD), 4, "M4007",
             "spaces"),
    Scenario("login fails for now",
             refuses("454 4.7.0 Temporary authentication failure: Connection lost to authentication "
                     "server"), 4, "M4008", "454", exit=TEMPORARY),
    Scenario("too many logins", gmail(TOO_MANY), 4, "M4009", "Too many login attempts",
             exit=TEMPORARY),
    Scenario("account locked", refuses("535 5.7.8 Too many failed logins; your account is locked"), 4,
             "M4010", "locked"),
    Scenario("token expired", oauth("400", "Bearer"), 4, "M4011", "400"),
    Scenario("token of too small a scope", oauth("403", "bearer mac"), 4, "M4011", "403"),
    Scenario("Microsoft 365: tenant", outlook(TENANT_OFF), 4, "M4012", "Set-CASMailbox"),
    Scenario("Microsoft 365: mailbox", outlook(MAILBOX_OFF), 4, "M4013", "Set-CASMailbox"),
    Scenario("Microsoft 365: basic authentication", outlook(BASIC_OFF), 4, "M4014", "OAuth"),
    Scenario("Microsoft 365: no basic authentication any more", outlook(BASIC_GONE), 4, "M4014",
             "OAuth"),
    Scenario("Microsoft 365: security defaults", outlook(DEFAULTS), 4, "M4015", "security defaults"),
    Scenario("Microsoft 365: conditional access", outlook(CRITERIA), 4, "M4015", "criteria"),
    Scenario("Gmail wants a web login", gmail(WEB_LOGIN), 4, "M4016", "browser"),
    Scenario("SendGrid's user is not apikey",
             provider(SENDGRID, "535 Authentication failed: Bad username / password",
                      "ann@example.com"), 4, "M4018", "apikey"),
    Scenario("space behind the password", spaced("", " "), 4, "M4020", "space"),
    Scenario("space before the password", spaced(" ", ""), 4, "M4020", "space"),
    Scenario("SES credentials",
             provider(SES, "535 Authentication Credentials Invalid", "AKIAIOSFODNN7EXAMPLE"), 4,
             "M4021", "region"),
    Scenario("login in the clear", without_tls("AUTH PLAIN LOGIN"), 4, "M4023", "password"),
    Scenario("login refused in no known words", refuses("571 5.7.1 Rule 7G refuses this"), 4, "M4024",
             "Rule 7G"),
    Scenario("another yes than a login's", refuses("250 ok"), 4, "M4028", "235", second=False),
    Scenario("Yandex: programs are switched off",
             provider(YANDEX, "535 5.7.8 Error: authentication failed: This user does not have access "
                      "rights to this service", "ann@yandex.ru"), 4, "M4031", "Email clients",
             second=False),
    Scenario("Yahoo makes a pause",
             provider(YAHOO, "535 5.7.0 (#AUTH005) Too many bad auth attempts.", "ann@yahoo.com"), 4,
             "M4009", "app password", exit=TEMPORARY, second=False),
    Scenario("password expired", refuses("535 5.7.8 Password expired"), 4, "M4032", "expired",
             second=False),
    Scenario("Yahoo refuses",
             provider(YAHOO, "535 5.7.0 (#MBR1212) Incorrect username or password entered.",
                      "ann@yahoo.com"), 4, "M4001", "app password"),
]

"""What comes back and must put nobody on the list of those not written to, since it tells of another address,
may pass, or proves nothing: each trap has what it is to become, and whether it comes to the return address."""

from dataclasses import dataclass
from typing import Callable

from peers import returned

OTHER = "ann.private@mail.example"
UNKNOWN = "550 5.1.1 User unknown"


@dataclass(frozen=True)
class Trap:
    content: Callable  # (to, about, message_id) -> octets
    event: str = "late_bounced"  # empty: none
    name: str = ""  # the local part that it comes to; empty: the return address


def notice(to, *text, subject="Mail delivery failed", header=(), original=""):
    """In words alone, maybe with the message that came back."""
    top = ["From: Mail Delivery System <MAILER-DAEMON@mx.remote.example>", f"To: {to}",
           f"Subject: {subject}", *header, "MIME-Version: 1.0"]
    if not original:
        return returned.lines(*top, "Content-Type: text/plain; charset=utf-8", "", *text)
    return returned.lines(
        *top, 'Content-Type: multipart/mixed; boundary="b"', "", "--b",
        "Content-Type: text/plain; charset=utf-8", "", *text, "", "--b",
        "Content-Type: message/rfc822", "", "From: app@sender.example", f"To: {original}",
        "Subject: hello", "", "Hello", "--b--")


def report(to, *fields, text="This is the mail system."):
    return returned.lines(
        "From: MAILER-DAEMON@mx.remote.example", f"To: {to}", "Subject: Returned mail: see transcript",
        "MIME-Version: 1.0", 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "",
        "--b", "Content-Type: text/plain", "", text, "",
        "--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.remote.example", "",
        *fields, "Action: failed", "Status: 5.1.1", "", "--b--")


def replied(reply):
    """The fields name our recipient, the reply somebody else or the moment."""
    return lambda to, about, _: report(to, f"Final-Recipient: rfc822; {about}",
                                       f"Diagnostic-Code: smtp; {reply.format(about)}")


EXIM = ("This message was created automatically by mail delivery software.", "",
        "A message that you sent could not be delivered to one or more of its",
        "recipients. This is a permanent error. The following address(es) failed:", "")

TRAPS = {
    "forwarded, a sentence": Trap(lambda to, about, _: notice(
        to, f"Ihre Nachricht an {OTHER} konnte nicht zugestellt werden:", "", UNKNOWN)),
    "forwarded, with the message": Trap(lambda to, about, _: notice(
        to, f"Ihre Nachricht an {OTHER} konnte nicht zugestellt werden:", "", UNKNOWN, original=about)),
    "forwarded by a filter": Trap(lambda to, about, _: notice(
        to, f"Your message could not be forwarded to {OTHER}. The server said:", "", UNKNOWN)),
    "forwarded to Gmail, in German": Trap(lambda to, about, _: notice(
        to, "** Die Adresse wurde nicht gefunden **", "",
        f"Ihre Nachricht wurde nicht an {OTHER} zugestellt, weil die Adresse nicht gefunden wurde.", "",
        "Antwort:", "", f"550 5.1.1 <{OTHER}>: User unknown", original=about,
        subject="Delivery Status Notification (Failure)")),
    "forwarded to Exchange": Trap(lambda to, about, _: notice(
        to, "Delivery has failed to these recipients or groups:", "", f"Ann Private ({OTHER})",
        "The e-mail address you entered couldn't be found.", "",
        "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found", original=about,
        subject="Undeliverable: hello")),
    "forwarded, Mercury": Trap(lambda to, about, _: notice(
        to, "Your message could not be delivered to the following address(es):", "",
        f"   {OTHER} (550 5.1.1 User unknown)", subject="Delivery problem with your mail.")),
    "nobody named": Trap(lambda to, about, _: notice(to, "Nicht zugestellt:", "", UNKNOWN, original=about)),
    "alias of sendmail": Trap(lambda to, about, _: report(
        to, f"Final-Recipient: RFC822; {about}", f"X-Actual-Recipient: RFC822; {OTHER}",
        "Diagnostic-Code: SMTP; 550-5.1.1 The email account that you tried to reach does not exist.")),
    "alias of sendmail, in words": Trap(lambda to, about, _: report(
        to, f"Final-Recipient: RFC822; {about}", f"Diagnostic-Code: SMTP; {UNKNOWN}",
        text=f"{OTHER}\r\n    (reason: {UNKNOWN})\r\n    (expanded from: <{about}>)")),
    "alias of Exim, hidden": Trap(lambda to, about, _: notice(
        to, *EXIM, "  an undisclosed address", f"    (generated from {about})",
        f"    SMTP error from remote mail server after RCPT TO:<{OTHER}>:", f"    {UNKNOWN}",
        subject="Mail delivery failed: returning message to sender",
        header=(f"X-Failed-Recipients: {about}",))),
    "alias to a program": Trap(lambda to, about, _: report(
        to, "Final-Recipient: x-unix; |/usr/bin/procmail", f"Original-Recipient: rfc822;{about}",
        "Diagnostic-Code: x-unix; user unknown in procmail config")),
    "member of a list": Trap(replied(f"550 5.1.1 <{OTHER}>: Recipient address rejected: User unknown")),
    "call-out on the From": Trap(replied("550 5.1.1 hello@brand.example: user unknown")),
    "directory out of order": Trap(replied("550 5.1.1 <{}>: User unknown (LDAP lookup timed out)")),
    "greylisted with 550": Trap(replied("550 5.1.1 <{}> User unknown; please retry in 300 seconds")),
    "a temporary error": Trap(lambda to, about, _: notice(
        to, "This is a temporary error, I will try again.", "", f"{about}: user unknown: 550 no such user"),
        "late_delayed"),
    "our own Subject": Trap(lambda to, about, _: notice(
        to, "Das Postfach des Empfaengers ist voll.", "", "--- Kopfzeilen der Nachricht ---",
        f"To: {about}", "Subject: 550 5.1.1 User unknown - monitoring alert"), ""),
    "our own text": Trap(lambda to, about, _: notice(
        to, "Le message n'a pas ete remis.", "", f"> To: {about}", "> Subject: Imported", "",
        f"{about}:", "550 5.1.1 No such user")),
    "a complaint passed on": Trap(lambda to, about, _: returned.complaint(
        "fbl", "", mail_from="SRS0=AbCd=XY={1}={0}@fwd.example".format(*to.split("@"))),
        "complained", "fbl"),
    "a forged unsubscription": Trap(lambda to, about, message_id: returned.letter(
        "leave", about, message_id), "unsubscribed", "leave"),
}

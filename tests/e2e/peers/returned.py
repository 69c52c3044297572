"""What other servers send back, in the words of several: each takes (to, about) and what differs,
and gives the content of a message."""

from email.utils import formatdate

CRLF = "\r\n"


def lines(*text):
    return CRLF.join(text).encode() + b"\r\n"


def dsn(to, about, status="5.1.1", action="failed", server="mx.remote.example",
        reply="550 5.1.1 The email account that you tried to reach does not exist"):
    """RFC 3464, as Postfix and most others write it."""
    return lines(
        f"From: Mail Delivery System <MAILER-DAEMON@{server}>", f"To: {to}",
        f"Date: {formatdate()}", "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied", "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "",
        "--b", "Content-Type: text/plain", "", "This is the mail system.", "",
        f"<{about}>: host {server} said: {reply}", "",
        "--b", "Content-Type: message/delivery-status", "", f"Reporting-MTA: dns; {server}", "",
        f"Final-Recipient: rfc822; {about}", f"Action: {action}", f"Status: {status}",
        f"Remote-MTA: dns; {server}", f"Diagnostic-Code: smtp; {reply}", "", "--b--")


def qmail(to, about, reply="Sorry, no mailbox here by that name. (#5.1.1)"):
    return lines(
        "From: MAILER-DAEMON@q.remote.example", f"To: {to}", "Subject: failure notice", "",
        "Hi. This is the qmail-send program at q.remote.example.",
        "I'm afraid I wasn't able to deliver your message to the following addresses.",
        "This is a permanent error; I've given up. Sorry it didn't work out.", "",
        f"<{about}>:", reply, "", "--- Below this line is a copy of the message.", "",
        "Return-Path: <app@sender.example>", "Subject: hello", "", "Hello")


def exim(to, about, reply="550 5.1.1 The email account that you tried to reach does not exist"):
    return lines(
        f"X-Failed-Recipients: {about}", "Auto-Submitted: auto-replied",
        "From: Mail Delivery System <Mailer-Daemon@e.remote.example>", f"To: {to}",
        "Subject: Mail delivery failed: returning message to sender", "",
        "This message was created automatically by mail delivery software.", "",
        "A message that you sent could not be delivered to one or more of its",
        "recipients. This is a permanent error. The following address(es) failed:", "",
        f"  {about}", "    host mx.remote.example [192.0.2.1]",
        "    SMTP error from remote mail server after RCPT TO:<" + about + ">:",
        f"    {reply}", "", "------ This is a copy of the message, including all the headers. ------",
        "", "Subject: hello", "", "Hello")


def auto_reply(to, about):
    return lines(
        f"From: Ann <{about}>", f"To: {to}", "Subject: Away: hello",
        "Auto-Submitted: auto-replied (vacation)", "X-Auto-Response-Suppress: All", "",
        "I am away until Monday. For anything urgent write to bob.")


def complaint(to, about, mail_from="", kind="abuse", message_id="<x@sender.example>"):
    """RFC 5965."""
    stated = [f"Original-Mail-From: <{mail_from}>"] if mail_from else []
    named = [f"Original-Rcpt-To: <{about}>"] if about else []
    return lines(
        "From: <feedback@isp.example>", f"To: {to}", "Subject: FW: hello", "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"', "",
        "--b", "Content-Type: text/plain", "", "This is a spam report.", "",
        "--b", "Content-Type: message/feedback-report", "", f"Feedback-Type: {kind}",
        "User-Agent: ISP-FBL/1.0", "Version: 1", *stated, *named, "",
        "--b", "Content-Type: message/rfc822", "", "From: app@sender.example",
        "To: someone", "Subject: hello", f"Message-ID: {message_id}", "", "Hello", "--b--")


def letter(to, about, subject="A question"):
    return lines(f"From: <{about}>", f"To: {to}", f"Subject: {subject}", "",
                 "Whom may I ask about my order?")

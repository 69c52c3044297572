"""The relay asks what a refusal means: its events say so, and its retries follow it."""

from test_deferrals import RECIPIENT, send

PACE = "550 5.7.1 Too many messages from your IP, slow down"
FULL = "552 5.2.2 Mailbox full"
UNKNOWN = "550 5.1.1 No such user here"
LISTED = "550 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org"


class Refuser:
    """Answers the first `times` RCPT with `reply`."""

    def __init__(self, reply, times=1):
        self.reply, self.left = reply, times

    def __call__(self, phase, _text, _session):
        if phase != "rcpt":
            return None
        self.left -= 1
        return self.reply if self.left >= 0 else None


def outcome(start_relay, make_sink, reply, kind):
    relay = start_relay(make_sink(answer=Refuser(reply)).address)
    message = send(relay)
    [event] = relay.wait_for_events(kind)
    assert event["reply"] == reply and event["recipients"] == [RECIPIENT]
    return relay, message, event


def test_a_bounce_says_class_who_rule_and_remedy(start_relay, make_sink):
    relay, message, event = outcome(start_relay, make_sink, UNKNOWN, "bounced")
    assert event["class"] == "recipient-unknown" and event["suppress"] is True
    assert event["who"] and event["remedy"]
    assert event["rule"] in relay.trace(message)
    page = relay.command("explain", event["rule"]).stdout
    assert page.startswith(event["rule"] + " ")


def test_nothing_about_us_marks_the_address(start_relay, make_sink):
    for reply, reply_class in ((LISTED, "blocklisted-ip"), (FULL, "mailbox-full")):
        _, _, event = outcome(start_relay, make_sink, reply,
                              "bounced" if reply == LISTED else "deferred")
        assert event["class"] == reply_class and "suppress" not in event


def test_a_5yz_about_pace_is_tried_again(start_relay, make_sink):
    relay, _, event = outcome(start_relay, make_sink, PACE, "deferred")
    assert event["class"] == "rate-limited" and "suppress" not in event
    relay.wait_for_events("delivered")
    assert not relay.events("bounced")


def test_a_local_rule_changes_what_the_relay_says(start_relay, make_sink, folder):
    replies = folder / "rules" / "replies"
    replies.mkdir(parents=True)
    (replies / "ours.toml").write_text(
        '[[rule]]\nid = "ours-lunch"\nclass = "rate-limited"\ntitle = "Their lunch break"\n'
        'match = ["out to lunch"]\nmeaning = "m"\nremedy = ["wait"]\nsource = "our log"\n'
        'example = ["550 out to lunch"]\nnot_example = ["550 no"]\n')
    relay = start_relay(make_sink(answer=Refuser("550 out to lunch")).address,
                        rules_dir=str(folder / "rules"))
    send(relay)
    [event] = relay.wait_for_events("deferred")
    assert (event["class"], event["rule"], event["remedy"]) == ("rate-limited", "ours-lunch", "wait")

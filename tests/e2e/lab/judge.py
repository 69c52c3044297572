"""What must hold of every report, and what a scenario's own must say."""

import re

from lab.scenario import TEMPORARY

COLUMNS_MAX = 80
LINES_MAX = 60
PROGRAMS = {"Nodemailer", "PHPMailer", "Django", "Laravel", "msmtp", "Postfix", "WP Mail SMTP"}
BROKEN, FINE = ("fail", "unknown"), ("pass", "warn")
HALF_BROKEN = ("M2006", "M2007", "M2024")  # one family or address is dead: the walk goes on over another


def errors(report):
    return [each["id"] for each in report["findings"] if each["severity"] == "error"]


def by_number(report):
    return {rung["n"]: rung["status"] for rung in report["rungs"]}


def names_only(said, scenario):
    """The run found this fault and no other, whatever else is broken above it."""
    report = said["json"].report
    shown = "\n".join(each.out + each.err for each in reversed(said.values()))
    found = [each["id"] for each in report["findings"]]
    stops_nothing = scenario.exit in (0, TEMPORARY)  # however grave it is called
    assert scenario.id in (found if stops_nothing else errors(report)), shown
    assert stops_nothing or found[0] == scenario.id, f"it is not told first\n{shown}"
    assert set(found) <= {*scenario.also, scenario.id}, shown
    assert {each.code for each in said.values()} == {scenario.code}, shown
    if scenario.exit == 0:
        assert set(by_number(report).values()) <= {*FINE, "skipped"}, shown
        return
    assert report["stopped_at"] == scenario.rung, shown
    for number, status in by_number(report).items():
        if number < scenario.rung:
            assert status in (*FINE, "skipped"), f"rung {number}: {status}\n{shown}"
        if number == scenario.rung:
            assert status in BROKEN, f"rung {number}: {status}\n{shown}"
        if number > scenario.rung and scenario.id not in HALF_BROKEN:
            assert status == "skipped", f"rung {number}: {status}\n{shown}"


def finds_nothing(said):
    report = said["json"].report
    shown = f"{said['people'].out}\n{said['people'].err}"
    assert report["findings"] == [], shown
    assert {said["json"].code, said["people"].code} == {0}, shown
    assert set(by_number(report).values()) <= {"pass", "skipped"}, shown


def reads_well(said, scenario):
    text = said["people"].out
    assert scenario.word.lower() in " ".join(text.lower().split()), text
    headlines = re.findall(r"^M\d{4}", text, re.MULTILINE)  # the gravest first
    assert scenario.id in (headlines if scenario.exit == 0 else headlines[:1]), text
    lines = text.splitlines()
    assert len(lines) <= LINES_MAX, text
    commands = {line.strip() for finding in said["json"].report["findings"] for fix in finding["fixes"]
                for line in fix.get("lines", ())}
    # Commands and settings are whole, to be pasted; a long setting stands below the program's name.
    prose = [line for above, line in zip([""] + lines, lines)
             if line.strip() not in commands and above.strip() not in PROGRAMS]
    assert max(map(len, prose)) <= COLUMNS_MAX, max(prose, key=len)
    assert "!" not in text.replace(scenario.word, ""), text
    assert not said["json"].err.strip().startswith("{"), "JSON belongs to the output alone"


def did_no_harm(said, world, scenario):
    """What docs/operate/doctor.md promises of every run: one login attempt, nothing sent unasked, no password
    where anybody can read it."""
    runs, sends = 2, "--send" in world.arguments
    assert world.seen("logins") <= runs, "more than one attempt a run"
    assert len(world.seen("messages") or ()) <= (runs if sends else 0)
    report = said["json"].report
    assert report["side_effects"]["messages_sent"] <= int(sends)
    if world.user:
        for secured, line in world.seen("lines") or ():
            assert secured or not line.upper().startswith(b"AUTH "), line
    if scenario.rung == 3 and scenario.exit != 0:
        assert world.seen("logins") == 0, "a password went over TLS that did not hold"

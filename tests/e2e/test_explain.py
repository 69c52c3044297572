"""`waypost explain` as its users call it, and how well it reads replies that others have labelled."""

import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest
from peers.relay import binary

HERE = Path(__file__).resolve().parent
ROWS = tomllib.loads((HERE / "explain_rows.toml").read_text())["row"]
DATA = Path(os.environ.get("WAYPOST_TEST_DATA", HERE.parents[1] / ".." / "shared" / "data"))
BAD_ADDRESS = {"recipient-unknown", "recipient-disabled", "recipient-moved", "domain-not-found",
               "no-mx"}


def explain(*arguments, given="", code=0):
    ran = subprocess.run([binary(), "explain", *arguments], input=given, text=True,
                         capture_output=True, timeout=120, check=False)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran


def folded(text):
    return " ".join(text.split()).lower()


def answers(objects):
    """One answer for each object, in order."""
    lines = "".join(json.dumps(each) + "\n" for each in objects)
    ran = explain("--lines", given=lines)
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(found) == len(objects)
    return found


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_each_common_error_is_answered(row):
    asked = ["--provider", row["provider"], row["ask"]] if "provider" in row else [row["ask"]]
    page = folded(explain(*asked).stdout)
    for wanted in row["expect"]:
        assert folded(wanted) in page, page
    for unwanted in row.get("never", []):
        assert folded(unwanted) not in page, page
    if "class" in row:
        assert json.loads(explain("--json", *asked).stdout)["class"] == row["class"]


def test_a_reply_is_answered_with_the_keys_that_scripts_rely_on():
    text = "451 4.7.1 Greylisted, try again in 5 minutes"
    answer = json.loads(explain("--json", text).stdout)
    assert list(answer) == ["class", "group", "who", "disposition", "suppress", "provider",
                            "standard_meaning", "meaning", "confidence", "rule", "evidence",
                            "alternatives", "remedy", "retry_after_s"]
    assert answer["class"] == "greylisted" and answer["disposition"] == "transient"
    assert answer["suppress"] is False and answer["retry_after_s"] == 300
    evidence = answer["evidence"]
    assert text[evidence["start"]:evidence["end"]] == evidence["text"]


def test_lines_are_answered_one_by_one_in_order_whatever_they_hold():
    given = ('{"text":"550 5.1.1 User unknown","provider":"no such one","mx":"mx.google.com"}\n'
             "452 4.2.2 Mailbox full\n"
             "{not json}\n"
             '{"no_text":1}\n'
             "\n"
             '"550 5.1.1 in quotes"\n')
    found = [json.loads(line) for line in explain("--lines", given=given).stdout.splitlines()]
    assert len(found) == 6
    assert found[0]["class"] == "recipient-unknown" and found[0]["provider"] == "google"
    assert found[1]["class"] == "mailbox-full"
    assert found[2]["class"] == "unknown"
    assert "text" in found[3]["error"]
    assert found[4]["class"] == "unknown"


def test_lines_are_answered_as_they_come():
    with subprocess.Popen([binary(), "explain", "--lines"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        for _ in range(2):
            process.stdin.write("550 5.1.1 User unknown\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["class"] == "recipient-unknown"
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_a_reply_that_quotes_our_own_address_is_never_about_the_recipient():
    text = "550 5.1.1 User unknown; id 192.0.2.7"
    assert json.loads(explain("--json", text).stdout)["suppress"] is True
    assert json.loads(explain("--json", "--our-ip", "192.0.2.7", text).stdout)["suppress"] is False
    [line] = explain("--lines", "--our-ip", "192.0.2.7", given=text + "\n").stdout.splitlines()
    assert json.loads(line)["suppress"] is False


def test_nothing_that_was_said_before_a_recipient_was_named_condemns():
    asked = [{"text": "550 User unknown", "phase": phase}
             for phase in ("greeting", "hello", "login", "mail", "rcpt")]
    assert [each["suppress"] for each in answers(asked)] == [False] * 4 + [True]


def test_an_exact_id_wins_then_a_file_then_text(folder):
    assert explain("greylisted").stdout.startswith("greylisted  ")
    file = folder / "reply.txt"
    file.write_text("550-5.1.1 The email account that you tried to reach\n550 5.1.1 does not exist\n")
    assert "recipient-unknown" in explain(str(file)).stdout
    assert "recipient-unknown" in explain("-", given=file.read_text()).stdout
    assert "recipient-unknown" in explain("550", "5.1.1", "User", "unknown").stdout


def test_what_no_rule_knows_is_said_so_and_a_misspelt_id_is_helped():
    ran = explain("599 zorgle frumious bandersnatch", code=1)
    assert "Not recognised" in ran.stdout
    assert "greylisted" in explain("greylistd", code=1).stderr
    explain(code=64)
    explain("--lines", "--list", code=64)


def test_a_local_rule_wins_and_it_is_seen(folder):
    replies = folder / "replies"
    replies.mkdir()
    (replies / "ours.toml").write_text(
        '[[rule]]\nid = "greylist-named"\nclass = "policy"\ntitle = "Ours"\nmatch = ["greylist"]\n'
        'confidence = "certain"\nmeaning = "m"\nremedy = ["r"]\nsource = "our log"\nrank = 99\n'
        'example = ["450 greylisted"]\nnot_example = ["550 no"]\n')
    asked = ["--rules", str(folder), "--json", "450 your mail is greylisted here"]
    answer = json.loads(explain(*asked).stdout)
    assert answer["class"] == "policy" and answer["rule"] == "greylist-named"
    page = explain("--rules", str(folder), "greylist-named").stdout
    assert "ours.toml" in page and "in the place of" in page
    (replies / "ours.toml").write_text('[[rule]]\nid = "x"\nclas = "policy"\n')
    ran = explain(*asked, code=78)
    assert "ours.toml:3" in ran.stderr and "class" in ran.stderr
    config = folder / "waypost.toml"
    config.write_text(f'hostname = "mail.example.com"\nrules_dir = "{folder}"\n'
                      '[[listener]]\naddress = "127.0.0.1:2525"\ntls = "none"\n'
                      'trusted_networks = ["127.0.0.0/8"]\n')
    checked = subprocess.run([binary(), "--config", str(config), "check"], text=True,
                             capture_output=True, timeout=60, check=False)
    assert checked.returncode == 78 and "ours.toml:3" in checked.stderr


def test_unknown_texts_are_counted_without_names_and_become_stubs():
    given = ("550 zorgle anna@example.com 12345\n" * 2 + "550 zorgle bob@example.net 99\n"
             "550 5.1.1 User unknown\n")
    ran = explain("--unknown", "-", given=given)
    assert ran.stdout.split() == ["3", "550", "zorgle", "{addr}", "{n}"]
    assert "3 of 4 replies" in ran.stderr
    stub = tomllib.loads(explain("--unknown", "--stub", "-", given=given).stdout)
    assert stub["rule"][0]["match"] == [r"zorgle \{addr\} \{n\}"]


def test_the_list_names_pages_that_are_there():
    for kind in ("classes", "topics", "lists"):
        names = [line.split()[1] for line in explain("--list", kind).stdout.splitlines()]
        assert len(names) > 20
        explain(names[0])
        explain(names[-1])


def labelled_replies():
    file = DATA / "replies" / "dev.jsonl"
    if not file.exists():
        if os.environ.get("CI") or os.environ.get("WAYPOST_REQUIRE_PEERS"):
            pytest.fail(f"test data is missing: {file}")
        pytest.skip(f"NOT TESTED: no labelled replies in {file}; set WAYPOST_TEST_DATA")
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_labelled_replies_are_read_as_well_as_the_bar_asks():
    replies = labelled_replies()
    found = answers([{"text": each["text"], "provider": each.get("provider") or "",
                      "mx": each.get("provider") or ""} for each in replies])
    strict = sum(f["class"] == r["expected_class"] for r, f in zip(replies, found))
    wrong = right = missed = 0
    for reply, answer in zip(replies, found):
        ambiguous = any((c in BAD_ADDRESS) != (reply["expected_class"] in BAD_ADDRESS)
                        for c in reply["acceptable"])
        right += answer["suppress"] and reply["hard_bounce"]
        wrong += answer["suppress"] and not reply["hard_bounce"] and not ambiguous
        missed += not answer["suppress"] and reply["hard_bounce"] and not ambiguous
    assert strict / len(replies) >= 0.90
    assert right / (right + wrong) >= 0.98
    assert right / (right + missed) >= 0.88

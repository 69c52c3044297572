#!/usr/bin/python3
"""How well `waypost explain` reads labelled replies: by class, by source, and "is this address bad?".

The replies are $WAYPOST_TEST_DATA/replies/dev.jsonl (by default ../shared/data beside the checkout). Strict: the
class is the expected one. Acceptable: it is one that an expert would also take. For the last question a reply
whose acceptable classes differ in the answer counts neither as wrong nor as missed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BAD_ADDRESS = {"recipient-unknown", "recipient-disabled", "recipient-moved", "domain-not-found",
               "no-mx"}


def read_replies():
    data = Path(os.environ.get("WAYPOST_TEST_DATA", ROOT.parent / "shared" / "data"))
    file = data / "replies" / "dev.jsonl"
    if not file.exists():
        sys.exit(f"no labelled replies in {file}: set WAYPOST_TEST_DATA")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def explained(replies, rules):
    command = [str(ROOT / "build" / "release" / "waypost"), "explain", "--lines"]
    command += ["--rules", rules] if rules else []
    asked = "".join(json.dumps({"text": each["text"], "mx": each.get("provider") or ""}) + "\n"
                    for each in replies)
    ran = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in ran.stdout.splitlines()]


def print_table(title, pairs, key):
    count, strict, acceptable = Counter(), Counter(), Counter()
    for reply, answer in pairs:
        name = key(reply)
        count[name] += 1
        strict[name] += answer["class"] == reply["expected_class"]
        acceptable[name] += answer["class"] in reply["acceptable"]
    print(f"\n{title:<28} replies   strict  acceptable")
    for name, number in count.most_common():
        print(f"{name:<28} {number:7} {strict[name] / number:8.1%} {acceptable[name] / number:11.1%}")
    print(f"{'mean':<28} {len(count):7} {sum(strict[n] / count[n] for n in count) / len(count):8.1%} "
          f"{sum(acceptable[n] / count[n] for n in count) / len(count):11.1%}")


def print_bad_address(pairs):
    right = wrong = missed = 0
    for reply, answer in pairs:
        expected = reply["expected_class"] in BAD_ADDRESS
        ambiguous = any((other in BAD_ADDRESS) != expected for other in reply["acceptable"])
        right += answer["suppress"] and reply["hard_bounce"]
        wrong += answer["suppress"] and not reply["hard_bounce"] and not ambiguous
        missed += not answer["suppress"] and reply["hard_bounce"] and not ambiguous
    print(f"is this address bad? precision {right / max(1, right + wrong):.1%} ({wrong} wrong), "
          f"recall {right / max(1, right + missed):.1%} ({missed} missed)")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rules", help="folder of rules over the shipped ones")
    options = arguments.parse_args()
    replies = read_replies()
    pairs = list(zip(replies, explained(replies, options.rules)))
    strict = sum(answer["class"] == reply["expected_class"] for reply, answer in pairs)
    acceptable = sum(answer["class"] in reply["acceptable"] for reply, answer in pairs)
    print(f"{len(pairs)} replies: strict {strict / len(pairs):.1%}, "
          f"acceptable {acceptable / len(pairs):.1%}")
    print_bad_address(pairs)
    print_table("class", pairs, lambda reply: reply["expected_class"])
    print_table("source", pairs, lambda reply: re.split(r"[:#/]", reply["source"])[0])


if __name__ == "__main__":
    main()

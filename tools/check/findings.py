"""The ids of `waypost doctor` are append-only: scripts and people keep them."""

import re
import subprocess

from tree import Finding

FOLDER = "rules/checks/"
LIST = FOLDER + "ids.txt"
ROW = re.compile(r"(M\d{4}) ([a-z0-9-]+)")


def _listed(tree):
    for line, text in tree.lines(LIST):
        match = ROW.fullmatch(text)
        if match:
            yield line, match.groups()


def _in_files(tree):
    for path in tree.files:
        if not path.startswith(FOLDER) or not path.endswith(".toml"):
            continue
        check_id = None
        for line, text in tree.lines(path):
            if text.startswith("[["):
                in_check = text == "[[check]]"
            match = re.fullmatch(r'(id|slug) = "(.*)"', text)
            if not match or not in_check:
                continue
            if match.group(1) == "id":
                check_id = match.group(2)
            elif check_id:
                yield path, line, (check_id, match.group(2))


def list_and_files_agree(tree):
    listed = {}
    for line, (check_id, slug) in _listed(tree):
        if check_id in listed:
            yield Finding(LIST, line, f"{check_id} stands here twice; an id is never used again")
        listed[check_id] = (line, slug)
    found = set()
    for path, line, (check_id, slug) in _in_files(tree):
        found.add(check_id)
        if listed.get(check_id, (0, ""))[1] != slug:
            yield Finding(path, line, f"{LIST} has no line \"{check_id} {slug}\"; add one, and never "
                                      "change one that was published")
    for check_id in sorted(listed.keys() - found):
        yield Finding(LIST, listed[check_id][0],
                      f"no file of {FOLDER} has {check_id}; an id keeps its page for good")


def published_ids_stay(tree):
    """What any commit had in the list must still be there."""
    if not (tree.root / ".git").exists():
        return
    log = subprocess.run(
        ["git", "-c", "safe.directory=*", "log", "-p", "-U0", "--no-color", "--format=", "HEAD", "--", LIST],
        cwd=tree.root, capture_output=True, text=True, check=False).stdout
    now = {" ".join(row) for _, row in _listed(tree)}
    for row in sorted({line[1:] for line in log.splitlines() if line.startswith("+M")} - now):
        yield Finding(LIST, 1, f"\"{row}\" was published and is gone; put it back")

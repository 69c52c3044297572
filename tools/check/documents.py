"""What the documents promise about the tree: RFCs listed, folders described, links alive."""

import re

from layers import table
from tree import Finding

RFC_LIST = "docs/rfc.tsv"
ARCHITECTURE = "ARCHITECTURE.md"
MISSPELT = re.compile(r"\bRFC[-_]?\d{3,5}\b|\bRFC \d{3,5},? ?(?:§ |[Ss]ec(?:tion|t?\.))")


def cited_rfcs_are_listed(tree):
    listed = {}
    for row, text in tree.lines(RFC_LIST):
        if text.startswith("#"):
            continue
        columns = text.split("\t")
        if len(columns) != 4 or not columns[0].isdigit() or columns[2] not in ("yes", "partial", "no"):
            yield Finding(RFC_LIST, row, "not a row; write number, title, yes|partial|no and a note "
                                         "with tabs between")
            continue
        if listed and int(columns[0]) <= max(listed):
            yield Finding(RFC_LIST, row, f"RFC {columns[0]} is out of order or twice; sort by number")
        listed[int(columns[0])] = row
    for path in tree.files:
        if not path.startswith(("src/", "docs/", "rules/")) and not path.endswith(".md"):
            continue
        for line, text in tree.lines(path):
            for number in re.findall(r"\bRFC (\d{3,5})\b", text):
                if int(number) not in listed:
                    yield Finding(path, line, f"RFC {number} is not in {RFC_LIST}; add it with how "
                                              "far it is kept")
            wrong = MISSPELT.search(text)
            if wrong and path.startswith("src/"):
                yield Finding(path, line, f'tools do not find "{wrong.group()}"; write RFC 5321 '
                                          "§4.5.2, exactly so")


def architecture_lists_every_folder(tree):
    listed, inside, found = {}, False, False
    for line, row in tree.lines(ARCHITECTURE):
        if "<!-- folders -->" in row or "<!-- /folders -->" in row:
            inside, found = "<!-- folders -->" in row, True
        match = re.match(r"\|\s*`(\w+)`\s*\|", row)
        if inside and match:
            listed[match.group(1)] = line
    if not found:
        yield Finding(ARCHITECTURE, 1, "no folder table; write one between <!-- folders --> and "
                                       "<!-- /folders -->, a line | `folder` | what it does | each")
        return
    folders = {path.split("/")[1] for path in tree.files
               if path.startswith("src/") and path.count("/") > 1} | table(tree).keys()
    for folder in sorted(folders - listed.keys()):
        yield Finding(ARCHITECTURE, 1, f"src/{folder} has no line; add one to the folder table")
    for folder in sorted(listed.keys() - folders):
        yield Finding(ARCHITECTURE, listed[folder], f"there is no src/{folder}; remove its line")


def links_point_at_files(tree):
    for path in tree.documents():
        folder = (tree.root / path).parent
        fenced = False
        for line, text in tree.lines(path):
            if text.lstrip().startswith("```"):
                fenced = not fenced
            if fenced:
                continue
            for target in re.findall(r"\]\(<?([^)\s>]+)", re.sub(r"`[^`]*`", "", text)):
                file = target.split("#")[0]
                if file and not re.match(r"[a-z][a-z0-9+.-]*:", file) and not (folder / file).exists():
                    yield Finding(path, line, f"the link to {target} leads nowhere; mend it")

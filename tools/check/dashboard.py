"""The dashboard: its built files fit its sources, and text from outside stays text."""

import gzip
import hashlib
import re

from tree import Finding, line_of

FOLDER = "ui/"
BUILT = FOLDER + "dist/"
SEAL = BUILT + "SEAL"
PACKED_OCTETS_MAX = 100_000
MARKUP = re.compile(r"\b(?:dangerouslySetInnerHTML|(?:inner|outer)HTML|insertAdjacentHTML|srcdoc|createContextualFragment)\b"
                    r"|\bdocument\.write|\beval\s*\(|\bnew\s+Function\b")
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style\b|\sstyle\s*=|\son\w+\s*=|javascript:", re.IGNORECASE)


def built_files_fit_their_sources(tree):
    if not any(path.startswith(BUILT) for path in tree.files):
        if any(path.startswith(FOLDER) for path in tree.files):
            yield Finding(SEAL, 1, "the dashboard was never built; run ./dev ui")
        return
    sealed = dict(text.split(" ", 1) for _, text in tree.lines(SEAL) if " " in text)
    if sealed.get("sources") != _hash(tree, _sources(tree)):
        yield Finding(SEAL, 1, "the sources in ui/ changed since the dashboard was built; run ./dev ui")
    if sealed.get("built") != _hash(tree, _built(tree)):
        yield Finding(SEAL, 1, "the built files are not those that ./dev ui wrote; run it again")


def built_files_stay_small(tree):
    packed = sum(len(gzip.compress((tree.root / path).read_bytes())) for path in _built(tree))
    if packed > PACKED_OCTETS_MAX:
        yield Finding(SEAL, 1, f"the built dashboard has {packed} octets compressed, {PACKED_OCTETS_MAX} are "
                               "allowed; what is it that grew?")


def text_from_outside_stays_text(tree):
    for path in _sources(tree):
        text = tree.text(path)
        if path.startswith(FOLDER + "src/"):
            for match in MARKUP.finditer(text):
                yield Finding(path, line_of(text, match.start()),
                              f"{match.group()} makes a page of text from outside; let Preact write it as text")
    for path in (FOLDER + "index.html", BUILT + "index.html"):
        text = tree.text(path)
        for match in INLINE.finditer(text):
            yield Finding(path, line_of(text, match.start()),
                          f"the policy that the pages are served under forbids {match.group().strip()}; put it in a file")


def seal(tree):
    (tree.root / SEAL).write_text(f"sources {_hash(tree, _sources(tree))}\nbuilt {_hash(tree, _built(tree))}\n",
                                  encoding="utf-8")
    return 0


def _sources(tree):
    return [path for path in tree.files if path.startswith(FOLDER) and not path.startswith(BUILT)]


def _built(tree):
    return [path for path in tree.files if path.startswith(BUILT) and path != SEAL]


def _hash(tree, paths):
    total = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256((tree.root / path).read_bytes()).hexdigest()
        total.update(f"{path} {content}\n".encode())
    return total.hexdigest()

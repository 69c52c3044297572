"""clang-format, which formats one file after another, on every core and on changed files only."""

import hashlib
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from tree import Finding

CLANG_FORMAT = "clang-format-16"
KNOWN_GOOD = "build/formatted"  # digests of what was found well formatted before


def sources_are_formatted(tree):
    known = _known_good(tree)
    digests = {path: _digest(tree, path) for path in _sources(tree)}
    suspects = [path for path, digest in digests.items() if digest not in known]
    findings = set()
    for output in _on_every_core(tree, suspects, "--dry-run", "-Werror"):
        for path, line in re.findall(r"^(.+?):(\d+):\d+: error: code should be", output, re.MULTILINE):
            findings.add(Finding(path, int(line), "not formatted; run ./dev fmt"))
    wrong = {finding.path for finding in findings}
    good = sorted(digest for path, digest in digests.items() if path not in wrong)
    if suspects:
        (tree.root / KNOWN_GOOD).parent.mkdir(exist_ok=True)
        (tree.root / KNOWN_GOOD).write_text("\n".join(good), encoding="utf-8")
    return sorted(findings)


def format_sources(tree):
    _on_every_core(tree, _sources(tree), "-i")
    return 0


def _sources(tree):
    return [path for path in tree.files if path.endswith((".cc", ".h"))]


def _digest(tree, path):
    style = tree.text(".clang-format")
    return hashlib.sha256(f"{path}\0{style}\0{tree.text(path)}".encode()).hexdigest()


def _known_good(tree):
    try:
        return set((tree.root / KNOWN_GOOD).read_text(encoding="utf-8").split())
    except FileNotFoundError:
        return set()


def _on_every_core(tree, paths, *options):
    """What clang-format says about batches of `paths`; a failure without a place raises."""
    def run(batch):
        ran = subprocess.run([CLANG_FORMAT, *options, *batch], cwd=tree.root, capture_output=True,
                             text=True, check=False)
        if ran.returncode and "error: code should be" not in ran.stderr:
            raise SystemExit(f"{CLANG_FORMAT} failed: {ran.stderr}")
        return ran.stderr

    cores = os.cpu_count() or 1
    batches = [paths[start:start + 8] for start in range(0, len(paths), 8)]
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(run, batches))

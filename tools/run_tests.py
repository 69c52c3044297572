"""Runs the built tests, ctest's and pytest's, and ends with one line that sums both.

Called by ./dev test; see there for the environment that tests may rely on.
"""

import argparse
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "asan"
PYTEST_FOLDERS = ("tests/tools", "tests/e2e")
TEST_SECONDS_MAX = 300
OUTPUT_LINES_MAX = 120


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)  # (name, what it printed)
    skips: list = field(default_factory=list)  # (name, why)

    def fail(self, name, output):
        self.failed += 1
        self.failures.append((name, output))

    def skip(self, name, why):
        self.skipped += 1
        self.skips.append((name, why))

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def line(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("filter", nargs="?", default="")
    options = parser.parse_args()
    if not re.fullmatch(r"[\w./:+-]*", options.filter):
        sys.exit("dev: a filter is a part of a test's name: letters, digits and _ . / : + -")

    total = missing_data()
    total.add(run_ctest(options))
    total.add(run_pytest(options))
    if total.passed + total.failed == 0:
        named = f' whose name contains "{options.filter}"' if options.filter else ""
        say(f"dev: no test{named} ran")
    print(total.line(), flush=True)
    return 1 if total.failed or not total.passed else 0


def missing_data():
    """Says loudly that the public test data is absent; where peers are required, that fails."""
    tally = Tally()
    data = os.environ.get("WAYPOST_TEST_DATA", "")
    if not Path(data).is_dir():
        say(f"MISSING TEST DATA: no folder {data}: the tests that read it are skipped; "
            "set WAYPOST_TEST_DATA to it")
        if os.environ.get("WAYPOST_REQUIRE_PEERS") == "1":
            tally.failed += 1
    return tally


def run_ctest(options):
    report, began = BUILD / "ctest.xml", time.monotonic()
    report.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", str(BUILD), "--output-junit", str(report),
               "--timeout", str(TEST_SECONDS_MAX), "-j", str(options.jobs)]
    if options.filter:
        command += ["-R", re.sub(r"([.+])", r"\\\1", options.filter)]
    environment = dict(os.environ, UBSAN_OPTIONS="print_stacktrace=1")
    with open(BUILD / "ctest.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, errors="replace", env=environment)
        for line in process.stdout:
            log.write(line)
            show_progress("C++ tests", line)
        process.wait()
    show_progress("", "")
    tally = read_ctest(report)
    if process.returncode != 0 and not tally.failed:
        tally.fail("ctest", (BUILD / "ctest.log").read_text(errors="replace"))
    report_tally("C++ tests under ASan and UBSan", tally, began)
    return tally


def read_ctest(report):
    """Counts the test cases of ctest's report. A test that could not be started is a failure."""
    tally = Tally()
    if not report.exists():
        return tally
    for case in xml.parse(report).getroot().iter("testcase"):
        status, name = case.get("status"), case.get("name")
        if status == "run":
            tally.passed += 1
        elif status == "disabled":
            tally.skip(name, "disabled")
        elif status == "notrun" and reason(case).startswith("SKIP_"):
            tally.skip(name, skip_line(case.findtext("system-out") or ""))
        else:
            tally.fail(name, (case.findtext("system-out") or "") + "\n" + reason(case))
    return tally


def reason(case):
    for kind in ("skipped", "failure"):
        element = case.find(kind)
        if element is not None:
            return element.get("message") or ""
    return ""


def skip_line(output):
    """What GTEST_SKIP() said: GoogleTest prints it behind "file:line: Skipped"."""
    said = re.search(r": Skipped\n(.+)", output)
    return said.group(1) if said else "skipped"


def run_pytest(options):
    folders = [folder for folder in PYTEST_FOLDERS if (ROOT / folder).is_dir()]
    if not folders:
        return Tally()
    report, began = ROOT / "build" / "pytest.xml", time.monotonic()
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-v", "--no-header", "--no-summary",
               "-n", str(options.jobs), "--dist", "loadfile", "-p", "no:cacheprovider", f"--junitxml={report}", "-o", "junit_logging=all",
               "-o", "junit_family=xunit2", *folders]
    if options.filter:
        command += ["-k", options.filter]
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
    with open(ROOT / "build" / "pytest.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.STDOUT, errors="replace", env=environment)
        for line in process.stdout:
            log.write(line)
            show_progress("end to end", line)
        process.wait()
    show_progress("", "")
    tally = read_pytest(report)
    nothing_collected = 5
    if process.returncode not in (0, nothing_collected) and not tally.failed:
        tally.fail("pytest", (ROOT / "build" / "pytest.log").read_text(errors="replace"))
    report_tally("tools and end to end", tally, began)
    return tally


def read_pytest(report):
    tally = Tally()
    if not report.exists():
        return tally
    for case in xml.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        broken = next((part for kind in ("failure", "error") for part in case.iter(kind)), None)
        if broken is not None:
            captured = (case.findtext("system-out") or "") + (case.findtext("system-err") or "")
            tally.fail(name, f"{broken.text or ''}\n{captured}")
        elif case.find("skipped") is not None:
            tally.skip(name, reason(case))
        else:
            tally.passed += 1
    return tally


def report_tally(label, tally, began):
    for name, output in tally.failures:
        lines = output.strip().splitlines()
        say(f"\nFAILED {name}")
        if len(lines) > OUTPUT_LINES_MAX:
            say(f"... {len(lines) - OUTPUT_LINES_MAX} lines before")
        say("\n".join(lines[-OUTPUT_LINES_MAX:]))
    for name, why in tally.skips:
        say(f"SKIPPED {name}: {why}")
    if tally.passed + tally.failed + tally.skipped:
        say(f"{label}: {tally.line()}, {time.monotonic() - began:.1f} s")


def show_progress(label, line):
    if sys.stderr.isatty():
        print(f"\r\033[K{label}: {line.strip()[:60]}" if label else "\r\033[K", end="",
              file=sys.stderr, flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

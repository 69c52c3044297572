"""./dev's own promises: what it installs and says, and the sum that ./dev test ends with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import run_tests  # noqa: E402

ALL_INSTALLED = 'shift 3; for p; do echo "ii |$p"; done'
NOTHING_INSTALLED = "exit 1"


@pytest.fixture(name="machine")
def machine_fixture(tmp_path):
    """machine(dpkg, id=0, ...) runs `require build` where these commands are shell scripts."""
    def machine(dpkg_query, *, debian=True, **commands):
        commands = {"dpkg-query": dpkg_query, "id": "echo 0", "sh": "echo installing \"$@\"", **commands}
        for name, script in commands.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)
        for name in ("awk", "sed", "grep", "paste", "date", "mkdir", "tail", "true"):
            if not (tmp_path / name).exists():
                (tmp_path / name).symlink_to(f"/usr/bin/{name}")
        answer = "true" if debian else "false"
        (tmp_path / "tools").exists() or (tmp_path / "tools").symlink_to(ROOT / "tools")
        script = f". tools/system.sh; verbose=; is_debian_12() {{ {answer}; }}; require build"
        return subprocess.run(["/bin/sh", "-euc", script], cwd=tmp_path, text=True, check=False,
                              capture_output=True, env={"PATH": str(tmp_path)})
    return machine


def test_a_complete_machine_is_told_nothing(machine):
    ran = machine(ALL_INSTALLED)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_only_what_is_missing_is_installed(machine):
    ran = machine('shift 3; for p; do [ "$p" = mold ] || echo "ii |$p"; done')
    assert ran.returncode == 0
    assert "Installing from Debian's packages: mold\n" in ran.stderr


def test_a_removed_package_with_settings_left_is_missing(machine):
    ran = machine('shift 3; for p; do [ "$p" = mold ] && echo "rc |$p" || echo "ii |$p"; done')
    assert "packages: mold\n" in ran.stderr


def test_without_root_sudo_installs(machine, tmp_path):
    ran = machine(NOTHING_INSTALLED, id="echo 1000",
                  sudo=f'echo "$@" >>{tmp_path}/sudo.log')
    assert ran.returncode == 0
    assert "sh tools/install.sh g++ cmake" in (tmp_path / "sudo.log").read_text()


def test_without_root_and_sudo_it_says_what_root_must_run(machine):
    ran = machine(NOTHING_INSTALLED, id="echo 1000")
    assert ran.returncode == 1
    assert "as root, run: apt-get install g++ cmake" in ran.stderr


def test_a_failed_installation_shows_what_was_said(machine):
    ran = machine(NOTHING_INSTALLED, sh="echo E: no network; exit 100")
    assert ran.returncode == 1
    assert "E: no network" in ran.stderr
    assert "run ./dev again" in ran.stderr


def test_another_system_is_refused_when_tools_are_missing(machine):
    ran = machine(NOTHING_INSTALLED, debian=False)
    assert ran.returncode == 1
    assert "not Debian 12" in ran.stderr and "ninja" in ran.stderr


def test_another_system_with_the_tools_is_warned(machine):
    there = dict.fromkeys(("g++", "cmake", "ninja", "ccache", "mold", "pkg-config"), "true")
    ran = machine(NOTHING_INSTALLED, debian=False, **there)
    assert ran.returncode == 0
    assert "not Debian 12" in ran.stderr


@pytest.mark.parametrize("arguments", (["nonsense"], ["build", "nonsense"], ["test", "--nonsense"]))
def test_an_unknown_word_is_a_usage_error(arguments):
    ran = subprocess.run([ROOT / "dev", *arguments], check=False, capture_output=True, text=True)
    assert ran.returncode == 64
    assert "nonsense" in ran.stderr


def test_ctest_reports_are_summed(tmp_path):
    report = tmp_path / "ctest.xml"
    report.write_text("""<testsuite>
<testcase name="a" status="run"><system-out>fine</system-out></testcase>
<testcase name="b" status="fail"><failure message="Failed"/><system-out>why</system-out></testcase>
<testcase name="c" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
<system-out>x_test.cc:7: Skipped
no Postfix here</system-out></testcase>
<testcase name="d" status="notrun"><skipped message="Unable to find executable: d_test"/></testcase>
</testsuite>""")
    tally = run_tests.read_ctest(report)
    assert tally.line() == "1 passed, 2 failed, 1 skipped"
    assert tally.skips == [("c", "no Postfix here")]
    assert [name for name, _ in tally.failures] == ["b", "d"]


def test_pytest_reports_are_summed(tmp_path):
    report = tmp_path / "pytest.xml"
    report.write_text("""<testsuites><testsuite>
<testcase classname="e2e" name="a"/>
<testcase classname="e2e" name="b"><failure message="assert">trace</failure></testcase>
<testcase classname="e2e" name="c"><error message="fixture">trace</error></testcase>
<testcase classname="e2e" name="d"><skipped message="no swaks"/></testcase>
</testsuite></testsuites>""")
    tally = run_tests.read_pytest(report)
    assert tally.line() == "1 passed, 2 failed, 1 skipped"
    assert tally.skips == [("e2e::d", "no swaks")]


def test_the_line_names_skips_only_when_there_are_some():
    assert run_tests.Tally(passed=3).line() == "3 passed, 0 failed"


@pytest.mark.parametrize("required, failed", (("1", 1), ("", 0)))
def test_missing_data_fails_only_where_peers_are_required(monkeypatch, capsys, required, failed):
    monkeypatch.setenv("WAYPOST_TEST_DATA", os.devnull)
    monkeypatch.setenv("WAYPOST_REQUIRE_PEERS", required)
    assert run_tests.missing_data().failed == failed
    assert "MISSING TEST DATA" in capsys.readouterr().err

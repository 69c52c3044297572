"""The simulator on the release build: a large batch of seeds, and every planted bug is found.

What these seeds read and write in memory is checked by the smaller batch among the C++ tests.
"""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR = Path(os.environ.get("WAYPOST_BIN", ROOT / "build/release/waypost")).with_name("waypost-sim")
SEEDS = 300
SECONDS_MAX = 1500


@pytest.fixture(name="simulate")
def simulate_fixture():
    """simulate(command...) gives what it printed; it has to succeed."""
    if not SIMULATOR.exists():
        pytest.fail(f"there is no {SIMULATOR}: run ./dev sim 1, or ./dev test")

    def simulate(*command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return simulate


def test_every_seed_keeps_what_is_promised(simulate):
    simulate(SIMULATOR, "--seeds", str(SEEDS))


def test_every_planted_bug_is_found(simulate):
    found = simulate(ROOT / "tests/sim/every_mutation_is_found.sh", SIMULATOR)
    assert found.count("found by") == len(simulate(SIMULATOR, "--list-mutations").split())

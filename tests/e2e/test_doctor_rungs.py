"""Each fault alone: its rung, its finding and its exit code, and words that name it."""

import pytest

from lab.judge import did_no_harm, names_only, reads_well
from lab.scenarios import FAULTS

of_each = pytest.mark.parametrize("scenario", FAULTS, ids=lambda scenario: scenario.name)


@of_each
def test_the_fault_is_named_and_nothing_else(ran, scenario):
    said, _ = ran
    names_only(said, scenario)


@of_each
def test_the_report_says_it_in_words(ran, scenario):
    said, _ = ran
    reads_well(said, scenario)


@of_each
def test_no_harm_is_done(ran, scenario):
    said, world = ran
    did_no_harm(said, world, scenario)

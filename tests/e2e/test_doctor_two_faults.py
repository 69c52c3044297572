"""Each fault with others behind it: only the first is named."""

import pytest

from lab.judge import names_only
from lab.scenarios import FAULTS, LATER, named

BOTH = [scenario for scenario in FAULTS if scenario.second and scenario.rung < max(LATER)
        and scenario.exit != 0]
# One of each rung, with each later rung broken alone: a fault that is named because another hides
# it would pass where all are broken.
ONE_OF_EACH = ("name does not exist", "nothing listens", "TLS at once on 587", "certificate expired",
               "wrong password")
PAIRS = [(named(name), later) for name in ONE_OF_EACH for later in LATER
         if later > named(name).rung]


@pytest.mark.parametrize("later", ["all"])
@pytest.mark.parametrize("scenario", BOTH, ids=lambda scenario: scenario.name)
def test_all_rungs_above_are_broken_too(ran, scenario, later):
    said, _ = ran
    names_only(said, scenario)


@pytest.mark.parametrize("scenario, later", PAIRS,
                         ids=lambda value: getattr(value, "name", f"and {value}"))
def test_one_rung_above_is_broken_too(ran, scenario, later):
    said, _ = ran
    names_only(said, scenario)

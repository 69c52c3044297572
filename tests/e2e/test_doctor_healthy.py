"""Where nothing is wrong, nothing is found."""

import pytest

from lab.judge import did_no_harm, finds_nothing
from lab.scenarios import HEALTHY


@pytest.mark.parametrize("scenario", HEALTHY, ids=lambda scenario: scenario.name)
def test_nothing_is_found(ran, scenario):
    said, world = ran
    finds_nothing(said)
    did_no_harm(said, world, scenario)

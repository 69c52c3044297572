"""What the doctor's tests share: one lab for all of a session's tests, in which all that will be
needed begins at once, so that those that wait overlap."""

import pytest

from lab.runs import Runs
from lab.scenarios import break_later


def scenario_of(item):
    return getattr(item, "callspec", None) and item.callspec.params.get("scenario")


def order_of(item):
    """(key, (scenario, change)) of a test that wants one run of a scenario; `later`: the rungs from
    this one up that are broken too."""
    scenario = scenario_of(item)
    later = item.callspec.params.get("later")
    if later is None:
        return (scenario.name, None), (scenario, None)
    return (scenario.name, later), (scenario, lambda world: break_later(
        world, scenario.rung, None if later == "all" else later))


@pytest.fixture(name="lab", scope="session")
def lab_fixture():
    runs = Runs()
    yield runs
    runs.stop()


@pytest.fixture(name="ran")
def ran_fixture(request, lab):
    """({"json" and "people": Said}, world) of the scenario that the test is about."""
    orders = dict(order_of(item) for item in request.session.items
                  if "ran" in item.fixturenames and scenario_of(item))
    lab.begin(orders)
    return lab.result(order_of(request.node)[0])

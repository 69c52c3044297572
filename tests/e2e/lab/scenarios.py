"""The table: every way in which mail goes wrong that the lab knows, and the worlds without a fault."""

from lab import (accept_faults, connect_faults, healthy, inbox_faults, login_faults, name_faults,
                 policy_faults, real_faults, tls_faults)

FAULTS = [scenario for rung in (name_faults, connect_faults, tls_faults, policy_faults, login_faults,
                                accept_faults, inbox_faults, real_faults) for scenario in rung.SCENARIOS]
HEALTHY = (healthy.SCENARIOS + policy_faults.HEALTHY + inbox_faults.HEALTHY +
           real_faults.HEALTHY)


def named(name):
    [found] = [scenario for scenario in FAULTS + HEALTHY if scenario.name == name]
    return found


def break_later(world, rung, only=None):
    """Adds a fault to every rung above this one, or to one alone, where none is yet."""
    for later, what in LATER.items():
        if later > rung and only in (None, later):
            for port, script in list(world.services.items()):
                if all(getattr(script, field) == default for field, (default, _) in what.items()):
                    world.change(port, **{field: value for field, (_, value) in what.items()})


# {rung: {what to change in a script: (what it is when it is well, when it is broken)}}
LATER = {
    3: {"certificate": ("good", "expired")},
    4: {"auth": (None, "535 5.7.8 Error: authentication failed: (reason unavailable)")},
    5: {"mail": (None, "550 5.7.1 <ann@lab.test>: Sender address rejected: Access denied")},
}

"""One way in which mail goes wrong, and what the doctor must say of it."""

from dataclasses import dataclass
from typing import Callable

TEMPORARY = 75


@dataclass(frozen=True)
class Scenario:
    """prepare(world) breaks something before the world starts. id: the finding that must be there and
    that no error but it may accompany; None where there must be none. word: what the report for people
    must hold. exit: by default 10 and the rung. second: whether later faults may be added to it."""
    name: str
    prepare: Callable
    rung: int
    id: str
    word: str
    exit: int = None
    quiet: bool = False   # it measures the machine's counters, so that no other may run beside it
    second: bool = True
    slow_s: int = 1       # about how long it takes, to begin the long ones first
    also: tuple = ()      # warnings that may be there besides

    @property
    def code(self):
        return 10 + self.rung if self.exit is None else self.exit


def warns(name, prepare, rung, finding, word, **more):
    """Something to mention, which stops nothing."""
    return Scenario(name, prepare, rung, finding, word, exit=0, **more)

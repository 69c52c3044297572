"""Waiting for something that happens elsewhere: asked again and again, never for a fixed time."""

import time

PATIENCE_S = 30
PAUSE_S = 0.02


def eventually(condition, what, patience_s=PATIENCE_S, explain=lambda: ""):
    """The first true value of condition(). Fails, with what explain() says, after patience_s."""
    end = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience_s} s: {what}\n{explain()}")
        time.sleep(PAUSE_S)

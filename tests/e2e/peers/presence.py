"""What a test needs that may not be here. Where peers are required that fails, elsewhere it skips."""

import os
import shutil

import pytest


def missing(reason):
    if os.environ.get("WAYPOST_REQUIRE_PEERS") == "1" or os.environ.get("CI") == "true":
        pytest.fail(f"MISSING PEER: {reason}", pytrace=False)
    pytest.skip(f"MISSING PEER: {reason}")


def program(name):
    """Path of an installed program."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return path or missing(f"{name} is not installed: tools/packages.txt says which package has it")

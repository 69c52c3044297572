"""Runs scenarios side by side, and keeps what the doctor said of each."""

import json
import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lab.authority import Authority
from lab.daemons import Daemons
from lab.network import WORLDS_MAX, make_network
from lab.world import World
from peers.relay import binary

SIDE_BY_SIDE = 12
RUN_S = 170


@dataclass(frozen=True)
class Said:
    """What one run of the doctor ended with."""
    code: int
    out: str
    err: str
    seconds: float

    @property
    def report(self):
        return json.loads(self.out)


class Runs:
    """Worlds that share a network, but for those that want one of their own."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="waypost-lab-")
        folder = Path(self._folder.name)
        folder.chmod(0o755)
        self.folder = folder
        (folder / "authority").mkdir()
        self.authority = Authority(folder / "authority")
        self.network = make_network()
        self.daemons = Daemons(self.network, self.authority, folder)
        self._numbers = iter(range(1, WORLDS_MAX))  # 0: the real servers
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE)
        self._said = {}

    def stop(self):
        self._pool.shutdown(cancel_futures=True)
        self.daemons.stop()
        self.network.stop()
        self._folder.cleanup()

    def begin(self, orders):
        """orders: {key: (scenario, what else to break: world -> None, or None)}; where nothing is, the
        report for people is wanted too. The long ones go first."""
        for key, (scenario, change) in sorted(orders.items(), key=lambda each: -each[1][0].slow_s):
            if key not in self._said:
                self._said[key] = self._pool.submit(self._run, scenario, change)

    def result(self, key):
        """({format: Said}, world) once it has run."""
        return self._said[key].result()

    def _run(self, scenario, change):
        own = make_network() if scenario.quiet and self.network.has_filters else None
        try:
            world = self.world(own or self.network)
            scenario.prepare(world)
            if change:
                change(world)
            try:
                world.start()
                if change:
                    return {"json": self.doctor(world, "--json")}, world
                return self._in_both_forms(world, scenario.quiet), world
            finally:
                world.stop()
        finally:
            if own:
                own.stop()

    def _in_both_forms(self, world, alone):
        if alone:
            return {"json": self.doctor(world, "--json"), "people": self.doctor(world)}
        with ThreadPoolExecutor(1) as beside:
            people = beside.submit(self.doctor, world)
            return {"json": self.doctor(world, "--json"), "people": people.result()}

    def world(self, network=None):
        world = World(network or self.network, next(self._numbers), self.authority, self.folder)
        world.daemons = self.daemons
        return world

    def doctor(self, world, *options):
        command = [*world.network.enter(world.resolv_conf, world.under), str(binary()), "doctor",
                   *world.command_line(), *options]
        return run(command, world.environment)


def run(command, environment=None):
    began = time.monotonic()
    ran = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                         capture_output=True, timeout=RUN_S, check=False, cwd="/",
                         env={**os.environ, "NO_COLOR": "1", "LC_ALL": "C.UTF-8",
                              **(environment or {})})
    return Said(ran.returncode, ran.stdout.decode("utf-8", "replace"),
                ran.stderr.decode("utf-8", "replace"), time.monotonic() - began)

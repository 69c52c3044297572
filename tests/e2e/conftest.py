"""What the end-to-end tests share: a relay, sinks, a certificate, and folders with short names."""

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lab.plugin import lab_fixture, ran_fixture  # noqa: E402, F401
from peers.certificate import make_certificate  # noqa: E402
from peers.relay import Relay  # noqa: E402
from peers.sink import Sink  # noqa: E402


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Files side by side, but for those that share the lab: it is one, and fills a machine alone."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "the lab" if "/test_doctor_" in file else file
    return Files(config, log)


@pytest.fixture(name="folder")
def folder_fixture():
    """A temporary folder. pytest's own have names too long for a local socket (107 octets), and
    let no other user in, as servers that change their user need."""
    path = Path(tempfile.mkdtemp(prefix="waypost-e2e-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(name="certificate", scope="session")
def certificate_fixture(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(name="make_sink")
def make_sink_fixture():
    """make_sink(...) as Sink(...); all are stopped at the end."""
    made = []

    def make_sink(**options):
        made.append(Sink(**options))
        return made[-1]
    yield make_sink
    for sink in made:
        sink.stop()


@pytest.fixture(name="start_relay")
def start_relay_fixture(folder, certificate):
    """start_relay(next_hop=ADDRESS, queue={...}, sites=[...], routes=[...]): a running relay.
    `ca_file` holds the authorities that it trusts, besides which there are none. prepare(relay)
    comes before its start, under is what Relay.start() takes."""
    started = []

    def start_relay(next_hop=None, sites=(), routes=(), ca_file=None, prepare=lambda relay: None,
                    under=(), **settings):
        if next_hop:
            host, port = next_hop
            settings["delivery"] = {"next_hop": f"{host}:{port}", **settings.get("delivery", {})}
        home = folder / f"relay{len(started)}"
        home.mkdir()
        started.append(Relay(home, certificate, settings, sites, routes, ca_file))
        prepare(started[-1])
        return started[-1].start(under)
    yield start_relay
    for relay in started:
        relay.stop()

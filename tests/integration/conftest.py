"""A real broker and registry for the session: started on free ports, or those of CAUSEWAY_TEST_BOOTSTRAP/_REGISTRY."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from xdist.scheduler import LoadScopeScheduling

from streams.kafka import QUIET
from streams.stack import Endpoints, Stack, StackSettings, jars, ports

HERE = Path(__file__).parent
SCENE = "tests/integration/observe/"
# Whole ways through the topics of the pipeline itself: each would take the records of another one that runs beside it for its own.
WAYS = "_way.py"
# What takes longest, measured; it begins first.
LONGEST = (
    "test_demo.py",
    SCENE,
    "test_poller_group.py",
    "test_poller_commands.py",
    "runtime/test_broker.py",
    "test_stock_stage.py",
)

# Limits are for what never happens: a slow and busy machine needs ten times what a quiet one does.
WAIT_SECONDS = 120.0
START_SECONDS = 300.0
TEST_SECONDS = 900.0

MakeTopic = Callable[..., str]


def _reused() -> Endpoints | None:
    bootstrap, registry = os.environ.get("CAUSEWAY_TEST_BOOTSTRAP"), os.environ.get("CAUSEWAY_TEST_REGISTRY")
    return Endpoints(bootstrap, registry) if bootstrap and registry else None


def pytest_configure(config: pytest.Config) -> None:
    """Several test processes (pytest-xdist) share one broker: the one that hands out the tests starts it and tells them by the environment."""
    hands_out = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if hands_out and not config.option.collectonly and _reused() is None:
        folder = tempfile.TemporaryDirectory(prefix="causeway-tests-")
        settings = stack_settings(Path(folder.name))
        config.add_cleanup(folder.cleanup)
        config.add_cleanup(lambda: _stop(settings))  # last in, first out
        where = Stack(settings, say=print).up()
        os.environ["CAUSEWAY_TEST_BOOTSTRAP"], os.environ["CAUSEWAY_TEST_REGISTRY"] = (
            where.bootstrap,
            where.registry_url,
        )


def _stop(settings: StackSettings) -> None:
    """Without a word: what failed is to be the last that is printed."""
    Stack(settings).down()


class ByScene(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Tests of one file stay together and in order; so do those that look at one scene, or each process would play one and keep it running, and
    those that go whole ways through the same topics."""

    def _split_scope(self, nodeid: str) -> str:
        return _together(nodeid.split("::", 1)[0])


def _together(file: str) -> str:
    """What a file's tests are handed out with."""
    if file.endswith(WAYS):
        return WAYS
    return SCENE if SCENE in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByScene:
    """How the tests are shared out."""
    return ByScene(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is an integration test, and has time."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.integration)
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))
    # What is long begins first, then the files with most tests, so that those who run side by side end together (`--no-loadscope-reorder`).
    places = {item.path: _together(item.path.as_posix()) for item in items}
    sizes = Counter(places[item.path] for item in items)
    items.sort(key=lambda item: (_turn(places[item.path]), -sizes[places[item.path]], places[item.path]))


def _turn(place: str) -> int:
    return next((turn for turn, name in enumerate(LONGEST) if name in place), len(LONGEST))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch the jars before the first test, outside of its time limit."""
    ours = any(HERE in item.path.parents for item in session.items)
    if ours and not session.config.option.collectonly and _reused() is None:
        for bundle in (jars.BROKER, jars.REGISTRY):
            jars.ensure(bundle, os.environ, print)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """Where the session's Kafka and registry are. Do not stop them: a test that must, starts a stack of its own."""
    if (reused := _reused()) is not None:
        yield reused
        return
    own = Stack(stack_settings(tmp_path_factory.mktemp("stack")))
    try:
        yield own.up()
    finally:
        own.down()


def stack_settings(folder: Path) -> StackSettings:
    """A second stack: free ports, a folder of its own, whatever the environment says."""
    return StackSettings(
        data=folder,
        kafka_port=ports.free_port(),
        controller_port=ports.free_port(),
        registry_port=ports.free_port(),
        start_seconds=START_SECONDS,
        stop_seconds=WAIT_SECONDS,
        external_bootstrap=None,
        external_registry_url=None,
    )


@pytest.fixture(scope="session")
def bootstrap(stack: Endpoints) -> str:
    return stack.bootstrap


@pytest.fixture(scope="session")
def registry_url(stack: Endpoints) -> str:
    return stack.registry_url


def _await_topic(admin: AdminClient, name: str) -> None:
    """A busy broker makes a topic before it tells of it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while name not in admin.list_topics(timeout=WAIT_SECONDS).topics:
        assert time.monotonic() < deadline, f"the broker does not tell of {name}"
        time.sleep(0.05)


@pytest.fixture
def topic(bootstrap: str) -> Iterator[MakeTopic]:
    """Makes uniquely named topics: `topic()`, `topic("orders", partitions=3, config={...})`; deleted afterwards."""
    admin = AdminClient({**QUIET, "bootstrap.servers": bootstrap})
    made: list[str] = []

    def make(prefix: str = "test", *, partitions: int = 1, config: dict[str, str] | None = None) -> str:
        name = f"{prefix}.{uuid.uuid4().hex[:12]}"
        new = NewTopic(name, num_partitions=partitions, replication_factor=1, config=config or {})
        admin.create_topics([new])[name].result(timeout=WAIT_SECONDS)
        made.append(name)
        _await_topic(admin, name)
        return name

    yield make
    for future in admin.delete_topics(made).values() if made else ():
        future.result(timeout=WAIT_SECONDS)

"""The Kafka (and registry) a bench runs on: its own on free ports in a temporary folder, or that of CAUSEWAY_TEST_BOOTSTRAP/_REGISTRY."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.kafka import QUIET
from streams.stack import Endpoints, Stack, StackError, StackSettings, ports
from tests.bench.errors import BenchError

Say = Callable[[str], None]
_WAIT_SECONDS = 20.0


@contextmanager
def cluster(say: Say, *, registry: bool = False, own: bool = False) -> Iterator[Endpoints]:
    """Where Kafka is and, if asked for, the registry. What was started is stopped at the end. Raises BenchError.

    `own`: never that of the environment, because the bench leaves things in the pipeline's topics.
    """
    bootstrap, url = os.environ.get("CAUSEWAY_TEST_BOOTSTRAP"), os.environ.get("CAUSEWAY_TEST_REGISTRY")
    if bootstrap and (url or not registry) and not own:
        say(f"Kafka at {bootstrap} (CAUSEWAY_TEST_BOOTSTRAP)")
        yield Endpoints(bootstrap, url or "")
        return
    with tempfile.TemporaryDirectory(prefix="causeway-bench-") as folder:
        stack = Stack(_settings(Path(folder)), say=say)
        try:
            yield _started(stack, registry=registry)
        finally:
            stack.down()


def _started(stack: Stack, *, registry: bool) -> Endpoints:
    try:
        stack.start_broker()
        if registry:
            stack.start_registry()
    except StackError as error:
        raise BenchError(str(error)) from error
    return stack.endpoints()


def _settings(folder: Path) -> StackSettings:
    """Whatever the environment says of the user's own cluster: a bench writes only where it was told to by CAUSEWAY_TEST_..."""
    return StackSettings(
        data=folder,
        kafka_port=ports.free_port(),
        controller_port=ports.free_port(),
        registry_port=ports.free_port(),
        external_bootstrap=None,
        external_registry_url=None,
    )


@contextmanager
def topics(bootstrap: str, names: Sequence[str], partitions: int, config: Mapping[str, str]) -> Iterator[list[str]]:
    """New topics called after `names`, deleted at the end. Raises BenchError."""
    admin = AdminClient({**QUIET, "bootstrap.servers": bootstrap})
    made = [f"bench.{name}.{uuid.uuid4().hex[:8]}" for name in names]
    try:
        for future in admin.create_topics(
            [NewTopic(name, partitions, 1, config=dict(config)) for name in made]
        ).values():
            future.result(timeout=_WAIT_SECONDS)
    except (KafkaException, TimeoutError) as error:
        why = error.args[0].str() if error.args else f"no answer within {_WAIT_SECONDS:.0f} s"
        raise BenchError(f"Kafka at {bootstrap} makes no topics: {why}; check CAUSEWAY_TEST_BOOTSTRAP") from error
    try:
        yield made
    finally:
        for future in admin.delete_topics(made).values():
            with suppress(KafkaException, TimeoutError):  # whatever went wrong before is what matters
                future.result(timeout=_WAIT_SECONDS)

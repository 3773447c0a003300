"""Topics, a group name and worker processes for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.runtime.kit import QUICK, Workers
from tests.integration.runtime.worker import Plan

MakePlan = Callable[..., Plan]


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    made = Workers(tmp_path)
    yield made
    made.end()


@pytest.fixture
def plan(bootstrap: str, topic: Callable[..., str]) -> MakePlan:
    """A plan on topics of its own: `plan(partitions=3, delay_seconds=0.1, settings={...})`."""

    def make(*, partitions: int = 1, settings: dict[str, float] | None = None, **fields: object) -> Plan:
        source = topic("runtime.in", partitions=partitions)
        return Plan(
            bootstrap=bootstrap, group=f"copy-{source}", source=source, target=topic("runtime.out"),
            failures=topic("runtime.failed"), settings={**QUICK, **(settings or {})}, **fields,  # type: ignore[arg-type] # each test names real fields
        )  # fmt: skip

    return make

"""One scene for the session, played once: see `observed`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.observe.observed import Observed, open_world, play


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """After everything has happened; worker and poller still run."""
    made = open_world(tmp_path_factory.mktemp("observed"))
    try:
        play(made)
        yield made
    finally:
        made.close()
        made.world.stop()

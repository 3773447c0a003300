from collections.abc import Iterator

import pytest

from tests.unit.odoo_sandbox.world import World, new_world


@pytest.fixture(scope="session")
def shared_world() -> Iterator[World]:
    with new_world() as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> World:
    """Clean at the start of each test."""
    shared_world.database.reset()
    return shared_world

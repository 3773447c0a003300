"""What the tests of a whole agent stand on: a Box, a gateway, and the settings of an agent between them that is enrolled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_iotbox.enrolment import NAME as ENROLMENT
from edge_iotbox.enrolment import Enrolment, write_enrolment
from edge_iotbox.settings import Settings
from tests.edge.agents import settings_for
from tests.edge.samples import BOX
from tests.edge.servers import TOKEN, FakeGateway, MiniBox, served


@pytest.fixture
def box() -> Iterator[MiniBox]:
    with served(MiniBox()) as box:
        yield box


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with served(FakeGateway()) as gateway:
        yield gateway


@pytest.fixture
def settings(tmp_path: Path, box: MiniBox, gateway: FakeGateway) -> Settings:
    write_enrolment(tmp_path / ENROLMENT, Enrolment(TOKEN, BOX))
    return settings_for(tmp_path, box, gateway)

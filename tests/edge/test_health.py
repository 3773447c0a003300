"""EDGE-4: a report of health that the gateway refuses stops nothing, is told once, and is not sent more often for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_iotbox.afar import Afar
from edge_iotbox.counters import Counters
from edge_iotbox.enrolment import Credential
from edge_iotbox.gateway import Gateway
from edge_iotbox.inventory import Inventory, Wanted
from edge_iotbox.listener import Shared
from edge_iotbox.settings import Settings
from edge_iotbox.skew import SkewMeter
from edge_iotbox.verdicts import Refused, Taken
from tests.edge.servers import TOKEN, FakeGateway, served
from tests.edge.stage import SetClock, opened, teller


class Strict(FakeGateway):
    """Refuses reports while it has something to say against them."""

    problem = "spool_events: must be a whole number"

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> Any:
        if path.endswith("health") and self.problem:
            self.calls.append("health")
            return 422, {}, {"index": -1, "problem": self.problem}
        return super().answer(method, path, headers, body)


def test_a_refused_report_is_told_once_and_again_when_it_is_another(caplog: pytest.LogCaptureFixture) -> None:
    end = Strict()
    with served(end):
        gateway = Gateway(end.url, lambda: TOKEN)
        for _ in range(3):
            assert gateway.health({}) == Refused(-1, end.problem)
        assert caplog.text.count("health_refused problem=spool_events: must be") == 1
        end.problem = "dropped: must be a whole number"
        gateway.health({})
        assert caplog.text.count("health_refused") == 2
        end.problem = ""
        assert gateway.health({}) == Taken(0, 0)
        gateway.close()


def test_it_is_not_sent_more_often_for_that(tmp_path: Path) -> None:
    clock = SetClock()
    spool = opened(tmp_path, clock=clock)
    shared = Shared(spool, teller(clock), Counters(), Inventory(), SkewMeter(), Wanted())
    end = Strict()
    with served(end):
        gateway = Gateway(end.url, lambda: TOKEN)
        afar = Afar(
            Settings(), shared, gateway, Credential(tmp_path / "none"), lambda: {"spool_events": -1}, lambda: None
        )
        for _ in range(120):
            afar.tick()
            clock.pass_ms(1000)
        assert end.calls == ["health"] * 2
        gateway.close()
    spool.close()

"""A worker that runs only the stock stage, to be killed: `python -m tests.integration.stock_process PLAN` (see `Plan`)."""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from streams.failure.routing import FailureRouting
from streams.runtime import RuntimeSettings, run_stages
from streams.settings import KafkaSettings, Settings
from streams.stages.stock import StockStage, StockTopics
from streams.stock_settings import StockSettings
from tests.unit.failure.samples import codec

CHANNELS = (("walmart", "main"), ("amazon", "main"))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What the worker does; topics by the fields of `StockTopics`, `stock` as in the configuration."""

    bootstrap: str
    group: str
    topics: dict[str, str]
    stock: dict[str, Any]
    runtime: dict[str, float]


def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    settings = Settings(kafka=KafkaSettings(bootstrap=plan.bootstrap), stock=StockSettings(**plan.stock))
    schemas = codec()
    stage = StockStage(
        settings, schemas, FailureRouting(schemas, settings), CHANNELS, lambda: datetime.now(UTC),
        name=plan.group, topics=StockTopics(**plan.topics),
    )  # fmt: skip
    run_stages([stage], settings.kafka, RuntimeSettings(**plan.runtime))


if __name__ == "__main__":
    main()

"""A poller for tests, as a process: `python -m tests.integration.poller_process CONFIG.json`. Dies or stops where the plan says."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.record import Message
from streams.connectors import compose_settings, discover
from streams.poller.flows import Names
from streams.poller.run import Hooks, run_poller
from streams.runtime.producer import Producer
from tests.integration.poller_kit import CONNECTOR


def crash_at(plan: Mapping[str, Any]) -> Callable[[str], None]:
    """Sends this very process the planned signal when the planned step comes for the nth time."""
    seen: Counter[str] = Counter()

    def at_step(step: str) -> None:
        seen[step] += 1
        if step == plan.get("crash") and seen[step] == plan.get("nth", 1):
            os.kill(os.getpid(), signal.Signals[f"SIG{plan.get('by', 'KILL')}"])

    return at_step


class PartProducer(Producer):
    """Dies when all but one record of the nth page are acknowledged."""

    pages_left: float = math.inf

    async def deliver(self, messages: Sequence[Message]) -> None:
        PartProducer.pages_left -= len(messages) > 1
        if PartProducer.pages_left == 0:
            await super().deliver(messages[:-1])
            os.kill(os.getpid(), signal.SIGKILL)
        await super().deliver(messages)


async def main(plan: Mapping[str, Any]) -> None:
    connectors = [item for item in (CONNECTOR, *discover()) if item.name in plan["settings"]]
    settings = compose_settings(connectors)(
        environment=plan.get("environment", "sandbox"),
        kafka={"bootstrap": plan["bootstrap"]},
        registry={"url": plan["registry"]},
        **plan["settings"],
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if plan.get("crash") == "partly_published":
        PartProducer.pages_left = plan["nth"]
    hooks = Hooks(names=Names(plan["prefix"]), at_step=crash_at(plan), producer=PartProducer)
    await run_poller(settings, connectors, stop, hooks=hooks)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))

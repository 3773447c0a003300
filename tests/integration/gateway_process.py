"""A gateway for tests, as a process: `python -m tests.integration.gateway_process CONFIG.json`. Dies where the plan says."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from streams.gateway.run import Hooks, open_gateway
from streams.settings import Settings


def crash_at(plan: Mapping[str, Any]) -> Callable[[str], None]:
    """Kills this very process when the planned step comes for the nth time."""
    seen: Counter[str] = Counter()

    def at_step(step: str) -> None:
        seen[step] += 1
        if step == plan.get("crash") and seen[step] == plan.get("nth", 1):
            os.kill(os.getpid(), signal.SIGKILL)

    return at_step


async def main(plan: Mapping[str, Any]) -> None:
    settings = Settings.model_validate(plan["settings"])
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_gateway(settings, Hooks(prefix=plan["prefix"], at_step=crash_at(plan))) as port:
        ready = Path(plan["ready"])
        ready.with_suffix(".part").write_text(str(port))
        ready.with_suffix(".part").rename(ready)
        await stop.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))

"""What a stage does beside its records, in a task of its own between `start` and `stop`."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod


class Beside(ABC):
    """`_run` never returns. Nobody awaits it, so it tells its own failures. It runs once, however often it is started."""

    def __init__(self, name: str) -> None:
        self._task_name = name
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """From now on, until `stop`."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=self._task_name)

    async def stop(self) -> None:
        """At once; what was not done is done after the next start."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @abstractmethod
    async def _run(self) -> None: ...

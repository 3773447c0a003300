"""One bad record must not take its neighbours down: halve a failed chunk until the bad record stands alone.

Halving costs about twice the chunk in repeated work for one bad record; one by one would cost a broker round trip per record. Halves are
processed in order, so records of one key keep theirs.
"""

from __future__ import annotations

import asyncio
import logging
import traceback

from streams.runtime.chunk import Chunk
from streams.runtime.errors import InfrastructureError
from streams.runtime.stage import Stage

logger = logging.getLogger(__name__)


class CancelledInsideError(Exception):
    """Something that `process` waited for was cancelled, though nobody cancelled the chunk."""


async def work_off(stage: Stage, chunk: Chunk) -> None:
    """Process the chunk; what cannot be processed goes to the stage's `failed`. Returns when every record is done for.

    Raises InfrastructureError from `process`, and whatever `failed` raises: then the chunk is not done.
    """
    try:
        await _process(stage, chunk)
    except InfrastructureError:
        raise
    except Exception as error:  # noqa: BLE001 - the catch-all: whatever it is, the record is accounted for
        if len(chunk) == 1 or not stage.limits.bisect:
            logger.warning("chunk_failed stage=%s chunk=%s %s", stage.name, chunk, where(error))
            await stage.failed(chunk, error)
            return
        logger.info("chunk_halved stage=%s chunk=%s %s", stage.name, chunk, where(error))
    else:
        return
    middle = len(chunk) // 2
    await work_off(stage, chunk.part(0, middle))
    await work_off(stage, chunk.part(middle, len(chunk)))


async def _process(stage: Stage, chunk: Chunk) -> None:
    try:
        await stage.process(chunk)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise CancelledInsideError(f"{stage.name}: cancelled from inside") from error


def where(error: BaseException) -> str:
    """Class and place of an error, for logs. Not its text: that may quote the record (SEC-3)."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "-"
    return f"error={type(error).__name__} at={place}"

"""The way to the sink: when the circuit breaker lets something through, and one outcome for each delivery whatever the sink does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Delivery, Outcome, Sink, failed, failed_by
from schemas.masking import mask_text
from schemas.reasons import Reason
from schemas.topics import Lane
from streams.failure.breaker import Breakers, State, Wait
from streams.observe import metrics
from streams.runtime.progress import Progress

logger = logging.getLogger(__name__)

_BREAKING = frozenset({Reason.TRANSIENT, Reason.THROTTLED, Reason.AUTH})
# Then the record is tried later like any other: perhaps it is the trouble, and another one gets through.
_MOST_PROBES = 3
_DETAIL_CHARACTERS = 300


class Sending:
    """One lane's calls of a sink. The sink and the breakers, one for each operation, are shared by the lanes of a process."""

    def __init__(self, sink: Sink, lane: Lane, breakers: Breakers) -> None:
        self._sink, self._lane, self._breakers = sink, lane, breakers

    async def let_through(self, operation: str, progress: Progress) -> bool:
        """Wait until the breaker lets something through; True = one as a probe. The watchdog is told that this is no stall."""
        destination = self._sink.destination
        breaker = self._breakers.of(destination, operation)
        gauge = metrics.BREAKER_OPEN.labels(destination, operation)
        answer = breaker.before(time.monotonic())
        if isinstance(answer, Wait):
            gauge.set(1)
            logger.warning(
                "breaker_open destination=%s operation=%s lane=%s reason=%s detail=%s",
                destination, operation, self._lane.value, breaker.reason, breaker.detail,
            )  # fmt: skip
            with progress.paused(f"breaker {destination}/{operation}"):
                while isinstance(answer, Wait):
                    await asyncio.sleep(max(0.05, min(answer.until - time.monotonic(), 5.0)))
                    answer = breaker.before(time.monotonic())
        gauge.set(1 if answer.probe else 0)
        return answer.probe

    async def send(self, batch: Sequence[Delivery]) -> list[Outcome]:
        """One outcome for each delivery of a batch of one operation, in order. The breaker learns how it went."""
        operation = batch[0].operation
        started = time.monotonic()
        outcomes = await _outcomes(self._sink, batch)
        metrics.SINK_SECONDS.labels(self._sink.destination, operation).observe(time.monotonic() - started)
        breaker = self._breakers.of(self._sink.destination, operation)
        for outcome in outcomes:
            if not outcome.of_record:
                detail = mask_text(outcome.detail)[:_DETAIL_CHARACTERS]
                breaker.after(time.monotonic(), outcome.reason, outcome.retry_after, detail)
        return outcomes

    def keeps_its_place(self, operation: str, outcome: Outcome, probes: int) -> bool:
        """Whether the failure says that the destination is away, so that the record keeps its place and no try is counted (ERR-4).

        Refused credentials are waited out. Of other troubles the record itself may be the cause: one that failed as a probe several times
        makes room, else it would keep the lane closed for ever. `probes`: how often this record was one.
        """
        if self._breakers.of(self._sink.destination, operation).state is State.CLOSED:
            return False
        if outcome.of_record or outcome.reason not in _BREAKING:
            return False
        return outcome.reason is Reason.AUTH or probes < _MOST_PROBES


async def _outcomes(sink: Sink, batch: Sequence[Delivery]) -> list[Outcome]:
    try:
        outcomes = list(await sink.deliver(batch))
    except ConnectorError as error:
        return [failed_by(error)] * len(batch)
    except Exception as error:  # noqa: BLE001 - a bug of the sink must cost as few records as possible
        logger.error(
            "sink_bug destination=%s records=%d kind=%s correlation=%s",
            sink.destination, len(batch), type(error).__name__, batch[0].correlation if len(batch) == 1 else "",
        )  # fmt: skip
        if len(batch) > 1:
            halves = (batch[: len(batch) // 2], batch[len(batch) // 2 :])
            return [outcome for half in halves for outcome in await _outcomes(sink, half)]
        return [failed(Reason.BUG, f"{type(error).__name__} in the {sink.destination} sink")]
    if len(outcomes) != len(batch):
        detail = f"the sink answered {len(outcomes)} outcomes for {len(batch)} deliveries"
        return [failed(Reason.BUG, detail)] * len(batch)
    return outcomes

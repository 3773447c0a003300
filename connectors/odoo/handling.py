"""What every operation of the sink shares: what the pipeline knows already, and one outcome for each delivery whatever becomes of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from connectors.kit.errors import ConnectorError, ForbiddenError
from connectors.kit.ports import Delivery, Difference, Outcome, Result, failed_by


class Handler(Protocol):
    """One operation. `write` gets deliveries of that operation only and answers one outcome each, in order; `preview` reads only."""

    async def write(self, batch: Sequence[Delivery]) -> Sequence[Outcome]: ...

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]: ...


def settled(delivery: Delivery) -> Outcome | None:
    """The outcome of what the pipeline knows to stand in Odoo already, None for what has to be written."""
    known = delivery.known
    if known is None or not known.remote_id:
        return None
    if known.version > delivery.version:
        return Outcome(Result.STALE, remote_model=known.remote_model, remote_id=known.remote_id)
    if known.version == delivery.version and known.checksum == delivery.checksum and not delivery.asks_again:
        return Outcome(Result.ALREADY_APPLIED, remote_model=known.remote_model, remote_id=known.remote_id)
    return None


def failure(error: ConnectorError) -> Outcome:
    """The failed outcome of an error."""
    # A right that only this record needs (a new tax, say) must not stop those that do not need it.
    return failed_by(error, of_record=isinstance(error, ForbiddenError))


async def each(batch: Sequence[Delivery], write: Callable[[Delivery], Awaitable[Outcome]]) -> list[Outcome]:
    """Each delivery by itself, as many at a time as there are connections to Odoo. A state the pipeline knows to stand costs no call."""
    return list(await asyncio.gather(*(_one(delivery, write) for delivery in batch)))


async def _one(delivery: Delivery, write: Callable[[Delivery], Awaitable[Outcome]]) -> Outcome:
    known = None if delivery.is_command else settled(delivery)
    if known is not None:
        return known
    try:
        return await write(delivery)
    except ConnectorError as error:
        return failure(error)


def done(did: Sequence[str], model: str, number: int | str, notes: Sequence[str] = ()) -> Outcome:
    """Applied when something was done, else already applied. `notes` are told either way."""
    result = Result.APPLIED if did else Result.ALREADY_APPLIED
    return Outcome(result, remote_model=model, remote_id=str(number), notes=tuple(dict.fromkeys((*did, *notes))))

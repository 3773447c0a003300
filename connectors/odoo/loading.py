"""`load()` with external ids: creates what is absent, leaves what is present alone, exactly once in every race (EVT-4).

A call is atomic. When it is refused, Odoo's messages say what to do: a lost race is sent again as it was; a bad record is named, so it is set
aside with its error and the rest is sent again; where no record is named the batch is halved until the bad one stands alone. An answer that
got lost is no reason to worry: the same call again finds what the first one made.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kit.errors import (
    ConnectorError,
    DataError,
    RetryError,
    RuleError,
    TransientError,
    UncertainError,
)
from connectors.odoo.client import Odoo
from connectors.odoo.errors import LOST_RACE, of_message

logger = logging.getLogger(__name__)

Cell = str | int | float | None
Rows = Sequence[Sequence[Cell]]
Loaded = int | ConnectorError

# Without `noupdate` an existing record would be overwritten; without `tracking_disable` Odoo writes a chatter message for every record.
# With `mail_activity_quick_update` it mails nobody of an activity, which a user without an e-mail address could not.
# An import reads times in the user's time zone and words in the user's language, so both are named.
CONTEXT: dict[str, Any] = {
    "mode": "update", "noupdate": True, "tracking_disable": True, "tz": "UTC", "lang": "en_US", "mail_activity_quick_update": True,
}  # fmt: skip
LOST_RACES = 8
LOST_ANSWERS = 2


async def load(odoo: Odoo, model: str, columns: Sequence[str], records: Sequence[Rows]) -> list[Loaded]:
    """For each record (its row and the rows of its children) the database id, or the error that keeps it out.

    Raises ConnectorError for what concerns all of them: no connection, no right, races lost too often.
    """
    if not records:
        return []
    try:
        answer = await _sent(odoo, model, columns, records)
    except (RetryError, UncertainError):
        raise
    except (DataError, RuleError) as error:
        return await _halved(odoo, model, columns, records, error)
    except ConnectorError as error:
        if type(error) is not ConnectorError:  # a missing right concerns all; an error of ours may be one record's
            raise
        return await _halved(odoo, model, columns, records, error)
    if answer["ids"]:
        return list(answer["ids"])
    refused = refusals(model, answer["messages"])
    if not refused:
        text = str(answer["messages"][0]["message"]) if answer["messages"] else "refused without a word"
        return await _halved(odoo, model, columns, records, of_message(model, text))
    kept = [index for index in range(len(records)) if index not in refused]
    logger.info("odoo_load_refused model=%s records=%d refused=%d", model, len(records), len(refused))
    rest = iter(await load(odoo, model, columns, [records[index] for index in kept]))
    return [refused[index] if index in refused else next(rest) for index in range(len(records))]


async def _sent(odoo: Odoo, model: str, columns: Sequence[str], records: Sequence[Rows]) -> dict[str, Any]:
    """One answer that is neither a lost race nor a lost answer. Raises TransientError or UncertainError when it stays so."""
    rows = [list(row) for record in records for row in record]
    lost_answers = 0
    for _ in range(LOST_RACES):
        try:
            answer: dict[str, Any] = await odoo.tell(model, "load", list(columns), rows, context=CONTEXT)
        except UncertainError:
            lost_answers += 1
            if lost_answers >= LOST_ANSWERS:
                raise
            continue
        if not any(LOST_RACE in str(message.get("message")) for message in answer["messages"]):
            return answer
        logger.info("odoo_load_race_lost model=%s records=%d", model, len(records))
    raise TransientError(f"{model}: lost the race against other writers {LOST_RACES} times")


async def _halved(
    odoo: Odoo, model: str, columns: Sequence[str], records: Sequence[Rows], error: ConnectorError
) -> list[Loaded]:
    if len(records) == 1:
        return [error]
    middle = len(records) // 2
    first = await load(odoo, model, columns, records[:middle])
    return first + await load(odoo, model, columns, records[middle:])


def refusals(model: str, messages: Sequence[Mapping[str, Any]]) -> dict[int, ConnectorError]:
    """The error of each record that Odoo's messages name, by its position in the batch."""
    found: dict[int, ConnectorError] = {}
    for message in messages:
        if message.get("type") == "error" and isinstance(message.get("record"), int):
            found.setdefault(
                message["record"], of_message(model, str(message["message"]), str(message.get("field") or ""))
            )
    return found

"""Wishes to the poller, as they stand in `poll.commands`. The command line, a webhook and the census all just write them.

    poll_now     cut the wait short; done when a poll that began after it has ended, well or not
    resync       read everything changed since then again, beside the normal polling; done when read to the end
    fetch_ids    read these ids; done when read

A command counts as done when its offset is committed; until then a new owner of the flow does it again, which repeats records and harms nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.codec import Codec, DecodeError
from schemas.record import Record
from schemas.records import PollCommand
from streams.poller.errors import CommandError
from streams.poller.flows import FlowKey


class Action(StrEnum):
    """What is wished for."""

    POLL_NOW = "poll_now"
    RESYNC = "resync"
    FETCH_IDS = "fetch_ids"


@dataclass(frozen=True, slots=True)
class Command:
    """One wish, checked. `record` is what it was read from."""

    id: str
    flow: FlowKey
    action: Action
    since: datetime | None
    ids: tuple[str, ...]
    record: Record


def read_command(codec: Codec, record: Record) -> Command:
    """Raises CommandError saying what is wrong with it."""
    try:
        value: PollCommand = codec.decode("poll_command", record.value)
        flow = FlowKey.of(value["account"], value["flow"])
        action = Action(value["action"])
    except (DecodeError, ValueError) as error:
        raise CommandError(str(error)) from error
    if record.key != flow.encode():
        raise CommandError(f"a command for {flow} must have that as its key, or it reaches the wrong poller")
    if action is Action.RESYNC and value["since"] is None:
        raise CommandError("a resync needs `since`")
    if action is Action.FETCH_IDS and not any(value["ids"]):
        raise CommandError("fetch_ids needs ids")
    ids = tuple(dict.fromkeys(item for item in value["ids"] if item))
    return Command(value["id"], flow, action, value["since"], ids, record)

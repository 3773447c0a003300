"""What a destination holds of each key, remembered in the compacted topic `state.<destination>`: one table per partition.

It lets a sink stage skip stale states, answer repeats without a call, and keep the commands of a key in order while one waits for a retry.
All lanes of a destination write the same topic; the newest record of a key wins. Losing it costs work, never a double order.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connectors.kit.ports import Delivery, Known, Outcome
from schemas.codec import Codec, DecodeError
from schemas.record import Message, Record
from schemas.records import KeyState
from schemas.topics import state
from streams.stages.batching import KeyView


class KeyTable:
    """Partition -> key -> what is known."""

    def __init__(self, destination: str, codec: Codec) -> None:
        self.topic = state(destination)
        self._codec = codec
        self._partitions: dict[int, dict[str, KeyView]] = {}

    def learn(self, partition: int, records: Iterable[Record]) -> int:
        """Take what the topic says; returns how many keys of the partition are known. Unreadable records count as not known."""
        table = self._partitions.setdefault(partition, {})
        for record in records:
            if record.key is None:
                continue
            try:
                table[record.key.decode()] = _view(self._codec.decode("key_state", record.value))
            except (DecodeError, UnicodeDecodeError):
                table.pop(record.key.decode(errors="replace"), None)
        return len(table)

    def drop(self, partition: int) -> None:
        """The partition is not ours any more."""
        self._partitions.pop(partition, None)

    def views(self, partition: int) -> dict[str, KeyView]:
        """Key -> what is known, of one partition; changed only by `remember`."""
        return self._partitions.setdefault(partition, {})

    def after(
        self, view: KeyView, delivery: Delivery, outcome: Outcome | None, parked: bool, set_aside: bool = False, job: str = "",
    ) -> KeyView:  # fmt: skip
        """What is known of the key after this delivery.

        `outcome` None = it was not applied; `parked` = it waits for a retry; `set_aside` = it is held or dead; `job` = it was submitted
        and waits for that job.
        """
        known = view.known
        if (
            outcome is not None
            and outcome.ok
            and (known is None or delivery.version >= known.version or delivery.is_command)
        ):
            known = Known(
                max(delivery.version, known.version if known else 0),
                delivery.checksum,
                outcome.remote_model or (known.remote_model if known else ""),
                outcome.remote_id or (known.remote_id if known else ""),
            )
        waiting = view.parked
        if delivery.is_command:
            if parked and not waiting:
                waiting = delivery.id
            elif not parked and waiting == delivery.id:
                waiting = ""
        aside = view.set_aside
        if not delivery.is_command:
            if set_aside:
                aside = max(aside, delivery.version)
            elif known is not None and known.version >= aside:
                aside = 0
        open_job = job or ("" if view.job == delivery.job else view.job)
        return KeyView(known, waiting, aside, open_job)

    def message(self, key: str, view: KeyView, now: datetime) -> Message:
        """The record that makes it known to whoever reads the topic."""
        known = view.known
        value = KeyState(
            key=key,
            version=known.version if known else 0,
            checksum=known.checksum if known else "",
            remote_model=known.remote_model if known else "",
            remote_id=known.remote_id if known else "",
            parked=view.parked,
            set_aside=view.set_aside,
            job=view.job,
            at=now,
        )
        return Message(self.topic, key.encode(), self._codec.encode("key_state", value))

    def remember(self, partition: int, key: str, view: KeyView) -> None:
        """The record is safe: this is what is known now."""
        self._partitions.setdefault(partition, {})[key] = view


def _view(value: KeyState) -> KeyView:
    known = Known(value["version"], value["checksum"], value["remote_model"], value["remote_id"])
    return KeyView(known if value["checksum"] else None, value["parked"], value["set_aside"], value["job"])

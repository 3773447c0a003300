"""What a destination holds of each key, remembered in the compacted topic `state.<destination>`: one table per partition.

It lets a sink stage skip stale states, answer repeats without a call, and keep the commands of a key in order while one waits for a retry.
Losing it costs work, never a double order.

All lanes of a destination write the same topic, perhaps from several processes at the same moment, so the newest record of a key may not know
of the one before it. Therefore nobody replaces what he knows by what he reads: the newest version stays the newest, and jobs are added and
taken away as each record says it did (`opened`, `closed`). Where the last record of a key says less than that, it is written again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connectors.kit.jobs import AFTER, BEHIND, SENDING, has_expired, parse, sending
from connectors.kit.ports import Delivery, Known, Outcome
from schemas.codec import Codec, DecodeError
from schemas.record import Message, Record
from schemas.records import KeyState
from schemas.topics import state
from streams.stages.batching import KeyView

_FEED, _LOST = "feed", "lost"


class KeyTable:
    """Partition -> key -> what is known."""

    def __init__(self, destination: str, codec: Codec) -> None:
        self.topic = state(destination)
        self._codec = codec
        self._partitions: dict[int, dict[str, KeyView]] = {}
        self._torn: dict[int, set[str]] = {}
        self._only: dict[int, dict[str, str]] = {}

    def learn(self, partition: int, records: Iterable[Record]) -> int:
        """Take what the topic says; returns how many keys of the partition are known. Unreadable records count as not known."""
        table = self._partitions.setdefault(partition, {})
        torn = self._torn.setdefault(partition, set())
        for record in records:
            if record.key is None:
                continue
            key = record.key.decode(errors="replace")
            try:
                value = self._codec.decode("key_state", record.value)
            except DecodeError:
                table.pop(key, None)
                continue
            told = _view(value)
            table[key] = self._merged(partition, key, told, value)
            (torn.discard if table[key] == told else torn.add)(key)
        return len(table)

    def torn(self, partition: int, now: datetime) -> list[Message]:
        """Records of keys whose last one says less than is known, because two lanes wrote at the same moment. They are told once."""
        keys = self._torn.pop(partition, set())
        table = self.views(partition)
        return [self.message(key, table[key], now) for key in sorted(keys & table.keys())]

    def _merged(self, partition: int, key: str, told: KeyView, value: KeyState) -> KeyView:
        """What is known of the key after a record whose writer may not have known all that was known."""
        mine = self.views(partition).get(key)
        # Workers of an older version know of one job only and do not say that it has ended: their next record does not name it.
        only = self._only.setdefault(partition, {})
        closed = {*value["closed"], *({only.pop(key)} - told.jobs if key in only else ())}
        if told.jobs and not value["jobs"]:
            only[key] = value["job"]
        return told if mine is None else _merged(mine, told, value["opened"] if value["jobs"] else told.jobs, closed)

    def has(self, partition: int) -> bool:
        """Whether the partition is ours."""
        return partition in self._partitions

    def drop(self, partition: int) -> None:
        """The partition is not ours any more."""
        self._partitions.pop(partition, None)
        self._torn.pop(partition, None)
        self._only.pop(partition, None)

    def views(self, partition: int) -> dict[str, KeyView]:
        """Key -> what is known, of one partition; changed only by `remember`."""
        return self._partitions.setdefault(partition, {})

    def before(self, view: KeyView, delivery: Delivery, now: datetime) -> KeyView:
        """What is known of the key while this delivery is being sent: whoever reads it knows that it may arrive at any time."""
        return KeyView(view.known, view.parked, view.set_aside, view.jobs | {sending(delivery.version, now)})

    def after(
        self, view: KeyView, delivery: Delivery, outcome: Outcome | None, parked: bool, set_aside: bool = False, job: str = "",
        now: datetime | None = None,
    ) -> KeyView:  # fmt: skip
        """What is known of the key after this delivery.

        `outcome` None = it was not applied; `parked` = it waits for a retry; `set_aside` = it is held or dead; `job` = it was submitted
        and waits for that job, or it may still be under way; `now` = for sendings that have expired.
        """
        known = _known(view.known, delivery, outcome)
        waiting = view.parked
        if delivery.is_command:
            if parked and not waiting:
                waiting = delivery.id
            elif not parked and waiting == delivery.id:
                waiting = ""
        aside = view.set_aside
        if not delivery.is_command and set_aside:
            aside = max(aside, delivery.version)
        return KeyView(known, waiting, _aside(aside, known), _jobs(view.jobs, delivery, job, now))

    def message(self, key: str, view: KeyView, now: datetime, before: KeyView | None = None) -> Message:
        """The record that makes it known to whoever reads the topic. `before`: what was known when this was made of it."""
        known, jobs = view.known, sorted(view.jobs)
        was = view.jobs if before is None else before.jobs
        newest = max(jobs, key=_version, default="")
        value = KeyState(
            key=key,
            version=known.version if known else 0,
            checksum=known.checksum if known else "",
            remote_model=known.remote_model if known else "",
            remote_id=known.remote_id if known else "",
            parked=view.parked,
            set_aside=view.set_aside,
            job=newest,
            jobs=jobs,
            opened=sorted(view.jobs - was),
            closed=sorted(was - view.jobs),
            at=now,
        )
        return Message(self.topic, key.encode(), self._codec.encode("key_state", value))

    def remember(self, partition: int, key: str, view: KeyView) -> None:
        """The record is safe: this is what is known now."""
        self._partitions.setdefault(partition, {})[key] = view


def _known(known: Known | None, delivery: Delivery, outcome: Outcome | None) -> Known | None:
    if outcome is None or not outcome.ok:
        return known
    if known is not None and delivery.version < known.version and not delivery.is_command:
        return known
    # A command's version is of what led to it, which may be the other side's clock: it says nothing of the states of its key.
    version = (known.version if known else 0) if delivery.is_command else delivery.version
    return Known(
        version,
        delivery.checksum,
        outcome.remote_model or (known.remote_model if known else ""),
        outcome.remote_id or (known.remote_id if known else ""),
    )


def _aside(aside: int, known: Known | None) -> int:
    return 0 if known is not None and known.version >= aside else aside


def _jobs(jobs: frozenset[str], delivery: Delivery, job: str, now: datetime | None) -> frozenset[str]:
    """Without the job the delivery had and what it was sending; with its new one."""
    gone = {delivery.job, job}
    for name in jobs:
        one = parse(name)
        if one and one.how == SENDING and (one.version == delivery.version or (now and has_expired(one, now))):
            gone.add(name)
    return _tidy((jobs - gone) | ({job} if job else set()))


def _version(job: str) -> int:
    one = parse(job)
    return one.version if one else 0


def _tidy(jobs: frozenset[str]) -> frozenset[str]:
    """Only the newest of those that say no more than that there is a newer version: jobs do not pile up where numbers change often.

    What is sent and what is being sent stays, each for itself; of those that wait for the same remote job the newest.
    """
    best: dict[str, tuple[int, str]] = {}
    kept: set[str] = set()
    for name in sorted(jobs):
        one = parse(name)
        if one is None:
            continue
        if not one.version or one.how in (SENDING, _FEED, _LOST):
            kept.add(name)
            continue
        about = one.remote if one.how in (AFTER, BEHIND) else one.how
        best[about] = max(best.get(about, (0, "")), (one.version, name))
    return frozenset(kept | {name for _, name in best.values()})


def _merged(mine: KeyView, told: KeyView, opened: Iterable[str], closed: Iterable[str]) -> KeyView:
    known = told.known
    if mine.known is not None and (known is None or mine.known.version > known.version):
        known = mine.known
    jobs = (mine.jobs | set(opened)) - set(closed)
    return KeyView(known, told.parked, _aside(max(mine.set_aside, told.set_aside), known), jobs)


def _view(value: KeyState) -> KeyView:
    known = Known(value["version"], value["checksum"], value["remote_model"], value["remote_id"])
    jobs = frozenset(value["jobs"] or ([value["job"]] if value["job"] else []))
    return KeyView(known if value["checksum"] else None, value["parked"], value["set_aside"], jobs)

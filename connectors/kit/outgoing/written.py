"""What this process has written or is sending, by key: the newest version, a lock, and the feeds that are on their way (INV-5).

It closes the gap between writing and the key state that all lanes read from Kafka. It is a memory of recent keys, bounded: what it has
forgotten is known from the key state by then.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import MappingProxyType

from connectors.kit.jobs import Job
from connectors.kit.ports import Delivery

_KEPT_KEYS = 20_000
_KEPT_PAST = 8
_KEPT_JOBS = 8


class Written:
    """Used from one event loop."""

    def __init__(self, kept: int = _KEPT_KEYS) -> None:
        self._kept = kept
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._past: OrderedDict[str, list[tuple[int, str]]] = OrderedDict()
        self._unanswered: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._told: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._jobs: OrderedDict[str, dict[str, Job]] = OrderedDict()
        self._sending: dict[str, asyncio.Future[str]] = {}
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    def newest(self, key: str) -> int:
        """Newest version this process has written or sent, 0 when it remembers none."""
        return self._newest.get(key, 0)

    def wrote(self, key: str, version: int) -> None:
        self._newest[key] = max(version, self._newest.get(key, 0))
        self._newest.move_to_end(key)
        while len(self._newest) > self._kept:
            self._newest.popitem(last=False)

    def tells(self, key: str, version: int) -> None:
        """This process tells the others that it is going to send that version."""
        self._told[key, version] = None
        self._told.move_to_end((key, version))
        while len(self._told) > self._kept:
            self._told.popitem(last=False)

    def done(self, deliveries: Iterable[Delivery]) -> None:
        """They have their outcomes: what is still said of them comes from elsewhere, or may be under way although nobody answered."""
        for delivery in deliveries:
            self._told.pop((delivery.key, delivery.version), None)

    def told(self, key: str, version: int) -> bool:
        """Whether this process is sending it."""
        return (key, version) in self._told

    def past(self, key: str, version: int, remotes: Sequence[str]) -> None:
        """That version is going to be written now that these remote jobs are over: nothing of theirs can come to lie over it."""
        if remotes:
            before = [past for past in self._past.get(key, ()) if past[1] not in remotes]
            self._past[key] = [*before, *((version, remote) for remote in remotes)][-_KEPT_PAST:]
            self._past.move_to_end(key)
        while len(self._past) > self._kept:
            self._past.popitem(last=False)

    def was_past(self, key: str, remote: str, newer: int) -> bool:
        """Whether the version `newer` lies over what that remote job brought: this process wrote it, or a later one, when the job was over."""
        newest = self.newest(key)
        return newest >= newer and any(
            past == remote and version <= newest for version, past in self._past.get(key, ())
        )

    def unanswered(self, key: str, version: int, at: float) -> None:
        """Nobody answered then (epoch seconds) when that version was sent by a single call: it may take effect late."""
        self._unanswered[key] = (version, at)
        self._unanswered.move_to_end(key)
        while len(self._unanswered) > self._kept:
            self._unanswered.popitem(last=False)

    def was_unanswered(self, key: str) -> tuple[int, float]:
        """What nobody answered last, and when; version 0 when there is none."""
        return self._unanswered.get(key, (0, 0.0))

    def open_jobs(self, key: str) -> Sequence[Job]:
        """What this process has sent the key in, as far as it is not known to be over: feeds, lost ones among them, the newest last."""
        return tuple(self._jobs.get(key, {}).values())

    def took(self, key: str, job: Job) -> None:
        """The marketplace has taken a value of the key, which takes effect later."""
        held = self._jobs.setdefault(key, {})
        held.pop(job.remote, None)
        held[job.remote] = job
        while len(held) > _KEPT_JOBS:
            held.pop(next(iter(held)))
        self._jobs.move_to_end(key)
        while len(self._jobs) > self._kept:
            self._jobs.popitem(last=False)

    def over(self, key: str, remote: str) -> None:
        """That remote job has come to its end."""
        held = self._jobs.get(key, {})
        held.pop(remote, None)
        if not held:
            self._jobs.pop(key, None)

    def under_way(self, key: str) -> str | None:
        """The remote job the key is in, "" while it is being sent right now; None when there is none."""
        if key in self._sending:
            return ""
        return next(reversed(self._jobs.get(key, {})), None)

    async def being_sent(self, key: str) -> str:
        """The remote job of the feed the key is being sent in right now, waiting for the answer; "" when it is in none."""
        sending = self._sending.get(key)
        return "" if sending is None else await asyncio.shield(sending)

    async def on_its_way(self, key: str) -> str:
        """The remote job the key is in, waiting for the answer where it is being sent right now; "" when there is none."""
        if key in self._sending:
            return await self.being_sent(key)
        return next(reversed(self._jobs.get(key, {})), "")

    @contextmanager
    def sending(
        self, keys: Sequence[tuple[str, int]], until: Mapping[str, int] = MappingProxyType({})
    ) -> Iterator[Callable[[str], None]]:
        """While a feed with these keys and versions is being sent; call what it gives with the remote job when it was taken.
        `until`: of keys whose value is another from then on (`Job.until`)."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        for key, version in keys:
            self.wrote(key, version)
            self._sending[key] = future

        def sent(remote: str) -> None:
            for key, version in keys:
                self.took(key, Job(remote.partition(":")[0], remote, version, until.get(key, 0)))
            future.set_result(remote)

        try:
            yield sent
        finally:
            if not future.done():
                future.set_result("")
            for key, _ in keys:
                if self._sending.get(key) is future:
                    del self._sending[key]

    @asynccontextmanager
    async def lock(self, key: str) -> AsyncIterator[None]:
        """One at a time writes the key; the lock is forgotten when nobody wants it."""
        lock, users = self._locks.get(key) or (asyncio.Lock(), 0)
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            _, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = (lock, users - 1)

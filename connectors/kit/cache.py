"""Reference data of outside systems, kept with expiry (RATE-3): asked once, served until it expires, also after a restart.

    fresh     younger than `expires`: served, nobody is asked                                      result hit
    old       asked again; everybody who waits gets the one answer                                 result miss
    failing   old, and the system cannot be asked now: the old one serves for `stale` more         result stale
    nothing   never had, or older than that: the error goes on                                     result error

What is kept is JSON in the user's cache folder, one file for each key, so processes share it and a person may look at it or delete it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import Counter

from connectors.kit import exact_json
from connectors.kit.errors import ConnectorError, RetryError

logger = logging.getLogger(__name__)

CACHE = Counter(
    "causeway_reference_cache_total", "Reference data asked for: hit, miss, stale, error", ["system", "what", "result"]
)
LARGEST_FILE_BYTES = 64 * 2**20
Fetch = Callable[[], Awaitable[Any]]
FetchMany = Callable[[Sequence[str]], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Kept:
    """value: as JSON says it, numbers with a point as Decimal."""

    value: Any
    fetched_at: datetime


def default_folder() -> Path:
    """Where caches of this user are (XDG base directories). Reads the environment when called."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "causeway" / "reference"


class ReferenceCache:
    """One for each outside system. folder None: kept in memory only. pause: after a failure nobody is asked for so long."""

    def __init__(
        self,
        system: str,
        folder: Path | None,
        now: Callable[[], datetime],
        *,
        pause: timedelta = timedelta(seconds=60),
    ) -> None:
        self._system = system
        self._folder = None if folder is None else folder / system
        self._now = now
        self._pause = pause
        self._memory: dict[tuple[str, str], Kept] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._failed: dict[str, datetime] = {}

    async def get(
        self, what: str, key: str, fetch: Fetch, *, expires: timedelta, stale: timedelta = timedelta(0)
    ) -> Any:
        """what: kind, for the metric (`taxonomy`); key: which one of it. Raises what `fetch` raises when nothing serves.

        Only failures that time mends are covered by an old value: a refusal of the request itself goes on."""

        async def one(keys: Sequence[str]) -> Mapping[str, Any]:
            return {key: await fetch()}

        return (await self.get_many(what, [key], one, expires=expires, stale=stale))[key]

    async def get_many(
        self,
        what: str,
        keys: Sequence[str],
        fetch: FetchMany,
        *,
        expires: timedelta,
        stale: timedelta = timedelta(0),
        at_most: int = 20,
    ) -> dict[str, Any]:
        """Several of a kind; those missing or old are asked for together, `at_most` in one call. `fetch` answers every key it is given."""
        wanted = list(dict.fromkeys(keys))
        found = await self._fresh(what, wanted, expires)
        if len(found) == len(wanted):
            CACHE.labels(self._system, what, "hit").inc(len(found))
        else:
            async with self._locks.setdefault(what, asyncio.Lock()):
                # Others asked while we waited.
                found = await self._fresh(what, wanted, expires)
                CACHE.labels(self._system, what, "hit").inc(len(found))
                missing = [key for key in wanted if key not in found]
                for start in range(0, len(missing), at_most):
                    found |= await self._asked(what, missing[start : start + at_most], fetch, expires + stale)
        return {key: found[key].value for key in wanted}

    def forget(self, what: str, key: str) -> None:
        """Asked again next time, for example after Walmart named a newer version."""
        self._memory.pop((what, key), None)
        if (path := self._path((what, key))) is not None:
            path.unlink(missing_ok=True)

    async def _asked(
        self, what: str, keys: Sequence[str], fetch: FetchMany, longest: timedelta
    ) -> dict[str, Kept]:  # fmt: skip
        old = await self._fresh(what, keys, longest)
        failed = self._failed.get(what)
        if len(old) == len(keys) and failed is not None and self._now() - failed < self._pause:
            CACHE.labels(self._system, what, "stale").inc(len(keys))
            return old
        try:
            values = await fetch(keys)
        except ConnectorError as error:
            if isinstance(error, RetryError):
                self._failed[what] = self._now()
                if len(old) == len(keys):
                    logger.warning(
                        "reference_stale", extra={"system": self._system, "what": what, "error": type(error).__name__}
                    )
                    CACHE.labels(self._system, what, "stale").inc(len(keys))
                    return old
            CACHE.labels(self._system, what, "error").inc(len(keys))
            raise
        self._failed.pop(what, None)
        fresh = {key: Kept(values[key], self._now()) for key in keys}
        for key, kept in fresh.items():
            self._memory[what, key] = kept
            await asyncio.to_thread(self._write, (what, key), kept)
        CACHE.labels(self._system, what, "miss").inc(len(keys))
        return fresh

    async def _fresh(self, what: str, keys: Sequence[str], longest: timedelta) -> dict[str, Kept]:
        """Those of the keys that are younger than that."""
        found = {key: await self._found((what, key)) for key in keys}
        return {key: kept for key, kept in found.items() if kept is not None and self._age(kept) < longest}

    def _age(self, kept: Kept) -> timedelta:
        """A time in the future, by a clock set back, counts as too old."""
        age = self._now() - kept.fetched_at
        return age if age >= timedelta(0) else timedelta.max

    async def _found(self, one: tuple[str, str]) -> Kept | None:
        kept = self._memory.get(one)
        if kept is None and self._folder is not None:
            kept = await asyncio.to_thread(self._read, one)
            if kept is not None:
                self._memory.setdefault(one, kept)
        return kept

    def _read(self, one: tuple[str, str]) -> Kept | None:
        """From the file; nothing when there is none, or when it is not what was written."""
        path = self._path(one)
        try:
            if path is None or path.stat().st_size > LARGEST_FILE_BYTES:
                return None
            content = exact_json.loads(path.read_bytes())
            if content["key"] != list(one):
                return None
            return Kept(content["value"], datetime.fromisoformat(content["fetched_at"]).astimezone(UTC))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, one: tuple[str, str], kept: Kept) -> None:
        """A cache that cannot be written costs work, never a listing."""
        path = self._path(one)
        if path is None:
            return
        content = exact_json.dumps({"key": list(one), "fetched_at": kept.fetched_at.isoformat(), "value": kept.value})
        partly = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            partly.write_bytes(content)
            partly.replace(path)
        except OSError as error:
            logger.warning(
                "reference_not_kept", extra={"system": self._system, "what": one[0], "error": error.strerror}
            )

    def _path(self, one: tuple[str, str]) -> Path | None:
        if self._folder is None:
            return None
        what, key = one
        return self._folder / what / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

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
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import Counter

from connectors.kit import exact_json
from connectors.kit.errors import RetryError

logger = logging.getLogger(__name__)

CACHE = Counter(
    "causeway_reference_cache_total", "Reference data asked for: hit, miss, stale, error", ["system", "what", "result"]
)
LARGEST_FILE_BYTES = 64 * 2**20
Fetch = Callable[[], Awaitable[Any]]


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
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}
        self._failed: dict[tuple[str, str], datetime] = {}

    async def get(
        self, what: str, key: str, fetch: Fetch, *, expires: timedelta, stale: timedelta = timedelta(0)
    ) -> Any:
        """what: kind, for the metric (`taxonomy`); key: which one of it. Raises what `fetch` raises when nothing serves.

        Only failures that time mends are covered by an old value: a refusal of the request itself goes on."""
        one = (what, key)
        kept = await self._found(one)
        if kept is not None and self._age(kept) < expires:
            return self._served(what, "hit", kept)
        async with self._locks.setdefault(one, asyncio.Lock()):
            # Others asked while we waited.
            kept = self._memory.get(one, kept)
            if kept is not None and self._age(kept) < expires:
                return self._served(what, "hit", kept)
            return await self._asked(one, fetch, kept, expires + stale)

    def forget(self, what: str, key: str) -> None:
        """Asked again next time, for example after Walmart named a newer version."""
        self._memory.pop((what, key), None)
        if (path := self._path((what, key))) is not None:
            path.unlink(missing_ok=True)

    async def _asked(self, one: tuple[str, str], fetch: Fetch, kept: Kept | None, longest: timedelta) -> Any:
        serves = kept is not None and self._age(kept) < longest
        failed = self._failed.get(one)
        if kept is not None and serves and failed is not None and self._now() - failed < self._pause:
            return self._served(one[0], "stale", kept)
        try:
            value = await fetch()
        except RetryError as error:
            self._failed[one] = self._now()
            if kept is not None and serves:
                logger.warning(
                    "reference_stale", extra={"system": self._system, "what": one[0], "error": type(error).__name__}
                )
                return self._served(one[0], "stale", kept)
            CACHE.labels(self._system, one[0], "error").inc()
            raise
        except Exception:
            CACHE.labels(self._system, one[0], "error").inc()
            raise
        self._failed.pop(one, None)
        fresh = Kept(value, self._now())
        self._memory[one] = fresh
        await asyncio.to_thread(self._write, one, fresh)
        return self._served(one[0], "miss", fresh)

    def _served(self, what: str, result: str, kept: Kept) -> Any:
        CACHE.labels(self._system, what, result).inc()
        return kept.value

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

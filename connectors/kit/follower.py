"""Follows the feeds of all accounts: each is asked once for all deliveries that wait for it, on a ladder of waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from connectors.kit.errors import ConnectorError
from connectors.kit.feed_results import FeedState
from connectors.kit.feeds import Feeds, FeedSettings
from connectors.kit.jobs import Ladder

_AFTER_TROUBLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Standing:
    """Of remote jobs: seconds until they should be asked again, None for those that are over; and what kept us from asking, if anything did."""

    again: Mapping[str, float | None] = field(default_factory=lambda: MappingProxyType({}))
    trouble: ConnectorError | None = None

    def is_over(self, remote: str) -> bool:
        return remote in self.again and self.again[remote] is None

    def wait(self, remote: str) -> float:
        return self.again.get(remote) or _AFTER_TROUBLE_SECONDS


class Follower:
    """`open_feeds` makes the feeds of an account; it is asked once per account."""

    def __init__(self, settings: FeedSettings, open_feeds: Callable[[str], Feeds]) -> None:
        self._open = open_feeds
        self._ladder = Ladder(settings.ladder_seconds, settings.then_seconds)
        self._feeds: dict[str, Feeds] = {}

    @property
    def first_check(self) -> float:
        """Seconds after which a feed just sent is asked for the first time."""
        return self._ladder.wait(0.0)

    def wait(self, age_seconds: float) -> float:
        """Seconds until one of this age is asked for again."""
        return self._ladder.wait(age_seconds)

    def feeds(self, account: str) -> Feeds:
        """The feeds of an account. Raises DataError for one that is not configured."""
        if account not in self._feeds:
            self._feeds[account] = self._open(account)
        return self._feeds[account]

    async def ask(self, account: str, remote: str) -> tuple[FeedState | None, float | None]:
        """(its state, None) when it is over, (None, None) when it has vanished or takes longer than we have patience for, else (None,
        seconds until it should be asked again). Trouble in asking is no answer about the feed: it is asked again."""
        try:
            state = await self.feeds(account).state(remote.partition(":")[2])
        except ConnectorError as error:
            return None, error.retry_after or _AFTER_TROUBLE_SECONDS
        if state is None or state.is_over:
            return state, None
        if self.feeds(account).gives_up(state):
            return None, None
        return None, self._ladder.wait(self.feeds(account).age(state))

    async def standing(
        self, account: str, remotes: Iterable[str], lost: Mapping[str, str | None] = MappingProxyType({})
    ) -> Standing:
        """Which of these are over; those that cannot be asked count as not over. `lost`: what was looked for a moment ago
        (`Feeds.locate_all`), and is not looked for again."""
        again: dict[str, float | None] = {}
        trouble: ConnectorError | None = None
        for remote in dict.fromkeys(remotes):
            if remote in lost and not lost[remote]:
                again[remote] = None if lost[remote] is None else self._ladder.wait(0.0)
                continue
            try:
                age = await self.feeds(account).age_seconds(remote)
                again[remote] = None if age is None else self._ladder.wait(age)
            except ConnectorError as error:
                again[remote], trouble = error.retry_after or _AFTER_TROUBLE_SECONDS, trouble or error
        return Standing(again, trouble)

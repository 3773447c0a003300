"""What Amazon has accepted takes effect later, and nothing says when or in which order: how that is named and waited for.

A PATCH that was accepted, and a message of a feed that is over, is a job like a feed that is not over. Its name says since when:

    feed:lone-1795000000   nothing else was on its way: when the listing shows it, it has taken effect
    feed:with-1795000000   something else was on its way too: what the listing shows may be either, so time alone tells

After `effect_minutes` whatever was accepted has taken effect, or never will. Until then others that bring another value of the key wait, or are
written and looked after (`connectors.kit.ordering`). A feed that is over counts as on its way for as long.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from connectors.amazon.feeds import AmazonFeeds
from connectors.amazon.settings import AmazonSettings
from connectors.kit.feed_results import PROCESSED, SUCCESS, FeedState
from connectors.kit.follower import Follower, Standing
from connectors.kit.jobs import Ladder
from connectors.kit.ordering import FEED

_LONE, _WITH = f"{FEED}:lone-", f"{FEED}:with-"
_TAKEN = FeedState("", PROCESSED, 0, None, unnamed=SUCCESS)
_KEPT_ENDED = 1024


def accepted(at: datetime, lone: bool) -> str:
    """The name of what was accepted then."""
    return f"{_LONE if lone else _WITH}{math.ceil(at.timestamp())}"


def accepted_at(remote: str) -> int | None:
    """Since when, in epoch seconds; None for a feed."""
    for word in (_LONE, _WITH):
        if remote.startswith(word) and remote.removeprefix(word).isdecimal():
            return int(remote.removeprefix(word))
    return None


def as_lone(remote: str) -> str:
    """The same, of what nothing else was on its way with."""
    return remote.replace(_WITH, _LONE)


def is_lone(remote: str) -> bool:
    """Whether what the listing shows tells about it."""
    return remote.startswith(_LONE)


class Taking(Follower):
    """Follows feeds, and what was accepted. `now`: the clock, aware UTC."""

    def __init__(
        self, settings: AmazonSettings, open_feeds: Callable[[str], AmazonFeeds], now: Callable[[], datetime]
    ) -> None:
        super().__init__(settings.feeds, open_feeds)
        self._now = now
        self._effect = settings.effect_minutes * 60
        self._looks = Ladder(settings.effect_ladder_seconds, settings.effect_ladder_seconds[-1])
        self._ended: OrderedDict[str, float] = OrderedDict()

    @property
    def first_look(self) -> float:
        """Seconds after which what was just accepted is looked at."""
        return self._looks.wait(0.0)

    def left(self, remote: str) -> float:
        """Seconds in which what was accepted may still take effect, 0 when it has or never will."""
        at = accepted_at(remote)
        return 0.0 if at is None else max(0.0, at + self._effect - self._now().timestamp())

    def next_look(self, remote: str) -> float:
        """Seconds until it should be looked at again."""
        at = accepted_at(remote)
        age = 0.0 if at is None else max(0.0, self._now().timestamp() - at)
        return max(min(self._looks.wait(age), self.left(remote)), 1.0)

    async def ask(self, account: str, remote: str) -> tuple[FeedState | None, float | None]:
        if accepted_at(remote) is not None:
            return _TAKEN, None
        return await super().ask(account, remote)

    async def standing(
        self, account: str, remotes: Iterable[str], lost: Mapping[str, str | None] = MappingProxyType({})
    ) -> Standing:
        names = list(dict.fromkeys(remotes))
        feeds = [name for name in names if accepted_at(name) is None]
        found = await super().standing(account, feeds, lost)
        again = dict(found.again)
        for name in feeds:
            if again[name] is None and not self._never_sent(name, lost):
                again[name] = self._since_it_ended(name)
        again |= {name: self.next_look(name) if self.left(name) else None for name in names if name not in again}
        return Standing(again, found.trouble)

    @staticmethod
    def _never_sent(name: str, lost: Mapping[str, str | None]) -> bool:
        return name in lost and lost[name] is None

    def _since_it_ended(self, name: str) -> float | None:
        """How long what was in a feed that is over may still take effect. Amazon's answer does not tell when it ended: since we know of it."""
        now = self._now().timestamp()
        ended = self._ended.setdefault(name, now)
        while len(self._ended) > _KEPT_ENDED:
            self._ended.popitem(last=False)
        return max(0.0, ended + self._effect - now) or None

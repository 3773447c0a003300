"""Names on the command line of things that must exist. A mistyped one would look like success: nothing found, nothing done.

Each of these ends the program with exit code 2 and a line that names what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from streams.cli.failure_desk import fail
from streams.settings_places import instead

if TYPE_CHECKING:
    from connectors.kit.ports import Connector
    from streams.settings import Settings


def check_destination(word: str, topics: Iterable[str], start: str) -> None:
    """One of those that have such a topic, `dead.odoo` or `held.odoo`; empty is all of them."""
    known = [name.removeprefix(f"{start}.") for name in topics if name.startswith(f"{start}.")]
    if word and word not in known:
        raise fail(f"there is no destination {word!r}{instead(word, known)}")


def one_destination(words: Sequence[str] | None) -> str:
    """The one that was given, empty when none was. Of several only the last would be looked at in silence."""
    given = list(dict.fromkeys(words or ()))
    if len(given) > 1:
        raise fail(f"--destination takes one at a time, not {', '.join(given)}; leave it out for all")
    return given[0] if given else ""


def check_channel(word: str, channels: Sequence[tuple[str, str]], among: Sequence[str] = ()) -> None:
    """`walmart` or `walmart:main`; empty is all. `channels`: those configured; of a marketplace without any, accounts cannot be known. `among`:
    whose accounts are meant, empty = marketplaces'."""
    if not word:
        return
    marketplace, colon, account = word.partition(":")
    check_source(marketplace, among)
    known = [name for source, name in channels if source == marketplace]
    if colon and known and account not in known:
        raise fail(f"{marketplace} has no account {account!r}{instead(account, known)}")


def check_source(word: str, among: Sequence[str] = ()) -> None:
    """A marketplace, or one of those others."""
    from schemas.topics import SOURCES

    if word not in (among or SOURCES):
        what = "marketplace or supplier's platform" if among else "marketplace"
        raise fail(f"there is no {what} {word!r}{instead(word, among or SOURCES)}")


def check_kind(word: str) -> None:
    """Of a cross-reference table."""
    from streams.failure.mappings import KINDS

    if word not in KINDS:
        raise fail(f"there is no kind of mapping {word!r}{instead(word, KINDS)}")


def partners_of(settings: Settings) -> Sequence[tuple[str, str]]:
    """The accounts of marketplaces and of suppliers' platforms that are configured."""
    from streams.connectors import discover
    from streams.observe import trace

    return trace.partners_of(settings, discover())


def channels_of(settings: Settings, connectors: Iterable[Connector] | None = None) -> Sequence[tuple[str, str]]:
    """The accounts of marketplaces that are configured."""
    from streams.connectors import discover
    from streams.observe.trace import accounts_of

    return accounts_of(settings, tuple(connectors) if connectors is not None else discover())

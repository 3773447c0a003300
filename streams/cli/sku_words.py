"""SKUs on the command line: what a person types may be Odoo's word or a marketplace's (ORD-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from streams.cli.failure_desk import EXIT_FAILED, fail

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streams.stages.skus import Skus


def odoo_sku(skus: Skus, channels: Iterable[tuple[str, str]], word: str) -> str:
    """What accounts mean by a word that Odoo does not know, said on standard error; empty when none means anything. Ends the program when
    they mean different things."""
    meant = skus.meant(channels, word)
    if len(set(meant.values())) > 1:
        several = ", ".join(f"{sku} ({':'.join(channel)})" for channel, sku in sorted(meant.items()))
        raise fail(f"{word} is not Odoo's SKU, and accounts mean different ones by it: {several}", EXIT_FAILED)
    for channel, sku in sorted(meant.items()):
        typer.echo(f"{word} is what {':'.join(channel)} calls {sku}", err=True)
    return next(iter(meant.values()), "")


def item_words(items: Sequence[str]) -> str:
    """What a channel has of a SKU that it calls otherwise."""
    return f"as {', '.join(items)}" if items else "no item there: its word is another SKU's"

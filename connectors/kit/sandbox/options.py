"""A sandbox's command line: the options all marketplaces' sandboxes have, and serving until stopped."""

import argparse
import sqlite3
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from starlette.types import Receive, Scope, Send

from connectors.kit.sandbox.faults import FaultsMiddleware
from connectors.kit.sandbox.server import serve


class Served(Protocol):
    """The app of a sandbox, with its faults."""

    @property
    def faults(self) -> FaultsMiddleware: ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


def standard_options(
    package: str, words: str | None, presets: Iterable[str], token_seconds: int
) -> argparse.ArgumentParser:
    """Those that every sandbox has. package: what is run; words: its help; presets: names of the faults to begin with;
    token_seconds: how long a token lives unless told otherwise."""
    options = argparse.ArgumentParser(prog=f"python -m {package}", description=words)
    add = options.add_argument
    add("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    add("--data", type=Path, help="folder that keeps the orders; without it they are in memory only")
    add("--token-seconds", type=int, default=token_seconds, help="life of an access token")
    add("--rate-factor", type=float, default=1.0, help="every limit times this (demos do not wait hours)")
    add("--feed-seconds", default="0.5,2", metavar="FROM,TO", help="how long a feed takes")
    add("--seed", type=int, default=0, help="seed of all that is drawn")
    add("--faults", default="none", choices=sorted(presets), help="fault preset to begin with")
    return options


def served(name: str, args: argparse.Namespace, make: Callable[[argparse.Namespace], Served]) -> int:
    """Serves the app that `make` makes of the options until it is stopped. The exit code: 2 when it cannot begin, which standard error
    tells why. args: of `standard_options`; name: for people."""
    try:
        app = make(args)
        app.faults.use(args.faults, args.seed)
        serve(app, args.port, name)
    except (ValueError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 2
    return 0


def span(name: str, text: str) -> tuple[float, float]:
    """``FROM,TO`` in seconds. Raises ValueError naming the option."""
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"{name} wants FROM,TO in seconds") from error
    return low, high

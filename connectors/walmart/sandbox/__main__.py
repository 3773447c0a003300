"""``python -m connectors.walmart.sandbox --port 8410 --data DIR``: serve the sandbox until stopped."""

import argparse
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from connectors.kit.sandbox.buckets import Limit
from connectors.kit.sandbox.options import span
from connectors.kit.sandbox.server import serve
from connectors.walmart.sandbox.app import PRESETS, create_app
from connectors.walmart.sandbox.settings import DEMO_ACCOUNT, LIMITS, Account, SandboxSettings


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m connectors.walmart.sandbox", description=__doc__)
    options.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    options.add_argument("--data", type=Path, help="folder that keeps the orders; without it they are in memory only")
    options.add_argument(
        "--account", action="append", default=[], metavar="ID:SECRET", help="a seller; may be repeated"
    )
    options.add_argument("--token-seconds", type=int, default=900, help="life of an access token")
    options.add_argument(
        "--limit", action="append", default=[], metavar="OPERATION=CALLS", help=f"calls a period: {', '.join(LIMITS)}"
    )
    options.add_argument(
        "--rate-factor", type=float, default=1.0, help="every limit times this (demos do not wait hours)"
    )
    options.add_argument("--feed-seconds", default="0.5,2", metavar="FROM,TO", help="how long a feed takes")
    options.add_argument("--publish-seconds", default="0.5,2", metavar="FROM,TO", help="until a new item is published")
    options.add_argument(
        "--item-version", action="append", default=[], help="accepted version of MP_ITEM; may be repeated"
    )
    options.add_argument("--error-shape", default="mixed", help="top level of error answers, or mixed")
    options.add_argument("--seed", type=int, default=0, help="seed of all that is drawn")
    options.add_argument("--faults", default="none", choices=sorted(PRESETS), help="fault preset to begin with")
    return options


def settings_from(args: argparse.Namespace) -> SandboxSettings:
    """Raises ValueError that names what is wrong."""
    return SandboxSettings(
        accounts=tuple(_account(text) for text in args.account) or (DEMO_ACCOUNT,),
        token_seconds=args.token_seconds,
        limits=_limits(args.limit),
        rate_factor=args.rate_factor,
        feed_seconds=span("--feed-seconds", args.feed_seconds),
        publish_seconds=span("--publish-seconds", args.publish_seconds),
        item_versions=tuple(args.item_version) or SandboxSettings().item_versions,
        error_shape=args.error_shape,
        seed=args.seed,
        data_dir=args.data,
    )


def main(argv: Sequence[str] | None = None) -> int:
    args = parser().parse_args(argv)
    try:
        app = create_app(settings_from(args))
        app.faults.use(args.faults, args.seed)
        serve(app, args.port, "walmart sandbox")
    except (ValueError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"walmart sandbox: {error}\n")
        return 2
    return 0


def _account(text: str) -> Account:
    client_id, colon, secret = text.partition(":")
    if not (client_id and colon and secret):
        raise ValueError("--account wants ID:SECRET")
    return replace(DEMO_ACCOUNT, client_id=client_id, client_secret=secret)


def _limits(given: Sequence[str]) -> Mapping[str, Limit]:
    limits = dict(LIMITS)
    for text in given:
        name, _, calls = text.partition("=")
        if name not in LIMITS or not calls.isdigit() or int(calls) < 1:
            raise ValueError(f"--limit {text}: want OPERATION=CALLS with one of {', '.join(LIMITS)}")
        limits[name] = Limit(int(calls), LIMITS[name].seconds)
    return limits


if __name__ == "__main__":
    sys.exit(main())

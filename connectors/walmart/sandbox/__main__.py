"""``python -m connectors.walmart.sandbox --port 8410 --data DIR``: serve the sandbox until stopped."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.kit.sandbox.buckets import Limit
from connectors.kit.sandbox.options import served, span, standard_options
from connectors.walmart.sandbox.app import PRESETS, create_app
from connectors.walmart.sandbox.settings import DEMO_ACCOUNT, LIMITS, Account, SandboxSettings


def parser() -> argparse.ArgumentParser:
    options = standard_options("connectors.walmart.sandbox", __doc__, PRESETS, token_seconds=900)
    add = options.add_argument
    add("--account", action="append", default=[], metavar="ID:SECRET", help="a seller; may be repeated")
    add("--limit", action="append", default=[], metavar="OPERATION=CALLS", help=f"calls a period: {', '.join(LIMITS)}")
    add("--publish-seconds", default="0.5,2", metavar="FROM,TO", help="until a new item is published")
    add("--item-version", action="append", default=[], help="accepted version of MP_ITEM; may be repeated")
    add("--error-shape", default="mixed", help="top level of error answers, or mixed")
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
    return served("walmart sandbox", parser().parse_args(argv), lambda args: create_app(settings_from(args)))


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

"""``python -m connectors.amazon.sandbox --port 8420 --data DIR``: serve the sandbox until stopped."""

import argparse
import sys
from collections.abc import Sequence

from connectors.amazon.sandbox.app import PRESETS, create_app
from connectors.amazon.sandbox.settings import SandboxSettings
from connectors.kit.sandbox.options import served, span, standard_options


def parser() -> argparse.ArgumentParser:
    options = standard_options("connectors.amazon.sandbox", __doc__, PRESETS, token_seconds=3600)
    add = options.add_argument
    add("--horizon-seconds", type=float, default=120.0, help="younger changes are in no list")
    add("--report-seconds", default="0.5,2", metavar="FROM,TO", help="how long a report takes")
    add("--listing-seconds", default="0.5,2", metavar="FROM,TO", help="how long a listing takes to change")
    add("--sqs-endpoint", default="", metavar="URL", help="where the queues of notifications are")
    return options


def settings_from(args: argparse.Namespace) -> SandboxSettings:
    """Raises ValueError that names what is wrong."""
    return SandboxSettings(
        token_seconds=args.token_seconds,
        rate_factor=args.rate_factor,
        horizon_seconds=args.horizon_seconds,
        feed_seconds=span("--feed-seconds", args.feed_seconds),
        report_seconds=span("--report-seconds", args.report_seconds),
        listing_seconds=span("--listing-seconds", args.listing_seconds),
        sqs_endpoint=args.sqs_endpoint,
        seed=args.seed,
        data_dir=args.data,
    )


def main(argv: Sequence[str] | None = None) -> int:
    return served("amazon sandbox", parser().parse_args(argv), lambda args: create_app(settings_from(args)))


if __name__ == "__main__":
    sys.exit(main())

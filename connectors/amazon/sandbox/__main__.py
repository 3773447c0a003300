"""``python -m connectors.amazon.sandbox --port 8420 --data DIR``: serve the sandbox until stopped."""

import argparse
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from connectors.amazon.sandbox.app import PRESETS, create_app
from connectors.amazon.sandbox.settings import SandboxSettings
from connectors.kit.sandbox.options import span
from connectors.kit.sandbox.server import serve


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m connectors.amazon.sandbox", description=__doc__)
    options.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    options.add_argument("--data", type=Path, help="folder that keeps the orders; without it they are in memory only")
    options.add_argument("--token-seconds", type=int, default=3600, help="life of an access token")
    options.add_argument(
        "--rate-factor", type=float, default=1.0, help="every limit times this (demos do not wait hours)"
    )
    options.add_argument("--horizon-seconds", type=float, default=120.0, help="younger changes are in no list")
    options.add_argument("--feed-seconds", default="0.5,2", metavar="FROM,TO", help="how long a feed takes")
    options.add_argument("--report-seconds", default="0.5,2", metavar="FROM,TO", help="how long a report takes")
    options.add_argument(
        "--listing-seconds", default="0.5,2", metavar="FROM,TO", help="how long a listing takes to change"
    )
    options.add_argument("--sqs-endpoint", default="", metavar="URL", help="where the queues of notifications are")
    options.add_argument("--seed", type=int, default=0, help="seed of all that is drawn")
    options.add_argument("--faults", default="none", choices=sorted(PRESETS), help="fault preset to begin with")
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
    args = parser().parse_args(argv)
    try:
        app = create_app(settings_from(args))
        app.faults.use(args.faults, args.seed)
        serve(app, args.port, "amazon sandbox")
    except (ValueError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"amazon sandbox: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m connectors.alibaba.sandbox --port 8430 --data DIR``: serve the sandbox until stopped."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from connectors.alibaba.sandbox.app import PRESETS, AlibabaSandbox, create_app
from connectors.alibaba.sandbox.settings import DEMO_BUYER, STATIC_BUYER, SandboxSettings
from connectors.kit.sandbox.buckets import Limit
from connectors.kit.sandbox.options import served

_BURST_SECONDS = 2.0


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m connectors.alibaba.sandbox", description=__doc__)
    options.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    options.add_argument("--data", type=Path, help="folder that keeps it all; without it it is in memory only")
    options.add_argument("--offers", type=int, default=40, help="how many offers there are from the start")
    options.add_argument("--token-seconds", type=int, default=36_000, help="life of an access token")
    options.add_argument("--calls-per-second", type=float, default=5.0, help="rate per app key")
    options.add_argument("--callback", default="", metavar="URL", help="where messages of the first buyer are pushed")
    options.add_argument("--cancel-after", type=float, default=10.0, help="seconds before an order can be cancelled")
    options.add_argument("--timeline", default="", metavar="PAY,SHIP,SIGN,SUCCESS", help="orders go on by themselves")
    options.add_argument("--seed", type=int, default=0, help="seed of all that is drawn")
    options.add_argument("--faults", default="none", choices=sorted(PRESETS), help="fault preset to begin with")
    return options


def settings_from(args: argparse.Namespace) -> SandboxSettings:
    """Raises ValueError that names what is wrong."""
    if args.calls_per_second <= 0:
        raise ValueError("--calls-per-second: above 0")
    return SandboxSettings(
        buyers=(replace(DEMO_BUYER, callback_url=args.callback), STATIC_BUYER),
        offers=args.offers,
        token_seconds=args.token_seconds,
        rate=Limit(max(1, round(args.calls_per_second * _BURST_SECONDS)), _BURST_SECONDS),
        cancel_after_seconds=args.cancel_after,
        timeline=_timeline(args.timeline),
        seed=args.seed,
        data_dir=args.data,
    )


def _timeline(text: str) -> tuple[tuple[float, str], ...]:
    """`2,4,8,10`: seconds after the creation at which an order is paid, shipped, signed for and done."""
    if not text:
        return ()
    try:
        seconds = [float(part) for part in text.split(",")]
    except ValueError:
        seconds = []
    kinds = ("pay", "ship", "sign", "success")
    if len(seconds) != len(kinds) or seconds != sorted(seconds):
        raise ValueError("--timeline wants four rising numbers of seconds: PAY,SHIP,SIGN,SUCCESS")
    return tuple(zip(seconds, kinds, strict=True))


def _made(args: argparse.Namespace) -> AlibabaSandbox:
    return create_app(settings_from(args))


def main(argv: Sequence[str] | None = None) -> int:
    return served("alibaba sandbox", parser().parse_args(argv), _made)


if __name__ == "__main__":
    sys.exit(main())

"""``python -m edge_iotbox.sandbox --port 8069``: serve a Box until stopped."""

import argparse
import sys
from collections.abc import Sequence

from connectors.kit.sandbox.options import served
from edge_iotbox.sandbox.app import PRESETS, create_app
from edge_iotbox.sandbox.world import MAC


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m edge_iotbox.sandbox", description=__doc__)
    options.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    options.add_argument("--mac", default=MAC, help="the Box's identifier")
    options.add_argument(
        "--speed", type=float, default=1.0, help="Box seconds in one of ours (demos do not wait fifty)"
    )
    options.add_argument("--seed", type=int, default=0, help="seed of all that is drawn")
    options.add_argument(
        "--faults", default="none", choices=["none", *sorted(PRESETS)], help="fault preset to begin with"
    )
    return options


def main(argv: Sequence[str] | None = None) -> int:
    return served("iotbox sandbox", parser().parse_args(argv), lambda args: create_app(args.speed, args.mac))


if __name__ == "__main__":
    sys.exit(main())

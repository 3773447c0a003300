"""Measure the pipeline beside its peers: `make bench`, or `python -m tests.bench [--json] [--only NAME] [--unpaced]`.

Ends with 0 when every bench ran, however fast; with 1 when one could not run, saying why.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import FrameType

from rich.console import Console
from rich.table import Table

from tests.bench.cluster import Say
from tests.bench.errors import BenchError
from tests.bench.figures import Measure
from tests.bench.hop import hop
from tests.bench.journey import journey
from tests.bench.oversell import oversell, oversell_amazon
from tests.bench.packing import scan_to_odoo
from tests.bench.quota_day import quota_day
from tests.bench.replay import replay
from tests.bench.scale_changes import stock_change
from tests.bench.scale_incoming import orders_notified, settlement
from tests.bench.scale_products import products
from tests.bench.scale_stock import stock_full, stock_full_amazon
from tests.bench.sink import sink

_FILE_COLUMNS = 160

Bench = Callable[[Say], list[Measure]]
BENCHES: Mapping[str, Bench] = {
    "hop": hop,
    "sink": sink,
    "replay": replay,
    "end_to_end": journey,
    "scan_to_odoo": scan_to_odoo,
    "oversell": oversell,
    "oversell_amazon": oversell_amazon,
    "quota_day": quota_day,
    "orders_notified": orders_notified,
    "settlement": settlement,
    "products": products,
    "stock_change": stock_change,
    "stock_full": stock_full,
    "stock_full_amazon": stock_full_amazon,
}


def main(argv: Sequence[str] | None = None) -> int:
    options = _arguments(argv)
    people = Console(stderr=options.json, highlight=False)
    if not people.is_terminal:
        people.width = _FILE_COLUMNS
    benches: dict[str, Bench] = {**BENCHES, "sink": partial(sink, paced=not options.unpaced)}
    signal.signal(signal.SIGTERM, _interrupt)
    logging.basicConfig(level=logging.ERROR)
    measures, problems = run({name: benches[name] for name in options.only or benches}, people)
    if options.json:
        for measure in measures:
            print(json.dumps(measure.as_json()))
    elif measures:
        people.print(table(measures))
    for name, problem in problems.items():
        people.print(f"[red]{name} could not run:[/] {problem}", soft_wrap=True)
    return 1 if problems else 0


def run(benches: Mapping[str, Bench], people: Console) -> tuple[list[Measure], dict[str, str]]:
    """All of them; what one cannot do keeps none of the others from running. Measures, and name -> why it could not run."""
    measures: list[Measure] = []
    problems: dict[str, str] = {}

    def say(line: str) -> None:
        people.print(f"[dim]{line}[/]", soft_wrap=True)

    for name, bench in benches.items():
        try:
            measures += bench(say)
        except BenchError as error:
            problems[name] = str(error)
        except Exception as error:  # whatever it is, the others still run
            logging.getLogger(__name__).exception("bench_failed name=%s", name)
            problems[name] = f"{type(error).__name__}: {error}"
    return measures, problems


def table(measures: Sequence[Measure]) -> Table:
    """Medians, smallest and largest round in brackets."""
    found = Table(title="Bench: median (smallest to largest round)", title_justify="left", box=None, pad_edge=False)
    for column in ("bench", "ours", "peer", "ratio", "aim"):
        found.add_column(column)
    for measure in measures:
        found.add_row(*measure.as_row())
    return found


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a measure on standard output")
    parser.add_argument("--only", action="append", choices=sorted(BENCHES), help="just this bench; may be repeated")
    parser.add_argument("--unpaced", action="store_true", help="sink: the sandbox as fast as it is")
    return parser.parse_args(argv)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt  # what runs is stopped and removed on the way out


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.stderr.write("stopped by hand; nothing is reported\n")
        sys.exit(130)

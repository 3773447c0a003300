"""A replay with a progress bar and a clean Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from streams.cli.dead_choice import read
from streams.cli.failure_desk import Desk
from streams.failure.dead import Filter
from streams.failure.plan import Plan
from streams.failure.replay import Options, Replay
from streams.failure.verdicts import Report, Verdicts


def run_with_progress(desk: Desk, plan: Plan, options: Options, *, quiet: bool) -> Report:
    """Run the plan. The bar goes to standard error and counts answers; the first Ctrl-C stops sending, a second one ends the program."""
    letters = {letter.id: letter for letter in read(desk, Filter(all=True)).letters}
    replay = Replay(desk.settings, desk.codec, plan, letters, options, desk.actor)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[more]}"),
        TimeElapsedColumn(),
    )
    with _cancelled_by_ctrl_c() as stop, Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("answered", total=len(plan.replayable), more="")

        def show(verdicts: Verdicts) -> None:
            bar.update(task, completed=verdicts.answered, more=f"{verdicts.sent} sent, {verdicts.failed} failed again")

        return replay.run(stop, show)


@contextmanager
def _cancelled_by_ctrl_c() -> Iterator[threading.Event]:
    stop = threading.Event()

    def cancel(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, cancel)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)

"""`make chaos`: a steady flow of orders while every process is killed, stopped and lied to. At the end the ledger must balance and Odoo must
hold each order exactly once (TEST-3).

    python -m tests.chaos --seed 1 --runs 3 --seconds 60 --orders 300
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from schemas.topics import SOURCES, SUPPLIERS
from streams.demo.agree import told_of
from streams.demo.ending import ended_by_signals
from streams.demo.report import Report, View, Wish
from streams.demo.run import Demo
from streams.demo.world import AGENT, GATEWAY, World
from streams.stack import StackError
from tests.chaos.plan import Action, Event, draw

PLATFORMS = (*SOURCES, *SUPPLIERS)  # whatever is written to beside Odoo, each with a sandbox

# Each stage in a process of its own, the busiest twice, so that kills also move partitions between living workers.


def _worker(*stages: str) -> list[str]:
    return ["worker", *(word for stage in stages for word in ("--stage", stage))]


PIPELINE = {
    "flow": _worker("transform", "route"),
    "numbers": _worker("stock", "pricing", "supply"),
    "packing": _worker("packing"),
    "sink-1": _worker(
        "deliver.odoo.critical", "deliver.odoo.normal",
        *(f"deliver.{partner}.{lane}" for partner in PLATFORMS for lane in ("normal", "bulk")),
    ),
    "sink-2": _worker(
        "deliver.odoo.critical", "deliver.odoo.bulk",
        *(f"deliver.{partner}.{lane}" for partner in PLATFORMS for lane in ("critical", "normal", "bulk")),
    ),
    "failures": _worker("retry", "release"),
    "poller-1": ["poll", "run"],
    "poller-2": ["poll", "run"],
    **GATEWAY,
}  # fmt: skip
# Not the Box: killed, it is back within the five seconds an agent takes for nothing, and has lost what no real one could in that time.
TARGETS = (*PIPELINE, AGENT, *PLATFORMS, "odoo", "pictures")


class Havoc:
    """Carries a plan out beside the flow."""

    def __init__(self, world: World, plan: list[Event], say: Callable[[str], None]) -> None:
        self._world = world
        self._plan = plan
        self._say = say
        self._thread = threading.Thread(target=self._run, name="havoc", daemon=True)
        self._outages: list[threading.Timer] = []
        self._ending = threading.Event()
        self.errors: list[str] = []

    def start(self) -> None:
        """Begin; times count from now."""
        self._thread.start()

    def finish(self) -> None:
        """Wait for the last event and let everything come back."""
        self._thread.join()
        for outage in self._outages:
            outage.join()

    def cancel(self) -> None:
        """No more events, and nothing that was taken away comes back: the world is about to end. Returns when this touches it no more."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        for outage in self._outages:
            outage.cancel()
            outage.join()

    def _run(self) -> None:
        began = time.monotonic()
        for event in self._plan:
            if self._ending.wait(max(0.0, event.at - (time.monotonic() - began))):
                return
            self._say(str(event))
            try:
                self._strike(event)
            except Exception as error:  # noqa: BLE001 - a plan that could not be carried out is reported, and fails the run
                self.errors.append(f"{event}: {type(error).__name__}: {error}")

    def _strike(self, event: Event) -> None:
        world = self._world
        match event.action:
            case Action.KILL:
                world.processes[event.target].signal(signal.SIGKILL)
            case Action.TERM:
                world.processes[event.target].signal(signal.SIGTERM)
            case Action.STOP:
                if world.processes[event.target].signal(signal.SIGSTOP):
                    self._later(event.lasts, lambda: world.processes[event.target].signal(signal.SIGCONT))
            case Action.BROKER_KILL:
                world.stack.kill_broker()
                world.stack.start_broker()
            case Action.BROKER_RESTART:
                world.stack.restart_broker()
            case Action.REGISTRY_DOWN:
                world.stack.stop_registry()
                self._later(event.lasts, lambda: _until_done(world.stack.start_registry, self._ending))
            case Action.FAULTS:
                world.set_faults(event.target, int(event.at * 1000))

    def _later(self, seconds: float, action: Callable[[], object]) -> None:
        timer = threading.Timer(seconds, action)
        self._outages.append(timer)
        timer.start()


def _until_done(start: Callable[[], object], ending: threading.Event, limit_seconds: float = 600.0) -> None:
    """The registry needs Kafka, which may be away as well at that moment."""
    deadline = time.monotonic() + limit_seconds
    while True:
        try:
            start()
        except StackError:
            if time.monotonic() > deadline:
                raise
            if ending.wait(1):
                return
        else:
            return


def run(seed: int, orders: int, seconds: float, folder: Path, say: Callable[[str], None]) -> tuple[Report, list[str]]:
    """One run. Returns the report and what of the plan could not be carried out."""
    wish = Wish(orders=orders, faults="heavy", seed=seed, folder=folder)
    world = World(folder, say, pipeline=PIPELINE, packing=True)
    last = [0.0]

    def step(view: View) -> None:
        if view.seconds - last[0] >= 10:
            last[0] = view.seconds
            say(
                f"{view.seconds:5.1f} s  sold {view.sold}  {view.counts}  faults {view.faults}  {told_of(view.flows)}".rstrip()
            )

    havocs: list[Havoc] = []
    parts = itertools.count(1)

    def wreak(number: int, lasts: float) -> Havoc:
        havocs.append(Havoc(world, draw(number, lasts, TARGETS), say))
        havocs[-1].start()
        return havocs[-1]

    def trouble() -> Callable[[], None]:
        """What goes wrong while a part of the day is carried over: a plan of its own."""
        return wreak(seed * 100 + next(parts), seconds / 3).finish

    demo = Demo(wish, world, step, trouble)
    try:
        world.start()
        world.wait_for_agent()
        follower = demo.follower()
        world.add_orders(orders, seed, wish.order_mix, orders / seconds)
        try:
            demo.settle_while(follower, wreak(seed, seconds).finish)
            world.set_faults("none", seed)
            demo.settle(follower)
            demo.live_a_day(follower)
        finally:
            follower.close()
            demo.close()
        report = demo.report()
        say("starts: " + ", ".join(f"{name} {process.starts}" for name, process in world.processes.items()))
    finally:
        for havoc in havocs:
            havoc.cancel()
        world.stop()
    return report, [error for havoc in havocs for error in havoc.errors]


def main() -> int:
    """Runs with growing seeds; stops at the first that does not balance."""
    options = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--orders", type=int, default=300)
    options.add_argument("--seconds", type=float, default=60, help="how long orders come and things go wrong")
    options.add_argument("--data", type=Path, default=Path(".causeway/chaos"))
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    os.environ.setdefault(
        "CAUSEWAY_STACK__START_SECONDS", "300"
    )  # a broker that was killed comes back slowly where all else starts at once
    logging.basicConfig(
        level=logging.CRITICAL
    )  # this process's own clients complain while the broker is down: that is the point

    def say(line: str) -> None:
        print(line, file=sys.stderr if args.json else sys.stdout, flush=True)

    for seed in range(args.seed, args.seed + args.runs):
        say(f"chaos, seed {seed}: {args.orders} orders in {args.seconds:.0f} s")
        try:
            with ended_by_signals():
                report, errors = run(seed, args.orders, args.seconds, args.data, say)
        except KeyboardInterrupt:
            say("stopped by hand; nothing is compared")
            return 130
        say(json.dumps(report.as_json() | {"seed": seed}))
        if errors or not report.balanced:
            wrong = report.comparison.problems
            found = [f"{what}: {key}" for what, keys in wrong.items() for key in keys]
            found += [f"{flow.name}: {problem}" for flow in report.flows for problem in flow.problems]
            for problem in (*errors, *found):
                say(f"  {problem}")
            say(f"does not balance; the logs are in {args.data / 'logs'}")
            return 1
        if args.json:
            print(json.dumps(report.as_json() | {"seed": seed}), flush=True)
    say("balanced")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`causeway demo`: everything at once, on this machine, with a ledger at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from streams.demo.odoo import OdooTarget
    from streams.demo.report import Report, View, Wish
    from streams.demo.world import World


FAULTS = ("none", "default", "heavy")
MIXES = ("plain", "default", "heavy")


def demo(
    orders: Annotated[int, typer.Option(min=1, max=100_000, help="How many orders the marketplace sells.")] = 200,
    faults: Annotated[str, typer.Option(help="How badly the sandboxes behave: none, default or heavy.")] = "default",
    seed: Annotated[int, typer.Option(help="Same seed, same orders and faults.")] = 1,
    mix: Annotated[
        str, typer.Option(help="What kind of orders: plain, default or heavy; as the faults when not given.")
    ] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running at the end.")] = False,
    data: Annotated[Path, typer.Option(help="Folder of the demo; emptied at the start.")] = Path(".causeway/demo"),
    both_ways: Annotated[
        bool,
        typer.Option(
            "--both-ways/--orders-only",
            help="After the orders: ship, cancel, refund, count, reprice, return, settle, buy.",
        ),
    ] = True,
    odoo: Annotated[
        str,
        typer.Option(
            help="Address of a real Odoo 18 instead of the sandbox; also CAUSEWAY_ODOO__DB, __LOGIN, __PASSWORD."
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line.")] = False,
) -> None:
    """Sell on sandboxes of Walmart and Amazon, buy on one of 1688, pack at a station, bring everything to Odoo and back while faults
    strike, compare to the cent.

    Exit code 0 only when the ledger balances: in = applied + held + excluded + dead, and Odoo holds each applied order exactly once.
    """
    from rich.console import Console

    from streams.demo.ending import ended_by_signals
    from streams.demo.report import Wish

    for name, value, presets in (("--faults", faults, FAULTS), ("--mix", mix or MIXES[0], MIXES)):
        if value not in presets:
            raise typer.BadParameter(f"there is no preset {value!r}; there are: {', '.join(presets)}", param_hint=name)
    console = Console(stderr=as_json, highlight=False, emoji=False)
    target = _target(odoo)
    if target is not None:
        _reach(target)
    wish = Wish(orders, faults, seed, mix, data, target, both_ways)
    with ended_by_signals():
        report = _run(console, wish, keep=keep)
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    raise typer.Exit(0 if report.balanced else 1)


def _run(console: Console, wish: Wish, *, keep: bool) -> Report:
    """Show it; leave nothing running unless `keep`, and nothing at all when stopped. Ends the program when it could not run, or was stopped."""
    from streams.demo.processes import ProcessError
    from streams.demo.run import Demo, make_world
    from streams.kafka import BrokerError
    from streams.stack import StackError

    world = make_world(wish, lambda line: console.print(f"[dim]{line}[/]"))
    try:
        with _live(console) as step:
            report = Demo(wish, world, step).run()
        _show(console, report)
    except (ProcessError, StackError, BrokerError, OSError, RuntimeError) as error:
        console.print(f"[red]the demo could not run:[/] {error}")
        raise typer.Exit(3) from None
    except KeyboardInterrupt:
        console.print("stopped by hand; nothing is compared")
        keep = False
        raise typer.Exit(130) from None
    finally:
        _leave(console, world, keep)
    return report


def _target(url: str) -> OdooTarget | None:
    import os

    from streams.demo.odoo import OdooTarget

    if not url:
        return None
    get = os.environ.get
    return OdooTarget(
        url.rstrip("/"),
        get("CAUSEWAY_ODOO__DB", "causeway"),
        get("CAUSEWAY_ODOO__LOGIN", "admin"),
        get("CAUSEWAY_ODOO__PASSWORD", ""),
        sandbox=False,
    )


def _reach(target: OdooTarget) -> None:
    """A real Odoo is asked before anything is started. Ends the program when it cannot be used."""
    from connectors.odoo.errors import translated
    from streams.cli.failure_desk import EXIT_WORLD, fail
    from streams.demo.odoo import connect

    try:
        connect(target)
    except Exception as error:  # noqa: BLE001 - odoorpc and urllib raise nearly anything
        why = translated(error, "login", writes=False)
        remedy = (
            "check --odoo (https://host[:port]), CAUSEWAY_ODOO__DB, CAUSEWAY_ODOO__LOGIN and CAUSEWAY_ODOO__PASSWORD"
        )
        raise fail(f"the demo cannot use Odoo at {target.url}: {why}; {remedy}", EXIT_WORLD) from None


@contextmanager
def _live(console: Console) -> Iterator[Callable[[View], None]]:
    """A picture that moves on a terminal, a line now and then elsewhere."""
    from rich.live import Live

    from streams.demo.agree import told_of

    if console.is_terminal:
        with Live(console=console, refresh_per_second=8, transient=True) as live:
            yield lambda view: live.update(_picture(view))
        return
    last = [0.0]

    def step(view: View) -> None:
        if view.seconds - last[0] >= 5:
            last[0] = view.seconds
            if view.flows:
                told = told_of(view.flows)
                console.print(f"{view.seconds:5.0f} s  {told}  faults {view.faults}")
                return
            parts = "  ".join(f"{name} {count}" for name, count in view.counts.items() if count)
            console.print(f"{view.seconds:5.0f} s  sold {view.sold}  {parts}  faults {view.faults}")

    yield step


def _picture(view: View) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    counts = view.counts
    table = Table.grid(padding=(0, 2))
    table.add_row("[bold]sold by the marketplace[/]", str(view.sold), "")
    for name, style in (
        ("applied", "green"),
        ("held", "yellow"),
        ("excluded", "cyan"),
        ("dead", "red"),
        ("waiting", "dim"),
    ):
        count = counts.get(name, 0)
        table.add_row(
            f"[{style}]{name}[/]", str(count), ProgressBar(total=max(view.sold, 1), completed=count, width=40)
        )
    table.add_row("acknowledged to the marketplace", str(view.acknowledged), "")
    table.add_row("orders that needed a retry", str(view.retried), "")
    for flow in view.flows:
        bar = ProgressBar(total=max(flow.expected, 1), completed=flow.arrived, width=40)
        table.add_row(f"[blue]{flow.name}[/]", f"{flow.arrived}/{flow.expected}", bar)
    table.add_row("[magenta]faults struck[/]", str(view.faults), f"[dim]{view.seconds:.0f} s[/]")
    return table


def _show(console: Console, report: Report) -> None:
    from rich.table import Table

    found, counts = report.comparison, report.comparison.counts
    table = Table(title="Ledger", title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    table.add_column("orders", justify="right")
    table.add_column("why")
    table.add_row("[bold]in[/]", str(found.orders_in), "what was sold")
    for state in ("applied", "held", "excluded", "dead", "waiting"):
        reasons = report.ledger.reasons(state) if state != "applied" else {}
        why = ", ".join(f"{reason or 'unknown'} {count}" for reason, count in sorted(reasons.items()))
        if counts[state] or state != "waiting":
            table.add_row(f"= {state}" if state == "applied" else f"+ {state}", str(counts[state]), why)
    console.print(table)
    told = ", ".join(f"{what} {len(keys)}" for what, keys in found.problems.items())
    console.print(f"Odoo, order by order: {told}; cents off {found.cents_off}")
    for what, keys in found.problems.items():
        if keys:
            console.print(f"[red]{what}:[/] {', '.join(keys[:10])}{' ...' if len(keys) > 10 else ''}")
    _show_flows(console, report)
    if report.packing is not None:
        console.print(report.packing.in_words)
    verdict = "[bold green]balanced[/]" if report.balanced else "[bold red]does not balance[/]"
    console.print(f"{verdict} in {report.seconds:.0f} s, {report.faults} faults struck")


def _show_flows(console: Console, report: Report) -> None:
    from rich.table import Table

    if not report.flows:
        return
    table = Table(title="Both ways", title_justify="left", box=None, pad_edge=False)
    for name in ("flow", "done on one side", "found on the other", "wrong"):
        table.add_column(name, justify="right" if name != "flow" else "left")
    for flow in report.flows:
        style = "green" if flow.balanced else "red"
        table.add_row(f"[{style}]{flow.name}[/]", str(flow.expected), str(flow.arrived), str(len(flow.problems)))
    console.print(table)
    for flow in report.flows:
        for problem in flow.problems[:5]:
            console.print(f"[red]{flow.name}:[/] {problem}")


def _leave(console: Console, world: World, keep: bool) -> None:
    if not keep:
        world.stop()
        console.print(f"[dim]stopped; logs are in {world.folder / 'logs'}[/]")
        return
    console.print("Left running; nobody starts again what ends from now on. To look at:")
    for name, url in world.addresses().items():
        console.print(f"  {name:16} {url}")
    console.print(
        f"To use `causeway status`, `trace`, `dead`, `poll` on it:\n  source {world.write_env()}", soft_wrap=True
    )
    pids = " ".join(str(process.pid) for process in world.processes.values() if process.pid)
    console.print(
        f"To stop it: kill {pids}; CAUSEWAY_STACK__DATA={world.folder / 'stack'} causeway down", soft_wrap=True
    )

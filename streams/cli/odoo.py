"""`causeway odoo`: what Odoo itself needs for change capture in mode `outbox`, and to tell lowered quantities. Idempotent; says what it made.

Exit codes: 0 done; 1 Odoo refused, cannot be reached, or lacks what something takes ("cannot be made"); 2 wrong usage or configuration.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from connectors.odoo.outbox import Outbox, Step
    from connectors.odoo.settings import OdooSettings

app = typer.Typer(
    no_args_is_help=True,
    help="What Odoo itself needs for change capture: the outbox, the field for lowered quantities.",
)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be made or removed; change nothing.")]
Flows = Annotated[
    list[str] | None,
    typer.Option(
        "--flow", help="Only for these flows (stock, sale_orders, ...); default: all that are polled. Repeatable."
    ),
]


@app.command("install-outbox")
def install_outbox(flow: Flows = None, dry_run: DryRun = False) -> None:
    """Have Odoo write down its changes: a model, automations, a group that may read them. Needs Administration rights, once.

    Afterwards set CAUSEWAY_ODOO__CAPTURE__MODE=outbox and restart the poller.
    """
    from connectors.odoo.source.watches import PLANS

    unknown = [one for one in flow or () if one not in PLANS]
    if unknown:
        raise typer.BadParameter(
            f"there is no {', '.join(unknown)}; there are: {', '.join(PLANS)}", param_hint="--flow"
        )
    steps = _run(lambda outbox, polled: outbox.install(flow or polled), dry_run=dry_run)
    _tell(steps, "made" if not dry_run else "would be made")


@app.command("install-field")
def install_field(dry_run: DryRun = False) -> None:
    """Have Odoo keep what was ordered of each order line (field x_causeway_ordered), so that a lowered quantity can be told in mode `poll` too.

    Needs Administration rights, once. `install-outbox` makes it as well; `uninstall-outbox` removes it. Exit code 1 when it cannot be made.
    """
    _tell(_run(lambda outbox, _: outbox.install_field(), dry_run=dry_run), "made" if not dry_run else "would be made")


@app.command("uninstall-outbox")
def uninstall_outbox(dry_run: DryRun = False) -> None:
    """Remove everything `install-outbox` made, with what has not been read yet. Set the mode back to `poll` first."""
    steps = _run(lambda outbox, _: outbox.uninstall(), dry_run=dry_run, warn=_in_use)
    _tell(steps, "removed" if not dry_run else "would be removed", absent="was not there")


def _in_use(settings: OdooSettings) -> str:
    """Why what is removed is missed, empty when it is not."""
    if settings.capture.mode != "outbox":
        return ""
    return "CAUSEWAY_ODOO__CAPTURE__MODE is outbox: without it every flow of Odoo fails; set the mode to poll and restart the pollers"


def _run(
    work: Callable[[Outbox, Sequence[str]], Awaitable[Sequence[Step]]], *, dry_run: bool, warn: Callable[[OdooSettings], str] = lambda _: "",
) -> Sequence[Step]:  # fmt: skip
    import asyncio

    from connectors.kit.errors import ConnectorError
    from connectors.odoo.client import Odoo
    from connectors.odoo.outbox import Outbox
    from connectors.odoo.settings import OdooSettings
    from connectors.odoo.source.make import FLOWS, PARTNERS
    from streams.connectors import discover, load_connected_settings, part_of

    connectors = discover()
    settings = load_connected_settings(connectors)
    connector = next(one for one in connectors if one.name == "odoo")
    part = part_of(settings, connector)
    assert isinstance(part, OdooSettings)
    try:
        part.check_environment(settings.environment.value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None

    if warning := warn(part):
        typer.echo(warning, err=True)

    async def run() -> Sequence[Step]:
        odoo = Odoo(part)
        try:
            polled = [name for name in FLOWS if name != PARTNERS or part.capture.partners]
            return await work(Outbox(odoo, dry_run=dry_run), polled)
        finally:
            await odoo.aclose()

    try:
        return asyncio.run(run())
    except ConnectorError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _tell(steps: Sequence[Step], word: str, absent: str = "is there already") -> None:
    """Ends the program with 1 when something cannot be made; the rest is made all the same, and told."""
    for step in steps:
        if step.impossible:
            typer.echo(f"cannot be made: {step.what}: {step.impossible}", err=True)
        else:
            typer.echo(f"{absent if step.there else word}: {step.what}")
    if any(step.impossible for step in steps):
        raise typer.Exit(1)

"""`causeway setup`: what the other side has to have once for an account, for example that it tells of changes. Shown, made, removed.

Which set-ups there are is said by the connectors (`connectors.kit.ports.SetupOffer`). Doing one twice changes nothing. `causeway odoo` has those of
Odoo, which are not of an account.

Exit codes: 0 all is as it should be; 1 something is missing, was refused or cannot be reached; 2 wrong usage or configuration.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from connectors.kit.ports import Connector, Setup, SetupOffer, SetupStep
    from streams.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="What the other side has to have once for an account, for example that it tells of changes.",
)

Account = Annotated[str, typer.Argument(metavar="SOURCE:ACCOUNT", help="for example amazon:main")]
Name = Annotated[str, typer.Argument(metavar="SETUP", help="as `causeway setup show` names it")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@dataclass(frozen=True, slots=True)
class Place:
    """One set-up of one account."""

    connector: Connector
    account: str
    name: str
    offer: SetupOffer

    @property
    def title(self) -> str:
        return f"{self.connector.name}:{self.account} {self.name}"


@app.command()
def show(
    account: Annotated[
        str, typer.Argument(metavar="[SOURCE:ACCOUNT]", help="only this one, for example amazon:main; default: all")
    ] = "",
    name: Annotated[str, typer.Argument(metavar="[SETUP]", help="only this set-up; default: all")] = "",
    as_json: AsJson = False,
) -> None:
    """Say what there is and what is missing. Reads only. Exit 1 when something is missing or wrong."""
    _run(account, name, lambda setup: setup.show(), as_json=as_json, absent_is_fine=False)


@app.command()
def add(account: Account, name: Name, as_json: AsJson = False) -> None:
    """Make what is missing. What is there already is left as it is. Exit 1 when something cannot be made; the rest says what to do."""
    _run(account, name, lambda setup: setup.add(), as_json=as_json, absent_is_fine=False)


@app.command()
def remove(
    account: Account,
    name: Name,
    shared: Annotated[bool, typer.Option("--shared", help="Also where other accounts need it too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take it away again. What others may use is kept, and told."""
    _run(account, name, lambda setup: setup.remove(shared=shared), as_json=as_json, absent_is_fine=True)


def _run(
    account: str, name: str, work: Callable[[Setup], Awaitable[Sequence[SetupStep]]], *, as_json: bool, absent_is_fine: bool
) -> None:  # fmt: skip
    import asyncio

    from streams.connectors import discover, load_connected_settings

    connectors = discover()
    settings = load_connected_settings(connectors)
    places = _places(settings, connectors, account, name)
    done = asyncio.run(_all_steps(settings, places, work))
    if as_json:
        typer.echo(
            json.dumps([{"setup": place.title, "steps": [asdict(step) for step in steps]} for place, steps in done])
        )
    else:
        for place, steps in done:
            _tell(place, steps)
    if not done and not as_json:
        typer.echo("no configured account has anything to set up")
    if any(_is_trouble(step, absent_is_fine) for _, steps in done for step in steps):
        raise typer.Exit(1)


def _places(settings: Settings, connectors: Sequence[Connector], account: str, name: str) -> list[Place]:
    """Those that are asked for. Raises BadParameter naming what there is."""
    from streams.connectors import part_of

    every = [
        Place(connector, one, setup, offer)
        for connector in connectors
        for one in connector.accounts(part_of(settings, connector))
        for setup, offer in connector.setups.items()
    ]
    found = [place for place in every if account in ("", f"{place.connector.name}:{place.account}")]
    if account and not found:
        there = ", ".join(dict.fromkeys(f"{place.connector.name}:{place.account}" for place in every))
        raise typer.BadParameter(f"{account} has nothing to set up, or is not configured; there are: {there or 'none'}")
    chosen = [place for place in found if name in ("", place.name)]
    if name and not chosen:
        there = ", ".join(dict.fromkeys(place.name for place in found))
        raise typer.BadParameter(f"there is no set-up {name}; there are: {there}")
    return chosen


async def _all_steps(
    settings: Settings, places: Sequence[Place], work: Callable[[Setup], Awaitable[Sequence[SetupStep]]]
) -> list[tuple[Place, Sequence[SetupStep]]]:
    return [(place, await _steps(settings, place, work)) for place in places]


async def _steps(
    settings: Settings, place: Place, work: Callable[[Setup], Awaitable[Sequence[SetupStep]]]
) -> Sequence[SetupStep]:
    """A whole set-up that fails is one step that is wrong."""
    from connectors.kit.errors import ConnectorError
    from connectors.kit.ports import Deps, NoMappings, SetupStep, StepState
    from streams.connectors import part_of
    from streams.worker import now

    part = part_of(settings, place.connector)
    deps = Deps(settings.environment.value, NoMappings(), now)
    try:
        part.check_environment(settings.environment.value)
        setup = place.offer.open(part, place.account, deps)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        return await work(setup)
    except ConnectorError as error:
        return [SetupStep(place.name, StepState.WRONG, str(error), "see the message")]
    finally:
        await setup.aclose()


def _is_trouble(step: SetupStep, absent_is_fine: bool) -> bool:
    return step.state.value == "wrong" or (step.state.value == "absent" and not absent_is_fine)


def _tell(place: Place, steps: Sequence[SetupStep]) -> None:
    typer.echo(f"{place.title}: {place.offer.about}")
    for step in steps:
        colour = {"wrong": "red", "absent": "yellow", "kept": None}.get(step.state.value, "green")
        mark = typer.style(f"{step.state.value:<8}", fg=colour)
        typer.echo(f"  {mark}{step.what}" + (f": {step.detail}" if step.detail else ""))
        if step.remedy and step.state.value in ("wrong", "absent"):
            typer.echo(f"          -> {step.remedy}")

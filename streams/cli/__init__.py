"""`causeway`: the command line. Commands import what they need when they run, so `--help` is instant."""

from __future__ import annotations

import logging
import sys
from typing import Annotated, NoReturn

import typer

from streams.cli import (
    dead,
    demo,
    gateway,
    held,
    mapping,
    odoo,
    poll,
    price,
    reconcile,
    schemas,
    setup,
    shadow,
    stack,
    status,
    stock,
    supplier,
    trace,
    verify,
    worker,
)

_UNREACHED = 3  # Kafka, or the registry

app = typer.Typer(
    name="causeway",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they hold settings and records (SEC-3)
    help="Marketplaces joined with Odoo 18, on Kafka.",
)
stack.mount(app)
app.command("demo")(demo.demo)
app.command("worker")(worker.worker)
app.command("verify")(verify.verify)
app.command("status")(status.status)
app.command("trace")(trace.trace)
app.add_typer(poll.app, name="poll")
app.add_typer(dead.app, name="dead")
app.add_typer(gateway.app, name="gateway")
app.add_typer(held.app, name="held")
app.add_typer(mapping.app, name="mapping")
app.add_typer(odoo.app, name="odoo")
app.add_typer(price.app, name="price")
app.add_typer(reconcile.app, name="reconcile")
app.add_typer(setup.app, name="setup")
app.add_typer(shadow.app, name="shadow")
app.add_typer(stock.app, name="stock")
app.add_typer(supplier.app, name="supplier")
app.add_typer(schemas.app, name="schemas")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"causeway {version('causeway')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Marketplaces joined with Odoo 18, on Kafka."""


def main() -> None:
    """Entry point of the `causeway` program.

    What is wrong with the configuration (exit 2), the world (exit 3: Kafka, registry) or a record that is to be shown (exit 1) is told in words; a
    traceback is a bug.
    """
    logging.basicConfig(level=logging.ERROR, format="%(message)s")  # a client's complaints end in one message of ours
    try:
        app()
    except SystemExit as ended:
        if ended.code == _UNREACHED:  # told by the command itself
            _end_unreached()
        raise
    except Exception as error:
        _end_in_words(error)
        raise


def _end_in_words(error: Exception) -> None:
    """Ends the program where users can do something about it; returns for a bug. Only here are the classes imported: with their clients they take
    longer than `--help`."""
    from schemas.codec import DecodeError
    from schemas.registry import RegistryError
    from streams.kafka import BrokerError
    from streams.settings import ConfigurationError

    match error:
        case ConfigurationError():
            typer.echo(str(error), err=True)
            sys.exit(2)
        case BrokerError():
            typer.echo(str(error), err=True)
            _end_unreached()
        case RegistryError():
            typer.echo(str(error), err=True)
            sys.exit(_UNREACHED)
        case DecodeError():
            typer.echo(
                f"a record cannot be read: {error}; `causeway verify registry` says whether the registry is the right one",
                err=True,
            )
            sys.exit(1)


def _end_unreached() -> NoReturn:
    """Of a default address also which configuration was read: the command may run in another folder or shell than the configured one."""
    from streams.cli.read_from import default_broker_words

    if words := default_broker_words():
        typer.echo(words, err=True)
    sys.exit(_UNREACHED)

"""`causeway`: the command line. Commands import what they need when they run, so `--help` is instant."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from streams.cli import (
    dead,
    demo,
    held,
    mapping,
    odoo,
    poll,
    price,
    schemas,
    setup,
    shadow,
    stack,
    status,
    stock,
    trace,
    verify,
    worker,
)

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
app.add_typer(held.app, name="held")
app.add_typer(mapping.app, name="mapping")
app.add_typer(odoo.app, name="odoo")
app.add_typer(price.app, name="price")
app.add_typer(setup.app, name="setup")
app.add_typer(shadow.app, name="shadow")
app.add_typer(stock.app, name="stock")
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
    from schemas.codec import DecodeError
    from schemas.registry import RegistryError
    from streams.kafka import BrokerError
    from streams.settings import ConfigurationError

    logging.basicConfig(level=logging.ERROR, format="%(message)s")  # a client's complaints end in one message of ours
    try:
        app()
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except (BrokerError, RegistryError) as error:
        typer.echo(str(error), err=True)
        sys.exit(3)
    except DecodeError as error:
        typer.echo(
            f"a record cannot be read: {error}; `causeway verify registry` says whether the registry is the right one",
            err=True,
        )
        sys.exit(1)

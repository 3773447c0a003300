"""`causeway`: the command line. Commands import what they need when they run, so `--help` is instant."""

from __future__ import annotations

import typer

from streams.cli import stack

app = typer.Typer(
    name="causeway", no_args_is_help=True, help="Marketplaces and IoT Boxes joined with Odoo 18, on Kafka."
)
stack.mount(app)


def main() -> None:
    """Entry point of the `causeway` program."""
    app()

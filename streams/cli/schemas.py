"""`causeway schemas`: the contracts - list them, check them, register them, release them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The Avro contracts: check, register, release.")


@app.command()
def check() -> None:
    """Compare every schema with every released version of it: both must read what the other writes (FULL_TRANSITIVE). Exit 1 if not."""
    from schemas.compat import check_released, released, unreleased

    findings = check_released()
    for finding in findings:
        typer.echo(f"incompatible  {finding}", err=True)
    if findings:
        typer.echo("give a new field a default, and remove only fields that have one; a released name stays", err=True)
        raise typer.Exit(1)
    versions = sum(len(known) for known in released().values())
    waiting = unreleased()
    typer.echo(
        f"schemas: compatible with all {versions} released versions"
        + (f"; not yet released: {', '.join(waiting)}" if waiting else "")
    )


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Every record: its topics and what it is."""
    from schemas.codec import load_schema, schema_names
    from streams.connectors import discover, load_connected_settings

    topics = load_connected_settings(discover()).topic_table()
    rows = [
        {
            "record": name,
            "topics": [topic.name for topic in topics if topic.value == name],
            "about": load_schema(name)["doc"],
        }
        for name in schema_names()
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['record']}\n  {row['about']}\n  on: {', '.join(row['topics']) or '-'}")


@app.command()
def register() -> None:
    """Make the topics that do not exist and register their schemas. Safe to repeat.

    Exit codes: 0 done; 1 the registry refuses one; 2 wrong configuration; 3 Kafka or the registry cannot be reached.
    """
    from schemas.codec import schema_names
    from schemas.registry import Registry, RegistryError
    from streams.cli.registry_words import answered
    from streams.connectors import discover, load_connected_settings
    from streams.kafka import ensure_topics

    settings = load_connected_settings(discover())
    made = ensure_topics(settings)
    try:
        with Registry(settings.registry.client()) as registry:
            done = registry.register(settings.topic_table())
    except RegistryError as error:
        if not answered(error):
            raise
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    new = sum(item.created for item in done)
    typer.echo(
        f"{len(made)} topics made; {len(schema_names())} schemas under {len(done)} subjects: {new} subjects registered, {len(done) - new} were there"
    )


@app.command()
def release(
    folder: Annotated[Path, typer.Option(help="Where released versions are kept.")] = Path("schemas/released"),
) -> None:
    """Freeze changed schemas as their next released version. Refuses while `check` finds an incompatible change."""
    from schemas import compat

    if not folder.is_dir():
        typer.echo(f"{folder} is not a folder: run this in the root of the project", err=True)
        raise typer.Exit(2)
    if compat.check_released():
        check()
    written = compat.release(folder)
    typer.echo("\n".join(written) if written else "nothing changed since the last release")

"""`causeway worker`: run the stages, all in one process or each in its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer


def worker(
    stage: Annotated[
        list[str] | None,
        typer.Option("--stage", help="Run only this stage; repeat for several. `list` shows the names."),
    ] = None,
) -> None:
    """Run the pipeline's stages until SIGTERM: transform, route, stock, pricing, supply, deliver, retry, release. All of them, or those of --stage.

    Exit codes: 0 asked to stop; 2 wrong configuration, or no password for what a stage writes to; 3 Kafka or the registry cannot be reached;
    70 failed, 75 stalled, 76 stopping took too long: start it again, nothing is lost.
    """
    import asyncio

    from schemas.registry import RegistryError
    from streams.connectors import discover
    from streams.kafka import BrokerError
    from streams.observe import logs
    from streams.settings import ConfigurationError, load_settings
    from streams.worker import stage_names

    try:
        if stage and "list" in stage:
            typer.echo("\n".join(stage_names(discover())))
            return
        logs.set_up(load_settings().log, ",".join(stage or ["all"]))
        asyncio.run(_worked(stage or ()))
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except (BrokerError, RegistryError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(3) from None


async def _worked(stages: Sequence[str]) -> NoReturn:
    """Ends the process with the worker's code."""
    from streams.runtime import end_process
    from streams.worker import run_worker

    end_process(await run_worker(stages))

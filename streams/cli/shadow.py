"""`causeway shadow`: what flows in shadow would write, held against what the destinations hold now (OPS-7).

Exit codes: 0 done; 1 nothing chosen, declined, or not all could be read; 2 wrong usage or configuration; 3 Kafka or the registry cannot be reached.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.failure_desk import (
    EXIT_FAILED,
    JsonOption,
    NoteOption,
    YesOption,
    confirm,
    end_list,
    fail,
    fail_unreadable,
    open_desk,
    print_json,
    print_table,
    table,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connectors.kit.ports import Delivery, Sink
    from streams.cli.failure_desk import Desk
    from streams.shadow import Compared, Shadowed

app = typer.Typer(no_args_is_help=True, help="Flows in shadow: what they would write.")

Account = Annotated[str, typer.Option("--account", "-a", help="source:account, for example walmart:main.")]
FlowName = Annotated[str, typer.Option("--flow", "-f", help="orders, stock, prices, ...")]
Key = Annotated[str, typer.Option("--key", "-k", help="Natural key of the delivery.")]
Most = Annotated[int, typer.Option("--most", min=1, help="Look at so many at most.")]


@app.command("list")
def list_(account: Account = "", flow: FlowName = "", json: JsonOption = False) -> None:
    """What is in shadow, counted by destination and operation."""
    desk = open_desk()
    found, unreadable = _read(desk, account, flow, "")
    counts = Counter((item.destination, item.delivery.operation, item.delivery.account) for item in found)
    if json:
        rows = [
            {"destination": d, "operation": o, "account": a, "records": n} for (d, o, a), n in sorted(counts.items())
        ]
        print_json({"total": total(len(found), unreadable), "unreadable": unreadable, "counts": rows})
        fail_unreadable(unreadable)
        return
    made = table("destination", "operation", "account", "records")
    for (destination, operation, name), count in sorted(counts.items()):
        made.add_row(destination, operation, name, str(count))
    print_table(made)
    _tell_left_behind(desk, found)
    end_list(len(found), unreadable, f"{len(found)} in shadow")


@app.command()
def diff(account: Account = "", flow: FlowName = "", key: Key = "", most: Most = 500, json: JsonOption = False) -> None:
    """Each field that would change: what the destination holds now, what would be written. Asks the destinations, changes nothing."""
    import asyncio

    desk = open_desk()
    found, unreadable = _read(desk, account, flow, key)
    if not found:
        fail_unreadable(unreadable)
        raise fail("nothing of that is in shadow", EXIT_FAILED)
    compared = asyncio.run(_compare(found[:most]))
    if json:
        print_json(
            {"looked_at": len(compared), "in_shadow": len(found), "deliveries": [_as_json(one) for one in compared]}
        )
        return
    _print_diff(compared)
    _tell_left_behind(desk, found)
    if len(found) > most:
        typer.echo(f"{len(found) - most} more are in shadow; raise --most, or choose by --account, --flow or --key")


@app.command()
def release(
    account: Account = "", flow: FlowName = "", key: Key = "", note: NoteOption = "", yes: YesOption = False
) -> None:
    """Let what is in shadow go out, once its flow is switched on; a flow that is not on keeps what it has."""
    from streams.phases import Phase, phase_of
    from streams.shadow import release as let_go
    from streams.stages.rules import FLOW_OF

    desk = open_desk()
    found, _ = _read(desk, account, flow, key)
    on = [
        item for item in found
        if phase_of(desk.settings.phases, *_channel(item), FLOW_OF[item.delivery.operation]) is Phase.ON
    ]  # fmt: skip
    if not on:
        raise fail(
            f"{len(found)} are in shadow, none of them of a flow that is on (CAUSEWAY_PHASES__SOURCE__ACCOUNT__FLOW=on)",
            EXIT_FAILED,
        )
    confirm(f"Deliver {len(on)} of {len(found)}?", yes)
    let_go(desk.settings, desk.codec, on, desk.actor, note, desk.now)
    typer.echo(f"{len(on)} on their way; the rest of {len(found)} stays in shadow")


def _tell_left_behind(desk: Desk, found: Sequence[Shadowed]) -> None:
    """One line for each flow that is on and has something in shadow all the same."""
    from streams.observe.flows import left_behind
    from streams.phases import phase_of
    from streams.stages.rules import FLOW_OF

    counts = Counter((_channel(item), FLOW_OF[item.delivery.operation]) for item in found)
    for (channel, flow), count in sorted(counts.items()):
        pilot = desk.settings.pilot.get(channel[0], {}).get(channel[1].lower())
        said = "pilot" if pilot and not pilot.is_everything else ""
        if line := left_behind(":".join(channel), flow, phase_of(desk.settings.phases, *channel, flow), said, count):
            typer.echo(line)


def _read(desk: Desk, account: str, flow: str, key: str) -> tuple[list[Shadowed], int]:
    from schemas.topics import PARTNERS
    from streams.cli.known import check_channel, partners_of
    from streams.shadow import read_shadow

    chosen = _chosen(account, flow, key)
    check_channel(account, partners_of(desk.settings) if account else (), PARTNERS)
    found, unreadable = read_shadow(desk.settings, desk.codec, chosen)
    return [item for item in found if not account or ":".join(_channel(item)) == account], unreadable


def _chosen(account: str, flow: str, key: str) -> Callable[[Delivery], bool]:
    from streams.phases import Flow
    from streams.stages.rules import FLOW_OF

    if flow and flow not in set(Flow):
        raise fail(f"there is no flow {flow}; there are: {', '.join(Flow)}")
    if account and ":" not in account:
        raise fail(f"{account!r} is not an account: write source:account, for example walmart:main")

    def chosen(delivery: Delivery) -> bool:
        return (not flow or FLOW_OF.get(delivery.operation) == flow) and (not key or delivery.key == key)

    return chosen


def _channel(item: Shadowed) -> tuple[str, str]:
    """The account a delivery is about."""
    from streams.observe.operations import whose

    delivery = item.delivery
    return whose(delivery.operation, delivery.key, item.destination, delivery.source, delivery.account)


async def _compare(found: Sequence[Shadowed]) -> list[Compared]:
    import asyncio

    from connectors.kit.ports import Deps
    from schemas.codec import Codec
    from schemas.registry import Registry
    from streams.connectors import discover, load_connected_settings, part_of
    from streams.failure.mappings import MappingTable
    from streams.first_prices import FirstPriceTable
    from streams.shadow import compare
    from streams.stages.skus import Skus
    from streams.worker import now

    connectors = {connector.name: connector for connector in discover()}
    settings = load_connected_settings(connectors.values())
    codec = Codec(Registry(settings.registry.client()))
    mappings = MappingTable(settings, codec)
    await asyncio.to_thread(mappings.start)
    first_prices = FirstPriceTable(settings, codec, Skus(mappings))
    await asyncio.to_thread(first_prices.start)
    deps = Deps(settings.environment.value, mappings, now, first_prices=first_prices)
    sinks: dict[str, Sink] = {}
    try:
        for name in {item.destination for item in found}:
            connector = connectors[name]
            assert connector.sink is not None  # only destinations have a shadow topic
            sinks[name] = connector.sink(part_of(settings, connector), deps)
        return await compare(found, sinks)
    finally:
        mappings.close()
        first_prices.close()
        for sink in sinks.values():
            await sink.aclose()


def _as_json(one: Compared) -> dict[str, Any]:
    delivery = one.shadowed.delivery
    return {
        "destination": one.shadowed.destination, "operation": delivery.operation, "key": delivery.key, "problem": one.problem,
        "differences": [{"field": d.field, "now": d.now, "would_be": d.would_be} for d in one.differences],
    }  # fmt: skip


def _print_diff(compared: Sequence[Compared]) -> None:
    made = table("destination", "operation", "key", "field", "now", "would be")
    for one in compared:
        delivery = one.shadowed.delivery
        place = (one.shadowed.destination, delivery.operation, delivery.key)
        if one.problem:
            made.add_row(*place, "cannot be said", "", one.problem)
        for difference in one.differences:
            made.add_row(*place, difference.field, difference.now, difference.would_be)
    print_table(made)
    changing = sum(bool(one.differences) for one in compared)
    unknown = sum(bool(one.problem) for one in compared)
    typer.echo(
        f"{changing} of {len(compared)} would change something"
        + (f", of {unknown} nothing can be said" if unknown else "")
    )

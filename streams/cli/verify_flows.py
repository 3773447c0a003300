"""What is routed where by the configuration: each operation not switched off, and whether its connector takes it (`causeway verify`). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.kit.ports import Check, Connector
from streams.phases import Flow, Phase, Phases, flows_of, phase_of
from streams.stages.rules import ACKNOWLEDGE_ORDER, EVERY_RULE, FLOW_OF, REOPEN_ORDER, Channel

# Operation -> its destination; empty = the marketplace or supplier's platform the record is for.
_DESTINATION: Mapping[str, str] = {
    ACKNOWLEDGE_ORDER: "",
    REOPEN_ORDER: "odoo",
    **{rule.operation: rule.destination for rule in EVERY_RULE},
}


@dataclass(frozen=True, slots=True)
class Routed:
    """One operation that one account's flow leads to."""

    channel: Channel
    flow: Flow
    phase: Phase
    destination: str
    operation: str


def routed(phases: Phases, channels: Iterable[Channel]) -> list[Routed]:
    """Everything that may be delivered, now (on) or once the flow is switched on (shadow)."""
    found = []
    for channel in channels:
        for operation, flow in FLOW_OF.items():
            phase = phase_of(phases, *channel, flow)
            if flow in flows_of(channel[0]) and phase is not Phase.OFF:
                found.append(Routed(channel, flow, phase, _DESTINATION[operation] or channel[0], operation))
    return found


def operations_of(destination: str, every: Iterable[Routed]) -> frozenset[str]:
    """What is routed there."""
    return frozenset(one.operation for one in every if one.destination == destination)


def flow_checks(
    phases: Phases, channels: Sequence[Channel], connectors: Sequence[Connector], wanted: Sequence[str]
) -> list[Check]:
    """Of each account: its flows by phase, and what nobody would take. `wanted`: only what concerns these connectors; empty = all."""
    taken = {connector.name: connector.operations for connector in connectors if connector.sink}
    every = routed(phases, channels)
    found = [
        Check(f"{source} {account}: flows", ok=True, detail=_said(phases, (source, account)))
        for source, account in channels
        if not wanted or source in wanted
    ]
    for one in every:
        if (wanted and one.destination not in wanted) or one.operation in taken.get(one.destination, ()):
            continue
        source, account = one.channel
        found.append(
            Check(
                f"{source} {account}: flow {one.flow.value}", False, f"{one.destination} takes no {one.operation}",
                f"set CAUSEWAY_PHASES__{source.upper()}__{account.upper()}__{one.flow.value.upper()}=off",
            )
        )  # fmt: skip
    return found


def _said(phases: Phases, channel: Channel) -> str:
    """`on: orders, stock; shadow: prices; off: refunds`."""
    by_phase = {
        phase: [flow.value for flow in flows_of(channel[0]) if phase_of(phases, *channel, flow) is phase]
        for phase in Phase
    }
    parts = [
        f"{phase.value}: {', '.join(by_phase[phase])}"
        for phase in (Phase.ON, Phase.SHADOW, Phase.OFF)
        if by_phase[phase]
    ]
    return "; ".join(parts)

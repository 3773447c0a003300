"""Whether what was worked out for a channel goes out (OPS-7), in words for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.phases import Flow
    from streams.settings import Settings


def goes_out(settings: Settings, flow: Flow, channel: str, account: str, sku: str) -> str:
    """`on`, or why nothing is told now. A pilot's categories are not looked at: only SKUs are known here."""
    from streams.phases import Phase, phase_of

    phase = phase_of(settings.phases, channel, account, flow)
    pilot = settings.pilot.get(channel, {}).get(account.lower())
    if phase is not Phase.ON:
        return f"{phase.value}: nothing is told"
    return "on" if pilot is None or pilot.covers([sku], "") else "not in the pilot: nothing is told"

"""AUTH-5, OPS-7: `causeway verify` says what is routed where, and finds what nobody would take."""

from __future__ import annotations

from dataclasses import replace

from connectors.kit.ports import Check
from streams.cli.verify_flows import flow_checks, operations_of, routed
from streams.connectors import discover
from streams.phases import SUPPLIER_FLOWS, Phase
from streams.stages.rules import FLOW_OF

CHANNEL, BUYER, STATION = ("walmart", "main"), ("alibaba", "main"), ("iotbox", "packing1")
CONNECTORS = discover()


def checks(phases: dict[str, Phase], *wanted: str, operations: frozenset[str] | None = None) -> list[Check]:
    """With Walmart's operations as they are, or these."""
    connectors = [
        replace(one, operations=operations) if operations is not None and one.name == "walmart" else one
        for one in CONNECTORS
    ]
    return flow_checks({"walmart": {"main": phases}}, [CHANNEL], connectors, wanted)


def test_whatever_can_be_routed_is_taken_by_its_connector() -> None:
    """OPS-7: with every flow on, each operation of the table of rules is one its destination knows."""
    every = routed({"walmart": {"main": {"all": Phase.ON}}}, [CHANNEL, BUYER, STATION])
    assert {one.operation for one in every} == set(FLOW_OF)
    assert {one.flow for one in every if one.channel == BUYER} == set(SUPPLIER_FLOWS)
    assert {one.operation for one in every if one.destination == "alibaba"} == {"create_purchase", "cancel_purchase"}
    assert [check.subject for check in checks({"all": Phase.ON})] == ["walmart main: flows"]
    for connector in CONNECTORS:
        assert operations_of(connector.name, every) <= connector.operations


def test_an_operation_nobody_takes_fails_with_the_flow_to_switch_off() -> None:
    """AUTH-5: it would be dead letters, one by one; now it is one line beforehand."""
    found = checks({"all": Phase.SHADOW}, operations=frozenset(FLOW_OF) - {"refund_order"})
    assert [(check.subject, check.ok) for check in found] == [
        ("walmart main: flows", True), ("walmart main: flow refunds", False),
    ]  # fmt: skip
    assert found[1].remedy == "set CAUSEWAY_PHASES__WALMART__MAIN__REFUNDS=off"
    assert (
        len(checks({"all": Phase.SHADOW, "refunds": Phase.OFF}, operations=frozenset(FLOW_OF) - {"refund_order"})) == 1
    )


def test_flows_are_told_by_phase_and_what_is_off_needs_nothing() -> None:
    """AUTH-5, OPS-7: what is off is not asked for."""
    phases = {"all": Phase.OFF, "orders": Phase.ON, "acknowledgements": Phase.SHADOW}
    (check,) = checks(phases)
    assert check.detail.startswith("on: orders; shadow: acknowledgements; off: shipments, ")
    every = routed({"walmart": {"main": phases}}, [CHANNEL])
    assert operations_of("odoo", every) == {"upsert_order"}
    assert operations_of("walmart", every) == {"acknowledge_order"}
    assert checks(phases, "odoo") == []
